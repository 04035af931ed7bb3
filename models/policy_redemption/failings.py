"""The clocks of the departments and the four failings of Art. 22, each with its evidence."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final, Literal

from config.calendar import Calendar, calendar
from config.fact import Fact
from config.messages import say
from config.rulebook import Cited, NotInForceError, Readings, entry
from config.zone import SHANGHAI
from models.deadline import Clock, DeadlineTerms, due, local_day
from models.judgement import Bench, Judged, Told

Kept = Literal["out_of_scope", "exempt", "running", "on_time", "late", "overdue"]


_OPEN_TEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "publication": ("publication_anchor", "superior_anchor"),
    "report": (),
    "feedback": ("feedback_covers", "resubmission_clock"),
}
"""Readings that each clock rests on besides its day count."""


class Failing(StrEnum):
    """The four failings."""

    NOT_PUBLISHED = "not_published"
    """应公布未公布."""
    NOT_ONLINE = "not_online"
    """应网办未网办."""
    NOT_PAID_ONLINE = "not_paid_online"
    """应网兑未网兑."""
    NOT_HANDLED = "not_handled"
    """应处置未处置."""

    @property
    def text(self) -> str:
        """The failing in Chinese."""
        return say(f"policy_judgement.{self.value}")


class Standing(Judged):
    """Where a duty stands: not bound by the rules, exempt, still running, kept, kept too late, or overdue."""

    kept: Kept
    due: date | None = None

    @property
    def failing(self) -> bool:
        """Say whether the duty was missed; what was done late stays missed."""
        return self.kept in {"late", "overdue"}


class Duty(Fact):
    """One thing that a department owed, as the register of a kind of case tells it: the material of a failing."""

    failing: Failing
    department: str
    case: str
    evidence: str
    """What shows it, in one sentence."""
    due: datetime | None = None
    done: datetime | None = None
    secret: bool = False
    on_site: bool = False
    elsewhere: bool = False
    """Done, but not through the platform where it had to be: handled or paid offline."""


class Counted(Judged):
    """How often each of the four occurred by department, and the duties that show it."""

    counts: Mapping[str, Mapping[str, int]]
    evidence: tuple[Duty, ...]

    def of(self, department: str) -> dict[str, int]:
        """Return a department's four counts; all four are named, none is left out."""
        return dict.fromkeys(Failing, 0) | dict(self.counts.get(department, {}))


def publication_standing(
    changed: date,
    published: date | None,
    on: date,
    *,
    secret: bool = False,
    readings: Readings | None = None,
    days: Calendar | None = None,
) -> Standing:
    """Judge whether a new, amended or repealed policy came onto the platform in time (Art. 10, 11).

    Args:
        changed: the day the clock is anchored to: issue, or receipt of a superior's paper.
        published: the day it was published, updated or taken off; None while it was not.
        on: the day of judgement.
        secret: whether the paper is secret, which exempts it.
        readings: readings other than the installation's.
        days: the calendar; the installation's where none is given.
    """
    started = datetime.combine(changed, time(), SHANGHAI)
    return _kept("publication", "publication_days", started, published, on, readings=readings, days=days, secret=secret)


def report_standing(
    changed: date, reported: date | None, on: date, readings: Readings | None = None, days: Calendar | None = None
) -> Standing:
    """Judge whether a change of the platform manager was reported in time (Art. 10)."""
    started = datetime.combine(changed, time(), SHANGHAI)
    return _kept("report", "manager_change_days", started, reported, on, readings=readings, days=days)


def feedback_standing(
    received: datetime,
    fed_back: datetime | None,
    on: date,
    readings: Readings | None = None,
    days: Calendar | None = None,
) -> Standing:
    """Judge whether a firm heard within the days that follow the receipt of its application (Art. 14)."""
    done = local_day(fed_back) if fed_back else None
    return _kept("feedback", "feedback_days", received, done, on, readings=readings, days=days)


def _kept(
    duty: str,
    rule: str,
    started: datetime,
    done: date | None,
    on: date,
    *,
    readings: Readings | None,
    days: Calendar | None,
    secret: bool = False,
) -> Standing:
    changed, bench = local_day(started), Bench("policy_redemption", max(on, local_day(started)), readings)
    if secret:
        bench.cite("publication_exempt")
        bench.note("policy_judgement.exempt_secret")
        return Standing(kept="exempt", working=bench.working, grounds=bench.grounds)
    try:
        budget = _budget(bench, rule, changed, readings)
    except NotInForceError as error:
        since = entry(error.path).versions[0]
        bench.note("policy_judgement.out_of_scope", changed=changed, since=since.since, days=since.value)
        scope = Bench(bench.process, since.since, readings).cite("validity")
        return Standing(kept="out_of_scope", working=bench.working, grounds=(scope.ground,))
    for name in _OPEN_TEXT[duty]:
        bench.cite(name)
    terms = DeadlineTerms.under_rules(Clock.WORKING_DAYS, started, budget.value)
    last = due(terms, days or calendar()).day
    if last is None:  # a clock without a pause always ends
        raise AssertionError(terms)
    kept: Kept = "running" if on <= last else "overdue"
    if done is not None:
        kept = "on_time" if done <= last else "late"
    told: dict[str, Told | date] = {"changed": changed, "days": budget.value, "due": last}
    bench.note(f"policy_judgement.{duty}_{kept}", **told, **({"done": done} if done else {}))
    return Standing(kept=kept, due=last, working=bench.working, grounds=(budget.ground, *bench.grounds))


def _budget(bench: Bench, rule: str, changed: date, readings: Readings | None) -> Cited:
    """Return the day count in force when the duty arose: a change before the rules is outside them."""
    return Bench(bench.process, changed, readings).cite(rule)


def count_failings(duties: Iterable[Duty], at: datetime, readings: Readings | None = None) -> Counted:
    """Count the four failings by department, with the duties that show each (Art. 22).

    A secret matter is none; what the law wants done on site is not counted as not online (Art. 13). Nothing that is
    still running counts; what was done late does, under the reading `late_is_failing`.

    Args:
        duties: what was owed, whether kept or not.
        at: the moment of judgement.
        readings: readings other than the installation's.
    """
    bench = Bench("policy_redemption", local_day(at), readings)
    bench.cite("failings")
    late_counts = bench.reading("late_is_failing") == "counted"
    exempt = frozenset(bench.rule("online_exempt"))
    counts: dict[str, dict[str, int]] = {}
    evidence = []
    for duty in duties:
        if _failed(duty, at, late_counts=late_counts, exempt=exempt):
            mine = counts.setdefault(duty.department, dict.fromkeys(map(str, Failing), 0))
            mine[str(duty.failing)] += 1
            evidence.append(duty)
    return Counted(counts=counts, evidence=tuple(evidence), working=bench.working, grounds=bench.grounds)


def _failed(duty: Duty, at: datetime, *, late_counts: bool, exempt: frozenset[str]) -> bool:
    if duty.secret and duty.failing is not Failing.NOT_HANDLED:
        return False
    if duty.failing is Failing.NOT_ONLINE and duty.on_site and "on_site" in exempt:
        return False
    if duty.elsewhere:
        return True
    if duty.due is None:
        return False
    if duty.done is not None:
        return late_counts and duty.done > duty.due
    return at > duty.due
