"""The physical examination, Art. 14: arithmetic, ranges, gaps and contradictions. The verdict is the physician's."""

import hashlib
from collections.abc import Collection, Iterator
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Literal

from config.fact import Fact
from config.rulebook import Readings
from config.standard import MedicalStandard, Range, Sex, medical_standard
from models.judgement import Bench, Judged, Line, Told

TENTH = Decimal("0.1")
MONTHS = 12

Kind = Literal["missing", "arithmetic", "out_of_range", "contradiction"]


class Eye(Fact):
    """One eye on the five-point scale; correction and lens only where they were measured."""

    naked: Decimal
    corrected: Decimal | None = None
    degrees: Decimal | None = None


class Examination(Fact):
    """What the examination sheet says: cm, kg, mmol/L, %, mmHg. None is a field left empty."""

    sex: Sex
    examined_on: date
    height: Decimal | None = None
    weight: Decimal | None = None
    bmi: Decimal | None = None
    left: Eye | None = None
    right: Eye | None = None
    laser_on: date | None = None
    glucose: Decimal | None = None
    hba1c: Decimal | None = None
    systolic: Decimal | None = None
    diastolic: Decimal | None = None
    special_troops: bool = False
    verdict: Literal["fit", "unfit"] | None = None
    chief_physician_signed: bool = False
    """The chief physician signed for the values that are out of range."""


class Finding(Fact):
    """One thing to look at on the sheet: which field, what kind, in words."""

    place: str
    kind: Kind
    line: Line


class MedicalCheck(Judged):
    """What the sheet's figures say; never a verdict."""

    bmi: Decimal | None
    findings: tuple[Finding, ...]
    complete: bool
    needs_chief_physician: bool
    """Fit, though a value is out of range, and the chief physician has not signed for it."""


def body_mass_index(height: Decimal, weight: Decimal) -> Decimal:
    """Return kg/m² from cm and kg, unrounded."""
    return weight / (height / 100) ** 2


def months_earlier(day: date, months: int) -> date:
    """Return the day that many months before; the last day of a shorter month."""
    years, month = divmod(day.year * MONTHS + day.month - 1 - months, MONTHS)
    for last in (day.day, 30, 29, 28):
        try:
            return date(years, month + 1, last)
        except ValueError:
            continue
    raise AssertionError(day)


def check_examination(sheet: Examination, on: date, readings: Readings | None = None) -> MedicalCheck:
    """Check an examination sheet against the standard of a day (征兵工作条例 Art. 16 to 22).

    Raises:
        config.rulebook.NotInForceError: no standard is in force on that day.
    """
    bench = Bench("conscription", on, readings)
    bench.cite("medical_standard")
    standard = medical_standard(on).standard
    bmi = body_mass_index(sheet.height, sheet.weight) if sheet.height and sheet.weight else None
    findings = [*_missing(sheet, bmi, standard), *_arithmetic(sheet, bmi, standard), *_outside(sheet, bmi, standard)]
    outside = [finding for finding in findings if finding.kind == "out_of_range"]
    contradicts = sheet.verdict == "fit" and bool(outside) and not sheet.chief_physician_signed
    if contradicts:
        fields = tuple(_field(place) for place in dict.fromkeys(finding.place for finding in outside))
        findings.append(_finding("verdict", "contradiction", "recruit.contradiction", fields=fields))
    if sheet.special_troops:
        bench.note("recruit.special_troops")
    return MedicalCheck(
        bmi=None if bmi is None else bmi.quantize(TENTH, ROUND_HALF_UP),
        findings=tuple(findings),
        complete=not any(finding.kind == "missing" for finding in findings),
        needs_chief_physician=contradicts,
        working=(*bench.working, *(finding.line for finding in findings)),
        grounds=bench.grounds,
    )


def _field(place: str) -> Line:
    return Line(key=f"recruit.field_{place}")


def _finding(place: str, kind: Kind, key: str, **facts: Told | Decimal) -> Finding:
    told = {name: str(fact) if isinstance(fact, Decimal) else fact for name, fact in facts.items()}
    return Finding(place=place, kind=kind, line=Line(key=key, facts={"field": _field(place), **told}))


def _missing(sheet: Examination, bmi: Decimal | None, standard: MedicalStandard) -> Iterator[Finding]:
    needed = ["height", "weight", "left", "right", "glucose", "systolic", "diastolic", "verdict"]
    if bmi is not None and bmi >= standard.hba1c.from_bmi:
        needed.append("hba1c")
    for place in needed:
        if getattr(sheet, place) is None:
            yield _finding(place, "missing", "recruit.field_missing")
    for place, eye in (("left", sheet.left), ("right", sheet.right)):
        corrected = eye and eye.naked < standard.vision.corrected_if_below
        if eye and corrected and (eye.corrected is None or eye.degrees is None):
            yield _finding(place, "missing", "recruit.correction_missing", below=standard.vision.corrected_if_below)


def _arithmetic(sheet: Examination, bmi: Decimal | None, standard: MedicalStandard) -> Iterator[Finding]:
    if bmi is not None and sheet.bmi is not None and abs(sheet.bmi - bmi) > standard.bmi_tolerance:
        yield _finding(
            "bmi", "arithmetic", "recruit.bmi_wrong", written=sheet.bmi, computed=bmi.quantize(TENTH, ROUND_HALF_UP)
        )
    if sheet.systolic is not None and sheet.diastolic is not None and sheet.systolic <= sheet.diastolic:
        yield _finding(
            "systolic", "arithmetic", "recruit.pressure_wrong", systolic=sheet.systolic, diastolic=sheet.diastolic
        )


def _outside(sheet: Examination, bmi: Decimal | None, standard: MedicalStandard) -> Iterator[Finding]:
    glycated = Range(below=standard.hba1c.below)
    heavy = bmi is not None and bmi >= standard.hba1c.from_bmi
    measured: tuple[tuple[str, Decimal | None, Range], ...] = (
        ("height", sheet.height, standard.height.of(sheet.sex)),
        ("bmi", bmi, standard.bmi.of(sheet.sex)),
        ("hba1c", sheet.hba1c if heavy else None, glycated),
        ("glucose", sheet.glucose, standard.glucose),
        ("systolic", sheet.systolic, standard.systolic),
        ("diastolic", sheet.diastolic, standard.diastolic),
    )
    for place, value, limits in measured:
        if value is not None and not limits.holds(value):
            yield _outside_of(place, value, limits)
    yield from _eye("left", sheet.left, standard)
    yield from _eye("right", sheet.right, standard)
    if sheet.laser_on is not None and sheet.laser_on > months_earlier(sheet.examined_on, standard.laser_months):
        yield _finding("laser_on", "out_of_range", "recruit.laser_recent", months=standard.laser_months)


def _outside_of(place: str, value: Decimal, limits: Range) -> Finding:
    shown = value if place != "bmi" else value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return _finding(place, "out_of_range", "recruit.out_of_range", value=shown, range=limits.text)


def _eye(place: str, eye: Eye | None, standard: MedicalStandard) -> Iterator[Finding]:
    if eye is None:
        return
    vision = standard.vision
    if not standard.naked_vision.holds(eye.naked):
        yield _outside_of(place, eye.naked, standard.naked_vision)
    elif eye.naked < vision.corrected_if_below:
        if eye.corrected is not None and eye.corrected < vision.corrected_min:
            yield _outside_of(place, eye.corrected, Range(min=vision.corrected_min))
        if eye.degrees is not None and eye.degrees > vision.degrees_max:
            yield _outside_of(place, eye.degrees, Range(max=vision.degrees_max))


class Recheck(Judged):
    """Which of the passed are examined again."""

    cases: tuple[str, ...]
    full: bool
    seed: str


def choose_recheck(cases: Collection[str], seed: str, on: date, failure_rate: Decimal = Decimal(0)) -> Recheck:
    """Draw whom to examine again, the same for the same seed; all when too many failed (征兵工作条例 Art. 22)."""
    bench = Bench("conscription", on)
    shares = bench.rule("medical_sampling")
    full = failure_rate > Decimal(shares["full_above"])
    # a hash orders the cases: no random state that a replay would have to find again
    drawn = sorted(cases, key=lambda case: hashlib.sha256(f"{seed}:{case}".encode()).digest())
    count = len(drawn) if full else _sample_size(len(drawn), Decimal(shares["share"]), int(shares["at_least"]))
    bench.note("recruit.recheck", count=count, of=len(drawn))
    return Recheck(
        cases=tuple(sorted(drawn[:count])), full=full, seed=seed, working=bench.working, grounds=bench.grounds
    )


def _sample_size(passed: int, share: Decimal, at_least: int) -> int:
    return min(passed, max(at_least, int((passed * share).to_integral_value(ROUND_CEILING))))
