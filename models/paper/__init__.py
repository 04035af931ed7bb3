"""The papers of a conscription season: each is a set of facts that composes itself into the parts of GB/T 9704-2012."""

from models.paper.enlistment import (
    ApprovalMinutes,
    EmployerLetter,
    EnlistmentNotice,
    HouseholdLetter,
    PostedEntry,
    PostedList,
    Resolution,
    SchoolLetter,
)
from models.paper.form import Paper, wording
from models.paper.handover import DispatchEntry, DispatchRoster, TransportLeg, TransportPlan
from models.paper.notice import (
    BenefitLine,
    BenefitSheet,
    CorrectionOrder,
    DeregistrationNotice,
    RegistrationAnnouncement,
    TownCircular,
    TownResult,
)

__all__ = [
    "ApprovalMinutes",
    "BenefitLine",
    "BenefitSheet",
    "CorrectionOrder",
    "DeregistrationNotice",
    "DispatchEntry",
    "DispatchRoster",
    "EmployerLetter",
    "EnlistmentNotice",
    "HouseholdLetter",
    "Paper",
    "PostedEntry",
    "PostedList",
    "RegistrationAnnouncement",
    "Resolution",
    "SchoolLetter",
    "TownCircular",
    "TownResult",
    "TransportLeg",
    "TransportPlan",
    "wording",
]
