"""`banjie explain` on accidents: the grade with its working (1.5), and a dealer's own plan (1.3(4))."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

import typer

from config.messages import Refusal
from flows.explanation import (
    Language,
    On,
    OneSentence,
    Readings,
    day_given,
    language_given,
    on_day,
    readings_given,
    tell_judged,
)
from models.incident_response.grade import PROCESS, Casualties, Graded, grade_range
from models.incident_response.own_plan import Dealer, own_plan_missing

UNKNOWN: Final = ("unknown", "未知")
app = typer.Typer(cls=OneSentence, no_args_is_help=True, add_completion=False)


@app.command(
    "accident-level",
    help="事故等级：已确认和最坏两种。未给出的和写作 unknown 的为未知，不作零计。"
    "例：explain accident-level --dead 2 --injured 12 --loss 60000000 --missing 1",
)
def accident_level(
    *,
    dead: Annotated[str, typer.Option("--dead", help="死亡人数，或 unknown")] = UNKNOWN[0],
    injured: Annotated[str, typer.Option("--injured", help="重伤人数，或 unknown")] = UNKNOWN[0],
    loss: Annotated[str, typer.Option("--loss", help="直接经济损失（元），或 unknown")] = UNKNOWN[0],
    missing: Annotated[str, typer.Option("--missing", help="失踪人数，或 unknown")] = UNKNOWN[0],
    trapped: Annotated[str, typer.Option("--trapped", help="被困人数，或 unknown")] = UNKNOWN[0],
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain the grade of an accident (1.5): confirmed, and the worst case beside it."""
    day, spoken = on_day(on), language_given(language)
    people = {"dead": dead, "injured": injured, "missing": missing, "trapped": trapped}
    numbers = {name: _number(f"--{name}", text) for name, text in people.items()}
    casualties = Casualties(**numbers, loss=_loss(loss))
    found = grade_range(casualties, day, readings_given(PROCESS, reading, day))
    result = _told("confirmed", found.confirmed, spoken) | _told("worst_case", found.worst, spoken)
    tell_judged({**result, "open": list(found.open)}, found, spoken)


def _told(name: str, graded: Graded, language: str) -> dict[str, Any]:
    criteria = [criterion.value for criterion in graded.criteria]
    return {name: graded.level.value, f"{name}_text": graded.level.told(language), f"{name}_by": criteria}


def _number(option: str, text: str) -> int | None:
    text = text.strip()
    if text.lower() in UNKNOWN:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise Refusal("incident_grade.number_wrong", option=option, value=text)
    return int(text)


def _loss(text: str) -> Decimal | None:
    text = text.strip()
    if text.lower() in UNKNOWN:
        return None
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,2})?", text):
        raise Refusal("incident_grade.loss_wrong", option="--loss", value=text)
    return Decimal(text)


@app.command(
    "own-plan", help="经营单位自己的应急预案。例：explain own-plan --kind wholesale --plan 应急预案〔2024〕1号"
)
def own_plan(
    *,
    kind: Annotated[Dealer, typer.Option("--kind", help="wholesale 批发、retail 零售")],
    plan: Annotated[str, typer.Option("--plan", help="该单位预案的文号或名称，没有则不填")] = "",
    revised: Annotated[str | None, typer.Option("--revised", help="最近一次制定、评估或修订的日期")] = None,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain whether a dealer lacks the plan of its own (1.3(4))."""
    day, spoken = on_day(on), language_given(language)
    found = own_plan_missing(
        kind, plan, day_given(revised) if revised else None, day, readings_given(PROCESS, reading, day)
    )
    result = {
        "flag": found.flagged,
        "required": found.required,
        "missing": found.missing,
        "review_due": found.review_due,
        "review_overdue": found.review_overdue,
    }
    tell_judged(result, found, spoken)
