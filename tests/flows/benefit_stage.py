"""Five recruits of a season, their rosters and their run, for the tests of the benefits."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import select

from flows.benefits import conscription_benefits
from models.conscription.status import MemberStatus as M
from models.roster import (
    AccountRow,
    ApplicationBasis,
    ApplicationRow,
    AwardKind,
    AwardRow,
    Education,
    ReturnGround,
    ReturnRow,
    ServiceArea,
    ServiceYearRow,
    Sex,
    Standing,
)
from tasks.conscription import course, service
from tasks.conscription.benefit_intake import take_benefit_roster
from tasks.conscription.benefit_roll import BENEFITS
from tasks.conscription.intake import take_roster
from tasks.journal import CASES
from tasks.members import Member, Moved, over_members
from tasks.step import Dossier
from tasks.store import reading
from tests.flows.service_stage import Stage, identity

RUN, NEXT = "YD-2027H1-2027", "YD-2027H1-2028"
ZB = "ZB-2027H1"
BORN = date(2006, 5, 1)
PEOPLE = (
    (Education.SENIOR_MIDDLE, Standing.GRADUATE),
    (Education.BACHELOR, Standing.GRADUATE),
    (Education.BACHELOR, Standing.STUDENT),
    (Education.JUNIOR_COLLEGE, Standing.FRESH_GRADUATE),
    (Education.MASTER, Standing.STUDENT),
)
"""1 school leaver, 2 bachelor graduate, 3 bachelor student, 4 junior-college graduate, 5 master's student."""


@over_members(M.APPLIED_ONLINE)
def enlist(dossier: Dossier, members: list[Member]) -> Iterator[Moved]:
    for member in members:
        yield Moved(member, M.IN_SERVICE, {"arrived": "2027-03-10"})


def enter(stage: Stage) -> None:
    """Bring five recruits of the first season of 2027 into service."""
    season = course.open_season(course.read_plan("2027H1"))
    rows = [
        ApplicationRow(
            name="李强", identity=identity(BORN, 2 * place + 1), sex=Sex.MALE, born=BORN, town="三星镇", education=education,
            standing=standing, school="南通大学", science=False, phone="13800000000", basis=ApplicationBasis.HOUSEHOLD, willing=True,
        )
        for place, (education, standing) in enumerate(PEOPLE)
    ]  # fmt: skip
    assert take_roster(ZB, "application", stage.roster(rows)).accepted == len(PEOPLE)
    enlist(season)


def number(place: int) -> str:
    return f"{ZB}-{place:06}"


def served(*areas: ServiceArea, year: int = 2027, complete: bool = True) -> list[ServiceYearRow]:
    return [ServiceYearRow(number=number(place), year=year, area=area, complete=complete, document="部证〔2027〕1号")
            for place, area in enumerate(areas, 1)]  # fmt: skip


def account(place: int, serial: int = 0) -> AccountRow:
    return AccountRow(
        number=number(place), holder="李强", relation="本人", bank="农业银行海门支行", account=luhn(place, serial)
    )


def luhn(place: int, serial: int) -> str:
    body = f"62284804{place:05}{serial:05}"
    doubled = [int(digit) * (2 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(body))]
    return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


def send(stage: Stage, form: str, rows: list[Any], run: str = RUN) -> Any:
    taken = take_benefit_roster(run, form, stage.roster(rows))
    assert taken.rejected == 0, taken
    return taken


def tell(stage: Stage, year: int = 2027) -> Any:
    return stage.tell(conscription_benefits.fn, "2027H1", year)


AREAS = (ServiceArea.TIBET, ServiceArea.ORDINARY, ServiceArea.HARDSHIP, ServiceArea.ORDINARY, ServiceArea.ORDINARY)


def gathered(stage: Stage, *, accounts: int = 5) -> None:
    """Bring the run to the check: areas and accounts are in."""
    assert tell(stage) is None
    send(stage, "service_year", served(*AREAS))
    send(stage, "account", [account(place) for place in range(1, accounts + 1)])
    assert tell(stage) is None
    stage.answer("rosters", verdict="done")
    assert tell(stage) is None


def approved(stage: Stage, year: int = 2027) -> None:
    stage.answer("check", verdict="approve")
    assert tell(stage, year) is None
    stage.answer("approval", verdict="approve")
    assert tell(stage, year) is None


def sums() -> dict[tuple[int, str], tuple[str, str]]:
    chosen = select(CASES.c.number, BENEFITS.c.item, BENEFITS.c.amount, BENEFITS.c.status, BENEFITS.c.year)
    with reading() as connection:
        rows = connection.execute(chosen.join(CASES, CASES.c.id == BENEFITS.c.case_id).where(BENEFITS.c.year == 2027))
        return {(int(row.number[-6:]), row.item): (row.amount, row.status) for row in rows}


def send_back(stage: Stage, place: int, ground: ReturnGround) -> None:
    """The unit sends a recruit back, and the season deals with it."""
    row = ReturnRow(
        number=number(place), ground=ground, arrived=date(2027, 3, 10), letter_on=date(2027, 3, 20), letter="函1"
    )
    assert take_roster(ZB, "return", stage.roster([row])).accepted == 1
    season = course.open_season(course.read_plan("2027H1")).at_turn(place)
    service.deregister(season)
    service.settle_returns(season)


def paid(stage: Stage) -> None:
    gathered(stage)
    approved(stage)
    stage.answer("payment", verdict="paid", voucher="凭1")
    assert tell(stage) is None


def award(
    place: int, kind: AwardKind, document: str, act: str | None = None, awarded: date = date(2027, 3, 18)
) -> AwardRow:
    return AwardRow(number=number(place), kind=kind, awarded=awarded, act=act, document=document)
