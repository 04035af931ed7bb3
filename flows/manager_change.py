"""A changed platform manager or leader in charge is reported to the centre (海政办发〔2023〕27号, Art. 10)."""

from datetime import date

from config.messages import say
from models.policy_redemption.change import ManagerReport, Post
from tasks.ask import ask
from tasks.case import close_case
from tasks.policy_redemption import manager_change as manager
from tasks.story import story


@story(name="manager_change", run_name=manager.run_name, description=say("manager_change.description"))
def manager_change(department: str, post: Post, changed: date) -> str:
    """Report a changed platform manager or leader in charge.

    Args:
        department: the department, by its name or id.
        post: manager (平台管理专员) or leader (分管领导).
        changed: the day of the change.
    """
    case = manager.open_change(department, post, changed)
    due = manager.watch_report(case)  # Art. 10: three working days
    word = ask(ManagerReport, case, "report", of=manager.department_of(case), text=manager.report_text(case, due))
    told = manager.report_manager(case, word.successor, manager.signed_on(case))
    manager.end_clock(case)
    close_case(case, told.status, told)
    return case.number
