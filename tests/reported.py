"""An accident as tests report and answer it: one report in full, two officers for everybody, an answer for each form."""

from datetime import date
from typing import Any

from config.messages import say
from config.zone import SHANGHAI
from tasks.ask import Question
from tasks.clock import now
from tasks.form import choices
from tasks.form_run import run_mark
from tasks.incident_response import cast as casting
from tasks.incident_response.intake import Given, open_report
from tasks.incident_response.report_form import read_full

STAFF = (casting.COMMANDER, casting.OFFICE)
ANSWERS: dict[str, dict[str, Any]] = {
    "ActivationOrder": {
        "verdict": "activate",
        "response_level": "III",
        "matter": "烟花爆竹仓库爆炸并起火",
        "duration": "24小时",
        "measures": "灭火搜救，疏散周边居民，监测空气和水体",
        "beyond_district": "no",
        "scene_command": "yes",
    },
    "Approval": {"verdict": "approve"},
    "IncidentVerification": {"verdict": "accident_licensed"},
    "LowerLevel": {"verdict": "keep_level"},
    "Discharge": {"verdict": "done", "record_number": "电话记录第1号", "receiver": "南通市应急管理局值班室"},
    "Lateness": {"verdict": "explained"},
    "LevelWord": {"verdict": "raise_level", "beyond_district": "no"},
    "ExpansionWord": {"verdict": "request_city"},
    "LetterReceipt": {"verdict": "received_letter", "receipt": "收文第1号"},
    "EndCondition": {"verdict": "met", "evidence": "现场检测记录第1号"},
    "EndConfirmation": {"verdict": "confirm_end"},
    "ResidentsReturn": {"verdict": "returned_home"},
    "ReadinessAttestation": {"verdict": "all_restored", "used_up": "泡沫两吨", "restocked": "已补充"},
    "ReleaseApproval": {"verdict": "approve"},
    "ReleaseAct": {"verdict": "released_text", "released_where": "区政府网站"},
    "InvestigationGroup": {"verdict": "authorise", "group_document": "海政发〔2027〕9号"},
    "InvestigationPaper": {"verdict": "done", "paper_document": "海应急〔2027〕10号"},
    "InvestigationReply": {"verdict": "approve", "paper_document": "海政复〔2027〕11号"},
    "Settlement": {"verdict": "settled"},
    "SummaryReport": {"verdict": "submit", "experience": "响应及时", "shortcomings": "个别任务迟了"},
    "LessonCheck": {"verdict": "done"},
    "AmendmentDecision": {"verdict": "accept"},
}
"""What is answered, by form; by `form point` where a point has an answer of its own."""


SMALL = {"dead": "1", "injured": "2", "missing": "0", "loss": "200万元"}
"""Changes that make it an accident of level IV, which the commander answers alone."""


def cast(place: int, enrol: date) -> str:
    """Enrol a commander of the n-th accident's own, and one officer for everybody else; return the commander."""
    staff = (f"C{place}", casting.OFFICE)
    casting.enrol_cast(enrol, staff)
    return staff[0]


def report_parameters(place: int = 1, **changes: str) -> dict[str, Any]:
    """Return a full report as its form takes it: three dead, twelve injured, one missing, the loss unknown."""
    return {
        "unit": f"示例烟花爆竹批发部{place}",
        "address": "三星镇工业路",
        "licensed": say("incident_report.licensed_yes", "zh"),
        "occurred": say("incident_report.just_now", "zh"),
        "place": f"三星镇工业路{place}号仓库",
        "town": "三星镇",
        "situation": "仓库爆炸后起火，浓烟",
        "kind": say("incident_report.kind_both", "zh"),
        "course": "装卸时发生爆炸",
        "dead": "3",
        "injured": "12",
        "missing": "1",
        "trapped": "0",
        "loss": "未知",
        "reach": "东侧五十米有民房",
        "measures": "消防已到场",
        "controllable": say("incident_report.controllable_unknown", "zh"),
        "aid": "需要救护车",
        "contact_office": "三星镇应急管理办公室",
        "contact_telephone": "0513-82210000",
        "same": say("incident_report.same_apart", "zh"),
    } | changes


def lodge(place: int = 1, exercise: str = "", **changes: str) -> str:
    """Report the accident without Prefect; return its number."""
    brought = read_full({name: str(value) for name, value in report_parameters(place, **changes).items()}, now())
    mark = run_mark("tests", str(place), exercise)
    return open_report(Given(brought.report, "测试", mark, links=brought.links, apart=True), exercise).number


def answer_of(question: Question) -> dict[str, Any]:
    """Return an answer to a question that lets the response go on."""
    given = ANSWERS.get(f"{question.form} {question.point}") or ANSWERS[question.form]
    moment = {"done_at": now().astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")} if question.form == "Discharge" else {}
    return {"reason": "情况属实", **given, **moment}


def form_of(question: Question, answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as its form shows it: fields by their titles, choices by their labels."""
    shown = {}
    for name, value in answer.items():
        labels = {each: label for label, each in choices(question.form, name).items()}
        shown[say(f"form.{name}")] = labels.get(value, value)
    return shown
