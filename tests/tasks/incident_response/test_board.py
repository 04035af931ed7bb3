"""Boards of incidents: what they show, in which colour, that unknown is no zero, and that a drill is never overlooked."""

import ast
import base64
import re
from datetime import timedelta

import pytest

from config.incident_timeline import clause_of, is_named, lane_of
from config.messages import FOLDER, speak
from config.settings import ROOT, settings
from config.yaml_file import read_yaml
from tasks.board_subject import board_subjects
from tasks.clock import now, set_clock
from tasks.incident_response.board import incident_page, overview_page
from tasks.incident_response.face import FULL, angle
from tasks.incident_response.standing import State, span
from tasks.incident_response.timeline import gathered, line_title, timeline
from tasks.incident_response.toll import toll_over_time
from tasks.incident_response.view import read_view
from tests.ground import Ground, later
from tests.privacy import unpacked
from tests.tasks.incident_response import staged

MINUTE = timedelta(minutes=1)


def rows_of(body: str, heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    after = body.split(f"## {heading}\n", 1)[1]
    lines = [one[2:-2].split(" | ") for one in after.split("\n\n## ", 1)[0].splitlines() if one.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def pictures(body: str) -> list[str]:
    return [base64.b64decode(one).decode() for one in re.findall(r"base64,([A-Za-z0-9+/=]+)", body)]


def test_a_board_shows_what_stands_in_every_table(ground: Ground) -> None:
    case = staged.responding()
    staged.after(case)
    page = incident_page(case.number)
    assert (page.key, page.title) == ("incident-sg-2027-001", "某烟花爆竹经营店事故应急响应 · SG-2027-001")
    assert "事故等级：**已确认 较大（Ⅲ级）；最坏情形 重大（Ⅱ级）**" in page.body
    assert "由死亡人数决定" in page.body
    assert "指挥：区应急指挥部（S1003 签发，第2号命令）" in page.body
    assert "预计期限：24小时" in page.body
    assert [row[0].split("<br>")[1] for row in rows_of(page.body, "法定报告与时限")] == [
        "**■ 超期 超期30分**",
        "● 计时 剩余6天21小时",
        "**■ 逾期完成 迟20分**",
        "○ 已被取代 不再计时",
    ]
    groups = {row[0].partition("<br>")[0]: row[1:] for row in rows_of(page.body, "专业处置工作组")}
    assert len(groups) == 10
    assert groups["综合协调组"] == ["命令 01-04 09:26<br>应答 01-04 09:30<br>情况 01-04 11:20", "1/5<br>**超时3**"]
    assert groups["医疗救护组"][0] == "命令 01-04 09:26<br>**未应答**<br>**失去联系** 尚无情况"
    calls = rows_of(page.body, "呼叫与应答")
    assert [row[0] for row in calls[:3]] == ["**■ 已穷尽，无人应答**", "**▲ 应答已失效**", "● 呼叫中"]
    assert calls[3][3] == "已收到 09:30；在途，约20分钟到 09:35"
    assert rows_of(page.body, "命令")[1][5] == "~~已撤回~~ 01-04 09:40 由第2号命令取代 提高级别"
    assert [row[1] for row in rows_of(page.body, "应急结束的三个条件")] == ["具备", "未确认", "未确认"]
    assert [row[3] for row in rows_of(page.body, "信息发布")] == ["拟稿", "已发布"]
    assert rows_of(page.body, "恢复备勤")[0][4] == "**未确认**"
    assert rows_of(page.body, "经验教训与整改")[0][1] == "预案修订建议<br>4.3（2）"


def test_an_incident_that_was_just_reported_knows_nothing_and_says_so(floor: Ground) -> None:
    case = staged.reported()
    body = incident_page(case.number).body
    assert "事故等级：**未定**" in body
    assert "死亡不明，重伤不明，失联不明" in body
    for heading in ("专业处置工作组", "任务", "呼叫与应答", "命令", "信息发布"):
        assert f"## {heading}\n" not in body


def test_late_is_red_for_ever_and_what_took_a_duty_over_turns_it_grey(floor: Ground) -> None:
    case = staged.responding()
    states = {one.duty.name: (one.state, one.state.tone) for one in read_view(case.number).duties}
    assert states == {
        "report_up": (State.LATE, "bad"),
        "casualty_supplement": (State.OPEN, "plain"),
        "unit_report": (State.KEPT_LATE, "bad"),
        "old_duty": (State.SUPERSEDED, "muted"),
    }


def test_a_duty_turns_yellow_in_its_last_quarter_and_red_a_second_after_its_end(floor: Ground) -> None:
    set_clock(staged.REPORTED, back=True)
    case = staged.reported()
    staged.duty(case, "report_up", 2)

    def state() -> State:
        return read_view(case.number).duties[0].state

    for minutes, expected in ((89, State.OPEN), (90, State.SOON), (119, State.SOON), (121, State.LATE)):
        set_clock(staged.REPORTED + minutes * MINUTE)
        assert state() is expected


def test_a_span_is_told_as_coarsely_as_it_may_be() -> None:
    told = [
        span(timedelta(**one)) for one in ({"seconds": 59}, {"minutes": 61}, {"hours": 49}, {"days": 8, "hours": 5})
    ]
    assert told == ["0分", "1小时1分", "2天1小时", "8天"]


def test_the_hand_of_the_clock_goes_round_in_twelve_hours() -> None:
    assert angle(staged.REPORTED) == pytest.approx(FULL * 9 / 12)
    assert angle(staged.REPORTED + timedelta(hours=3)) == 0
    assert angle(staged.REPORTED + timedelta(hours=15, minutes=30)) == pytest.approx(FULL / 24)


def test_a_board_changes_at_most_each_minute(floor: Ground) -> None:
    case = staged.responding()
    set_clock(staged.REPORTED + 151 * MINUTE)
    first = incident_page(case.number).digest
    later(seconds=20)
    assert incident_page(case.number).digest == first
    later(minutes=1)
    assert incident_page(case.number).digest != first


def test_unknown_is_a_gap_in_the_history_and_no_zero(floor: Ground) -> None:
    case = staged.responding()
    known = {name: [value for _, value in points] for name, points in toll_over_time(read_view(case.number)).items()}
    assert known == {"dead": [None, 1, 2, 3], "injured": [None, 4, 6, 6], "missing": [None, 2, 1, 0]}
    staged.report(case, 5, 140, {"toll": {"state": "unknown", "dead": None}})
    assert toll_over_time(read_view(case.number))["dead"][-1][1] == 3


def test_a_drill_cannot_be_overlooked_and_stands_apart(floor: Ground) -> None:
    real, drill = staged.responding(), staged.reported("tabletop", mark=b"two")
    page = incident_page(drill.number)
    assert page.title.startswith("【演练】")
    assert page.body.startswith("# 【演练】演练，不是真实事故")
    assert 'class="bad"' in pictures(page.body)[0]
    whole = overview_page([read_view(real.number), read_view(drill.number)]).body
    assert whole.index(real.number) < whole.index("## 【演练】") < whole.index(drill.number)
    assert "【演练】" not in incident_page(real.number).body


def test_the_gravest_incident_stands_first(floor: Ground) -> None:
    minor, grave = staged.reported(mark=b"two"), staged.responding(mark=b"three")
    body = overview_page([read_view(minor.number), read_view(grave.number)]).body
    assert body.index(grave.number) < body.index(minor.number)


def test_links_open_the_form_of_the_group_filled_in(floor: Ground) -> None:
    from_forms = staged.responding()
    page = incident_page(from_forms.number, staged.FORMS)
    assert "/v2/deployments/deployment/of-group/run?parameters=%7B%22number%22%3A%20%22SG-2027-001%22" in page.body
    assert "%22task%22%3A%20%22rescue.fire%22" in page.body


def test_no_contact_stands_on_any_board(floor: Ground) -> None:
    case = staged.responding()
    text = unpacked(incident_page(case.number).body)
    assert staged.CONTACT not in text
    assert staged.PHONE not in text


def test_an_incident_has_no_second_board_of_the_usual_kind(floor: Ground) -> None:
    case = staged.reported()
    assert case.number not in board_subjects(now() - timedelta(days=1))


def test_a_board_can_be_read_in_english(floor: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    case = staged.responding()
    staged.after(case)
    monkeypatch.setenv("BANJIE_LANGUAGE", "en")
    settings.cache_clear()
    speak("en")
    try:
        body = incident_page(case.number).body
        overview_page([read_view(case.number)])
    finally:
        speak("zh")
    assert "Statutory duties" in body
    assert "■ exhausted, nobody answered" in body


# --- every line under its clause


def test_a_line_stands_under_its_clause_or_is_a_free_event(floor: Ground) -> None:
    case = staged.responding()
    rows = {row.title.partition("（")[0]: (row.clause, row.lane) for row in timeline(read_view(case.number))}
    assert rows["发布命令"] == ("4.1", "start")
    assert rows["立案"] == ("3", "report")
    assert rows["weather-noted"] == ("", "event")


def test_forty_calls_at_once_are_one_line(floor: Ground) -> None:
    case = staged.responding()
    for _ in range(40):
        staged.line(case, "call-1", outcome={"purpose": "alert", "role": "incident_commander"})
    rows = gathered(timeline(read_view(case.number)))
    called = [row for row in rows if row.title.startswith("呼叫")]
    assert [row.title for row in called] == ["呼叫（共40次）"]
    assert called[0].note == "事故报告，总指挥…"
    assert called[0].clause == "4.1"


def test_what_was_said_earlier_than_recorded_shows_both_times(floor: Ground) -> None:
    case = staged.responding()
    acks = [row for row in timeline(read_view(case.number)) if row.title.startswith("在途")]
    assert {(row.recorded - row.occurred) for row in acks} == {MINUTE}


@pytest.mark.parametrize(
    ("step", "title"),
    [
        ("duty-report_city-superseded", "已被取代：上报市应急管理局"),
        ("clock-report_city-met", "已完成：上报市应急管理局"),
        ("told-notify_offices", "送达通知：通知公安、劳动保障、工会和检察院"),
        ("rung-report_city-breach", "超期：上报市应急管理局"),
        ("duty-report_city", "义务产生：上报市应急管理局"),
        ("exhausted-7", "呼叫已穷尽，无人应答"),
        ("order-withdrawn", "命令撤回"),
        ("start_plan", "启动预案"),
        ("nobody_named_it", "nobody_named_it"),
    ],
)
def test_a_line_has_a_title_that_people_understand(step: str, title: str) -> None:
    assert line_title(step) == title


@pytest.mark.parametrize(
    ("clause", "lane"),
    [("3", "report"), ("4.1", "start"), ("4.2、4.3", "start"), ("4.4", "response"), ("4.6", "end"), ("2.5（1）", "command"),
     ("5.1", "after"), ("6.2", "practice"), ("国务院令第493号 第十条", "law"), ("", "event")],
)  # fmt: skip
def test_a_clause_lies_in_its_chapter(clause: str, lane: str) -> None:
    assert lane_of(clause) == lane


def test_a_rule_that_a_line_cites_goes_before_the_list() -> None:
    assert clause_of("order", "海政办发〔2023〕31号 4.1、4.2") == "4.1、4.2"
    assert clause_of("order-withdrawn") == "2.2"
    assert clause_of("handover") == ""
    assert not is_named("nobody-named-it")


def steps_of_the_process() -> list[tuple[str, str, bool]]:
    """Return (file, step, whether it cites a rule) of every step that this process takes."""
    found = []
    for path in sorted((ROOT / "tasks" / "incident_response").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                steps = [
                    one for one in node.decorator_list if isinstance(one, ast.Call) and ast.unparse(one.func) == "step"
                ]
                found += [(path.name, node.name, any(word.arg == "rule" for word in one.keywords)) for one in steps]
    return found


def test_every_step_of_the_process_belongs_to_a_clause_or_is_a_free_event() -> None:
    lost = [f"{file}: {name}" for file, name, cites in steps_of_the_process() if not cites and not is_named(name)]
    assert not lost, "name them in config/incident_timeline.yaml, or cite a rule"


def test_every_decision_of_the_process_belongs_to_a_clause() -> None:
    points = read_yaml(FOLDER / "zh" / "point_incident_response.yaml").keys() - {"placeholder"}
    assert not [point for point in points if not clause_of(f"ask-{point}")], (
        "name them in config/incident_timeline.yaml"
    )
