"""Demands of enterprises (Art. 19), told without Prefect on a real database: every ending, and no replay changes a thing."""

import re
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select, text

from config.messages import Refusal, say
from flows.demand import demand
from models.personal import PERSONAL, personal_numbers
from models.policy_redemption.demand import DemandChannel, DemandKind
from models.policy_redemption.failings import Failing
from models.policy_redemption.statistics import period
from models.roster import DemandRow
from tasks.ask import open_questions
from tasks.board_season import NO_PLACES, season_page
from tasks.board_subject import board_subjects
from tasks.clock import now
from tasks.form import form_schema, to_value
from tasks.journal import CASES, NOTICES, verify
from tasks.mailbox import take_roster
from tasks.policy_redemption.demand import DEMANDS
from tasks.policy_redemption.demand_lodging import Given, ask_again, lodge, lodge_by_form, lodge_online
from tasks.policy_redemption.demand_record import demand_page, unhandled
from tasks.policy_redemption.demand_retention import erase_demands
from tasks.policy_redemption.failing import failings
from tasks.rung import fire_rungs
from tasks.store import reading
from tasks.wait import Parked
from tests.flows.platform_stage import SECOND, Platform, platform_at
from tests.flows.service_stage import at, sheet, words
from tests.ground import race

FIRM = "91320684MA1NABCD7T"
NUMBER = "SQ-2027-000001"
PHONE = "13800138000"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    with platform_at(tmp_path, monkeypatch, at(2027, 1, 11, 10)) as opened:  # a Monday
        yield opened


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody listens: the rescue would start the run


def firm() -> str:
    return FIRM


def lodged(kind: str = "咨询", **more: str) -> str:
    given = {
        "title": "研发补助何时申报",
        "content": "请问今年研发费用补助什么时候开始申报？",
        "firm": firm(),
        "earlier": "",
    }
    return lodge_online(kind, *(({**given, **more})[name] for name in ("title", "content", "firm", "earlier")))


def told(stage: Platform, number: str = NUMBER) -> Any:
    return stage.tell(demand.fn, number)


def assigned(stage: Platform, department: str = "science_bureau", number: str = NUMBER) -> None:
    assert told(stage, number) is None
    stage.answer("assign", case=number, verdict="assign", department=department)
    assert told(stage, number) is None


def signed(stage: Platform, number: str = NUMBER) -> None:
    assigned(stage, number=number)
    stage.answer("sign", case=number, verdict="sign")
    assert told(stage, number) is None


def answered(stage: Platform, number: str = NUMBER, staff: str = "") -> None:
    stage.answer(
        "handle",
        case=number,
        staff=staff,
        verdict="answer",
        reply="三月一日起在平台申报，联系科技局高新科0513-82210000。",
    )
    assert told(stage, number) is None


def later(stage: Platform, **span: float) -> None:
    stage.travel(now() + timedelta(**span))


def test_a_demand_lodged_online_is_assigned_signed_for_answered_called_back_and_closed(stage: Platform) -> None:
    assert lodged() == NUMBER
    assigned(stage)
    assert "何时申报" in stage.question("sign").text
    assert stage.question("sign").due_at == at(2027, 1, 12, 23).replace(minute=59, second=59)
    stage.answer("sign", verdict="sign")
    assert told(stage) is None
    assert stage.status(NUMBER) == "handling"
    assert stage.question("handle").due_at == at(2027, 1, 14, 23).replace(minute=59, second=59)
    answered(stage)
    assert "高新科" in stage.question("call_back").text
    stage.answer("call_back", verdict="satisfied")
    assert told(stage) is None  # five working days in which it may be taken up again
    assert stage.status(NUMBER) == "rated"
    stage.travel(at(2027, 1, 19))
    assert told(stage) == NUMBER
    assert stage.journal(NUMBER) == [
        ("opened", 1, "received"), ("ask-assign", 1, "received"), ("assign_demand", 1, "assigned"),
        ("write_demand_slip", 1, "assigned"), ("ask-sign", 1, "assigned"), ("sign_for_demand", 1, "handling"),
        ("ask-handle", 1, "handling"), ("answer_demand", 1, "answered"), ("ask-call_back", 1, "answered"),
        ("rate_demand", 1, "rated"), ("closed", 1, "closed"),
    ]  # fmt: skip
    assert stage.outcome(NUMBER, "closed") == {"reopened": 0, "satisfaction": "satisfied"}
    assert unhandled(at(2027, 1, 1), at(2027, 4, 1)) == []
    assert stage.notices(NUMBER)


def test_it_is_none_for_the_platform(stage: Platform) -> None:
    lodged()
    told(stage)
    stage.answer("assign", verdict="decline", department="", reason="属于信访事项，已告知途径")
    assert told(stage) == NUMBER
    assert stage.status(NUMBER) == "not_accepted"
    assert stage.closed(NUMBER)


def test_handed_back_with_a_reason_it_is_assigned_again_and_the_first_owes_nothing(stage: Platform) -> None:
    lodged("求助")
    assigned(stage, "housing_bureau")
    stage.answer("sign", verdict="hand_back", reason="属科技部门职责")
    assert told(stage) is None
    assert stage.status(NUMBER) == "handed_back"
    assert "区住建局已退回" in stage.question("assign").text
    stage.answer("assign", verdict="assign", department="science_bureau")
    assert told(stage) is None
    stage.answer("sign", verdict="sign")
    told(stage)
    later(stage, days=60)
    fire_rungs()
    found = unhandled(at(2027, 1, 1), at(2027, 6, 1))
    assert [(one.department, one.number, one.ended_at) for one in found] == [("science_bureau", NUMBER, None)]
    assert found[0].kind is DemandKind.HELP


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"verdict": "assign", "department": ""}, "须选择承办部门"),
        ({"verdict": "assign", "department": "haisheng_group"}, "不在承办部门名单内"),
    ],
)
def test_it_is_assigned_to_a_department_that_handles_demands(stage: Platform, fields: Any, sentence: str) -> None:
    lodged()
    told(stage)
    with pytest.raises(Refusal, match=sentence):
        stage.answer("assign", **fields)


@pytest.mark.parametrize(
    ("kind", "days"), [("咨询", 14), ("求助", 18), ("建议", 25), ("投诉", 1), ("举报", 1), ("表扬", 14)]
)
def test_each_class_has_its_clock(stage: Platform, kind: str, days: int) -> None:
    lodged(kind)
    signed(stage)
    due = stage.question("handle").due_at
    assert due is not None
    assert due.astimezone(at(2027, 1, 1).tzinfo).day == days  # 投诉: 15 working days from 11 January is 1 February


def test_the_day_before_and_on_breach_the_right_people_are_told(stage: Platform) -> None:
    lodged()
    signed(stage)
    stage.travel(at(2027, 1, 13))
    fire_rungs()
    assert ("officer:P002", "notice_kernel.rung_before") in stage.notices(NUMBER)
    stage.travel(at(2027, 1, 15))
    fire_rungs()
    sent = stage.notices(NUMBER)
    owing = {who for who, template in sent if template == "notice_kernel.rung_breach"}
    above = {who for who, template in sent if template == "notice_kernel.rung_breach_up"}
    assert owing == {"officer:P002", f"officer:{SECOND}"}
    assert above == {"officer:P001", "officer:P004"}  # the centre and the department's head
    before = len(stage.notices(NUMBER))
    fire_rungs()
    assert len(stage.notices(NUMBER)) == before


def test_extended_once_with_approval_and_never_by_whoever_asked(stage: Platform) -> None:
    lodged()
    signed(stage)
    with pytest.raises(Refusal, match="1至3个工作日"):
        stage.answer("handle", verdict="extend", days=4)
    told(stage)
    stage.answer("handle", staff=SECOND, verdict="extend", days=2, reason="需上级答复")
    assert told(stage) is None
    with pytest.raises(Refusal, match="回避"):
        stage.answer("extension", staff=SECOND, verdict="approve")
    told(stage)
    stage.answer("extension", verdict="approve")
    assert told(stage) is None
    assert stage.question("handle").due_at == at(2027, 1, 18, 23).replace(minute=59, second=59)
    assert "已延期一次" in stage.question("handle").text
    with pytest.raises(Refusal, match="不能再次延期"):
        stage.answer("handle", verdict="extend", days=1)
    told(stage)
    stage.travel(at(2027, 1, 18))
    answered(stage)
    assert unhandled(at(2027, 1, 1), at(2027, 4, 1)) == []


def test_T_POL_16_late_is_a_failing_whatever_follows(stage: Platform) -> None:
    lodged()
    signed(stage)
    stage.answer("handle", verdict="extend", days=2)
    told(stage)
    stage.answer("extension", verdict="reject")
    assert told(stage) is None
    stage.travel(at(2027, 1, 15))
    stage.answer("handle", verdict="extend", days=3)
    told(stage)
    stage.answer("extension", verdict="approve")  # after its end: the breach is not undone
    told(stage)
    answered(stage)
    found = unhandled(at(2027, 1, 1), at(2027, 4, 1))
    assert [(one.number, one.ended_at is not None) for one in found] == [(NUMBER, True)]
    counted = failings(period("2027Q1"), now())
    assert counted.of("science_bureau")[Failing.NOT_HANDLED] == 1
    assert [(one.case, one.department) for one in counted.evidence] == [(NUMBER, "science_bureau")]
    assert unhandled(at(2027, 1, 15), at(2027, 4, 1)) == []
    assert unhandled(at(2027, 1, 1), at(2027, 4, 1), "housing_bureau") == []


def test_unsatisfied_it_is_taken_up_again_once_and_then_closed(stage: Platform) -> None:
    lodged()
    signed(stage)
    answered(stage)
    stage.answer("call_back", verdict="unsatisfied")
    assert told(stage) is None
    assert stage.status(NUMBER) == "reopened"
    assert ("officer:P004", "notice_demand.reopen_demand") in stage.notices(NUMBER)
    answered(stage)
    stage.answer("call_back", verdict="unsatisfied")
    assert told(stage) == NUMBER  # no second time, no waiting
    assert stage.outcome(NUMBER, "closed", 2) == {"reopened": 1, "satisfaction": "unsatisfied"}
    with pytest.raises(Refusal, match="作为新的诉求提交"):
        lodged(earlier=NUMBER)


def test_asked_for_in_time_it_is_taken_up_again(stage: Platform) -> None:
    lodged()
    signed(stage)
    with pytest.raises(Refusal, match="尚未答复"):
        lodged(earlier=NUMBER)
    answered(stage)
    stage.answer("call_back", verdict="unreachable")
    told(stage)
    with pytest.raises(Refusal, match="不是本企业提出的"):
        lodged(earlier=NUMBER, firm="")
    before = stage.nudges(NUMBER)
    assert lodged(earlier=NUMBER) == NUMBER
    assert lodged(earlier=NUMBER) == NUMBER
    assert stage.nudges(NUMBER) == before + 1
    assert told(stage) is None
    assert stage.status(NUMBER) == "reopened"
    answered(stage)
    stage.answer("call_back", verdict="satisfied")
    assert told(stage) == NUMBER


def test_too_late_it_is_a_new_demand(stage: Platform) -> None:
    lodged()
    signed(stage)
    answered(stage)
    stage.answer("call_back", verdict="satisfied")
    told(stage)
    stage.travel(at(2027, 1, 19))
    with pytest.raises(Refusal, match="已过重新办理的期限"):
        ask_again(NUMBER, "又出现同样问题", FIRM)


def test_an_anonymous_report_is_closed_without_a_call_back(stage: Platform) -> None:
    lodged("举报", firm="")
    signed(stage)
    answered(stage)
    assert open_questions() == []
    stage.travel(at(2027, 1, 19))
    assert told(stage) == NUMBER
    assert stage.outcome(NUMBER, "closed")["satisfaction"] == ""


def test_a_reply_with_somebodys_number_is_refused(stage: Platform) -> None:
    lodged()
    signed(stage)
    with pytest.raises(Refusal, match="手机号码"):
        stage.answer("handle", verdict="answer", reply=f"请找张工{PHONE}")
    with pytest.raises(Refusal, match="须填写答复内容"):
        stage.answer("handle", verdict="answer", reply=" ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"请联系我{PHONE}", "手机号码"), ("请联系我138 0013-8000", "手机号码"), ("电话0513-82210000", "电话号码"),
        ("身份证32068420060315001X", "身份证号码"), ("卡号6222021234567890123", "银行卡号"), ("+86 13800138000", "手机号码"),
        ("１３８００１３８０００", "手机号码"),
    ],
)  # fmt: skip
def test_online_takes_no_personal_numbers_and_says_where_they_may_be_left(
    stage: Platform, content: str, what: str
) -> None:
    assert re.search(PERSONAL, content)
    state = lodge_by_form("咨询", "问题", content, FIRM, "")
    assert state.is_failed()
    assert state.message is not None
    assert what in state.message
    assert "企业服务专窗" in state.message
    with reading() as connection:
        assert connection.execute(select(CASES.c.id)).first() is None


@pytest.mark.parametrize(
    "content",
    ["2027-01-15 13:00至17:00", "补助1500000.00元", "海政办发〔2023〕27号第19条", FIRM, "DX-2027-0001-000123"],
)
def test_figures_days_and_codes_are_no_personal_numbers(content: str) -> None:
    assert personal_numbers(content) == ()
    assert not re.search(PERSONAL, content)


def row(place: int, **more: Any) -> DemandRow:
    given: dict[str, Any] = {
        "kind": DemandKind.COMPLAINT, "channel": DemandChannel.WINDOW, "received": date(2027, 1, 8),
        "title": f"停车收费问题{place}", "content": f"王小明反映门口收费不合理，电话{PHONE}", "contact": "王小明",
        "phone": "+8613800138000",
    } | more  # fmt: skip
    return DemandRow(**given)


def test_the_windows_sheet_is_sealed_and_its_words_stand_in_the_slip_only(stage: Platform, tmp_path: Path) -> None:
    path = stage.roster([row(1), row(2), row(3, kind=DemandKind.PRAISE, phone=None, contact=None)])
    taken = take_roster("SQ-2027", "demand", path)
    assert (taken.accepted, taken.rejected) == (3, 0)
    assert take_roster("SQ-2027", "demand", path).repeat
    assigned(stage)
    asked = stage.question("sign")
    assert "王小明" not in asked.text
    assert PHONE not in asked.text
    slip = words(stage.paper(f"{NUMBER}/slip.docx"))
    assert "王小明" in slip
    assert PHONE in slip
    assert stage.outcome(NUMBER, "write_demand_slip")["read"] == ["content", "contact", "phone"]
    with reading() as connection:
        stored = str(connection.execute(text("select * from demands")).all()) + str(
            connection.execute(text("select outcome from entries")).all()
        )
        facts = str(connection.execute(select(NOTICES.c.facts)).all())
    assert "王小明" not in stored + facts
    assert PHONE not in stored + facts
    later(stage, days=1)
    fire_rungs()


def test_two_years_after_it_closed_its_people_are_erased_and_the_record_stays(stage: Platform) -> None:
    take_roster("SQ-2027", "demand", stage.roster([row(1)]))
    told(stage)
    stage.answer("assign", verdict="assign", department="science_bureau")
    told(stage)
    stage.answer("sign", verdict="sign")
    told(stage)
    answered(stage)
    stage.answer("call_back", verdict="satisfied")
    told(stage)
    later(stage, days=20)
    assert told(stage) == NUMBER
    assert erase_demands() == 0
    later(stage, days=731)
    assert erase_demands() == 1
    assert erase_demands() == 0
    assert not stage.paper(f"{NUMBER}/slip.docx").exists()
    with reading() as connection:
        kept = connection.execute(select(DEMANDS)).one()
    assert (kept.content, kept.contact, kept.phone, kept.title) == ("erased", None, None, "停车收费问题1")
    assert list(verify()) == []


def test_wrong_rows_go_back_with_their_reason(stage: Platform) -> None:
    path = stage.roster([row(1), row(2), row(3), row(4)])
    book = openpyxl.load_workbook(path)
    page = book.active
    titles = {cell.value: cell.column for line in page.iter_rows(max_row=4) for cell in line if cell.value}
    last = page.max_row
    titles = {str(name).strip("*＊ "): column for name, column in titles.items()}
    page.cell(last - 3, titles["诉求标题"]).value = f"请联系{PHONE}"
    page.cell(last - 2, titles["联系电话"]).value = None
    page.cell(last - 1, titles["前次诉求编号"]).value = "SQ-2026-000009"
    book.save(path)
    taken = take_roster("SQ-2027", "demand", path)
    assert (taken.accepted, taken.rejected) == (1, 3)
    assert taken.returned is not None
    reasons = [line[-1] for line in sheet(taken.returned)][-3:]
    assert "不能写证件号码" in reasons[0]
    assert "须能回访" in reasons[1]
    assert "没有编号为“SQ-2026-000009”的诉求" in reasons[2]
    with pytest.raises(Refusal):
        take_roster("SQ-2031", "demand", path)


def test_many_questions_of_one_point_have_no_runs_of_their_own(stage: Platform) -> None:
    take_roster("SQ-2027", "demand", stage.roster([row(place) for place in range(1, 61)]))
    for place in range(1, 61):
        with pytest.raises(Parked):
            demand.fn(f"SQ-2027-{place:06}")
    assert len([one for one in open_questions() if one.run_id == ""]) == 50
    assert len(open_questions()) == 60
    assert board_subjects(now()) == [f"SQ-2027-{place:06}" for place in range(1, 41)]


def test_the_board_counts_by_department_and_state(stage: Platform) -> None:
    assert demand_page() == []
    take_roster("SQ-2027", "demand", stage.roster([row(1), row(2)]))
    signed(stage)
    page = demand_page()[0]
    assert "区科技局" in page.body
    assert "未转办" in page.body
    assert "转办" in season_page(NUMBER, NO_PLACES).body
    later(stage, days=60)
    assert "超期" in demand_page()[0].body


def test_no_such_demand(stage: Platform) -> None:
    with pytest.raises(Refusal, match="没有编号"):
        demand.fn("SQ-2027-000099")
    assert say("demand.lodged", number=NUMBER)


def test_the_form_offers_the_departments_by_name() -> None:
    offered = form_schema("DemandAssignment")["properties"]["承办部门"]
    assert offered["default"] in offered["enum"]
    assert "区科技局" in offered["enum"]
    assert to_value("DemandAssignment", "department", "区科技局") == "science_bureau"
    assert to_value("DemandAssignment", "department", offered["default"]) == ""


@pytest.fixture
def on_postgres(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    with platform_at(tmp_path, monkeypatch, at(2027, 1, 11, 10), postgres) as opened:
        yield opened


def test_on_postgresql_ten_at_once_get_ten_numbers_and_the_same_one(on_postgres: Platform) -> None:
    def given(mark: bytes) -> Given:
        return Given(DemandKind.HELP, DemandChannel.ONLINE, "停电问题", "园区昨晚停电", now(), mark, FIRM)

    numbers = race(*(lambda m=bytes([place]): lodge(given(m)) for place in range(10)))  # type: ignore[misc]
    assert sorted(map(str, numbers)) == [f"SQ-2027-{place:06}" for place in range(1, 11)]
    same = race(*(lambda: lodge(given(b"same")) for _ in range(5)))
    assert set(same) == {"SQ-2027-000011"}


def test_on_postgresql_the_whole_road_with_a_reopening(on_postgres: Platform) -> None:
    stage = on_postgres
    lodged("投诉")
    signed(stage)
    stage.answer("handle", verdict="extend", days=15)
    told(stage)
    stage.answer("extension", verdict="approve")
    told(stage)
    answered(stage)
    stage.answer("call_back", verdict="unsatisfied")
    told(stage)
    later(stage, days=40)
    answered(stage)
    stage.answer("call_back", verdict="satisfied")
    assert told(stage) == NUMBER
    assert [one.department for one in unhandled(at(2027, 1, 1), at(2027, 6, 1))] == ["science_bureau"]
    assert demand_page()[0].body
    assert take_roster("SQ-2027", "demand", stage.roster([row(1), row(2)])).accepted == 2


@pytest.mark.slow
def test_a_thousand_rows_of_a_sheet(stage: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    path = stage.roster([row(place) for place in range(1, 1001)])
    began = time.perf_counter()
    assert take_roster("SQ-2027", "demand", path).accepted == 1000
    taken = time.perf_counter() - began
    began = time.perf_counter()
    for place in range(1, 101):
        with pytest.raises(Parked):
            demand.fn(f"SQ-2027-{place:06}")
    first = time.perf_counter() - began
    began = time.perf_counter()
    assert demand_page()[0].body
    board = time.perf_counter() - began
    with capsys.disabled():
        sys.stdout.write(
            f"\n1,000 demands: taken in {taken:.1f} s, first waking {first * 10:.1f} ms each, board {board * 1000:.0f} ms\n"
        )
    assert taken < 60
