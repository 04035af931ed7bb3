"""A changed platform manager or leader in charge is reported within three working days (Art. 10)."""

from datetime import date, datetime, time
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import head_of, office
from config.rulebook import cited
from config.zone import SHANGHAI
from models.deadline import Clock
from models.policy_redemption.change import POST, ManagerChange
from models.policy_redemption.change import ManagerStatus as M
from models.policy_redemption.content import role_named
from models.policy_redemption.failings import report_standing
from tasks.ask import DECISIONS
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.deadline import LADDER, Owed, meet_clock, start_clock
from tasks.step import Dossier, step
from tasks.store import reading, table, transaction

MANAGERS: Final = table(ManagerChange)
PROCESS: Final = "manager_change"
STORY: Final = "manager_change/manager_change"
DUTY: Final = "report"
RULE: Final = "policy_redemption.manager_change_days"


def run_name(department: str, changed: object, **_facts: object) -> str:
    """Return the name of a run: the department and the day."""
    return say("manager_change.run_name", department=department, changed=changed)


def open_change(department: str, post: str, changed: date) -> Dossier:
    """Open the report of a changed post, or take up the one that is open for it.

    Raises:
        Refusal: there is no such body or post, or the change lies ahead.
    """
    role, today = role_named(department), local_day(now())
    if post not in POST.values:
        raise Refusal("manager_change.no_such_post", post=post)
    if changed > today:
        raise Refusal("policy_publication.ahead", day=changed.isoformat(), today=today.isoformat())
    with transaction() as tx:
        tx.alone(PROCESS)
        mine = (MANAGERS.c.department == role) & (MANAGERS.c.post == post) & (MANAGERS.c.changed_on == changed)
        found = tx.core.execute(select(MANAGERS.c.year, MANAGERS.c.place).where(mine)).one_or_none()
        last = select(func.coalesce(func.max(MANAGERS.c.place), 0)).where(MANAGERS.c.year == today.year)
        year, place = found or (today.year, tx.core.execute(last).scalar_one() + 1)
        dossier = open_case(
            f"GL-{year}-{place:03}",
            process=PROCESS,
            subject=say("manager_change.subject", department=office(role).title, post=POST.word(post)),
            on=today,
            story=STORY,
            parameters={"department": role, "post": POST.word(post), "changed": changed.isoformat()},
            status=M.CHANGED,
            unit=role,
        )
        if not found:
            what = {"department": role, "post": post, "changed_on": changed, "successor": ""}
            tx.core.execute(insert(MANAGERS).values(case_id=dossier.id, year=year, place=place, **what))
    return dossier


def _of(dossier: Dossier) -> Any:
    with reading() as connection:
        return connection.execute(select(MANAGERS).where(MANAGERS.c.case_id == dossier.id)).one()


def department_of(dossier: Dossier) -> str:
    """Return the role of the department that owes the report."""
    return str(_of(dossier).department)


def _recipient(dossier: Dossier) -> str:
    return str(cited("policy_redemption.manager_change_recipient", dossier.on).value)


def watch_report(dossier: Dossier) -> date | None:
    """Start the clock of Art. 10 and return its last day; None where the change is from before the rules."""
    change = _of(dossier)
    if report_standing(change.changed_on, None, dossier.on).kept == "out_of_scope":
        return None
    rule = cited(RULE, change.changed_on)
    owed = Owed(
        DUTY,
        Clock.WORKING_DAYS,
        rule.value,
        datetime.combine(change.changed_on, time(), SHANGHAI),
        office=change.department,
        rule=rule.label,
        rungs=LADDER,
        escalation={"breach": [head_of(change.department), _recipient(dossier)]},
    )
    return local_day(start_clock(dossier, owed))


def report_text(dossier: Dossier, due: date | None) -> str:
    """Return what the department looks at before it reports."""
    change = _of(dossier)
    return say(
        "question_manager_change.report",
        department=office(change.department).title,
        post=POST.word(change.post),
        changed=change.changed_on.isoformat(),
        recipient=office(_recipient(dossier)).zh,
        due=due.isoformat() if due else say("policy_publication.no_limit"),
    )


class Reported(Fact):
    """A report, and whether it came in time."""

    recipient: str
    kept: str
    timing: str
    """Whether it was in time, in one sentence."""
    due: date | None
    status: M


def signed_on(dossier: Dossier) -> date:
    """Return the day on which the department signed its report: what counts, whenever the run goes on."""
    chosen = select(DECISIONS.c.answered_at).where(
        DECISIONS.c.case_id == dossier.id, DECISIONS.c.point == DUTY, DECISIONS.c.turn == dossier.turn
    )
    with reading() as connection:
        return local_day(connection.execute(chosen).scalar_one())


@step(
    reaches=lambda told: told.status,
    tells=lambda told: (told.recipient,),
    rule=lambda dossier: cited(RULE, dossier.on).label,
)
def report_manager(dossier: Dossier, successor: str, signed_on: date) -> Reported:
    """Report the change to the centre: in time or late by the day it was signed (Art. 10)."""
    change = _of(dossier)
    found = report_standing(change.changed_on, signed_on, signed_on)
    with transaction() as tx:
        mine = update(MANAGERS).where(MANAGERS.c.case_id == dossier.id)
        tx.core.execute(mine.values(successor=successor, reported_at=now()))
    timing = "；".join(line.text("zh") for line in found.working)
    status = M.OVERDUE if found.kept == "late" else M.REPORTED
    return Reported(recipient=_recipient(dossier), kept=found.kept, timing=timing, due=found.due, status=status)


def end_clock(dossier: Dossier) -> None:
    """Note that the report is there, late or in time; a change from before the rules has no clock."""
    if (f"clock-{DUTY}", dossier.turn) in dossier.journal:
        meet_clock(dossier, DUTY)
