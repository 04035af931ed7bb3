"""From the sheets' words to those of the rules: schooling, standing, place, marks of the scorecard."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from config.season import Place, Schooling, Standing
from config.standard import DatedScorecard
from models.conscription.eligibility import Applicant
from models.conscription.medical import Examination, Eye
from models.conscription.scoring import Mark

SCHOOLING: Final[Mapping[str, Schooling]] = {
    "junior_middle": "junior_middle",
    "senior_middle": "senior_middle",
    "secondary_vocational": "senior_middle",
    "junior_college": "junior_college",
    "bachelor": "bachelor",
    "master": "postgraduate",
    "doctor": "postgraduate",
}
STANDING: Final[Mapping[str, Standing]] = {
    "student": "student",
    "final_year": "final_year",
    "fresh_graduate": "fresh_graduate",
    "graduate": "graduate",
    "new_entrant": "student",
}
PLACE: Final[Mapping[str, Place]] = {
    "household": "household_registration",
    "residence": "habitual_residence",
    "household_before_study": "registration_before_university",
    "school": "school",
}


def applicant_of(row: Any) -> Applicant:
    """Return what eligibility asks of a stored candidate."""
    return Applicant(
        born=date.fromisoformat(row.born),
        sex=row.sex,
        schooling=SCHOOLING[row.education],
        standing=STANDING.get(row.standing, "none"),
        place=PLACE.get(row.basis),
        consent=row.consent,
    )


def examination_of(sex: Any, sheet: Mapping[str, Any]) -> Examination:
    """Return an examination sheet as the check reads it."""

    def number(name: str) -> Decimal | None:
        given = sheet.get(name)
        return None if given is None else Decimal(str(given))

    def eye(side: str) -> Eye | None:
        naked = number(f"naked_{side}")
        if naked is None:
            return None
        return Eye(naked=naked, corrected=number(f"corrected_{side}"), degrees=number(f"degrees_{side}"))

    measured = ("height", "weight", "glucose", "hba1c", "systolic", "diastolic")
    return Examination(
        sex=sex,
        examined_on=date.fromisoformat(sheet["examined"]),
        left=eye("left"),
        right=eye("right"),
        laser_on=date.fromisoformat(sheet["laser_on"]) if sheet.get("laser_on") else None,
        verdict="fit" if sheet["verdict"] == "passed" else "unfit",
        **{name: number(name) for name in measured},
    )


def mark_of(card: DatedScorecard, title: str, value: str, evidence: str) -> tuple[str, Mark] | None:
    """Return (item, mark) of a line of evidence, or None where the card has no such item or value.

    The sheet names items by their title, and choices by the word or the points of the card.
    """
    name = next((key for key, item in card.card.items.items() if title in (key, item.title)), None)
    if name is None:
        return None
    item = card.card.items[name]
    if item.choices is None:
        try:
            points = Decimal(value)
        except InvalidOperation:
            return None
        return (name, Mark(points=points, evidence=evidence)) if points >= 0 else None
    titles = {str(points): choice for choice, points in item.choices.items()}
    choice = value if value in item.choices else titles.get(value)
    return (name, Mark(choice=choice, evidence=evidence)) if choice else None
