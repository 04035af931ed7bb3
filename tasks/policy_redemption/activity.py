"""Activities for enterprises: opened, published, enrolled in, held and summed up (Art. 17)."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import head_of, office
from config.rulebook import rule
from config.zone import SHANGHAI
from models.policy_redemption.departments import department_named
from models.policy_redemption.service import Activity, ActivityKind, Enrolment, EnrolmentState
from models.policy_redemption.service import ActivityStatus as S
from tasks.case import open_case
from tasks.clock import local_day, now
from tasks.deadline import meet_clock
from tasks.journal import CASES
from tasks.policy_redemption.citation import rule_of
from tasks.policy_redemption.demand_clock import CENTRE, watch
from tasks.policy_redemption.demand_lodging import without_numbers
from tasks.step import Dossier, step
from tasks.store import reading, table, transaction
from tasks.yearly import local, next_place

ACTIVITIES: Final = table(Activity)
ENROLMENTS: Final = table(Enrolment)
PREFIX: Final = "HD"
PROCESS: Final = "activity"
STORY: Final = "activity/activity"
MOST: Final = 10_000


class Plan(Fact):
    """An activity as its department announces it."""

    department: str
    kind: str
    title: str
    venue: str
    starts: datetime
    closes: datetime
    capacity: int
    about: str


def run_name(title: str, **_plan: Any) -> str:
    """Return the name of an activity's run."""
    return say("activity.run_name", title=title)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment


def open_activity(plan: Plan) -> Dossier:
    """Open an activity under the year's next number, or take up the one of this department, title and time.

    Raises:
        Refusal: the plan holds somebody's numbers, or its days or its capacity cannot be.
    """
    department = department_named(plan.department, local_day(now()))
    starts, closes = _aware(plan.starts), _aware(plan.closes)
    mine = (
        (ACTIVITIES.c.department == department)
        & (ACTIVITIES.c.title == plan.title)
        & (ACTIVITIES.c.starts_at == starts)
    )
    with transaction() as tx:
        year = starts.astimezone(SHANGHAI).year
        register_id, place = next_place(tx, ACTIVITIES, PREFIX, year)
        known = select(CASES.c.number).join(ACTIVITIES, ACTIVITIES.c.case_id == CASES.c.id).where(mine)
        number = tx.core.execute(known).scalar_one_or_none()
        if number is None:
            _check(plan, starts, closes)
        dossier = open_case(
            number or f"{PREFIX}-{year}-{place:03}",
            process=PROCESS,
            subject=say("activity.subject", title=plan.title),
            on=local_day(now()),
            story=STORY,
            parameters=plan.model_dump(mode="json"),
            status=S.DRAFTED,
            unit=department,
            parent_id=register_id,
        )
        if number is None:
            kind = next(one for one in ActivityKind if plan.kind in (one.word, one.value))
            tx.core.execute(
                insert(ACTIVITIES).values(
                    case_id=dossier.id,
                    register_id=register_id,
                    place=place,
                    department=department,
                    kind=kind.value,
                    title=plan.title,
                    venue=plan.venue,
                    about=plan.about,
                    capacity=plan.capacity,
                    starts_at=starts,
                    closes_at=closes,
                )
            )
    return dossier


def _check(plan: Plan, starts: datetime, closes: datetime) -> None:
    without_numbers(plan.title, plan.venue, plan.about)
    if plan.kind not in {word for one in ActivityKind for word in (one.word, one.value)}:
        raise Refusal("activity.kind_unknown", kind=plan.kind)
    if not 1 <= plan.capacity <= MOST:
        raise Refusal("activity.capacity_wrong", most=MOST)
    if not now() < closes <= starts:
        raise Refusal("activity.days_wrong", closes=local(closes), starts=local(starts))


def about(dossier: Dossier) -> Any:
    """Return what an activity is."""
    with reading() as connection:
        return connection.execute(select(ACTIVITIES).where(ACTIVITIES.c.case_id == dossier.id)).one()


def counts(dossier: Dossier) -> dict[str, int]:
    """Return how many enrolments stand at each state."""
    counted = (
        select(ENROLMENTS.c.state, func.count())
        .where(ENROLMENTS.c.activity_id == dossier.id)
        .group_by(ENROLMENTS.c.state)
    )
    with reading() as connection:
        found = dict(connection.execute(counted).tuples().all())
    return {state.value: found.get(state.value, 0) for state in EnrolmentState}


def text(dossier: Dossier, point: str) -> str:
    """Return what a question of the activity shows."""
    found = about(dossier)
    return say(
        f"question_activity.{point}",
        kind=ActivityKind(found.kind).word,
        office=office(found.department).title,
        title=found.title,
        venue=found.venue,
        about=found.about,
        capacity=found.capacity,
        starts=local(found.starts_at),
        closes=local(found.closes_at),
        **counts(dossier),
    )


def department_of(dossier: Dossier) -> str:
    """Return the department that holds the activity."""
    return str(about(dossier).department)


def publishes(dossier: Dossier) -> str:
    """Return the role that approves the publication: the department's head."""
    return head_of(department_of(dossier))


class Published(Fact):
    """What is announced of an activity."""

    number: str
    capacity: int
    starts: str
    closes: str


@step(reaches=S.PUBLISHED, tells=("all_towns", CENTRE), rule=rule_of("activity_summary_days"))
def publish_activity(dossier: Dossier) -> Published:
    """Publish the activity: enrolment is open to every enterprise, the small ones too (Art. 17)."""
    found = about(dossier)
    return Published(
        number=dossier.number,
        capacity=found.capacity,
        starts=local(found.starts_at),
        closes=local(found.closes_at),
    )


class Enrolled(Fact):
    """Who is to come: the counts when enrolment closed."""

    office: str
    enrolled: int
    waiting: int


@step(reaches=S.ENROLMENT_CLOSED, tells=lambda found: (found.office,), rule=rule_of("activity_summary_days"))
def close_enrolment(dossier: Dossier) -> Enrolled:
    """Close the enrolment; the waiting list moves no more."""
    found = counts(dossier)
    return Enrolled(office=department_of(dossier), enrolled=found["enrolled"], waiting=found["waiting"])


def await_summary(dossier: Dossier) -> datetime:
    """Start the clock of the summary, from the day of the activity."""
    days = rule("policy_redemption.activity_summary_days", dossier.on)
    found = about(dossier)
    return watch(
        dossier, "summary", "activity_summary_days", office=found.department, days=days, anchor=found.starts_at
    )


class Concluded(Fact):
    """What came of an activity."""

    held: bool
    attended: int
    absent: int
    summary: str


def conclude(dossier: Dossier, verdict: str, summary: str) -> Concluded:
    """Take the summary: its clock is met."""
    meet_clock(dossier, "summary")
    return conclude_activity(dossier, verdict == "held_event", summary)


@step(reaches=lambda found: S.HELD if found.held else S.CANCELLED, tells=(CENTRE,),
      rule=rule_of("activity_summary_days"))  # fmt: skip
def conclude_activity(dossier: Dossier, held: bool, summary: str) -> Concluded:
    """Record what came of the activity, with who came by the attendance sheet."""
    found = counts(dossier)
    return Concluded(held=held, attended=found["attended"], absent=found["absent"], summary=summary)
