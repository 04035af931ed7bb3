"""Invented seasons for try-outs, drills and tests: never a real person, and every sheet says so."""

from tasks.synthetic.candidate import Candidate, Due, Health, candidates, due, health_of
from tasks.synthetic.season import (
    application_sheet,
    evidence_sheet,
    make_season,
    medical_sheet,
    objection_sheet,
    political_sheet,
    precheck_sheet,
    return_sheet,
    training_sheet,
)
from tasks.synthetic.sheet import Made

__all__ = [
    "Candidate",
    "Due",
    "Health",
    "Made",
    "application_sheet",
    "candidates",
    "due",
    "evidence_sheet",
    "health_of",
    "make_season",
    "medical_sheet",
    "objection_sheet",
    "political_sheet",
    "precheck_sheet",
    "return_sheet",
    "training_sheet",
]
