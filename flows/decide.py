"""Answers to questions: the run of one question, and the form that a board's link opens filled."""

from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from config.messages import say
from tasks.decision import answer_by_form
from tasks.worklist import receive_answer


@flow(name="question", flow_run_name="{question}", persist_result=False)
def question(question: str) -> str:
    """待办：一个岗位的一项待签批事项。请在运行页面点“Resume”填写答复。

    Args:
        question: 待办编号，例如 Q12
    """
    return receive_answer(question)


Verdict = Literal[
    "同意", "退回修改", "不同意", "已完成", "未完成", "已调整", "人员不变", "合格", "不合格", "情况属实", "情况不属实"
]


@flow(name="decide", flow_run_name=say("kernel.decide_run", number="{number}"), persist_result=False)
def decide(
    number: str, verdict: Verdict, reason: str, staff_no: str, code: str, details: dict[str, Any] | None = None
) -> State[str]:
    """签批：用工号和动态口令答复一项待办。从看板的链接打开时，编号已经填好。

    Args:
        number: 待办编号，例如 Q12
        verdict: 审批意见
        reason: 理由，必填
        staff_no: 工号
        code: 动态口令，验证器上当前显示的 6 位数字
        details: 表单的其他栏目，例如 {"会议纪要编号": "2027-01"}；没有的留空
    """
    return answer_by_form(number, verdict, reason, staff_no, code, details or {})
