"""Answers to questions: the run of one question, and the form that a board's link opens filled."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from tasks.decision import answer_by_form
from tasks.form import verdict_labels
from tasks.worklist import receive_answer

Verdict = Annotated[str, Field(json_schema_extra={"enum": [*verdict_labels()]})]


@flow(name="question", description=say("kernel.question_form"), persist_result=False)
def question(question: str) -> str:
    """Take the answer of one question, which its own run asks for.

    Args:
        question: the question's number, for example Q12.
    """
    return receive_answer(question)


@flow(
    name="decide",
    description=say("kernel.decide_form"),
    flow_run_name=say("kernel.decide_run", number="{number}"),
    persist_result=False,
)
def decide(  # noqa: PLR0917 -- the fields of the form
    number: str, verdict: Verdict, reason: str, staff_no: str, code: str, details: str = ""
) -> State[str]:
    """Answer one question; opened from a board, the form holds its number already.

    Args:
        number: the question's number, for example Q12.
        verdict: one that the question lists.
        reason: kept with the decision.
        staff_no: the signer's.
        code: the authenticator's six digits.
        details: what else the question asks for, a field a line: 会议纪要编号=2027-01.
    """
    return answer_by_form(number, details, verdict=verdict, reason=reason, staff_no=staff_no, code=code)
