"""Statutory duties of an accident as data: who owes what to whom, from when, under which rule, and who is alarmed.

Reports never wait for an approval (突发事件应对法 Art. 61): each duty is armed by an event and runs by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pydantic import AwareDatetime

from config.fact import Fact
from config.offices import OfficeUnknownError, head_of, office
from config.rulebook import Cited, NotInForceError, cited, reading, rule
from config.zone import SHANGHAI
from models.deadline import Clock

PROCESS: Final = "incident_response"
LEVELS: Final = ("IV", "III", "II", "I")
"""The grades, the lowest first."""
ALARMS: Final = ("half", "share:80", "breach")
ALARMED: Final = ("command_office", "incident_commander", "district_government")
"""Whom a missed duty is told to, besides who owes it."""
CLOCKS: Final = {
    "minutes": Clock.MINUTES,
    "hours": Clock.HOURS,
    "calendar days": Clock.DAYS,
    "working days": Clock.WORKING_DAYS,
    "years": Clock.DAYS,
}
"""Units of the rulebook and the clocks that count them; any other unit has no clock."""


class Event(StrEnum):
    """What happens to an accident and arms duties."""

    REPORTED = "reported"
    GRADED = "graded"
    CASUALTIES_CHANGED = "casualties_changed"
    ACTIVATED = "activated"
    EXPANDED = "expanded"
    ENDED = "ended"
    INVESTIGATION_SUBMITTED = "investigation_submitted"
    INVESTIGATION_APPROVED = "investigation_approved"


class From(StrEnum):
    """What a clock counts from."""

    OCCURRED = "T0"
    """The accident; where that is unknown, the moment the department learned of it."""
    LEARNED = "T1"
    """The unit's head learned of it; unknown starts no clock."""
    RECEIVED = "T2"
    """The department learned of it."""
    EVENT = "event"
    """The event itself."""


class Duty(Fact):
    """One duty of the catalogue. Its limit, article and certainty stand in the rule `duty_<name>`."""

    name: str
    owes: str
    towards: tuple[str, ...]
    armed_by: Event
    counts_from: From
    least: str = "IV"
    """The lowest grade that arms it."""
    asked: str = ""
    """Role in the district that discharges it, or notes that a higher level did; empty where an event does."""
    met_by: Event | None = None
    pausable: bool = False
    recurring: bool = False
    """Armed anew at each occasion of its event."""
    tells: bool = False
    """The system itself sends a notice to those it is owed to."""
    steps: int = 1
    """Levels that a report passes; each has the limit of its own."""

    @property
    def rule(self) -> str:
        """Name of its rule within the process."""
        return f"duty_{self.name}"

    @property
    def watched_by(self) -> str:
        """Who in the district watches over it, and is reminded: never a body outside."""
        return self.asked or (self.owes if self.owes != "accident_unit" else _BUREAU)


_BUREAU: Final = "emergency_bureau"
_GOVERNMENT: Final = "district_government"
_INVESTIGATORS: Final = "group_head:investigation"
_NOTIFIED: Final = ("public_security_bureau", "human_resources_bureau", "trade_unions", "procuratorate")
_E, _F = Event, From

CATALOGUE: Final[tuple[Duty, ...]] = (
    Duty(name="scene_report", owes="accident_unit", towards=("accident_unit",), armed_by=_E.REPORTED,
         counts_from=_F.OCCURRED, met_by=_E.REPORTED),
    Duty(name="unit_report", owes="accident_unit", towards=(_BUREAU,), armed_by=_E.REPORTED, counts_from=_F.LEARNED,
         met_by=_E.REPORTED),
    Duty(name="unit_report_province", owes="accident_unit", towards=("province_emergency_department",),
         armed_by=_E.GRADED, counts_from=_F.LEARNED, least="III", asked=_BUREAU),
    Duty(name="report_city", owes=_BUREAU, towards=("city_emergency_bureau",), armed_by=_E.REPORTED,
         counts_from=_F.RECEIVED, asked=_BUREAU),
    Duty(name="report_government", owes=_BUREAU, towards=(_GOVERNMENT,), armed_by=_E.REPORTED,
         counts_from=_F.RECEIVED, asked=_BUREAU, tells=True),
    Duty(name="notify_offices", owes=_BUREAU, towards=_NOTIFIED, armed_by=_E.REPORTED, counts_from=_F.RECEIVED,
         asked=_BUREAU, tells=True),
    Duty(name="report_province", owes="city_emergency_bureau", towards=("province_emergency_department",),
         armed_by=_E.GRADED, counts_from=_F.EVENT, least="III", asked=_BUREAU, steps=2),
    Duty(name="report_state", owes="province_emergency_department", towards=("state_emergency_ministry",),
         armed_by=_E.GRADED, counts_from=_F.EVENT, least="II", asked=_BUREAU, steps=3),
    Duty(name="province_phone", owes=_BUREAU, towards=("province_emergency_department",), armed_by=_E.GRADED,
         counts_from=_F.EVENT, least="III", asked=_BUREAU),
    Duty(name="government_phone", owes=_BUREAU, towards=("city_government",), armed_by=_E.REPORTED,
         counts_from=_F.RECEIVED, asked=_BUREAU),
    Duty(name="government_text", owes=_BUREAU, towards=("city_government",), armed_by=_E.REPORTED,
         counts_from=_F.RECEIVED, asked=_BUREAU),
    Duty(name="leaders_to_scene", owes=_GOVERNMENT, towards=("onsite_command",), armed_by=_E.REPORTED,
         counts_from=_F.RECEIVED, asked="command_office"),
    Duty(name="county_control", owes=_GOVERNMENT, towards=("city_government",), armed_by=_E.REPORTED,
         counts_from=_F.RECEIVED, asked=_GOVERNMENT),
    Duty(name="casualty_supplement", owes=_BUREAU, towards=("city_emergency_bureau", _GOVERNMENT),
         armed_by=_E.CASUALTIES_CHANGED, counts_from=_F.EVENT, asked=_BUREAU, recurring=True),
    Duty(name="response_report", owes=_GOVERNMENT, towards=("city_government",), armed_by=_E.ACTIVATED,
         counts_from=_F.EVENT, asked="command_office"),
    Duty(name="expansion_report", owes=_GOVERNMENT, towards=("city_government",), armed_by=_E.EXPANDED,
         counts_from=_F.EVENT, asked=_GOVERNMENT),
    Duty(name="record_keeping", owes="command_office", towards=(), armed_by=_E.REPORTED, counts_from=_F.RECEIVED),
    Duty(name="impact_assessment", owes=_GOVERNMENT, towards=("city_government",), armed_by=_E.ENDED,
         counts_from=_F.EVENT, asked=_GOVERNMENT),
    Duty(name="investigation_report", owes=_INVESTIGATORS, towards=(), armed_by=_E.REPORTED,
         counts_from=_F.OCCURRED, met_by=_E.INVESTIGATION_SUBMITTED, pausable=True),
    Duty(name="response_evaluation", owes=_INVESTIGATORS, towards=(), armed_by=_E.REPORTED,
         counts_from=_F.OCCURRED, met_by=_E.INVESTIGATION_SUBMITTED),
    Duty(name="investigation_approval", owes=_GOVERNMENT, towards=(_INVESTIGATORS,),
         armed_by=_E.INVESTIGATION_SUBMITTED, counts_from=_F.EVENT, met_by=_E.INVESTIGATION_APPROVED),
    Duty(name="disclosure", owes=_BUREAU, towards=(), armed_by=_E.INVESTIGATION_APPROVED, counts_from=_F.EVENT,
         asked=_BUREAU),
    Duty(name="rectification_evaluation", owes=_BUREAU, towards=(), armed_by=_E.INVESTIGATION_APPROVED,
         counts_from=_F.EVENT, asked=_BUREAU),
)  # fmt: skip
BY_NAME: Final = {duty.name: duty for duty in CATALOGUE}
INVESTIGATION: Final = "investigation_report"
APPROVAL: Final = "investigation_approval"


class Known(Fact):
    """What is known of an accident when an event arms duties; grades empty where there is none yet."""

    moment: AwareDatetime
    """When the event came about: for a new fact, when it was known."""
    received_at: AwareDatetime
    occurred_at: AwareDatetime | None = None
    learned_at: AwareDatetime | None = None
    grade: str = ""
    worst_grade: str = ""
    absent: int = 0
    """Missing and trapped together, as far as known."""
    fire: bool = False
    """Somebody decided that the shorter time of fires counts."""


class Armed(Fact):
    """One duty as an event arms it."""

    duty: Duty
    turn: int
    owes: str
    towards: tuple[str, ...]
    clock: Clock | None
    """None where the law names a duty without a time."""
    budget: int
    anchor: AwareDatetime
    rule: str
    certainty: str
    escalation: Mapping[str, Sequence[str]]


def rank(level: str) -> int:
    """Return the place of a grade, IV as 0; without one the lowest."""
    return LEVELS.index(level) if level in LEVELS else 0


def switched_off(on: date) -> frozenset[str]:
    """Return the duties and rules that the installation has not switched on: nobody has verified them yet."""
    return frozenset(rule(f"{PROCESS}.duties_off", on))


def reporting_grade(known: Known, on: date) -> str:
    """Return the grade that decides how far up an accident is reported (493 Art. 10)."""
    worst = reading(f"{PROCESS}.duty_grade", on) == "worst"
    found = (known.worst_grade or known.grade if worst else known.grade) or LEVELS[0]
    if "exposed_as_larger" not in switched_off(on) and known.absent >= rule(f"{PROCESS}.exposed_as_larger", on):
        return found if rank(found) else LEVELS[1]
    return found


def investigated_by(level: str, on: date) -> str:
    """Return the government that investigates an accident of a grade (493 Art. 19)."""
    found: str = rule(f"{PROCESS}.investigation_by", on)[level or LEVELS[0]]
    return found


def supplement_ends(known: Known, on: date) -> datetime:
    """Return until when changes of the casualties are reported and raise the grade (493 Art. 13, 20)."""
    kind = "fire" if known.fire else reading(f"{PROCESS}.supplement_kind", on)
    days = rule(f"{PROCESS}.supplement_days", on)[kind]
    day = (known.occurred_at or known.received_at).astimezone(SHANGHAI).date() + timedelta(days=days)
    return datetime.combine(day, datetime.max.time().replace(microsecond=0), SHANGHAI)


def duties_for(event: Event, known: Known, on: date, occasion: int = 1) -> tuple[Armed, ...]:
    """Return the duties that an event arms: in force, switched on, of this grade, and with a moment to count from.

    Args:
        event: what happened.
        known: what is known with it.
        on: the day whose rules apply.
        occasion: which of the event's occasions it is, for duties that are owed each time.
    """
    off = switched_off(on)
    found = [_armed(duty, known, on, occasion) for duty in _candidates(event, known, on) if duty.name not in off]
    return tuple(one for one in found if one is not None)


def _candidates(event: Event, known: Known, on: date) -> Iterable[Duty]:
    grade = rank(reporting_grade(known, on))
    in_time = known.moment <= supplement_ends(known, on)
    for duty in CATALOGUE:
        if duty.armed_by is event and rank(duty.least) <= grade and (in_time or not duty.recurring):
            yield duty
    # another government investigates: from the first grade on, or where the grade rises in time (493 Art. 20)
    if event is Event.GRADED and rank(known.grade) and in_time:
        yield BY_NAME[INVESTIGATION]


def _armed(duty: Duty, known: Known, on: date, occasion: int) -> Armed | None:
    try:
        basis = cited(f"{PROCESS}.{duty.rule}", on)
    except NotInForceError:
        return None
    anchor = _anchor(duty, known)
    if anchor is None:
        return None
    grade = known.grade or LEVELS[0]
    owes, towards, turn = duty.owes, duty.towards, occasion if duty.recurring else 1
    if duty.name in (INVESTIGATION, APPROVAL):
        body = investigated_by(grade, on)
        if duty.name == APPROVAL:
            owes = body
        else:
            owes, towards, turn = duty.owes if grade == LEVELS[0] else body, (body,), rank(grade) + 1
    clock, budget = _limit(duty, basis, grade, anchor)
    return Armed(
        duty=duty,
        turn=turn,
        owes=owes,
        towards=towards,
        clock=clock,
        budget=budget,
        anchor=anchor,
        rule=basis.label,
        certainty=basis.certainty,
        escalation={"share:80": _above(duty.watched_by), "breach": ALARMED},
    )


def _anchor(duty: Duty, known: Known) -> datetime | None:
    match duty.counts_from:
        case From.OCCURRED:
            return known.occurred_at or known.received_at
        case From.LEARNED:
            return known.learned_at
        case From.RECEIVED:
            return known.received_at
    return known.moment


def _limit(duty: Duty, basis: Cited, grade: str, anchor: datetime) -> tuple[Clock | None, int]:
    clock = CLOCKS.get(basis.unit)
    if clock is None:
        return None, 0
    value: Any = basis.value
    budget = int(value[grade] if isinstance(value, Mapping) else value) * duty.steps
    if basis.unit == "years":
        day = anchor.astimezone(SHANGHAI).date()
        budget = (_years_on(day, budget) - day).days
    return clock, budget


def _years_on(day: date, years: int) -> date:
    """Return the same day years later; the last of February where that year has no such day (民法典 Art. 202)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _above(role: str) -> tuple[str, ...]:
    """Return the head of a body; the command office where it has none."""
    try:
        return (office(head_of(role)).id,)
    except OfficeUnknownError:
        return ("command_office",)
