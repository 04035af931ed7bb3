"""Service resources of departments: a catalogue, requests of enterprises, answers and follow-up (Art. 18)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from prefect.client.schemas.objects import State
from prefect.states import Completed
from sqlalchemy import insert, select, update

from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import rule
from models.policy_redemption.departments import department_named
from models.policy_redemption.service import Resource, ServiceRequest
from models.policy_redemption.service import ServiceStatus as S
from tasks import yearly
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.deadline import meet_clock
from tasks.form_run import end_refused, run_mark
from tasks.intake import Refused, Taker
from tasks.journal import CASES
from tasks.policy_redemption.citation import rule_of
from tasks.policy_redemption.demand_clock import CENTRE, days_after, watch
from tasks.policy_redemption.demand_lodging import credit_code, without_numbers
from tasks.rescue import start_run
from tasks.roster import Accepted
from tasks.step import Dossier, step
from tasks.store import Transaction, reading, table, transaction

RESOURCES: Final = table(Resource)
REQUESTS: Final = table(ServiceRequest)
PREFIX: Final = "FW"
PROCESS: Final = "service_request"
STORY: Final = "service_request/service_request"


def run_name(number: str) -> str:
    """Return the name of a request's run."""
    return say("service_request.run_name", number=number)


def _take(tx: Transaction, case_id: int, rows: Sequence[Accepted[Any]], day: date) -> Iterable[Refused]:
    del case_id
    for one in rows:
        row = one.fact
        try:
            department = department_named(row.department, day)
        except Refusal as refusal:
            yield Refused(one, "department", refusal.key, refusal.facts)
            continue
        values = {
            "department": department,
            "title": row.title,
            "about": row.about,
            "promised_days": row.promised or 0,
            "offered": row.offered,
        }
        if not tx.core.execute(update(RESOURCES).where(RESOURCES.c.code == row.code).values(**values)).rowcount:
            tx.core.execute(insert(RESOURCES).values(code=row.code, **values))


TAKERS: Final[Mapping[str, Taker]] = {"resource": _take}


def request(code: str, uscc: str, firm: str, wish: str, mark: bytes) -> str:
    """Open a request under the year's next number and return it; the same run brings it once.

    Raises:
        Refusal: the catalogue does not offer that resource.
    """
    with transaction() as tx:
        at = now()
        day = local_day(at)
        register_id, place = yearly.next_place(tx, REQUESTS, PREFIX, day.year)
        known = select(CASES.c.number).join(REQUESTS, REQUESTS.c.case_id == CASES.c.id).where(REQUESTS.c.mark == mark)
        if (number := tx.core.execute(known).scalar_one_or_none()) is not None:
            return str(number)
        offered = tx.core.execute(select(RESOURCES).where(RESOURCES.c.code == code, RESOURCES.c.offered.is_(True)))
        resource = offered.one_or_none()
        if resource is None:
            raise Refusal("service_request.no_resource", code=code)
        number = f"{PREFIX}-{day.year}-{place:03}"
        dossier = open_case(
            number,
            process=PROCESS,
            subject=say("service_request.subject", title=resource.title),
            on=day,
            story=STORY,
            parameters={"number": number},
            status=S.REQUESTED,
            unit=resource.department,
            parent_id=register_id,
        )
        tx.core.execute(
            insert(REQUESTS).values(
                case_id=dossier.id, register_id=register_id, place=place, resource_id=resource.id, uscc=uscc,
                firm=firm, wish=wish, received_at=at, mark=mark,
            )
        )  # fmt: skip
    return number


def request_by_form(resource: str, firm: str, name: str, wish: str) -> State[str]:
    """Take the online form of a request: the run ends with its number, or with the reason of the refusal."""
    try:
        without_numbers(name, wish)
        code = resource.strip().upper()
        number = request(code, credit_code(firm), name.strip(), wish.strip(), run_mark(code, firm))
    except Refusal as refusal:
        return end_refused(refusal, "demand.personal", "name", "wish")
    start_run(number)
    return Completed(message=say("service_request.lodged", number=number))


def take_up(number: str) -> Dossier:
    """Take up a request that was made.

    Raises:
        Refusal: there is none under this number.
    """
    return yearly.take_up(number, PROCESS, STORY, S.REQUESTED)


def about(dossier: Dossier) -> Any:
    """Return a request with its resource."""
    chosen = (
        select(REQUESTS.c.firm, REQUESTS.c.wish, REQUESTS.c.received_at, RESOURCES.c.code, RESOURCES.c.title,
               RESOURCES.c.department, RESOURCES.c.promised_days)
        .join(RESOURCES, RESOURCES.c.id == REQUESTS.c.resource_id)
        .where(REQUESTS.c.case_id == dossier.id)
    )  # fmt: skip
    with reading() as connection:
        return connection.execute(chosen).one()


def department_of(dossier: Dossier) -> str:
    """Return the department that answers: the one the catalogue named when the request was made."""
    with reading() as connection:
        return str(connection.execute(select(CASES.c.unit).where(CASES.c.id == dossier.id)).scalar_one())


def text(dossier: Dossier, point: str) -> str:
    """Return what a question of the request shows."""
    found = about(dossier)
    return say(
        f"question_service_request.{point}", code=found.code, title=found.title, firm=found.firm, wish=found.wish
    )


def await_answer(dossier: Dossier) -> datetime:
    """Start the clock of the answer: what the catalogue promised, or the rule's days; after a follow-up, anew."""
    found = about(dossier)
    days = found.promised_days or rule("policy_redemption.resource_answer_days", dossier.on)
    anchor = found.received_at if dossier.turn == 1 else None
    office = department_of(dossier)
    return watch(dossier, "service_answer", "resource_answer_days", office=office, days=days, anchor=anchor)


class Replied(Fact):
    """Whether the service is provided, and when it is followed up."""

    provided: bool
    follow_up: datetime


def answer(dossier: Dossier, verdict: str) -> Replied:
    """Take the department's answer: its clock is met."""
    meet_clock(dossier, "service_answer")
    return answer_service_request(dossier, verdict == "provide")


@step(reaches=lambda found: S.PROVIDED if found.provided else S.DECLINED, tells=(CENTRE,),
      rule=rule_of("resource_answer_days"))  # fmt: skip
def answer_service_request(dossier: Dossier, provided: bool) -> Replied:
    """Record whether the department provides the service."""
    days = rule("policy_redemption.resource_follow_up_days", dossier.on)
    return Replied(provided=provided, follow_up=days_after(now(), days))


class FollowedUp(Fact):
    """What the enterprise said some days later."""

    word: str
    office: str


@step(reaches=S.FOLLOWED_UP, tells=lambda found: (found.office,), rule=rule_of("resource_follow_up_days"))
def follow_up_service(dossier: Dossier, verdict: str) -> FollowedUp:
    """Record the follow-up; the department is told."""
    return FollowedUp(word=say(f"service_request.follow_up_{verdict}"), office=department_of(dossier))
