"""The sheets of an invented season, stage by stage."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from config.messages import say
from models.roster import (
    ApplicationRow,
    Channel,
    EvidenceRow,
    MedicalRow,
    ObjectionRow,
    PoliticalRow,
    PrecheckRow,
    ReturnGround,
    ReturnRow,
    Row,
    TrainingRow,
)
from tasks.synthetic.candidate import Candidate, Due, candidates, due, generator, health_of, passes, words
from tasks.synthetic.sheet import (
    Made,
    about,
    no_verdict,
    number_as_number,
    phone_short,
    strange_verdict,
    verdict_of,
    write_sheet,
    wrong_checksum,
    wrong_sex,
)

ADULT: Final = 18
PRECHECK, POLITICAL, TRAINING = 0.9, 0.985, 0.99
FLAWED, CONTRADICTING, OUTSIDE = 0.01, 0.01, 0.04
"""Shares of a likely season: rows that cannot be taken, verdicts against the findings, results from other hospitals."""
DOCTORS, CHIEFS, POLICE, CLERKS = (
    ("W2101", "W2102", "W2103", "W2104"),
    ("W2001", "W2002"),
    ("G3001", "G3002"),
    ("Z1001", "Z1002", "Z1003"),
)


def application_sheet(path: Path, people: Iterable[Candidate], *, seed: int, on: date, flaws: float = FLAWED) -> Made:
    """Write the application roster."""

    def row(one: Candidate) -> dict[str, Any]:
        young = (on.year - one.born.year - ((on.month, on.day) < (one.born.month, one.born.day))) < ADULT
        return one.model_dump() | {"willing": True, "consent": True if young else None}

    kinds = (wrong_checksum, number_as_number, wrong_sex, phone_short)
    return write_sheet(path, ApplicationRow, map(row, people), generator(seed, "application"), kinds, share=flaws)


def precheck_sheet(path: Path, people: Iterable[Due], *, seed: int, on: date, flaws: float = FLAWED) -> Made:
    """Write the results of confirmation on site and first check."""

    def row(one: Due) -> dict[str, Any]:
        dice = generator(seed, "precheck", one.identity)
        passed = passes(one.identity, seed, "precheck verdict", PRECHECK)
        parts = {"visual": True, "history": True, "political": True, "schooling": True, "handed_in": True}
        if not passed:
            parts[dice.choice(tuple(parts))] = False
        outside = dice.random() < OUTSIDE
        verdicts = {name: verdict_of(good) for name, good in parts.items() if name != "handed_in"}
        return (
            about(one)
            | verdicts
            | {
                "confirmed": on - timedelta(days=dice.randrange(5)),
                "handed_in": parts["handed_in"],
                "verdict": verdict_of(passed),
                "outside": say("synthetic.outside_hospital") if outside else None,
                "outside_on": on - timedelta(days=9) if outside else None,
                "staff": dice.choice(CLERKS),
            }
        )

    return write_sheet(
        path, PrecheckRow, map(row, people), generator(seed, "precheck"), (no_verdict, wrong_checksum), share=flaws
    )


def medical_sheet(
    path: Path,
    people: Iterable[Due],
    *,
    seed: int,
    on: date,
    flaws: float = FLAWED,
    contradictions: float = CONTRADICTING,
) -> Made:
    """Write examination results; a few verdicts contradict the findings, for the chief physician to sort out."""

    def row(one: Due) -> dict[str, Any]:
        dice = generator(seed, "medical", one.identity)
        found = health_of(one.identity, seed, on)
        fit = found.fit or dice.random() < contradictions
        return about(one) | {
            "height": found.height,
            "weight": found.weight,
            "naked_left": found.naked[0],
            "naked_right": found.naked[1],
            "corrected_left": found.corrected[0],
            "corrected_right": found.corrected[1],
            "degrees_left": found.degrees[0],
            "degrees_right": found.degrees[1],
            "systolic": found.systolic,
            "diastolic": found.diastolic,
            "glucose": found.glucose,
            "hba1c": found.hba1c,
            "laser_on": found.laser_on,
            "verdict": verdict_of(fit),
            "examined": on - timedelta(days=dice.randrange(3)),
            "doctor": dice.choice(DOCTORS),
            "chief": dice.choice(CHIEFS),
        }

    return write_sheet(
        path,
        MedicalRow,
        map(row, people),
        generator(seed, "medical"),
        (no_verdict, strange_verdict, number_as_number),
        share=flaws,
    )


def political_sheet(path: Path, people: Iterable[Due], *, seed: int, on: date, flaws: float = FLAWED) -> Made:
    """Write political conclusions: conclusion, signer and date only."""

    def row(one: Due) -> dict[str, Any]:
        passed = passes(one.identity, seed, "political verdict", POLITICAL)
        return about(one) | {
            "verdict": verdict_of(passed),
            "signer": generator(seed, "political", one.identity).choice(POLICE),
            "concluded": on,
        }

    return write_sheet(
        path, PoliticalRow, map(row, people), generator(seed, "political"), (no_verdict, wrong_checksum), share=flaws
    )


def training_sheet(
    path: Path, people: Iterable[Due], *, seed: int, on: date, days: int = 5, flaws: float = FLAWED
) -> Made:
    """Write the results of pre-service education."""

    def row(one: Due) -> dict[str, Any]:
        passed = passes(one.identity, seed, "training verdict", TRAINING)
        return about(one) | {
            "begun": on - timedelta(days=days - 1),
            "ended": on,
            "days": days if passed else max(0, days - 2),
            "verdict": verdict_of(passed),
            "staff": generator(seed, "training", one.identity).choice(CLERKS),
        }

    return write_sheet(
        path, TrainingRow, map(row, people), generator(seed, "training"), (no_verdict, wrong_checksum), share=flaws
    )


def evidence_sheet(
    path: Path,
    people: Iterable[Due],
    *,
    seed: int,
    on: date,
    items: Sequence[tuple[str, str, Sequence[str]]] | None = None,
    flaws: float = 0,
) -> Made:
    """Write evidence for the scorecard; `items` are (item, evidence type, values to choose from)."""
    offered = items or [
        (item, kind, (value,)) for item, kind, value in (entry.split("=") for entry in words("evidence_items"))
    ]
    rows: list[dict[str, Any]] = []
    for one in people:
        dice = generator(seed, "evidence", one.identity)
        for item, kind, values in dice.sample(list(offered), k=dice.randint(1, min(3, len(offered)))):
            rows.append(
                about(one)
                | {
                    "item": item,
                    "value": dice.choice(list(values)),
                    "evidence_type": kind,
                    "evidence_number": f"{dice.randrange(10**8):08d}",
                    "verified": on,
                    "staff": dice.choice(CLERKS),
                }
            )
    return write_sheet(path, EvidenceRow, rows, generator(seed, "evidence"), (wrong_checksum,), share=flaws)


def objection_sheet(path: Path, people: Iterable[Due], *, seed: int, on: date, count: int = 3) -> Made:
    """Write objections against a few of the people on the posted list."""
    dice = generator(seed, "objection")
    listed = list(people)
    rows = [
        {
            "receipt": f"YY-{place:03d}",
            "number": one.number,
            "name": one.name,
            "town": one.town,
            "received": on,
            "channel": dice.choice(list(Channel)),
            "summary": say("synthetic.objection_summary"),
            "staff": dice.choice(CLERKS),
        }
        for place, one in enumerate(dice.sample(listed, k=min(count, len(listed))), 1)
    ]
    return write_sheet(path, ObjectionRow, rows, dice)


def return_sheet(path: Path, people: Iterable[Due], *, seed: int, on: date, count: int = 2) -> Made:
    """Write recruits whom units send back."""
    dice = generator(seed, "return")
    serving = list(people)
    rows = [
        about(one)
        | {
            "ground": dice.choices(tuple(ReturnGround), (50, 15, 20, 10, 3, 2))[0],
            "arrived": on - timedelta(days=30),
            "letter_on": on,
            "letter": say("synthetic.return_letter", number=place),
            "employed": say("synthetic.return_unit"),
        }
        for place, one in enumerate(dice.sample(serving, k=min(count, len(serving))), 1)
    ]
    return write_sheet(path, ReturnRow, rows, dice)


def make_season(
    folder: Path, *, applicants: int = 3000, seed: int = 1, on: date, towns: Sequence[str], flaws: float = FLAWED
) -> list[Made]:
    """Write all sheets of an invented season, dated `on`, each naming those who passed the stages before.

    They name people by identity number. A stage whose people have case numbers is made alone, e.g. `medical_sheet`.
    """
    people = candidates(applicants, seed=seed, on=on, towns=towns)

    def at(form: type[Row]) -> Path:
        return folder / f"{say('synthetic.title', form=form.sheet_title())}.xlsx"

    applied = due(people)
    confirmed = [one for one in applied if passes(one.identity, seed, "precheck verdict", PRECHECK)]
    fit = [one for one in confirmed if health_of(one.identity, seed, on).fit]
    trusted = [one for one in fit if passes(one.identity, seed, "political verdict", POLITICAL)]
    trained = [one for one in trusted if passes(one.identity, seed, "training verdict", TRAINING)]
    return [
        application_sheet(at(ApplicationRow), people, seed=seed, on=on, flaws=flaws),
        precheck_sheet(at(PrecheckRow), applied, seed=seed, on=on, flaws=flaws),
        medical_sheet(at(MedicalRow), confirmed, seed=seed, on=on, flaws=flaws),
        political_sheet(at(PoliticalRow), fit, seed=seed, on=on, flaws=flaws),
        training_sheet(at(TrainingRow), trusted, seed=seed, on=on, flaws=flaws),
        evidence_sheet(at(EvidenceRow), trained, seed=seed, on=on),
        objection_sheet(at(ObjectionRow), trained, seed=seed, on=on),
        return_sheet(at(ReturnRow), trained, seed=seed, on=on),
    ]
