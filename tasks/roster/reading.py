"""Read a sheet into the rows of its form: every row is accepted or handed back with its reason, and none is lost."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from config.messages import Refusal, say
from models.identity import mask_account, mask_name, mask_number, mask_phone
from models.roster import Row, columns_of
from models.roster.content import full_key, is_blank, tidy
from tasks.roster.extent import address
from tasks.roster.header import Table, find_table
from tasks.roster.workbook import Limits, limits, load, sheets_of

F = TypeVar("F", bound=Row)
SHOWN: Final = 12
_MASKS: Final = {"identity": mask_number, "phone": mask_phone, "name": mask_name, "account": mask_account}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with, or odd about, one cell; it shows no private value in full."""

    row: int
    cell: str
    title: str
    value: str
    key: str
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        return say(self.key, **self.facts)

    def __str__(self) -> str:
        if not self.cell:
            return say("roster.at_row", row=self.row, reason=self.reason)
        return say(
            "roster.at_cell", row=self.row, cell=self.cell, title=self.title, value=self.value, reason=self.reason
        )


@dataclass(frozen=True, slots=True)
class Accepted(Generic[F]):
    """A row that holds: its number in the sheet, its content, and the digest by which a repeat is known."""

    row: int
    fact: F
    digest: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that goes back, with every reason; its cells are kept as they came."""

    row: int
    flaws: tuple[Flaw, ...]
    cells: tuple[Any, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reading(Generic[F]):
    """What a file said. `len(accepted) + len(rejected)` is the number of its rows that are not blank."""

    form: type[F]
    file: str
    file_digest: str
    sheet: str
    header_row: int
    fields: tuple[str, ...]
    accepted: tuple[Accepted[F], ...]
    rejected: tuple[Rejected, ...]
    warnings: tuple[Flaw, ...]


def masked(value: Any, kind: str, *, private: bool) -> str:
    """Return a value as a report may show it."""
    if value is None or value == "":
        return say("roster.blank_value")
    text = tidy(str(value))
    if not private and sum(c.isdigit() for c in text) < SHOWN:
        return text if len(text) <= SHOWN else text[:SHOWN] + "…"
    if kind in _MASKS:
        return _MASKS[kind](text[: SHOWN * 2])
    return "*" * min(len(text), SHOWN)


class _Rows(Generic[F]):
    """Works through the rows of a table."""

    def __init__(
        self,
        table: Table,
        form: type[F],
        on: date,
        choices: Mapping[str, Collection[str]],
        seal: Callable[[str], bytes],
    ) -> None:
        self.table, self.form, self.on, self.choices, self.seal = table, form, on, choices, seal
        self.places = table.places
        self.by_field = {column.field: column for column in columns_of(form)}
        self.accepted: list[Accepted[F]] = []
        self.rejected: list[Rejected] = []
        self.warnings: list[Flaw] = []
        self.cells: dict[int, tuple[Any, ...]] = {}

    def flaw(self, number: int, name: str, key: str, facts: Mapping[str, str | int]) -> Flaw:
        column, place = self.by_field.get(name), self.places.get(name)
        if column is None or place is None:
            return Flaw(number + 1, "", column.title if column else "", "", key, facts)
        row = self.table.sheet.rows[number]
        value = row[place] if place < len(row) else ""
        shown = masked(value, column.cell.kind, private=column.cell.private)
        return Flaw(number + 1, address(number, place), column.title, shown, key, facts)

    def reject(self, number: int, flaws: Sequence[Flaw]) -> None:
        self.rejected.append(Rejected(number + 1, tuple(flaws), self.cells[number]))

    def read(self) -> None:
        validate, context = self.form.__pydantic_validator__.validate_python, {"on": self.on}
        columns = [(place, column.field) for place, column in sorted(self.table.columns.items())]
        for number, row in self.table.lines():
            width = len(row)
            given = {name: row[place] for place, name in columns if place < width and not is_blank(row[place])}
            if not given:
                continue
            self.cells[number] = tuple(row[place] if place < width else "" for place, _ in columns)
            try:
                fact = validate(given, context=context)
            except ValidationError as error:
                self.reject(
                    number,
                    [
                        self._explain(number, one["type"], one["loc"], one.get("ctx", {}))
                        for one in error.errors(include_url=False, include_input=False)
                    ],
                )
                continue
            if strange := [
                self._strange(number, name, allowed)
                for name, allowed in self.choices.items()
                if getattr(fact, name) not in allowed
            ]:
                self.reject(number, strange)
                continue
            self.warnings += [
                self.flaw(number, one.field, full_key(one.key), one.facts) for one in fact.cautions(self.on)
            ]
            self.accepted.append(
                Accepted(number + 1, fact, self.seal(f"{self.form.form}:{fact.model_dump_json(exclude_none=True)}"))
            )

    def _strange(self, number: int, name: str, allowed: Collection[str]) -> Flaw:
        return self.flaw(
            number,
            name,
            "roster.town_unknown" if name == "town" else "roster.choice_wrong",
            {"choices": "、".join(allowed)},
        )

    def _explain(self, number: int, kind: str, loc: tuple[str | int, ...], facts: Mapping[str, Any]) -> Flaw:
        key = (
            kind
            if kind.startswith(("roster.", "identity."))
            else "roster.cell_empty"
            if kind == "missing"
            else "roster.cell_other"
        )
        return self.flaw(number, str(loc[0]) if loc else "", key, facts)

    def part_duplicates(self) -> None:
        """Keep one of several equal rows; where they differ, none: choosing would be deciding."""
        groups: dict[tuple[str, ...], list[Accepted[F]]] = defaultdict(list)
        for one in self.accepted:
            groups[one.fact.key()].append(one)
        out: dict[int, Flaw] = {}
        for group in groups.values():
            first = group[0]
            same = all(one.digest == first.digest for one in group)
            for one in group[1:] if same else group if len(group) > 1 else ():
                others = "、".join(str(other.row) for other in group if other is not one)
                facts: dict[str, str | int] = {"row": first.row} if same else {"rows": others}
                out[one.row] = Flaw(
                    one.row, "", "", "", "roster.row_repeats" if same else "roster.row_conflicts", facts
                )
        if out:
            self.accepted = [one for one in self.accepted if one.row not in out]
            for number, flaw in out.items():
                self.reject(number - 1, [flaw])
            self.rejected.sort(key=lambda one: one.row)
            self.warnings = [one for one in self.warnings if one.row not in out]


def _plain_digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def read_roster(
    path: Path,
    form: type[F],
    *,
    on: date,
    choices: Mapping[str, Collection[str]] | None = None,
    bounds: Limits | None = None,
    seal: Callable[[str], bytes] = _plain_digest,
) -> Reading[F]:
    """Read a sheet (xlsx, xls, ods, csv) into rows of a form.

    `on` is the day whose rules apply; `choices` narrows fields to what the installation knows, e.g. `{"town": towns}`;
    `seal` makes the row digests: pass `key_ring().index` where they are stored, because the plain digest of a row of
    few columns can be found by trying.

    Raises:
        Refusal: the file as a whole cannot be taken: no sheet, broken, locked, too large, or another form's header.
    """
    bounds = bounds or limits()
    content = load(path, bounds)
    table = find_table(sheets_of(content, path.name, bounds), form, path.name)
    rows: _Rows[F] = _Rows(table, form, on, choices or {}, seal)
    rows.read()
    if (count := len(rows.accepted) + len(rows.rejected)) > bounds.max_rows:
        raise Refusal("roster.file_rows", file=path.name, rows=count, limit=bounds.max_rows)
    rows.part_duplicates()
    return Reading(
        form,
        path.name,
        hashlib.sha256(content).hexdigest(),
        table.sheet.name,
        table.header + 1,
        tuple(column.field for _, column in sorted(table.columns.items())),
        tuple(rows.accepted),
        tuple(rows.rejected),
        tuple(rows.warnings),
    )
