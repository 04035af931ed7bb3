"""The bulletin as an official paper: figures, the four failings with what shows them, and how the clocks were kept."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from config.messages import say
from config.offices import office
from models.document import Document, Format, Paragraph, Table, paragraphs
from models.policy_redemption.failings import Duty, Failing
from models.policy_redemption.money import yuan
from models.policy_redemption.statistics import Department, Lag, Statistics
from tasks.board_page import deadline_title, office_title

MOST_EVIDENCE: Final = 200
"""Lines of evidence on paper; the workbook has them all."""


def _text(name: str, /, **facts: Any) -> str:
    return say(f"bulletin.{name}", "zh", **facts)


def titles(name: str) -> tuple[str, ...]:
    """Return the column titles of a table."""
    return tuple(_text(name).split("、"))


def department_row(one: Department) -> tuple[str, ...]:
    """Return a department's figures as they are printed."""
    return (
        office_title(one.department),
        *(str(count) for count in (one.published, one.amended, one.repealed, one.online, one.fed_back, one.decided)),
        str(one.paid),
        f"{yuan(one.paid_fen):,.2f}",
        str(one.demands),
    )


def failing_row(one: Department) -> tuple[str, ...]:
    """Return a department's four failings as they are printed."""
    return (office_title(one.department), *(str(one.failed(failing)) for failing in Failing))


def lag_row(one: Lag) -> tuple[str, ...]:
    """Return how a department kept a duty, as it is printed."""
    return (
        office_title(one.department),
        deadline_title(one.process, one.duty),
        *(str(count) for count in (one.due, one.on_time, one.late, one.open)),
        str(one.mean_days),
        str(one.longest_days),
    )


def evidence_row(one: Duty) -> tuple[str, ...]:
    """Return a duty that was missed, as it is printed."""
    return (office_title(one.department), one.failing.text, one.case, one.evidence)


def _table(name: str, widths: Sequence[int], rows: Sequence[tuple[str, ...]]) -> tuple[Paragraph | Table, ...]:
    if not rows:
        return paragraphs(_text("nothing"))
    return (Table(titles=titles(name), widths=tuple(widths), rows=tuple(rows)),)


def compose(
    found: Statistics, evidence: Sequence[Duty], issuer: str, *, number: str | None = None, on: date | None = None
) -> Document:
    """Return the bulletin as a paper; a draft has neither number nor date."""
    of = found.period
    failed = [one for one in found.departments if any(one.failed(failing) for failing in Failing)]
    body = (
        *paragraphs(
            _text(
                f"opening_{of.kind}",
                period=of.title,
                firms=f"{found.firms:,}",
                new=f"{found.new_firms:,}",
                visits=f"{found.visited:,}",
                updates=sum(one.updates for one in found.departments),
                online=f"{sum(one.online for one in found.departments):,}",
            )
        ),
        *paragraphs(_text("heading_departments")),
        *_table(
            "columns_departments", (4, 2, 2, 2, 2, 2, 2, 2, 4, 2), [department_row(one) for one in found.departments]
        ),
        *paragraphs(_text("heading_failings")),
        *_table("columns_failings", (4, 3, 3, 3, 3), [failing_row(one) for one in failed]),
        *paragraphs(_text("heading_lags")),
        *_table("columns_lags", (4, 5, 2, 2, 2, 2, 2, 2), [lag_row(one) for one in found.lags]),
        *paragraphs(_text("heading_evidence")),
        *_table("columns_evidence", (3, 3, 4, 8), [evidence_row(one) for one in evidence[:MOST_EVIDENCE]]),
        *(paragraphs(_text("more_evidence", total=len(evidence))) if len(evidence) > MOST_EVIDENCE else ()),
    )
    return Document(
        format=Format.DOCUMENT if on else Format.PLAIN,
        issuer=office(issuer).zh,
        number=number,
        title=_text(f"title_{of.kind}", period=of.title),
        addressee=_text("addressee"),
        body=body,
        attachments=(_text("attachment", period=of.title),),
        signature=office(issuer).zh if on else "",
        signed_on=on,
        printed_by=office(issuer).zh if on else "",
    )
