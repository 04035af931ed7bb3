"""Papers of the benefit run: calculation sheets, the payment roster, and who has no account (Art. 19)."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from config.messages import say
from config.offices import office, town
from models.conscription.benefits import NOTHING, Standard
from models.conscription.status import PaymentStatus as P
from models.document import Document
from models.paper import BenefitLine, BenefitSheet
from tasks.clock import local_day, now
from tasks.conscription.benefit import CHECKS, rows_at
from tasks.conscription.benefit_payment import Payable
from tasks.conscription.benefit_roll import Account, accounts, season_of, year_of
from tasks.conscription.course import rule_of
from tasks.filing import Filed, columns_of, file_papers, file_sheet
from tasks.step import Dossier, step

ROSTER_KINDS: Final = (
    (20, "code"),
    (12, "text"),
    (16, "text"),
    (12, "text"),
    (14, "text"),
    (24, "text"),
    (24, "account"),
    (14, "money"),
)
MISSING_KINDS: Final = ((20, "code"), (12, "text"), (16, "text"))


def _text(name: str, /, **facts: Any) -> str:
    return say(f"paper_conscription_benefits.{name}", "zh", **facts)


@step(rule=rule_of("family_allowance_factors"))
def write_sheets(dossier: Dossier, standards: Sequence[Standard]) -> Filed:
    """Write a calculation sheet for each recruit whose sums are up for the check, with articles and readings."""
    by_recruit: dict[int, list[Any]] = {}
    for row in rows_at(dossier, P.CALCULATED, P.MANUAL):
        by_recruit.setdefault(row.case_id, []).append(row)
    held = accounts(season_of(dossier), list(by_recruit))
    standard = next(one for one in standards if one.year == year_of(dossier))
    sheets = [_sheet(dossier, held[case_id], rows, standard) for case_id, rows in by_recruit.items()]
    return file_papers(dossier, "calculation", sheets, len(sheets))


def _sheet(dossier: Dossier, person: Account, rows: Sequence[Any], standard: Standard) -> Document:
    return BenefitSheet(
        issuer=office(CHECKS).zh,
        signed_on=local_day(now()),
        case_number=person.number,
        name=person.name,
        town=town(person.unit).title,
        year=year_of(dossier),
        standard=standard.amount,
        standard_document=standard.document,
        lines=tuple(_line(row) for row in rows),
        superior_paid=sum((Decimal(row.working["superior"] or 0) for row in rows), NOTHING),
        payable=sum((Decimal(row.amount) for row in rows if row.amount), NOTHING),
        calculated_by=_text("calculated_by"),
        checked_by=_text("checked_by"),
    ).compose()


def _line(row: Any) -> BenefitLine:
    working: Mapping[str, Any] = row.working
    item = say(f"conscription_benefits.item_{row.item}", "zh")
    return BenefitLine(
        item=_text("item_year", item=item, year=row.year)
        if row.status != P.MANUAL
        else _text("item_manual", item=item, year=row.year),
        working="；".join(working["lines"]),
        amount=Decimal(working["sum"] or 0),
        article=working["articles"][0],
        reading="；".join(reading["basis"] for reading in working["readings"].values()),
    )


@step(tells=(CHECKS,), rule=rule_of("payer"))
def write_roster_files(dossier: Dossier, roster: Payable) -> dict[str, Filed]:
    """Write the payment roster for the finance bureau, and the list of those without an account."""
    held = {one.number: one for one in _accounts_of(dossier, (*roster.numbers, *roster.without_account))}
    day, year = local_day(now()), year_of(dossier)
    title, purpose = _text("roster_title", year=year), _text("roster_purpose", day=day)
    columns, missing_columns = (
        columns_of(_text("roster_columns"), ROSTER_KINDS),
        columns_of(_text("missing_columns"), MISSING_KINDS),
    )
    lines = [_payment(held[line.number], line.amount) for line in roster.lines]
    missing_title = _text("missing_title", year=year)
    missing = [(n, held[n].name, town(held[n].unit).title) for n in roster.without_account]
    return {
        "roster": file_sheet(dossier, "payment-roster", title, columns, lines, purpose=purpose),
        "missing": file_sheet(dossier, "without-account", missing_title, missing_columns, missing, purpose=purpose),
    }


def _accounts_of(dossier: Dossier, numbers: Sequence[str]) -> list[Account]:
    ids = [row.case_id for row in rows_at(dossier, P.APPROVED) if row.number in set(numbers)]
    return list(accounts(season_of(dossier), ids).values())


def _payment(to: Account, amount: Decimal) -> tuple[Any, ...]:
    holder, bank, account, relation = json.loads(to.account or "[]")
    return (to.number, to.name, town(to.unit).title, holder, relation, bank, account, amount)
