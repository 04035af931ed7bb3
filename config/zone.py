"""The district's time zone, apart from the settings so that a pure judgement need not load them."""

from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
