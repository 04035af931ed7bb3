"""Drills: started, fed, stopped, turned real, expired, scored; their calendar; and that they count nowhere (6.2)."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from config.drill_scenarios import scenarios
from config.emergency_plan import emergency_plan
from config.messages import Refusal, say
from flows.cli import app
from flows.incident_response import incident_response
from models.incident_response.status import IncidentStatus as S
from tasks.alongside import meanwhile
from tasks.ask import open_questions
from tasks.clock import now, today
from tasks.incident_response import drill, drill_calendar, drill_form, duty, statistics
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.drill_score import score
from tasks.incident_response.facts import known_facts
from tasks.incident_response.groups import order_groups
from tasks.incident_response.incident import INCIDENTS, REPORTS, TASKS
from tasks.incident_response.lessons import lessons_of
from tasks.incident_response.report_form import read_changes, read_full
from tasks.incident_response.spoken import Signer
from tasks.journal import CASES, verify
from tasks.step import Dossier
from tasks.store import reading
from tasks.wait import Parked, park
from tests.flows.command_stage import STAFF, minutes, once, staffed, tell
from tests.ground import BOTH, NOTICES, Ground, anew, fresh_code, hire, journal, rows_of, settled, status_of

TITLE = "零售店起火爆炸"
FIRST = "YL-2027-001"


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody listens
    for made in settled(request, home, monkeypatch):
        staffed()
        yield made


@pytest.fixture(params=["sqlite"])
def floor(request: pytest.FixtureRequest, home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for made in settled(request, home, monkeypatch):
        staffed()
        yield made


def signer() -> Signer:
    return Signer(STAFF["command_office"], fresh_code(STAFF["command_office"]))


def start(kind: str = "tabletop", scenario: str = TITLE, groups: str = "", speed: str = "1") -> Dossier:
    """Start a drill and return it."""
    said = drill_form.begun(kind, scenario, groups, speed, signer())
    assert "YL-2027-" in said
    number = said[said.index("YL-") :][:11]
    with reading() as connection:
        found = connection.execute(select(CASES).where(CASES.c.number == number)).one()
    assert found.drill
    return anew(Dossier(found.id, number, found.process, found.subject, found.on_day, True, 1, {}))


def respond(case: Dossier) -> None:
    """Stand for the rest of the response: it goes on until somebody ends it."""
    raise park(case, "heartbeat", None)


def whole(case: Dossier) -> str:
    """Tell a drill as the story does."""
    meanwhile(case, drill.unless_stopped(respond), duty.report_up, drill.play)
    drill.conclude(case)
    return "over"


def templates(case: Dossier) -> list[tuple[str, str]]:
    return [(row.recipient, row.template.rpartition(".")[2]) for row in rows_of(NOTICES, case_id=case.id)]


class TestCourse:
    @pytest.mark.usefixtures("floor")
    def test_it_is_opened_like_an_accident_under_its_own_number_and_nobody_outside_is_told(self) -> None:
        hire("90001", "city_emergency_bureau")
        hire("90002", "accident_unit")
        case = start()
        row = rows_of(INCIDENTS, case_id=case.id)[0]
        assert (case.number, row.exercise, row.injured, row.missing, row.town) == (FIRST, "tabletop", 2, 1, "sanxing")
        told = templates(case)
        assert ("officer:C1", "alert") in told
        assert ("officer:C1", "start_drill") in told
        assert not {"officer:90001", "officer:90002"} & {who for who, _ in told}
        assert list(verify()) == []
        again = drill_form.begun("tabletop", TITLE, "", "1", signer())
        assert "YL-2027-002" in again, "another drill of the same scenario is no report of the first"

    @pytest.mark.usefixtures("floor")
    def test_injects_come_in_their_time_and_once(self) -> None:
        case = start(speed="5")
        assert tell(whole, case) == "parked"
        assert len(rows_of(REPORTS, case_id=case.id)) == 1
        minutes(3.1)  # 15 minutes at five times the speed
        once(whole, case)  # what an inject arms is asked at the next wake, which it nudges
        assert tell(whole, case) == "parked"
        assert [row.kind for row in rows_of(REPORTS, case_id=case.id)] == ["first", "follow_up"]
        assert known_facts(case.id).toll.trapped == 2
        minutes(60)
        once(whole, case)
        assert tell(whole, case) == "parked"
        assert len(rows_of(REPORTS, case_id=case.id)) == 1 + len(scenarios()[TITLE].injects)
        assert known_facts(case.id).toll.dead == 1

    @pytest.mark.usefixtures("ground")
    def test_stopped_it_is_scored_its_lessons_entered_and_closed(self) -> None:
        case = start()
        assert once(whole, case) == "parked"
        order_groups(anew(case))
        minutes(200)
        assert once(whole, case) == "parked"
        assert "停止" in drill_form.over(FIRST, "停止演练", "导调需要", {}, signer())
        assert whole(anew(case)) == "over"
        assert status_of(FIRST) == S.CLOSED
        assert not open_questions(case=FIRST)
        scored = anew(case).journal["score_drill", 1]
        kinds = {one["kind"] for one in scored["points"]}
        assert {"call", "task", "heartbeat"} <= kinds
        assert scored["grade"] == "fail"
        assert {one["result"] for one in scored["points"] if one["kind"] == "call"} == {"never"}
        assert {row.kind for row in lessons_of(case.id)} == {"action"}
        assert {row.source for row in lessons_of(case.id)} == {"drill"}
        assert len(lessons_of(case.id)) == 20
        assert all(row.ended_at for row in rows_of(CALLS, case_id=case.id))
        told = templates(case)
        assert told.count(("officer:C1", "stop_drill")) == 1
        assert told.count(("officer:C1", "score_drill")) == 1
        assert list(verify()) == []
        with pytest.raises(Refusal):
            drill_form.over(FIRST, "停止演练", "再次停止", {}, signer())

    @pytest.mark.usefixtures("floor")
    def test_after_its_hours_it_is_closed_with_a_notice(self) -> None:
        case = start("live")
        assert once(whole, case) == "parked"
        minutes(12 * 60 + 1)
        assert once(whole, case) == "parked"
        assert whole(anew(case)) == "over"
        assert status_of(FIRST) == S.CLOSED
        assert "12" in anew(case).journal["stop_drill", 1]["why"]
        assert templates(case).count(("officer:C1", "stop_drill")) == 1

    @pytest.mark.usefixtures("ground")
    def test_turned_real_a_real_accident_is_opened_and_everybody_told_once(self) -> None:
        case = start("live")
        fields = {"unit": "红星烟花店", "place": "三星镇人民路100号", "kind": "爆炸", "casualties": "死亡1人"}
        said = drill_form.over(FIRST, "真实事故，停止演练", "演练现场隔壁发生爆炸", fields, signer())
        assert "SG-2027-001" in said
        with reading() as connection:
            real = connection.execute(select(CASES).where(CASES.c.number == "SG-2027-001")).one()
        assert not real.drill
        rows = [row for row in rows_of(NOTICES, case_id=real.id) if row.template.endswith(".turned_real")]
        whom = [(row.recipient, row.channel) for row in rows]
        assert len(whom) == len(set(whom))
        assert {("officer:C1", "inbox"), ("officer:O1", "inbox"), ("officer:R1", "inbox")} <= set(whom)
        text = say(f"{rows[0].template}_body", **rows[0].facts)
        assert "真实事故，停止演练" in text
        assert "这不是演练" in text
        assert not [one for one in templates(case) if one[1] in {"stop_drill", "turned_real"}]
        assert anew(case).journal["stop_drill", 1]["real"] == "SG-2027-001"
        assert once(whole, case) == "over"
        assert list(verify()) == []

    @pytest.mark.usefixtures("floor")
    def test_a_drill_of_some_groups_orders_those_only(self) -> None:
        case = start(groups="现场救援组、安全警戒组")
        order_groups(anew(case))
        assert drill_groups(case) == {"rescue", "security"}
        codes = {row.code for row in rows_of(TASKS, case_id=case.id)}
        assert all(set(row.after) <= codes for row in rows_of(TASKS, case_id=case.id))

    @pytest.mark.usefixtures("floor")
    def test_a_real_accident_is_none_of_its_business(self) -> None:
        from_form = {"unit": "红星烟花店", "place": "三星镇人民路100号", "kind": "爆炸", "casualties": "死亡1人"}
        start()
        drill_form.over(FIRST, "real", "真的起火了", from_form, signer())
        with reading() as connection:
            row = connection.execute(select(CASES).where(CASES.c.number == "SG-2027-001")).one()
        real = anew(Dossier(row.id, row.number, row.process, row.subject, row.on_day, False, 1, {}))
        before = journal(real.number)
        drill.play(real)
        drill.conclude(real)
        assert journal(real.number) == before
        with pytest.raises(Parked):
            drill.unless_stopped(respond)(real)
        with pytest.raises(Refusal, match="不是演练"):
            drill_form.over("SG-2027-001", "停止演练", "误操作", {}, signer())


def drill_groups(case: Dossier) -> set[str]:
    return {row["group"] for row in [{"group": one.group_code} for one in rows_of(TASKS, case_id=case.id)]}


@pytest.mark.usefixtures("floor")
class TestStory:
    def test_the_story_of_an_accident_ends_a_drill_that_was_stopped(self) -> None:
        case = start()
        with pytest.raises(Parked):
            incident_response.fn(FIRST)
        minutes(16)
        with pytest.raises(Parked):
            incident_response.fn(FIRST)
        assert [row.kind for row in rows_of(REPORTS, case_id=case.id)] == ["first", "follow_up"]
        drill_form.over(FIRST, "stop", "演练完成", {}, signer())
        assert all(row.ended_at for row in rows_of(CALLS, case_id=case.id)), "nobody is called after the stop"
        assert incident_response.fn(FIRST) == FIRST
        assert status_of(FIRST) == S.CLOSED
        assert not open_questions(case=FIRST)
        assert ("score_drill", 1) in anew(case).journal
        assert list(verify()) == []


@pytest.mark.usefixtures("floor")
class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "why"),
        [
            (("tabletop", "没有的想定", "", "1"), "想定"),
            (("live", TITLE, "", "5"), "桌面"),
            (("tabletop", TITLE, "后厨组", "1"), "后厨组"),
            (("tabletop", TITLE, "", "3"), "倍数"),
            (("tabletop", TITLE, "", "x"), "倍数"),
        ],
    )
    def test_a_wrong_field_starts_nothing(self, given: tuple[str, str, str, str], why: str) -> None:
        with pytest.raises(Refusal, match=why):
            drill_form.begun(*given, signer())
        assert rows_of(INCIDENTS) == []

    def test_only_the_office_or_the_bureau_signs(self) -> None:
        with pytest.raises(Refusal):
            drill_form.begun("tabletop", TITLE, "", "1", Signer("R1", fresh_code("R1")))
        with pytest.raises(Refusal):
            drill_form.begun("tabletop", TITLE, "", "1", Signer("O1", "000000"))
        assert rows_of(INCIDENTS) == []


@pytest.mark.usefixtures("floor")
class TestCalendar:
    def test_what_is_due_follows_from_what_was_held(self) -> None:
        assert [one.overdue(today()) for one in drill_calendar.calendar()] == [True, True]
        case = start()
        drill_form.over(FIRST, "stop", "演练完成", {}, signer())
        assert once(whole, case) == "over"
        own = [one for one in drill_calendar.calendar() if one.last == today()]
        assert [one.by for one in own] == [date(2028, 1, 4), date(2029, 1, 4)]
        assert all("708" in one.rule or "31" in one.rule for one in own)

    def test_a_dealers_own_drill_is_registered_once_and_due_again_after_half_a_year(self) -> None:
        given = drill_calendar.UnitDrill("红星烟花店", "2026-12-31", "桌面演练", "疏散与灭火", "按时完成")
        for _ in range(2):
            said = drill_calendar.register(given, signer(), b"one form")
            assert "2027-06-30" in said
        assert len([one for one in drill_calendar.held() if one.owner == "红星烟花店"]) == 1
        for wrong in ("2027-13-01", "2027-02-01"):
            with pytest.raises(Refusal):
                drill_calendar.register(given._replace(on=wrong), signer(), b"another")
        with pytest.raises(Refusal):
            drill_calendar.register(given._replace(result="联系人 13800138000"), signer(), b"third")

    def test_the_office_is_reminded_once_a_month(self) -> None:
        assert drill_calendar.remind() == 2
        assert drill_calendar.remind() == 2
        told = [row for row in rows_of(NOTICES) if row.template.endswith(".remind_drills")]
        assert [row.recipient for row in told if row.recipient.startswith("officer:")] == ["officer:O1"]
        minutes(60 * 24 * 31)
        drill_calendar.remind()
        assert len([row for row in rows_of(NOTICES) if row.template.endswith(".remind_drills")]) == 2 * len(told)

    def test_months_end_on_a_day_that_is_there(self) -> None:
        assert drill_calendar.months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)
        assert drill_calendar.months_after(date(2026, 12, 15), 1) == date(2027, 1, 15)


def test_drills_count_nowhere_but_among_drills(floor: Ground) -> None:
    start()
    fields = {"unit": "红星烟花店", "place": "三星镇人民路100号", "kind": "爆炸", "casualties": "死亡1人，失联0人"}
    drill_form.over(FIRST, "real", "隔壁爆炸", fields, signer())
    real, drills = statistics.year(2027), statistics.year(2027, drill=True)
    assert (real.incidents, drills.incidents) == (1, 1)
    assert sum(real.by_grade.values()) == 1
    assert statistics.year(2026).incidents == 0


def test_the_command_line_shows_calendar_and_score(floor: Ground) -> None:
    case, run = start(), CliRunner()
    shown = json.loads(run.invoke(app, ["incident", "drills", "--json"]).stdout)
    assert len(shown["due"]) == 2
    assert run.invoke(app, ["incident", "drills"]).exit_code == 0
    minutes(60)
    done = run.invoke(app, ["incident", "drill-score", FIRST, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["total"] == score(anew(case)).total
    assert run.invoke(app, ["incident", "drill-score", FIRST]).exit_code == 0
    code = fresh_code("O1")
    done = run.invoke(app, ["incident", "drill-stop", FIRST, "--reason", "演练完成", "--staff", "O1", "--code", code])
    assert done.exit_code == 0, done.output
    assert run.invoke(app, ["incident", "statistics", "2027"]).exit_code == 0
    code = fresh_code("O1")
    done = run.invoke(app, ["incident", "drill", TITLE, "--staff", "O1", "--code", code, "--speed", "2"])
    assert "YL-2027-002" in done.stdout


@pytest.mark.parametrize("title", scenarios())
def test_every_scenario_reads_as_a_report_does(title: str, floor: Ground) -> None:
    scenario = scenarios()[title]
    happened = (now() - timedelta(minutes=scenario.before_minutes)).strftime("%Y-%m-%d %H:%M")
    report = read_full({"occurred": happened} | scenario.report, now()).report
    assert report.unit.name.startswith("演练")
    assert report.scene.town
    for inject in scenario.injects:
        assert read_changes(inject.changes, now()).report
    minutes_of = [one.minute for one in scenario.injects]
    assert minutes_of == sorted(set(minutes_of))
    assert emergency_plan().for_town(report.scene.town)
