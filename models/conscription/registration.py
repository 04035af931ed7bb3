"""Military registration, Art. 12: who must register, by when, and with what result."""

from datetime import date
from enum import StrEnum
from typing import Literal

from config.messages import Refusal
from config.rulebook import Readings
from config.standard import Sex
from models.conscription.status import MemberStatus
from models.judgement import Bench, Judged, day_of

Kind = Literal["this_year", "older", "younger", "other_sex"]


class Registration(Judged):
    """Whether a citizen belongs to those who must register in a year, and where he stands on a day."""

    cohort: bool
    kind: Kind
    due: date | None
    status: MemberStatus
    late: bool = False


class ServiceClass(StrEnum):
    """Result of registration (兵役法 Art. 5, 征兵工作条例 Art. 12)."""

    LIABLE = "liable"
    EXEMPTED = "exempted"
    BARRED = "barred"


class CallUp(StrEnum):
    """Whether one who is liable is called up now (兵役法 Art. 23 and 24): a separate axis."""

    CALLABLE = "callable"
    DEFERRED = "deferred"
    NOT_CALLED = "not_called"


def judge_registration(
    born: date, sex: Sex, on: date, registered_on: date | None = None, readings: Readings | None = None
) -> Registration:
    """Say whether a citizen must register and where the registration stands on a day (Art. 12).

    Raises:
        Refusal: born after the day.
        config.rulebook.NotInForceError: the day is before the rules.
    """
    if born > on:
        raise Refusal("recruit.born_later", born=born, on=on)
    bench = Bench("conscription", on, readings)
    sexes, age, older_too = (
        bench.rule("registration_sexes"),
        bench.rule("registration_age"),
        bench.reading("registration_age"),
    )
    turns = born.year + age
    if sex not in sexes:
        bench.note("recruit.other_sex")
        return _registration(bench, kind="other_sex", due=None, status=MemberStatus.NOT_REQUIRED)
    bench.note("recruit.turns", born=born, age=age, year=turns)
    if turns > on.year or (turns < on.year and older_too == "this_cohort_only"):
        kind: Kind = "younger" if turns > on.year else "older"
        bench.note("recruit.outside_cohort", year=on.year)
        return _registration(bench, kind=kind, due=None, status=MemberStatus.NOT_REQUIRED)
    due = day_of(turns, bench.rule("registration_due"))
    bench.note("recruit.registration_due", due=due)
    acted = registered_on or on
    late = acted > due
    if late:
        bench.note("recruit.registration_late", acted=acted)
        bench.reading("registration_lateness")
    status = MemberStatus.REGISTERED if registered_on else MemberStatus.TO_REGISTER
    if late and not registered_on:
        status = MemberStatus.REGISTRATION_OVERDUE
    return _registration(bench, kind="this_year" if turns == on.year else "older", due=due, status=status, late=late)


def _registration(bench: Bench, kind: Kind, due: date | None, status: MemberStatus, late: bool = False) -> Registration:
    return Registration(
        cohort=due is not None,
        kind=kind,
        due=due,
        status=status,
        late=late,
        working=bench.working,
        grounds=bench.grounds,
    )


def service_class(severe_defect: bool, deprived_of_rights: bool) -> ServiceClass:
    """Return the result of registration: barred before exempted, otherwise liable."""
    if deprived_of_rights:
        return ServiceClass.BARRED
    return ServiceClass.EXEMPTED if severe_defect else ServiceClass.LIABLE


def call_up(sole_breadwinner: bool, under_proceedings: bool) -> CallUp:
    """Say whether a liable citizen is called up: under investigation, prosecution or sentence comes first."""
    if under_proceedings:
        return CallUp.NOT_CALLED
    return CallUp.DEFERRED if sole_breadwinner else CallUp.CALLABLE
