"""`banjie explain`: any rule, deadline, season, sum or number as JSON with its working, readings and articles.

It answers from the rulebook and the pure judgements alone: no server, no database, no engine.
"""

import importlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer._click.core import Command, Context
from typer.main import get_command

from config.messages import Refusal, say
from config.rulebook import Version, cited, entry
from flows import explain_incident, explain_policy
from flows.explain_clock import explain_deadline, explain_identity, explain_uscc
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
from models.conscription.aftercare import dedicated_posts
from models.conscription.benefits import (
    Area,
    Award,
    AwardKind,
    Diploma,
    Schooling,
    Standard,
    Sum,
    family_allowance,
    merit_reward,
    one_off_reward,
    standard_of,
    yearly_reward,
)
from models.conscription.fine import fine_bounds
from models.conscription.registration import judge_registration
from models.conscription.season import season_of
from models.judgement import Bench


class Sexes(StrEnum):
    """Sex, as the rules tell it."""

    MALE = "male"
    FEMALE = "female"


class Standings(StrEnum):
    """Where one stands with the programme named by the diploma."""

    STUDENT = "student"
    GRADUATE = "graduate"
    NEW_ENTRANT = "new_entrant"


ASKS_DATABASE = {"application": "flows.explain_application"}
"""Explanations of what is on file, loaded when they are called: all others answer without a database."""


class Explanations(OneSentence):
    """The explanations, with those about cases on file."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names of all."""
        return [*super().list_commands(ctx), *ASKS_DATABASE]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Load one."""
        if cmd_name in ASKS_DATABASE:
            loaded: Command = get_command(importlib.import_module(ASKS_DATABASE[cmd_name]).app)
            return loaded
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    cls=Explanations,
    no_args_is_help=True,
    add_completion=False,
    help="说明一条规则、时限、金额或号码的依据（输出一个 JSON）",
)
app.add_typer(explain_policy.app)
app.add_typer(explain_incident.app)


@app.command(help="兵役登记。例：explain registration --born 2005-12-31 --sex male --on 2023-06-30")
def registration(
    *,
    born: Annotated[str, typer.Option("--born", help="出生日期")],
    sex: Annotated[Sexes, typer.Option("--sex", help="性别")],
    on: On = None,
    registered: Annotated[str | None, typer.Option("--registered", help="登记日期")] = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain a registration (Art. 12)."""
    day = on_day(on)
    registered_on = day_given(registered) if registered else None
    found = judge_registration(
        day_given(born), sex.value, day, registered_on, readings_given("conscription", reading, day)
    )
    result = {
        "cohort": found.cohort,
        "kind": found.kind,
        "due": found.due,
        "status": found.status.value,
        "late": found.late,
    }
    tell_judged(
        {**result, "status_text": say(f"conscription_status.{found.status}", language_given(language))}, found, language
    )


@app.command(help="所属征集季。例：explain season --on 2023-02-15")
def season(on: On = None, reading: Readings = None, language: Language = "zh") -> None:
    """Explain which intake a day belongs to (Art. 3)."""
    day = on_day(on)
    found = season_of(day, readings_given("conscription", reading, day))
    result = {
        "season": found.season,
        "year": found.year,
        "half": found.half,
        "approval": found.approval,
        "end": found.end,
    }
    tell_judged(result, found, language_given(language))


@app.command(
    help="优待金和奖励金。例：explain benefits --on 2024-09-01 --base 24000 "
    "--diploma bachelor --standing graduate --area tibet"
)
def benefits(
    *,
    diploma: Annotated[Diploma, typer.Option("--diploma", help="学历层次")] = Diploma.NONE,
    standing: Annotated[Standings, typer.Option("--standing", help="在校、毕业或新生")] = Standings.GRADUATE,
    holds: Annotated[Diploma | None, typer.Option("--holds", help="在读者已取得的最高学历")] = None,
    area: Annotated[list[Area] | None, typer.Option("--area", help="服役地区，可重复")] = None,
    award: Annotated[list[str] | None, typer.Option("--award", help="立功受奖，可写作 种类:事迹，可重复")] = None,
    base: Annotated[str | None, typer.Option("--base", help="当年优待金标准（元），不填则取规则手册")] = None,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain a year's benefits and the one-off (Art. 19)."""
    day, areas = on_day(on), area or [Area.ORDINARY]
    chosen, standard = readings_given("conscription", reading, day), _standard(base, day)
    schooling = _schooling(diploma, standing, holds)
    awards = [_award(text, day.year) for text in award or ()]
    sums = (
        family_allowance(standard, areas, day, chosen),
        yearly_reward(standard, schooling, areas, day, chosen),
        merit_reward(standard, awards, day, chosen, areas=areas),
        one_off_reward(schooling, day, chosen),
    )
    bench = Bench("conscription", day, chosen)
    for sum_ in sums:
        bench.take(sum_)
    result: dict[str, Any] = {"standard": standard.amount, "year": standard.year}
    result |= {sum_.item.value: sum_.amount for sum_ in sums}
    result |= {"yearly": _added(sums[:2]), "one_off": sums[3].amount, "total": _added(sums)}
    tell_judged(
        {**result, "manual": [sum_.item.value for sum_ in sums if sum_.amount is None]}, bench, language_given(language)
    )


def _standard(base: str | None, on: date) -> Standard:
    if base is None:
        return standard_of(on.year)
    return Standard(year=on.year, amount=money_given(base), document=say("explain.given"))


def _schooling(diploma: Diploma, standing: Standings, holds: Diploma | None) -> Schooling:
    if standing is Standings.GRADUATE:
        return Schooling(holds=diploma)
    below = {Diploma.MASTER: Diploma.BACHELOR, Diploma.DOCTOR: Diploma.MASTER}
    held = holds or below.get(diploma, Diploma.NONE)
    return Schooling(studies=diploma, holds=held, new_entrant=standing is Standings.NEW_ENTRANT)


def _award(text: str, year: int) -> Award:
    kind, _, act = text.partition(":")
    if kind not in set(AwardKind):
        raise Refusal("explain.award_unknown", value=kind, options="、".join(AwardKind))
    return Award(kind=AwardKind(kind), year=year, act=act)


def _added(sums: Sequence[Sum]) -> Decimal | None:
    amounts = [sum_.amount for sum_ in sums]
    return None if None in amounts else sum((amount for amount in amounts if amount), Decimal(0))


@app.command(help="罚款幅度，不给出数额。例：explain fine --base 24000")
def fine(
    base: Annotated[str | None, typer.Option("--base", help="优待金标准（元），不填则取规则手册")] = None,
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain the bounds of a fine, never its amount (Art. 24)."""
    day = on_day(on)
    found = fine_bounds(_standard(base, day), day, readings_given("conscription", reading, day))
    tell_judged(
        {"min": found.min, "max": found.max, "inclusive": found.inclusive, "optional": True},
        found,
        language_given(language),
    )


@app.command(help="退役大学毕业生专项招聘。例：explain posts --management 47 --worker 12")
def posts(
    management: Annotated[int, typer.Option("--management", min=0, help="年度普通管理岗位招聘数")],
    worker: Annotated[int, typer.Option("--worker", min=0, help="年度工勤岗位招聘数")],
    on: On = None,
    reading: Readings = None,
    language: Language = "zh",
) -> None:
    """Explain the posts set apart for retired graduate soldiers (Art. 20)."""
    day = on_day(on)
    found = dedicated_posts(management, worker, day, readings_given("conscription", reading, day))
    tell_judged({"management": found.management, "worker": found.worker}, found, language_given(language))


@app.command(help="任一规则及其各版本。例：explain rule conscription.publicity_days --on 2023-06-01")
def rule(
    name: Annotated[str, typer.Argument(help="规则名，如 conscription.publicity_days")],
    on: On = None,
) -> None:
    """Explain any rule with all its versions."""
    found, whole = cited(name, on_day(on)), entry(name)
    tell(
        {
            "result": {
                "value": found.value,
                "unit": found.unit,
                "since": found.since,
                "description": whole.description,
                "certainty": found.certainty,
                "certainty_text": say(f"rulebook.certainty_{found.certainty}"),
            },
            "working": [_version(version) for version in whole.versions],
            "reading": {name: reading_told(found.reading)} if found.reading else None,
            "source": [source_told(found.source)],
        }
    )


def _version(version: Version) -> dict[str, Any]:
    return {"since": version.since, "value": version.value, "source": version.source.label}


@app.command(help="时限的逐日说明。例：explain deadline --clock working-days --budget 2 --from 2023-09-28T16:00")
def deadline(
    clock: Annotated[
        str, typer.Option("--clock", help="working-days 工作日、days 自然日、hours 小时、minutes 分钟、date 固定日期")
    ],
    budget: Annotated[int, typer.Option("--budget", help="工作日数、天数、小时数或分钟数，固定日期填 0")],
    start: Annotated[str, typer.Option("--from", help="起算时间")],
    pause: Annotated[list[str] | None, typer.Option("--pause", help="中止期间 A..B，两端均不计，可重复")] = None,
    after_hours: Annotated[str | None, typer.Option("--after-hours", help="same_day 或 next_day")] = None,
) -> None:
    """Explain a deadline day by day."""
    tell(explain_deadline(clock, budget, start, pause or (), after_hours))


@app.command(help="身份证号码校验。例：explain identity --number 11010519491231002X")
def identity(number: Annotated[str, typer.Option("--number", help="居民身份证号码")], on: On = None) -> None:
    """Explain whether an identity number can be one."""
    tell(explain_identity(number, on_day(on)))


@app.command(help="统一社会信用代码校验。例：explain uscc --code 91310000775785552L")
def uscc(code: Annotated[str, typer.Option("--code", help="统一社会信用代码")]) -> None:
    """Explain whether a unified social credit code can be one."""
    tell(explain_uscc(code))


if __name__ == "__main__":
    app(prog_name="explain")
