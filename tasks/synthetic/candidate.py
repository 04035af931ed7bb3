"""Invented candidates: valid unique numbers, and one truth per person that every later sheet draws on."""

import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from config.fact import Fact
from config.messages import say
from models.identity import check_digit
from models.roster import ApplicationBasis, Education, Preference, Sex, Standing

AREA: Final = "320684"
OTHER_AREAS: Final = ("320683", "320681", "320623", "310151")
_EDUCATION: Final = (
    (Education.SENIOR_MIDDLE, 18),
    (Education.SECONDARY_VOCATIONAL, 17),
    (Education.JUNIOR_COLLEGE, 38),
    (Education.BACHELOR, 26),
    (Education.MASTER, 1),
)
_MOBILE: Final = ("138", "139", "150", "159", "177", "180", "188", "191", "199")
AGES: Final = range(17, 25)
WOMEN, SKILLED, TWO_CHARACTERS, SCIENCE, LOCAL, LASER = 0.12, 0.15, 0.8, 0.45, 0.94, 0.04
"""Likely shares of a season, invented like everything here."""


class Candidate(Fact):
    """One invented person, as true as it gets."""

    name: str
    identity: str
    sex: Sex
    born: date
    town: str
    education: Education
    standing: Standing
    school: str | None
    science: bool
    phone: str
    basis: ApplicationBasis
    preference: Preference | None
    skill: str | None
    evidence: str | None
    applied: date


class Due(NamedTuple):
    """Someone a stage is due for: what the season knows of a person when it sends a sheet out."""

    number: str | None
    identity: str
    name: str
    town: str


class Health(NamedTuple):
    """What an examination finds."""

    fit: bool
    height: Decimal
    weight: Decimal
    naked: tuple[Decimal, Decimal]
    corrected: tuple[Decimal | None, Decimal | None]
    degrees: tuple[int | None, int | None]
    systolic: int
    diastolic: int
    glucose: Decimal
    hba1c: Decimal | None
    laser_on: date | None


def words(key: str) -> tuple[str, ...]:
    """Return a list of words from the message file."""
    return tuple(say(f"synthetic.{key}").split("、"))


def generator(seed: int, *about: str) -> random.Random:
    """Return the dice of one stage or person: a seed gives the same throws in whatever order stages are made."""
    return random.Random("|".join((str(seed), *about)))  # noqa: S311 -- invented data, nothing to guard


def candidates(count: int, *, seed: int, on: date, towns: Sequence[str]) -> list[Candidate]:
    """Return invented candidates with different identity numbers, most of them of age for the season of `on`."""
    dice, taken = generator(seed, "people"), set[str]()
    surnames, first, second = words("surnames"), words("given_first"), words("given_second")
    schools = {one: words(f"schools_{one}") for one, _ in _EDUCATION}
    levels, weights = [one for one, _ in _EDUCATION], [weight for _, weight in _EDUCATION]
    skills, certificate = words("skills"), say("synthetic.certificates")
    found: list[Candidate] = []
    while len(found) < count:
        education = dice.choices(levels, weights)[0]
        sex = Sex.FEMALE if dice.random() < WOMEN else Sex.MALE
        age = dice.choice(AGES[1:7] if education in {Education.JUNIOR_COLLEGE, Education.BACHELOR} else AGES[:4])
        born = date(on.year - age, 1, 1) + timedelta(days=dice.randrange(365))
        identity = _identity(dice, born, sex)
        if identity in taken:
            continue
        taken.add(identity)
        standing = _standing(dice, education)
        skill = dice.choice(skills) if dice.random() < SKILLED else None
        given = dice.choice(first) + (dice.choice(second) if dice.random() < TWO_CHARACTERS else "")
        found.append(
            Candidate(
                name=dice.choice(surnames) + given,
                identity=identity,
                sex=sex,
                born=born,
                town=dice.choice(towns),
                education=education,
                standing=standing,
                school=dice.choice(schools[education]),
                science=education in {Education.JUNIOR_COLLEGE, Education.BACHELOR, Education.MASTER}
                and dice.random() < SCIENCE,
                phone=f"{dice.choice(_MOBILE)}{dice.randrange(10**8):08d}",
                basis=dice.choices(tuple(ApplicationBasis), (88, 3, 6, 3))[0],
                preference=dice.choices((None, *Preference), (970, 2, 18, 10))[0],
                skill=skill,
                evidence=f"{certificate}{dice.randrange(10**8):08d}" if skill else None,
                applied=on - timedelta(days=dice.randrange(1, 30)),
            )
        )
    return found


def _identity(dice: random.Random, born: date, sex: Sex) -> str:
    area = AREA if dice.random() < LOCAL else dice.choice(OTHER_AREAS)
    order = dice.randrange(500) * 2 + (sex is Sex.MALE)
    body = f"{area}{born:%Y%m%d}{order:03d}"
    return body + check_digit(body)


def _standing(dice: random.Random, education: Education) -> Standing:
    if education in {Education.SENIOR_MIDDLE, Education.SECONDARY_VOCATIONAL}:
        return dice.choices((Standing.FRESH_GRADUATE, Standing.GRADUATE), (2, 3))[0]
    return dice.choices(tuple(Standing), (40, 15, 20, 20, 5))[0]


def due(people: Iterable[Candidate]) -> list[Due]:
    """Return candidates as a stage asks for them, before the system gave them numbers."""
    return [Due(None, one.identity, one.name, one.town) for one in people]


def _tenths(dice: random.Random, low: int, high: int) -> Decimal:
    return Decimal(dice.randint(low, high)) / 10


def health_of(identity: str, seed: int, on: date) -> Health:
    """Return a person's findings; they depend on seed and person alone, so a second examination finds the same.

    Men's and women's figures lie well inside or well outside the published ranges: no sample hangs on a limit.
    """
    dice = generator(seed, "health", identity)
    fault = dice.choices(
        ("", "eyes", "heavy", "thin", "short", "pressure", "sugar", "other"), (72, 12, 6, 2, 2, 3, 1, 2)
    )[0]
    male = int(identity[16]) % 2 == 1
    base = 164 if male else 160
    height = Decimal(dice.randint(1480, 1540)) / 10 if fault == "short" else _tenths(dice, base * 10, (base + 22) * 10)
    bmi = {"heavy": (315, 360), "thin": (145, 165)}.get(fault, (185, 270) if male else (180, 230))
    weight = (_tenths(dice, *bmi) * height * height / 10000).quantize(Decimal("0.1"))
    naked = (
        (_tenths(dice, 40, 43), _tenths(dice, 40, 44))
        if fault == "eyes"
        else (_tenths(dice, 46, 52), _tenths(dice, 46, 52))
    )
    weak = Decimal("4.8")
    corrected = tuple(_tenths(dice, 49, 51) if eye < weak else None for eye in naked)
    degrees = tuple(dice.randrange(100, 550, 25) if eye < weak else None for eye in naked)
    pressure = (
        (dice.randint(146, 165), dice.randint(94, 104))
        if fault == "pressure"
        else (dice.randint(98, 132), dice.randint(62, 84))
    )
    sugar = _tenths(dice, 74, 95) if fault == "sugar" else _tenths(dice, 42, 59)
    laser = on - timedelta(days=dice.randrange(300, 900)) if dice.random() < LASER else None
    return Health(
        not fault,
        height,
        weight,
        naked,
        (corrected[0], corrected[1]),
        (degrees[0], degrees[1]),
        *pressure,
        sugar,
        _tenths(dice, 48, 56) if fault == "heavy" else None,
        laser,
    )


def passes(identity: str, seed: int, stage: str, share: float) -> bool:
    """Say whether a person passes a stage, the same way each time."""
    return generator(seed, stage, identity).random() < share
