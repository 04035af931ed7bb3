"""Demands of enterprises, from their receipt to their close (海政办发〔2023〕27号, Art. 19)."""

from functools import partial
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.answer import Approval
from models.personal import open_field
from models.policy_redemption.demand import DemandKind, DemandStatus
from models.policy_redemption.demand_answer import DemandAssignment, DemandCallBack, DemandHandling, DemandSignature
from tasks.ask import drafted_by
from tasks.case import close_case
from tasks.policy_redemption import demand as demands
from tasks.policy_redemption import demand_lodging
from tasks.policy_redemption.demand_clock import CENTRE, ask_by
from tasks.policy_redemption.demand_slip import write_demand_slip
from tasks.step import Dossier
from tasks.story import story
from tasks.wait import wait_for

Kind = Annotated[str, Field(json_schema_extra={"enum": [kind.word for kind in DemandKind]})]
Heading = Annotated[str, Field(json_schema_extra=open_field(60))]
Words = Annotated[str, Field(json_schema_extra=open_field(500))]


@flow(name="lodge_demand", description=say("demand.lodge_form"), persist_result=False)
def lodge_demand(kind: Kind, title: Heading, content: Words, firm: str = "", earlier: str = "") -> State[str]:
    """Lodge a demand online, without personal data.

    Args:
        kind: its class.
        title: its heading.
        content: what is asked for.
        firm: the enterprise's credit code; whoever wants an answer gives it.
        earlier: number of an answered demand that is to be taken up again, for example SQ-2027-000123.
    """
    return demand_lodging.lodge_by_form(kind, title, content, firm, earlier)


@story(name="demand", run_name=demands.run_name, description=say("demand.description"))
def demand(number: str) -> str:
    """Take one demand from its receipt to its close.

    Args:
        number: the demand's, for example SQ-2027-000123.
    """
    case, department = place(demands.take_up(number))
    if not department:
        close_case(case, DemandStatus.NOT_ACCEPTED)
        return case.number
    while True:
        case = handle(case, department)
        if not call_back(case, department):
            break
        case = case.again()
        demands.reopen(case, department)
    close_case(case, DemandStatus.CLOSED, demands.conclusion(case))
    return case.number


def place(case: Dossier) -> tuple[Dossier, str]:
    """Assign it until a department signs for it; without a department it is none for the platform (Art. 19)."""
    while True:
        due = demands.await_assignment(case)
        word = ask_by(DemandAssignment, case, "assign", of=CENTRE, text=demands.assign_text(case), due_at=due,
                      shown=demands.offered(case))  # fmt: skip
        if word.verdict == "decline":
            demands.decline(case)
            return case, ""
        due = demands.assign(case, word.department)
        write_demand_slip(case, word.department)
        shown = demands.text(case, "sign")
        if ask_by(DemandSignature, case, "sign", of=word.department, text=shown, due_at=due).verdict == "sign":
            demands.sign_for(case, word.department)
            return case, word.department
        demands.hand_back(case, word.department)
        case = case.again()


def handle(case: Dossier, department: str) -> Dossier:
    """Handle it on its clock, extended once at most and with approval (Art. 19)."""
    opened = case
    while True:
        shown = demands.handle_text(case, opened)
        word = ask_by(DemandHandling, case, "handle", of=department, text=shown, due_at=demands.due(opened),
                      shown=demands.extension_left(case, opened))  # fmt: skip
        if word.verdict == "answer":
            demands.answer(case, opened)
            return case
        shown = demands.extension_text(case, department)
        wish = ask_by(Approval, case, "extension", of=CENTRE, text=shown, due_at=demands.due(opened),
                      excluded=[drafted_by(case, "handle")])  # fmt: skip
        if wish.verdict == "approve":
            demands.extend(case, opened, department, word.days)
        else:
            demands.refuse_demand_extension(case, department)
        case = case.again()


def call_back(case: Dossier, department: str) -> bool:
    """Call back, and say whether it is taken up again: at once where unsatisfied, or when asked for in time."""
    if demands.reachable(case):
        due = demands.await_call_back(case)
        shown = demands.call_back_text(case, department)
        word = ask_by(DemandCallBack, case, "call_back", of=CENTRE, text=shown, due_at=due,
                      excluded=[drafted_by(case, "handle")])  # fmt: skip
        demands.rate(case, word.verdict, department)
        if word.verdict == "unsatisfied" and demands.may_reopen(case):
            return True
    ends = demands.reopening_ends(case)
    return demands.may_reopen(case) and wait_for(case, "reopening", partial(demands.asked_again, case), ends)
