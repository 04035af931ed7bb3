"""Read an .xls workbook in a process of its own: a damaged one can end the process that reads it, not only the call.

Run as a script: the workbook comes on standard input, its sheets leave as JSON on standard output.
"""

import io
import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from python_calamine import CalamineWorkbook, SheetTypeEnum

MEMORY: Final = 2 << 30
MOST_CELLS: Final = 5_000_000


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case time() | timedelta():
            return str(value)
    raise TypeError(type(value).__name__)


def revive(value: dict[str, str]) -> Any:
    """Return the day or moment that a JSON object stands for."""
    if "moment" in value:
        return datetime.fromisoformat(value["moment"])
    return date.fromisoformat(value["day"]) if "day" in value else value


def main() -> None:
    """Read a workbook from standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    found = []
    with CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())) as book:
        for about in book.sheets_metadata:
            if about.typ is SheetTypeEnum.WorkSheet:
                sheet = book.get_sheet_by_name(about.name)
                height, width = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
                rows = sheet.to_python(skip_empty_area=False) if 0 < height * width <= MOST_CELLS else []
                found.append([about.name, height, width, rows])
    json.dump(found, sys.stdout, default=_plain)


if __name__ == "__main__":
    main()
