"""What every paper of a season is made of: facts that compose themselves, worded by the message files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from config.fact import Fact
from config.messages import say
from models.document import (
    Document,
    DocumentNumber,
    Format,
    Paragraph,
    Table,
    Text,
    Words,
    day_text,
    paragraphs,
    time_text,
)


def shown(value: Any) -> Any:
    """Return a fact as papers print it."""
    match value:
        case datetime():
            return time_text(value)
        case date():
            return day_text(value)
        case Decimal():
            return f"{value:,.2f}"
        case tuple():
            return "、".join(str(shown(one)) for one in value)
    return value


def _short(value: Any) -> str:
    """Return a fact as a cell of a table shows it: days in figures, since columns are narrow."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else str(shown(value))


def wording(key: str, **facts: Any) -> str:
    """Return the Chinese wording of a paper: its content is Chinese whatever language the installation shows."""
    return say(f"document.{key}", "zh", **{name: shown(value) for name, value in facts.items()})


class Paper(Fact):
    """What every paper has: who issues it, its number, its day, who gets a copy."""

    kind: ClassVar[str]
    format: ClassVar[Format] = Format.DOCUMENT
    landscape: ClassVar[bool] = False

    issuer: Words
    number: DocumentNumber | None = None
    signed_on: date
    copies: tuple[Text, ...] = ()
    printed_by: Text = ""

    def facts(self) -> dict[str, Any]:
        """Return the facts that the wording of this kind may name."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def title(self) -> str:
        """Return the title."""
        return wording(f"{self.kind}_title", **self.facts())

    def addressee(self) -> str:
        """Return whom the paper addresses; empty where it addresses everyone."""
        return wording(f"{self.kind}_addressee", **self.facts())

    def blocks(self) -> Iterator[Paragraph | Table]:
        """Yield the paper's content."""
        yield from paragraphs(wording(f"{self.kind}_body", **self.facts()))

    def compose(self) -> Document:
        """Return the paper in its parts, ready to be laid out."""
        return Document(
            format=self.format,
            issuer=self.issuer,
            number=self.number,
            title=self.title(),
            addressee=self.addressee(),
            body=tuple(self.blocks()),
            signature=self.issuer,
            signed_on=self.signed_on,
            copies=self.copies,
            printed_by=self.printed_by,
            landscape=self.landscape,
        )

    def table(self, key: str, widths: tuple[int, ...], rows: Iterable[Sequence[Any]]) -> Table:
        """Return a table whose titles are in the message file, parted by 、."""
        titles = tuple(wording(f"{self.kind}_{key}").split("、"))
        return Table(titles=titles, widths=widths, rows=tuple(tuple(_short(cell) for cell in row) for row in rows))
