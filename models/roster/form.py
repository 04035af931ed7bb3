"""A form of the season: a frozen row whose fields are the columns of a sheet, in order, under their Chinese titles."""

import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails

from config.fact import Fact
from config.messages import say
from models.roster.cell import CaseNumber, Cell, Choice, Identity, Name, words_of
from models.roster.content import wrong


class Remark(NamedTuple):
    """What is wrong with one field, or odd about it: the message key (without its area) and the facts of the text."""

    field: str
    key: str
    facts: dict[str, str | int] = {}  # noqa: RUF012 -- a named tuple's default is never changed


class Row(Fact):
    """One row of a sheet. It prints no content: rows hold personal data."""

    model_config = ConfigDict(hide_input_in_errors=True)

    form: ClassVar[str]
    closed: ClassVar[str] = "column_unknown"
    """Message that refuses a column which the form does not have."""
    at_once: ClassVar[bool] = False
    """All rows of a sheet are taken in one transaction, because one signature stands for them all."""

    @classmethod
    def sheet_title(cls) -> str:
        """Return the name of the sheet, e.g. 应征报名名册."""
        return say(f"roster.form_{cls.form}")

    def key(self) -> tuple[str, ...]:
        """Return what may stand only once in a file."""
        raise NotImplementedError

    def contradictions(self, on: date | None) -> Iterator[Remark]:  # noqa: ARG002 -- forms override it
        """Yield what cannot be true together; `on` is the day whose rules apply, if it is known."""
        yield from ()

    def cautions(self, on: date | None) -> Iterator[Remark]:  # noqa: ARG002 -- forms override it
        """Yield what is unusual but possible: it warns, it never refuses."""
        yield from ()

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show nothing: a row in a log or a traceback must not tell who it is about."""
        return ()

    @model_validator(mode="after")
    def _agree(self, info: ValidationInfo) -> Self:
        on = info.context.get("on") if info.context else None
        if clashes := list(self.contradictions(on)):
            raise ValidationError.from_exception_data(
                type(self).__name__,
                [InitErrorDetails(type=wrong(one.key, **one.facts), loc=(one.field,), input=None) for one in clashes],
                hide_input=True,
            )
        return self


class AboutCandidate(Row):
    """A row about someone already on file: named by case number or by identity number, or both."""

    number: CaseNumber | None = Field(default=None, title="应征编号", description="与公民身份号码至少填一项")
    identity: Identity | None = Field(default=None, title="公民身份号码", description="与应征编号至少填一项")
    name: Name | None = Field(default=None, title="姓名", description="供核对，可不填")

    def key(self) -> tuple[str, ...]:
        """One row a person; a file that names one person in two ways is caught where the person is looked up."""
        return (self.identity or self.number or "",)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """Refuse a row about nobody."""
        yield from super().contradictions(on)
        if not (self.number or self.identity):
            yield Remark("number", "nobody")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a form."""

    field: str
    title: str
    note: str
    cell: Cell
    required: bool
    choices: tuple[str, ...]


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in typing.get_args(annotation):
        yield from _parts(part)


@cache
def columns_of(form: type[Row]) -> tuple[Column, ...]:
    """Return the columns of a form in the order of its sheet.

    Raises:
        TypeError: a field of the form is not made of a cell.
    """
    columns = []
    for field, info in form.model_fields.items():
        parts = list(_parts(info.annotation))
        cells = [
            m
            for m in (*info.metadata, *(m for p in parts for m in getattr(p, "__metadata__", ())))
            if isinstance(m, Cell)
        ]
        if len(cells) != 1 or not info.title:
            raise TypeError(f"{form.__name__}.{field} needs one cell type and a title")
        kinds = [p for p in parts if isinstance(p, type) and issubclass(p, Choice)]
        choices = words_of(kinds[0]) if kinds else ()
        if cells[0].kind == "yes_no":
            choices = (say("roster.yes"), say("roster.no"))
        columns.append(Column(field, info.title, info.description or "", cells[0], info.is_required(), choices))
    return tuple(columns)
