"""The sheets of a season: what offices fill in and what banjie hands back."""

from typing import Final

from models.roster.benefit import AwardKind, AwardRow, ServiceArea, ServiceYearRow
from models.roster.cell import Cell, Choice
from models.roster.demand import AttendanceRow, DemandRow, EnrolmentRow, ResourceRow
from models.roster.firm import CreditGrade, FirmRow
from models.roster.form import AboutCandidate, Column, Remark, Row, columns_of
from models.roster.intake import (
    ApplicationBasis,
    ApplicationRow,
    Education,
    PersonRow,
    PrecheckRow,
    Preference,
    RegistrationResult,
    RegistrationRow,
    Sex,
    Standing,
    Verdict,
)
from models.roster.payment import FirmAccountRow, PaymentOutcome, PaymentResultRow
from models.roster.publicity import OfflineResultRow, OfflineStatus
from models.roster.redemption import (
    ObjectionGround,
    PolicyApplicationRow,
    PolicyIntentRow,
    PolicyObjectionRow,
    PolicyPaperRow,
)
from models.roster.selection import (
    Channel,
    DecisionRow,
    EvidenceRow,
    MedicalRow,
    ObjectionRow,
    PoliticalRow,
    TrainingRow,
)
from models.roster.service import AccountRow, ReturnGround, ReturnRow, SuperiorPaymentRow

FORMS: Final[dict[str, type[Row]]] = {
    form.form: form
    for form in (
        RegistrationRow,
        ApplicationRow,
        PrecheckRow,
        MedicalRow,
        PoliticalRow,
        TrainingRow,
        EvidenceRow,
        ObjectionRow,
        DecisionRow,
        ReturnRow,
        AccountRow,
        SuperiorPaymentRow,
        ServiceYearRow,
        AwardRow,
        PolicyApplicationRow,
        PolicyPaperRow,
        PolicyIntentRow,
        PolicyObjectionRow,
        OfflineResultRow,
        FirmRow,
        PaymentResultRow,
        FirmAccountRow,
        DemandRow,
        EnrolmentRow,
        AttendanceRow,
        ResourceRow,
    )
}
"""Every form by its name: `FORMS["medical"]`."""

__all__ = [
    "FORMS",
    "AboutCandidate",
    "AccountRow",
    "ApplicationBasis",
    "ApplicationRow",
    "AwardKind",
    "AwardRow",
    "Cell",
    "Channel",
    "Choice",
    "Column",
    "CreditGrade",
    "DecisionRow",
    "Education",
    "EvidenceRow",
    "FirmAccountRow",
    "FirmRow",
    "MedicalRow",
    "ObjectionGround",
    "ObjectionRow",
    "OfflineResultRow",
    "OfflineStatus",
    "PaymentOutcome",
    "PaymentResultRow",
    "PersonRow",
    "PolicyApplicationRow",
    "PolicyIntentRow",
    "PolicyObjectionRow",
    "PolicyPaperRow",
    "PoliticalRow",
    "PrecheckRow",
    "Preference",
    "RegistrationResult",
    "RegistrationRow",
    "Remark",
    "ReturnGround",
    "ReturnRow",
    "Row",
    "ServiceArea",
    "ServiceYearRow",
    "Sex",
    "Standing",
    "SuperiorPaymentRow",
    "TrainingRow",
    "Verdict",
    "columns_of",
]
