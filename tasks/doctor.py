"""What `banjie doctor` looks at: everything that would otherwise be found out at night."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import httpx
from sqlalchemy.exc import SQLAlchemyError

from config.calendar import calendar
from config.channel_problems import problems
from config.channels import channels
from config.emergency_plan import emergency_plan
from config.messages import Refusal, say
from config.offices import roles
from config.rulebook import rule, rules
from config.season import season, seasons
from config.settings import settings
from tasks import database
from tasks.clock import simulated, today
from tasks.incident_response.plan_people import check_plan, people_today
from tasks.officer import officers
from tasks.policy_redemption.ledger_proof import verify_ledger
from tasks.reach import prefect
from tasks.store import load_keys

FAULTS: Final = 10
PROCESSES: Final = ("calendar", "conscription", "identity", "incident_response", "kernel", "policy_redemption")


class Finding(NamedTuple):
    """One thing looked at: right, odd or wrong, and in words."""

    mark: str
    what: str
    text: str


def _look(what: str, act: Callable[[], Iterator[tuple[str, str]]]) -> Iterator[Finding]:
    title, clean = say(f"doctor.{what}"), True
    try:
        for mark, text in act():
            clean = clean and mark == "right"
            yield Finding(mark, title, text)
    except Refusal as refusal:
        clean = False
        yield Finding("wrong", title, str(refusal))
    if clean:
        yield Finding("right", title, say("doctor.fine"))


def _rules() -> Iterator[tuple[str, str]]:
    for process in PROCESSES:
        rules(process)
    for name in seasons():
        season(name)
    yield from ()


def _channels() -> Iterator[tuple[str, str]]:
    for problem in problems(channels(), [one.id for one in roles()]):
        yield ("wrong" if problem.severe else "odd"), str(problem)


def _calendar() -> Iterator[tuple[str, str]]:
    days = calendar()
    month, day = map(int, rule("calendar.notice_expected", today()).split("-"))
    missing = days.missing_year(today(), (month, day))
    if missing:
        yield "odd", say("doctor.year_missing", year=missing, until=days.horizon())


def _keys() -> Iterator[tuple[str, str]]:
    load_keys()
    path = settings().key_path
    if settings().keys is None and path.stat().st_mode & 0o077:
        yield "wrong", say("doctor.keys_open", path=path.name)


def _database() -> Iterator[tuple[str, str]]:
    try:
        found, needed = database.version(), database.head()
    except SQLAlchemyError as error:
        yield "wrong", say("doctor.database_away", why=type(error).__name__)
        return
    if found != needed:
        yield "wrong", say("doctor.database_old", found=found or "-", needed=needed)


def _ledger() -> Iterator[tuple[str, str]]:
    if database.version() == database.head():
        for broken in islice(verify_ledger(), FAULTS):
            yield "wrong", broken.text


def _officers() -> Iterator[tuple[str, str]]:
    if database.version() != database.head():
        return
    held = {role for one in officers() if one.active for role in one.roles}
    for role in (
        "conscription_office",
        "leading_group",
        "chief_physician",
        "discipline_group",
        "superior",
        "transport_group",
    ):
        if role not in held:
            yield "odd", say("doctor.role_empty", role=next(one.title for one in roles() if one.id == role))


def _plan() -> Iterator[tuple[str, str]]:
    if database.version() != database.head():
        return
    plan, people = emergency_plan(), people_today()
    found = check_plan(plan, people)
    text, staff = ([one for one in found if one.about == about] for about in ("plan", "people"))
    for problem in text:
        yield ("wrong" if problem.severe else "odd"), str(problem)
    if not {plan.commander, *plan.deputies, *(group.head for group in plan.groups)} & people.holders.keys():
        yield "odd", say("incident_plan.nobody_at_all")
        return
    for problem in staff[:FAULTS]:
        yield "odd", str(problem)
    if len(staff) > FAULTS:
        yield "odd", say("incident_plan.more", count=len(staff) - FAULTS)


def _server() -> Iterator[tuple[str, str]]:
    try:
        with prefect() as client:
            names = {one.name for one in client.read_deployments()}
    except httpx.HTTPError as error:
        yield "odd", say("doctor.server_away", why=type(error).__name__)
        return
    for name in ("conscription", "question", "decide", "rescue", "sweep", "回执"):
        if name not in names:
            yield "wrong", say("doctor.deployment_missing", name=name)


def _clock() -> Iterator[tuple[str, str]]:
    if simulated():
        yield "odd", say("doctor.simulated")


LOOKS: Final = {
    "rules": _rules,
    "channels": _channels,
    "calendar": _calendar,
    "keys": _keys,
    "database": _database,
    "ledger": _ledger,
    "officers": _officers,
    "plan": _plan,
    "server": _server,
    "clock": _clock,
}


def examine() -> Iterator[Finding]:
    """Look at everything; each fault is one sentence with its place."""
    for what, look in LOOKS.items():
        yield from _look(what, look)
