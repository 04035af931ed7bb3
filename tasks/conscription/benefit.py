"""Benefits of a season's recruits for a year: calculated with their working, approved before money, paid, recovered.

Each sum is a row with its working and readings, and a line in the recruit's own journal (Art. 19, 25, 29).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import insert, select, update

from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import reading as reading_of
from config.rulebook import rule
from config.season import Season
from models.conscription.benefits import NOTHING, ItemName, Schooling, Standard
from models.conscription.payments import Payment, entitlement, one_off_payable_from
from models.conscription.service_facts import has_area, presupposes, schooling_of, service_of
from models.conscription.status import PaymentStatus as P
from models.conscription.status import SeasonStatus as S
from tasks.case import open_case
from tasks.clock import now
from tasks.conscription.benefit_roll import BENEFITS, Recruit, on_file, recruits, rows_of, season_of, year_of
from tasks.conscription.course import morning, rule_of
from tasks.conscription.course import number_of as season_number
from tasks.journal import CASES, Page, case_id_of
from tasks.step import Dossier, actor, step
from tasks.store import reading, transaction

PROCESS: Final = "conscription_benefits"
STORY: Final = "conscription_benefits/conscription_benefits"
CHECKS: Final = "resettlement_group"
PAYS: Final = "finance_bureau"
OPEN_ROWS: Final = (P.CALCULATED, P.MANUAL)
ON_AREA: Final = (ItemName.YEARLY_REWARD, ItemName.MERIT_REWARD)


def number_of(season: str, year: int) -> str:
    """Return the case number of a season's benefits in a year."""
    return f"YD-{season}-{year}"


def run_name(season: str, year: int) -> str:
    """Return the name of a run: the season and the year that is paid."""
    return say("conscription_benefits.run_name", season=season, year=year)


def open_benefits(plan: Season, year: int) -> Dossier:
    """Open the benefits of a season's recruits for a year, or take up the run that is open.

    Raises:
        Refusal: no such season, nobody of it serves, the year is outside the term of service, or the run of the year
            before is still open.
    """
    first, term = plan.approval.day.year, rule("conscription.service_years", plan.approval.day)
    if not first <= year < first + term:
        raise Refusal("conscription_benefits.year_outside", year=year, first=first, last=first + term - 1)
    number, season_id = number_of(plan.name, year), case_id_of(season_number(plan.name))
    with reading() as connection:
        found = select(CASES.c.number, CASES.c.closed_at).where(
            CASES.c.number.in_([number, number_of(plan.name, year - 1)])
        )
        known = dict(connection.execute(found).tuples().all())
    if number not in known:
        if not recruits(season_id):
            raise Refusal("conscription_benefits.nobody_serves", season=plan.name)
        if any(closed is None for closed in known.values()):
            raise Refusal("conscription_benefits.year_before_open", number=number_of(plan.name, year - 1))
    half = say(f"conscription.half_{plan.half}")
    return open_case(
        number,
        process=PROCESS,
        subject=say("conscription_benefits.subject", season_year=plan.year, half=half, year=year),
        on=plan.approval.day,
        story=STORY,
        parameters={"season": plan.name, "year": year},
        status=S.PAYING,
    )


def years_needed(plan: Season, year: int) -> list[int]:
    """Return the years whose standard the run needs: from the enlistment to the year that is paid."""
    return list(range(plan.approval.day.year, year + 1))


def payable_from(plan: Season) -> datetime:
    """Return the first moment at which everything may be paid, under the reading of the one-off reward."""
    return morning(one_off_payable_from(plan.approval.day, plan.windows.departure.start) or plan.approval.day)


def year_end(year: int) -> datetime:
    """Return the moment at which a year's run ends."""
    return morning(date(year + 1, 1, 1))


def text(dossier: Dossier, point: str, **facts: Any) -> str:
    """Return what a question of the run shows: figures and case numbers, never who somebody is."""
    return say(f"question_conscription_benefits.{point}", year=year_of(dossier), **facts)


def rosters_text(dossier: Dossier) -> str:
    """Return how many recruits there are and of how many each roster tells."""
    return text(dossier, "rosters", **on_file(dossier))


class _Planned(NamedTuple):
    """One sum as it is due now: the row to write."""

    item: str
    year: int
    amount: str
    status: P
    working: dict[str, Any]
    rule: str

    def line(self) -> dict[str, Any]:
        """Return what the recruit's own journal says of it."""
        facts = {"item": self.item, "year": self.year, "amount": self.amount, "status": self.status}
        return facts | {"readings": {path: taken["value"] for path, taken in self.working["readings"].items()}}


class Working(Fact):
    """How a sum came about, as it is stored with it."""

    lines: tuple[str, ...]
    readings: dict[str, dict[str, str]]
    articles: tuple[str, ...]
    standard: Standard | None
    sum: str
    superior: str


def _shown(payment: Payment, standards: Mapping[int, Standard], why: Sequence[str]) -> dict[str, Any]:
    readings = {path: {"value": taken.value, "basis": taken.basis} for path, taken in payment.sum.readings.items()}
    return Working(
        lines=(*(line.text("zh") for line in payment.sum.working), *why),
        readings=readings,
        articles=tuple(source.label for source in payment.sum.sources),
        standard=standards.get(payment.year) if payment.item is not ItemName.ONE_OFF_REWARD else None,
        sum=_money(payment.sum.amount),
        superior=_money(payment.superior),
    ).model_dump(mode="json")


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _doubts(recruit: Recruit, payment: Payment, on: date) -> Iterator[str]:
    """Yield why a person must rule though the rules gave a sum: nothing is guessed."""
    on_area = payment.item is ItemName.FAMILY_ALLOWANCE or (
        payment.item in ON_AREA and reading_of("conscription.reward_base", on) == "multiplied"
    )
    if on_area and not has_area(recruit.roll, payment.year):
        yield say("conscription_benefits.area_missing", "zh")
    if payment.superior and reading_of("conscription.higher_of_items", on) == "total":
        yield say("conscription_benefits.total_is_manual", "zh")


def _notes(schooling: Schooling, payment: Payment) -> list[str]:
    rewards = payment.item in (ItemName.YEARLY_REWARD, ItemName.ONE_OFF_REWARD)
    return [say("conscription_benefits.presupposed", "zh")] if rewards and presupposes(schooling) else []


def _planned(
    recruit: Recruit, on: date, year: int, standards: Sequence[Standard], settled: set[tuple[str, int]]
) -> list[_Planned]:
    """Return the sums due to a recruit in a year; late merit rewards of earlier years come with them."""
    due = entitlement(service_of(recruit.roll, on, year), standards)
    by_year = {one.year: one for one in standards}
    schooling = schooling_of(recruit.roll.candidate.education, recruit.roll.candidate.standing)
    found = []
    for payment in due.payments:
        late_merit = payment.item is ItemName.MERIT_REWARD and (payment.item.value, payment.year) not in settled
        if payment.year != year and not late_merit:
            continue
        if payment.sum.amount == NOTHING and not payment.superior:
            continue
        doubts = list(_doubts(recruit, payment, on))
        amount = None if doubts else payment.district_pays
        working = _shown(payment, by_year, [*_notes(schooling, payment), *_higher(payment), *doubts])
        status = P.MANUAL if amount is None else P.CALCULATED
        found.append(_Planned(payment.item.value, payment.year, _money(amount), status, working, payment.sum.label))
    return found


def _higher(payment: Payment) -> list[str]:
    if not payment.superior or payment.district_pays is None:
        return []
    facts = {"superior": _money(payment.superior), "district": _money(payment.district_pays)}
    return [say("conscription_benefits.higher", "zh", **facts)]


def _changes(
    dossier: Dossier, standards: Sequence[Standard]
) -> Iterator[tuple[Recruit, list[_Planned], list[_Planned]]]:
    """Yield each recruit with the sums to write, and those that differ from what is approved or paid already."""
    season_id, year = season_of(dossier), year_of(dossier)
    stored = rows_of(season_id)
    for recruit in recruits(season_id):
        rows = {(row.item, row.year): row for row in stored.get(recruit.standing.id, ())}
        settled = {key for key, row in rows.items() if row.status not in OPEN_ROWS}
        write, differ = [], []
        for one in _planned(recruit, dossier.on, year, standards, settled):
            row = rows.get((one.item, one.year))
            if row is None or (row.status in OPEN_ROWS and (row.amount, row.working) != (one.amount, one.working)):
                write.append(one)
            elif row.status not in OPEN_ROWS and row.amount != one.amount:
                differ.append(one)
        if write or differ:
            yield recruit, write, differ


class Calculation(Fact):
    """What a calculation came to: the sums up for approval, and on whom a person must rule."""

    recruits: int
    total: Decimal
    sums: dict[str, Decimal]
    manual: tuple[str, ...]
    differing: tuple[str, ...]


@step(
    reaches=lambda found: P.CALCULATED if found.recruits else None,
    tells=(CHECKS,),
    rule=rule_of("family_allowance_factors"),
)
def calculate(dossier: Dossier, standards: Sequence[Standard]) -> Calculation:
    """Calculate every sum that is due and not yet approved, each with its working and its readings (Art. 19, 29)."""
    season_id, differing = season_of(dossier), []
    with transaction() as tx:
        page = Page(tx, f"benefit-{year_of(dossier)}-calculated", dossier.turn, actor.get(), now())
        for recruit, write, differ in list(_changes(dossier, standards)):
            differing += [recruit.standing.number] if differ else []
            for one in write:
                this = (
                    (BENEFITS.c.case_id == recruit.standing.id)
                    & (BENEFITS.c.item == one.item)
                    & (BENEFITS.c.year == one.year)
                )
                values = {"amount": one.amount, "working": one.working, "status": one.status.value}
                changed = tx.core.execute(update(BENEFITS).where(this).values(**values)).rowcount
                if not changed:
                    keys = {"case_id": recruit.standing.id, "season_id": season_id, "item": one.item, "year": one.year}
                    tx.core.execute(insert(BENEFITS).values(**keys, **values))
            if write:
                page.add(recruit.standing, None, {"sums": [one.line() for one in write]}, rule=write[0].rule)
        page.write()
    return _calculation(dossier, tuple(differing))


def _calculation(dossier: Dossier, differing: tuple[str, ...]) -> Calculation:
    due = rows_at(dossier, P.CALCULATED)
    sums: dict[str, Decimal] = {}
    for row in due:
        sums[row.item] = sums.get(row.item, NOTHING) + Decimal(row.amount)
    return Calculation(
        recruits=len({row.case_id for row in due}),
        total=sum(sums.values(), NOTHING),
        sums=sums,
        manual=tuple(dict.fromkeys(row.number for row in rows_at(dossier, P.MANUAL))),
        differing=differing,
    )


def rows_at(dossier: Dossier, *statuses: P) -> list[Any]:
    """Return the run's sums at the statuses, with the recruits' numbers."""
    chosen = (
        select(BENEFITS, CASES.c.number, CASES.c.status.label("standing"), CASES.c.unit)
        .join(CASES, CASES.c.id == BENEFITS.c.case_id)
        .where(BENEFITS.c.season_id == season_of(dossier), BENEFITS.c.year <= year_of(dossier))
        .where(BENEFITS.c.status.in_([status.value for status in statuses]))
        .order_by(CASES.c.number, BENEFITS.c.id)
    )
    with reading() as connection:
        return list(connection.execute(chosen))


def check_text(dossier: Dossier, found: Calculation, point: str) -> str:
    """Return the sums by item, for the check and for the approval."""
    head = text(
        dossier,
        point,
        recruits=found.recruits,
        total=f"{found.total:,.2f}",
        manual=len(found.manual),
        differing=len(found.differing),
    )
    rows = [
        f"| {say(f'conscription_benefits.item_{item}')} | {amount:,.2f} |"
        for item, amount in sorted(found.sums.items())
    ]
    manual = say("question_conscription_benefits.manual", numbers="、".join(found.manual)) if found.manual else ""
    table = "\n".join([say("question_conscription_benefits.table"), "| --- | ---: |", *rows])
    return "\n\n".join(part for part in (head, table, manual) if part)


def changes_waiting(dossier: Dossier, standards: Sequence[Standard]) -> bool:
    """Say whether a roster came that changes a sum which is not yet approved."""
    return any(write for _, write, _ in _changes(dossier, standards))
