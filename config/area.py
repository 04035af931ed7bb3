"""Area codes of GB/T 2260 as far as checks need them: the provinces, and the district's own codes with their years."""

from functools import cache
from pathlib import Path
from typing import Final

from pydantic import Field

from config.fact import Fact
from config.yaml_file import read_yaml, shape

FILE: Final = Path(__file__).with_name("area.yaml")


class AreaCode(Fact):
    """A county code of the district, with the first and last year it was given out, both included."""

    code: str = Field(pattern=r"^[0-9]{6}$")
    name: str
    since: int | None = None
    until: int | None = None
    basis: str


class Areas(Fact):
    """The area codes that checks know."""

    province: str = Field(pattern=r"^[0-9]{2}$", description="Code of the district's own province")
    district: tuple[AreaCode, ...] = Field(min_length=1)
    provinces: dict[str, str]

    def own(self, code: str) -> AreaCode | None:
        """Return the district's code, if it is one."""
        return next((area for area in self.district if area.code == code), None)


@cache
def areas() -> Areas:
    """Return the area table, read once; raises FileWrongError when the file breaks the form."""
    return shape(Areas, read_yaml(FILE), FILE.name)
