"""Who may be called up this season: age table, own consent under 18, sex, place of application, deferment."""

from collections.abc import Iterable
from datetime import date

from config.fact import Fact
from config.rulebook import Readings, cited
from config.season import AgeRow, Place, PlaceRow, Schooling, Season, Standing
from config.standard import Sex
from models.conscription.registration import CallUp, ServiceClass, call_up, service_class
from models.judgement import Bench, Judged, Line, years_after


class Applicant(Fact):
    """What an application says about a citizen, as far as eligibility asks."""

    born: date
    sex: Sex
    schooling: Schooling
    standing: Standing
    place: Place | None = None
    consent: bool | None = None
    """Own recorded consent of one under 18; None while it was not asked."""
    severe_defect: bool = False
    deprived_of_rights: bool = False
    sole_breadwinner: bool = False
    under_proceedings: bool = False


class Eligibility(Judged):
    """Whether a citizen may be called up, and each thing that stands against it."""

    eligible: bool
    age: int
    """As the age table counts it: difference of calendar years, by default."""
    consent_needed: bool
    findings: tuple[Line, ...]


def full_age(born: date, on: date) -> int:
    """Return completed years; one born on 29 February completes a year on 28 February where there is no 29th."""
    return on.year - born.year - (years_after(born, on.year - born.year) > on)


def statutory_ages(on: date) -> tuple[AgeRow, ...]:
    """Return the ages of the law (兵役法 Art. 20) as a table, for both sexes alike."""
    law = cited("conscription.call_up_age", on)
    ends: tuple[tuple[tuple[Schooling, ...], tuple[Standing, ...], str], ...] = (
        (("junior_middle", "senior_middle"), ("student", "final_year", "graduate", "fresh_graduate", "none"), "max"),
        (("junior_college", "bachelor"), ("student",), "max"),
        (("junior_college", "bachelor"), ("final_year", "graduate", "fresh_graduate"), "graduate_max"),
        (("postgraduate",), ("student", "final_year", "graduate", "fresh_graduate"), "postgraduate_max"),
    )
    sexes: tuple[Sex, ...] = ("male", "female")
    return tuple(
        AgeRow(
            sex=sex, schooling=schooling, standing=standing, min=law.value["min"], max=law.value[end], source=law.label
        )
        for sex in sexes
        for schooling, standing, end in ends
    )


def beyond_law(season: Season) -> tuple[Line, ...]:
    """Return the rows of a season's age table that reach below or above the law; empty if there are none."""
    law = cited("conscription.call_up_age", season.approval.day).value
    limits = statutory_ages(season.approval.day)
    return tuple(
        Line(key="recruit.age_beyond_law", facts={"row": number, "min": row.min, "max": row.max})
        for number, row in enumerate(season.ages, 1)
        for schooling in row.schooling
        for standing in row.standing
        if not any(
            schooling in limit.schooling
            and standing in limit.standing
            and row.min >= law["voluntary_min"]
            and row.max <= limit.max
            for limit in limits
            if limit.sex == row.sex
        )
    )


def judge_eligibility(
    applicant: Applicant,
    approval: date,
    ages: Iterable[AgeRow],
    places: Iterable[PlaceRow] = (),
    readings: Readings | None = None,
) -> Eligibility:
    """Judge an applicant against a season's tables, as of its approval day (Art. 2 and 12, 兵役法 Art. 20 to 24).

    Raises:
        config.rulebook.NotInForceError: the approval day is before the rules.
    """
    bench = Bench("conscription", approval, readings)
    findings = [
        *_age(bench, applicant, approval, tuple(ages)),
        *_consent(bench, applicant, approval),
        *_call_up(bench, applicant),
    ]
    rows = [row for row in places if applicant.standing in row.standing]
    if applicant.place and rows and not any(applicant.place in row.places for row in rows):
        findings.append(bench.note("recruit.place_wrong", source=rows[0].source))
    return Eligibility(
        eligible=not findings,
        age=_counted_age(bench, applicant.born, approval),
        findings=tuple(findings),
        consent_needed=_under18(bench, applicant.born, approval),
        working=bench.working,
        grounds=bench.grounds,
    )


def _counted_age(bench: Bench, born: date, approval: date) -> int:
    whole = bench.reading("call_up_age") == "full_years"
    return full_age(born, approval) if whole else approval.year - born.year


def _under18(bench: Bench, born: date, approval: date) -> bool:
    required: bool = bench.rule("under18_consent_required")
    adult: int = bench.rule("call_up_age")["min"]
    return required and full_age(born, approval) < adult


def _age(bench: Bench, applicant: Applicant, approval: date, ages: tuple[AgeRow, ...]) -> list[Line]:
    age = _counted_age(bench, applicant.born, approval)
    rows = [
        row
        for row in ages
        if row.sex == applicant.sex and applicant.schooling in row.schooling and applicant.standing in row.standing
    ]
    if not rows:
        return [bench.note("recruit.not_in_table")]
    if any(row.min <= age <= row.max for row in rows):
        bench.note("recruit.age_in", age=age, source=rows[0].source)
        return []
    row = rows[0]
    return [bench.note("recruit.age_out", age=age, min=row.min, max=row.max, source=row.source)]


def _consent(bench: Bench, applicant: Applicant, approval: date) -> list[Line]:
    lowest: int = bench.rule("call_up_age")["voluntary_min"]
    if full_age(applicant.born, approval) < lowest:
        return [bench.note("recruit.too_young", lowest=lowest)]
    if not _under18(bench, applicant.born, approval) or applicant.consent:
        return []
    return [bench.note("recruit.consent_missing", approval=approval)]


def _call_up(bench: Bench, applicant: Applicant) -> list[Line]:
    findings = []
    result = service_class(applicant.severe_defect, applicant.deprived_of_rights)
    if result is not ServiceClass.LIABLE:
        findings.append(bench.note(f"recruit.class_{result}"))
    called = call_up(applicant.sole_breadwinner, applicant.under_proceedings)
    if called is not CallUp.CALLABLE:
        findings.append(bench.note(f"recruit.call_up_{called}"))
    return findings
