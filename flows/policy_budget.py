"""A department's yearly budget of enterprise subsidies, approved or amended (海政办发〔2023〕27号, Art. 8)."""

from config.messages import say
from models.policy_redemption.money import BudgetStatus as S
from models.policy_redemption.money_answer import BudgetDraft, BudgetReview
from tasks.ask import ask, drafted_by
from tasks.case import close_case
from tasks.policy_redemption import budget
from tasks.story import story


@story(name="policy_budget", run_name=budget.run_name, description=say("policy_budget.description"))
def policy_budget(number: str, department: str) -> str:
    """Take a budget, or an amendment of one, from its draft to its approval.

    Args:
        number: for example YS-2027-001; the year is the budget's.
        department: the competent department, by id or name.
    """
    about = budget.subject_of(number, department)
    case = budget.open_budget(number, about)
    while True:
        now = budget.note_standing(case, about)
        draft = ask(BudgetDraft, case, "draft", of=about.department, text=budget.draft_text(about, now),
                    shown=now.model_dump(mode="json"))  # fmt: skip
        if draft.verdict == "abandon":
            close_case(case, S.ABANDONED)
            return case.number
        asked = budget.submit_budget(case, draft, now)  # Art. 8: budget and performance target
        review = ask(BudgetReview, case, "review", of=budget.reviewer(case), text=budget.review_text(about, asked, now),
                     excluded=[drafted_by(case, "draft")])  # fmt: skip
        if review.verdict == "reject":
            close_case(case, S.REJECTED)
            return case.number
        if (
            review.verdict == "approve" and budget.approve_budget(case, about, asked).stands
        ):  # Art. 8: within the budget
            break
        case = case.again()
    close_case(case, S.APPROVED, asked)
    return case.number
