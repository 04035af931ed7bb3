"""`banjie explain policy-…`: clocks of the departments, conditions and grants of a policy (document 27)."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from config.messages import Refusal
from config.rulebook import rule
from config.zone import SHANGHAI
from flows.explain_clock import explain_deadline
from flows.explanation import (
    Language,
    On,
    OneSentence,
    Readings,
    day_given,
    language_given,
    money_given,
    on_day,
    reading_told,
    readings_given,
    source_told,
    tell,
    tell_judged,
)
from models.policy_redemption.content import Condition, FirmFact, Grant
from models.policy_redemption.failings import Standing, feedback_standing, publication_standing, report_standing
from models.policy_redemption.grant import assess
from models.policy_redemption.matching import check_conditions, match

PROCESS = "policy_redemption"
app = typer.Typer(cls=OneSentence, no_args_is_help=True, add_completion=False)
Facts = Annotated[
    list[str] | None,
    typer.Option("--fact", help="企业数据，写作 数据项=值，可重复，例如 research=1200000、titles=高新技术企业"),
]


def _tell_standing(found: Standing, rule_name: str, started: datetime, day: date, language: str) -> None:
    """Tell a duty with its receipt, day by day."""
    answer: dict[str, Any] = {"working": [line.text(language) for line in found.working], "source": [], "reading": {}}
    if found.due:
        budget = rule(f"{PROCESS}.{rule_name}", started.date())
        receipt = explain_deadline("working-days", budget, started.isoformat())
        answer["working"] += receipt["working"]
        answer["source"] = receipt["source"]
        answer["reading"] = {receipt["reading"]["rule"]: receipt["reading"]}
    readings = {path: reading_told(one) for path, one in found.readings.items()} | answer["reading"]
    result = {"kept": found.kept, "due": found.due, "failing": found.failing, "on": day}
    tell(
        {
            "result": result,
            "working": answer["working"],
            "reading": readings or None,
            "source": [*(source_told(one) for one in found.sources), *answer["source"]],
        }
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("explain.day_wrong", value=text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


@app.command(
    "policy-publication",
    help="政策发布、更新的期限。例：explain policy-publication --changed 2023-09-28 --published 2023-10-11",
)
def publication(
    *,
    changed: Annotated[str, typer.Option("--changed", help="印发日期；上级文件为收到日期")],
    published: Annotated[str | None, typer.Option("--published", help="发布、更新或者下架日期")] = None,
    secret: Annotated[bool, typer.Option("--secret", help="涉密")] = False,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain whether a policy came onto the platform in time (Art. 11)."""
    begun, day = day_given(changed), on_day(on)
    chosen = readings_given(PROCESS, reading, max(day, begun))
    done = day_given(published) if published else None
    found = publication_standing(begun, done, day, secret=secret, readings=chosen)
    _tell_standing(found, "publication_days", datetime.combine(begun, time(), SHANGHAI), day, language_given(language))


@app.command(
    "manager-change", help="人员调整报备的期限。例：explain manager-change --changed 2023-06-28 --reported 2023-07-03"
)
def manager(
    *,
    changed: Annotated[str, typer.Option("--changed", help="调整日期")],
    reported: Annotated[str | None, typer.Option("--reported", help="报备日期")] = None,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain whether a changed platform manager was reported in time (Art. 10)."""
    begun, day = day_given(changed), on_day(on)
    chosen = readings_given(PROCESS, reading, max(day, begun))
    found = report_standing(begun, day_given(reported) if reported else None, day, chosen)
    _tell_standing(
        found, "manager_change_days", datetime.combine(begun, time(), SHANGHAI), day, language_given(language)
    )


@app.command(
    "policy-feedback",
    help="申报反馈的期限。例：explain policy-feedback --received 2023-09-28T16:00 --fed-back 2023-10-08T17:00",
)
def feedback(
    *,
    received: Annotated[str, typer.Option("--received", help="收到时刻；再次提交的为再次收到的时刻")],
    fed_back: Annotated[str | None, typer.Option("--fed-back", help="反馈时刻")] = None,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain whether a firm heard in time (Art. 14)."""
    moment, day = _moment(received), on_day(on)
    chosen = readings_given(PROCESS, reading, max(day, moment.astimezone(SHANGHAI).date()))
    found = feedback_standing(moment, _moment(fed_back) if fed_back else None, day, chosen)
    _tell_standing(found, "feedback_days", moment, day, language_given(language))


@app.command(
    "policy-match",
    help="企业是否符合条件及逐项理由。例：explain policy-match --condition '研发费用 research at_least 1000000' "
    "--fact research=1200000",
)
def matching(
    *,
    condition: Annotated[list[str], typer.Option("--condition", help="条件，写作 “名称 数据项 比较方式 标准”，可重复")],
    fact: Facts = None,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain whether a firm meets conditions, and why (Art. 14)."""
    day = on_day(on)
    chosen = readings_given(PROCESS, reading, day)
    declared = [_condition(text) for text in condition]
    check_conditions(declared, day)
    found = match(_facts(fact or ()), declared, day, chosen)
    tell_judged({"fits": found.fits}, found, language_given(language))


def _condition(text: str) -> Condition:
    name, *rest = text.split()
    given = dict(zip(("fact", "comparison", "value"), rest, strict=False))
    try:
        return Condition.model_validate({"name": name, "judged_by": "machine" if rest else "person", **given})
    except ValidationError:
        raise Refusal("explain.condition_wrong", value=text, facts="、".join(FirmFact)) from None


def _facts(given: Sequence[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for text in given:
        name, parting, value = text.partition("=")
        if not parting or name not in set(FirmFact):
            raise Refusal("explain.fact_wrong", value=text, facts="、".join(FirmFact))
        facts[name] = [one for one in value.split("、") if one] if name == FirmFact.TITLES else value
    return facts


@app.command(
    "policy-grant",
    help="核算扶持金额。例：explain policy-grant --kind share --share 0.1 --of research --cap 200000 "
    "--fact research=1234567.85",
)
def grant(
    *,
    kind: Annotated[str, typer.Option("--kind", help="fixed 定额、share 按比例、as_reviewed 由审核部门核定")],
    amount: Annotated[str, typer.Option("--amount", help="定额（元）")] = "",
    share: Annotated[str, typer.Option("--share", help="比例，例如 0.1")] = "",
    of: Annotated[str, typer.Option("--of", help="比例基数：企业数据项或 requested")] = "",
    cap: Annotated[str, typer.Option("--cap", help="上限（元）")] = "",
    fact: Facts = None,
    requested: Annotated[str | None, typer.Option("--requested", help="申请金额（元）")] = None,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain what a policy grants."""
    day = on_day(on)
    chosen = readings_given(PROCESS, reading, day)
    try:
        terms = Grant.model_validate({"kind": kind, "amount": amount, "share": share, "of": of, "cap": cap})
    except ValidationError as error:
        field = str((error.errors()[0]["loc"] or ("kind",))[0])
        raise Refusal("explain.grant_wrong", option=f"--{field}") from None
    asked: Decimal | None = money_given(requested) if requested else None
    found = assess(terms, _facts(fact or ()), asked, day, chosen)
    tell_judged({"amount": found.amount}, found, language_given(language))
