"""What follows service, Art. 19 to 23: posts set apart, kept places, the month's wage, and the towns' assessment."""

from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from pydantic import Field

from config.fact import Fact
from config.rulebook import Readings
from models.judgement import Bench, Judged, to_cents, years_after


class Posts(Judged):
    """Posts that institutions set apart for retired graduate soldiers, at least."""

    management: int
    worker: int


class Until(Judged):
    """A last day, included."""

    until: date


class Wage(Judged):
    """What the employer pays before enlistment, in yuan."""

    amount: Decimal


def dedicated_posts(management: int, worker: int, on: date, readings: Readings | None = None) -> Posts:
    """Return the posts to set apart of a year's management and worker posts; fractions round up (Art. 20(2))."""
    bench = Bench("conscription", on, readings)
    shares = bench.cite("dedicated_post_shares")
    way = ROUND_CEILING if shares.reading and shares.reading.value == "up" else ROUND_HALF_UP
    found = {}
    for kind, posts in (("management", management), ("worker", worker)):
        share = Decimal(shares.value[kind])
        found[kind] = int((posts * share).to_integral_value(way))
        bench.note(f"benefit.posts_{kind}", posts=posts, share=f"{share:.0%}", exact=posts * share, least=found[kind])
    return Posts(management=found["management"], worker=found["worker"], working=bench.working, grounds=bench.grounds)


def fresh_graduate_until(discharged_on: date, on: date) -> Until:
    """Return the last day one who enlisted as a fresh graduate counts as one (Art. 20(2))."""
    return _until(discharged_on, on, "fresh_graduate_years", "benefit.fresh_graduate")


def may_resume_until(discharged_on: date, on: date) -> Until:
    """Return the last day to take up a kept place or resume study (Art. 19(5))."""
    return _until(discharged_on, on, "resume_study_years", "benefit.resume")


def _until(discharged_on: date, on: date, name: str, key: str) -> Until:
    bench = Bench("conscription", on)
    until = years_after(discharged_on, bench.rule(name))
    bench.note(key, discharged=discharged_on, until=until)
    return Until(until=until, working=bench.working, grounds=bench.grounds)


def enlistment_month_wage(wage: Decimal, bonus: Decimal, allowances: Decimal, on: date) -> Wage:
    """Return what the employer pays for the month of enlistment before it: all of it (Art. 19(6))."""
    bench = Bench("conscription", on)
    amount = to_cents((wage + bonus + allowances) * Decimal(bench.rule("enlistment_month_share")))
    bench.note("benefit.wage", wage=wage, bonus=bonus, allowances=allowances, sum=amount)
    return Wage(amount=amount, working=bench.working, grounds=bench.grounds)


def shares_targeted_plan(service_years: int, graduate: bool, from_haimen: bool, on: date) -> bool:
    """Say whether a retired soldier shares the targeted civil-service plan: five years or more, graduate, of Haimen."""
    least: int = Bench("conscription", on).rule("targeted_recruitment_years")
    return graduate and from_haimen and service_years >= least


class TownYear(Fact):
    """What a town did in a year's conscription."""

    town: str
    task: int = Field(ge=0)
    enlisted: int = Field(ge=0)
    fault_returns: int = Field(default=0, ge=0)
    attitude_returns: int = Field(default=0, ge=0)
    clean_rules_broken: bool = False
    problem_mishandled: bool = False


class TownAssessment(Judged):
    """What follows for a town: deductions are by other rules, so only whether there are any."""

    town: str
    task_met: bool
    deducted: bool
    explains_to: tuple[str, ...]
    """Roles that the principal leaders explain to in writing."""
    not_excellent: tuple[str, ...]
    disqualified_by: tuple[str, ...]
    may_be_advanced: bool
    recommended: bool
    """Exceeded the task and nothing stands against it (Art. 21)."""


def assess_town(year: TownYear, on: date) -> TownAssessment:
    """Assess a town's year (Art. 21 to 23)."""
    bench = Bench("conscription", on)
    task_met = year.enlisted >= year.task
    faults = {
        "task_missed": not task_met,
        "fault_return": year.fault_returns > 0,
        "clean_rules_broken": year.clean_rules_broken,
        "problem_mishandled": year.problem_mishandled,
    }
    found = tuple(name for name in bench.rule("assessment_disqualifiers") if faults[name])
    deducted = not task_met or year.attitude_returns > 0
    if deducted:
        bench.note("benefit.deducted", task=year.task, enlisted=year.enlisted, returns=year.attitude_returns)
    for name in found:
        bench.note(f"benefit.disqualified_{name}")
    return TownAssessment(
        town=year.town,
        task_met=task_met,
        deducted=deducted,
        explains_to=tuple(bench.rule("assessment_explanation")) if deducted else (),
        not_excellent=tuple(bench.rule("assessment_barred_posts")) if deducted else (),
        disqualified_by=found,
        may_be_advanced=not found,
        recommended=not found and year.enlisted > year.task,
        working=bench.working,
        grounds=bench.grounds,
    )
