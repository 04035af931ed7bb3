"""Recovery of a subsidy that must come back: finding, demand, receipt (海政办发〔2023〕27号, Art. 8)."""

from config.messages import say
from models.policy_redemption.money import RecoveryStatus as S
from models.policy_redemption.money_answer import RecoveryFinding, RecoveryReceipt
from tasks.ask import ask, drafted_by
from tasks.case import close_case
from tasks.policy_redemption import recovery
from tasks.story import story


@story(name="policy_recovery", run_name=recovery.run_name, description=say("policy_recovery.description"))
def policy_recovery(number: str, application: str) -> str:
    """Take the recovery of what one application was paid from its finding to the receipt.

    Args:
        number: for example ZH-2027-001.
        application: number of the application, for example DX-2027-0001-000123.
    """
    case = recovery.open_recovery(number, application)
    while True:
        about = recovery.note_payment(case, application)
        finding = ask(RecoveryFinding, case, "finding", of=about.department, text=recovery.finding_text(about),
                      shown={"paid": str(about.paid)})  # fmt: skip
        if finding.verdict == "keep":
            close_case(case, S.KEPT)
            return case.number
        asked = recovery.demand_recovery(case, about, finding)
        word = ask(RecoveryReceipt, case, "receipt", of=recovery.CONFIRMS, text=recovery.receipt_text(about, asked),
                   shown={"amount": str(asked.amount)}, excluded=[drafted_by(case, "finding")])  # fmt: skip
        if word.verdict == "received":
            break
        case = recovery.withdraw_demand(case)
    close_case(case, S.RECOVERED, recovery.record_recovered(case, about, word))  # Art. 15: posted as well
    return case.number
