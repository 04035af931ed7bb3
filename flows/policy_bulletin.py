"""How the platform is used: the quarterly bulletin and the monthly statistics (海政办发〔2023〕27号, Art. 21–22)."""

from config.messages import say
from models.policy_redemption.bulletin import BulletinStatus as S
from models.policy_redemption.bulletin import Circulation
from tasks.ask import ask
from tasks.case import close_case
from tasks.policy_redemption import bulletin
from tasks.step import Dossier
from tasks.story import story
from tasks.wait import wait_until


@story(
    name="policy_bulletin",
    run_name=bulletin.run_name("quarter"),
    description=say("policy_bulletin.description"),
)
def policy_bulletin(quarter: str = "") -> str:
    """Compile the bulletin of a quarter and circulate it.

    Args:
        quarter: for example 2027Q1; the last one that is over where it is empty.
    """
    return circulate(bulletin.open_bulletin("quarter", quarter))  # Art. 21: the leading group's office, every quarter


@story(
    name="policy_statistics",
    run_name=bulletin.run_name("month"),
    description=say("policy_statistics.description"),
)
def policy_statistics(month: str = "") -> str:
    """Compile the statistics of a month and circulate them.

    Args:
        month: for example 2027-03; the last one that is over where it is empty.
    """
    return circulate(bulletin.open_bulletin("month", month))  # Art. 21: the approval bureau, regularly


def circulate(case: Dossier) -> str:
    """Count when the period is over; nothing goes out before somebody has approved it."""
    wait_until(case, "period_over", bulletin.period_of(case).ends)
    due = bulletin.due_day(case)
    while True:
        found = bulletin.compile_figures(case)  # Art. 21, 22: users, visits, updates, online cases, the four failings
        text = bulletin.review_text(case, found)
        word = ask(Circulation, case, "circulation", of=bulletin.issuer(case), text=text, due=due)
        if word.verdict == "approve":
            break
        case = case.again()
    bulletin.circulate_figures(case, found, word.paper_number)
    close_case(case, S.CIRCULATED)
    return case.number
