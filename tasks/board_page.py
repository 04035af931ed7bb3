"""What every board is written with: markdown that Prefect shows alike in both of its interfaces, and titles."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Final, NamedTuple

from config.messages import FOLDER, MessageMissingError, say
from config.offices import Office, OfficeUnknownError, office, town
from config.settings import settings
from config.yaml_file import read_yaml
from config.zone import SHANGHAI

_SPECIAL: Final = str.maketrans({each: f"\\{each}" for each in "\\`*_[]<>|~#!"} | {"\n": " ", "\r": " "})


class Page(NamedTuple):
    """One board: its permanent key, its title, and what it says."""

    key: str
    title: str
    body: str

    @property
    def digest(self) -> str:
        """Fingerprint of what it says."""
        return sha256(f"{self.title}\0{self.body}".encode()).hexdigest()


def slug(*parts: str) -> str:
    """Return an artifact key: lowercase letters, digits and dashes."""
    joined = "-".join(parts).lower()
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in joined).strip("-")


def plain(text: object) -> str:
    """Return a text that markdown leaves as it is, on one line."""
    return str(text).translate(_SPECIAL).strip()


def link(text: str, address: str) -> str:
    """Return a link."""
    return f"[{plain(text)}]({address})"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[int] = ()) -> str:
    """Return a table; cells are markdown, the columns named by place in `right` hold figures."""
    figures = set(right)
    marks = ["--:" if place in figures else ":--" for place in range(len(heads))]
    lines = [heads, marks, *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def sections(*parts: str) -> str:
    """Return the parts that say something, one below the other."""
    return "\n\n".join(part for part in parts if part)


def local(moment: datetime | None) -> str:
    """Return a moment in the district's time, to the minute."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if moment else ""


def word(name: str, /, **facts: object) -> str:
    """Return a text of the boards in the installation's language."""
    return say(f"board.{name}", settings().language, **facts)


def first_said(*keys: str, otherwise: str) -> str:
    """Return the first message that exists; a board still shows what nobody has named yet."""
    for key in keys:
        try:
            return say(key, settings().language)
        except MessageMissingError:
            continue
    return otherwise


def status_title(process: str, status: str) -> str:
    """Return the title of a status; the status itself where its process names none."""
    return first_said(f"{process}_status.{status}", otherwise=status)


@cache
def status_order(process: str) -> dict[str, int]:
    """Return the place of each status in its process's file, which follows the process."""
    path = FOLDER / "zh" / f"{process}_status.yaml"
    return {str(status): place for place, status in enumerate(read_yaml(path))} if path.exists() else {}


def deadline_title(process: str, name: str) -> str:
    """Return the title of a deadline: what is owed."""
    return first_said(f"duty_{process}.{name.partition('.')[0]}", otherwise=name)


def point_title(process: str, point: str) -> str:
    """Return the title of a point that a case waits at."""
    stem = point.partition(".")[0]
    keys = (f"{area}_{process}.{stem}" for area in ("point", "wait", "duty", "step"))
    return first_said(*keys, otherwise=point)


def _named(body: Office) -> str:
    return body.en if settings().language == "en" else body.title


def office_title(role: str) -> str:
    """Return the short title of a role; the role itself where the registry has dropped it."""
    try:
        return _named(office(role))
    except OfficeUnknownError:
        return role


def unit_title(unit: str) -> str:
    """Return the short title of the town or office that a case is counted under."""
    if not unit:
        return word("unknown_unit")
    try:
        return _named(town(unit))
    except OfficeUnknownError:
        return office_title(unit)


def marked(title: str, *, drill: bool) -> str:
    """Return a title, marked where it is a drill's."""
    return f"{word('drill')}{title}" if drill else title


def cut_note(total: int, shown: int) -> str:
    """Return the line that says how many of how many are shown; nothing where it is all of them."""
    return word("shown_of", total=total, shown=shown) if total > shown else ""


def run_address(run_id: str) -> str:
    """Return the address of a run in the Prefect UI."""
    return f"{settings().address}/v2/runs/flow-run/{run_id}"


def artifact_address(artifact_id: str) -> str:
    """Return the address of a board in the Prefect UI."""
    return f"{settings().address}/v2/artifacts/artifact/{artifact_id}"
