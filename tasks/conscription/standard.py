"""The family allowance standard of a year: on file, or asked of finance; never another year's (Art. 19)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import insert, select

from config.fact import Fact
from config.messages import say
from config.rulebook import YearMissingError
from config.season import Season, season, seasons
from models.conscription.benefits import Standard, standard_of
from models.conscription.service_answer import StandardNotice
from models.conscription.service_roll import YearStandard
from tasks.ask import ask
from tasks.step import Dossier, step
from tasks.store import reading, table, transaction

STANDARDS: Final = table(YearStandard)
FINANCE: Final = "finance_bureau"


class Standards(Fact):
    """The standards on file, and the years that have none."""

    found: tuple[Standard, ...]
    missing: tuple[int, ...]


def standard_on_file(year: int, plan: Season | None = None) -> Standard | None:
    """Return a year's standard: from the rulebook, as finance entered it, or from the season's file; or None."""
    try:
        return standard_of(year)
    except YearMissingError:
        pass
    with reading() as connection:
        row = connection.execute(select(STANDARDS).where(STANDARDS.c.year == year)).one_or_none()
    if row:
        return Standard(year=year, amount=Decimal(row.amount), document=row.document)
    plans = [plan] if plan else [season(name) for name in seasons()]
    given = {
        (one.family_allowance_base.amount, one.family_allowance_base.source)
        for one in plans
        if one.family_allowance_base.year == year
    }
    if len({amount for amount, _ in given}) != 1:  # none, or two files that differ: somebody must say which holds
        return None
    amount, source = min(given)
    return Standard(year=year, amount=amount, document=source)


@step(rule=lambda dossier: say(f"{dossier.process}.standard_rule"))
def take_standards(dossier: Dossier, years: Sequence[int], plan: Season | None) -> Standards:  # noqa: ARG001 -- a step takes its dossier
    """Take the standards of the years as they are on file."""
    on_file = {year: standard_on_file(year, plan) for year in years}
    return Standards(
        found=tuple(one for one in on_file.values() if one),
        missing=tuple(year for year, one in on_file.items() if one is None),
    )


@step(rule=lambda dossier: say(f"{dossier.process}.standard_rule"))
def enter_standards(dossier: Dossier, answers: Mapping[int, StandardNotice]) -> Standards:
    """Enter the standards that finance gave, with the papers that set them; what is entered for a year stays."""
    entered = []
    with transaction() as tx:
        for year, answer in answers.items():
            known = tx.core.execute(select(STANDARDS).where(STANDARDS.c.year == year)).one_or_none()
            if known is None:
                tx.core.execute(
                    insert(STANDARDS).values(
                        year=year, amount=str(answer.amount), document=answer.notice, case_id=dossier.id
                    )
                )
            amount, document = (known.amount, known.document) if known else (str(answer.amount), answer.notice)
            entered.append(Standard(year=year, amount=Decimal(amount), document=document))
    return Standards(found=tuple(entered), missing=())


def require_standards(dossier: Dossier, years: Sequence[int], plan: Season | None = None) -> tuple[Standard, ...]:
    """Return the standards of the years; the finance bureau is asked for each that is missing.

    Raises:
        Parked: an answer is still to come.
    """
    on_file = take_standards(dossier, years, plan)
    if not on_file.missing:
        return on_file.found
    answers = {
        year: ask(StandardNotice, dossier, f"standard.{year}", of=FINANCE, text=missing_text(year))
        for year in on_file.missing
    }
    entered = enter_standards(dossier, answers)
    return tuple(sorted((*on_file.found, *entered.found), key=lambda one: one.year))


def missing_text(year: int) -> str:
    """Return the sentence that says which standard is missing, and what is asked for."""
    return say(
        "question_conscription_benefits.standard", why=str(YearMissingError("family_allowance_base", year)), year=year
    )
