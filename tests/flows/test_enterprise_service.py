"""Activities and service resources (Art. 17–18), told without Prefect on real databases."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from config.messages import Refusal
from flows.enterprise_service import activity, service_request
from models.identity import check_credit_code
from models.policy_redemption.service import EnrolmentState, admit, promoted
from models.roster import AttendanceRow, EnrolmentRow, ResourceRow
from models.roster.demand import EnrolmentWish
from tasks.journal import case_id_of, verify
from tasks.mailbox import take_roster
from tasks.policy_redemption.activity_places import cancel, enrol, enrol_by_form, enrolled
from tasks.policy_redemption.resource import REQUESTS, request, request_by_form
from tasks.store import reading
from tests.flows.platform_stage import Platform, platform_at
from tests.flows.service_stage import at, sheet
from tests.ground import race

NUMBER = "HD-2027-001"
PLAN: dict[str, Any] = {
    "department": "区科技局", "kind": "政策宣讲", "title": "研发补助政策宣讲会", "venue": "行政中心二楼", "capacity": 2,
    "starts": at(2027, 2, 1, 14), "closes": at(2027, 1, 29, 17), "about": "讲解研发费用补助的申报条件和材料",
}  # fmt: skip
CODES = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def firm(place: int) -> str:
    """Return a valid credit code, a different one for each place."""
    body = f"91320684MA{CODES[place // 31]}{CODES[place % 31]}NABC"
    return next(body + a + b for a in "0123456789X" for b in CODES if not check_credit_code(body + a + b).errors)


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    with platform_at(tmp_path, monkeypatch, at(2027, 1, 11, 10)) as opened:
        yield opened


@pytest.fixture
def on_postgres(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    with platform_at(tmp_path, monkeypatch, at(2027, 1, 11, 10), postgres) as opened:
        yield opened


def told(stage: Platform, **more: Any) -> Any:
    return stage.tell(activity.fn, *({**PLAN, **more}[name] for name in
                                     ("department", "kind", "title", "venue", "starts", "closes", "capacity", "about")))  # fmt: skip


def published(stage: Platform, **more: Any) -> None:
    assert told(stage, **more) is None
    stage.answer("publication", verdict="approve")
    assert told(stage, **more) is None


def row(place: int, wish: EnrolmentWish = EnrolmentWish.ENROL) -> EnrolmentRow:
    return EnrolmentRow(uscc=firm(place), firm=f"示例企业{place}", wish=wish, contact="王小明", phone="13800138000")


def test_an_activity_fills_its_places_moves_the_list_up_and_is_summed_up(stage: Platform) -> None:
    published(stage)
    taken = take_roster(NUMBER, "enrolment", stage.roster([row(1), row(2), row(3), row(4)]))
    assert taken.accepted == 4
    assert [state for _, _, state in enrolled(NUMBER)] == ["enrolled", "enrolled", "waiting", "waiting"]
    state = enrol_by_form(NUMBER, firm(1), "示例企业1", "取消")
    assert state.is_completed()
    assert [state for _, _, state in enrolled(NUMBER)] == ["cancelled", "enrolled", "enrolled", "waiting"]
    assert ("officer:P002", "notice_activity.promoted") in stage.notices(NUMBER)
    assert cancel(case_id_of(NUMBER), firm(1)) == []
    never = enrol_by_form(NUMBER, firm(7), "示例企业7", "取消")
    assert "没有报名" in str(never.message)
    again = enrol_by_form(NUMBER, firm(1), "示例企业1", "报名")  # at the end of the list, not in the old place
    assert again.message is not None
    assert "候补" in again.message
    assert enrol(case_id_of(NUMBER), firm(1), "示例企业1") is EnrolmentState.WAITING
    assert len(enrolled(NUMBER)) == 5
    stage.travel(at(2027, 1, 29, 18))
    assert told(stage) is None
    assert stage.status(NUMBER) == "enrolment_closed"
    refused = enrol_by_form(NUMBER, firm(9), "示例企业9", "报名")
    assert refused.is_failed()
    assert refused.message is not None
    assert "不接受报名" in refused.message
    early = take_roster(NUMBER, "attendance", stage.roster([AttendanceRow(uscc=firm(2), came=True)]))
    assert early.rejected == 1
    stage.travel(at(2027, 2, 1, 16))
    assert told(stage) is None
    came = [
        AttendanceRow(uscc=firm(2), came=True),
        AttendanceRow(uscc=firm(3), came=False),
        AttendanceRow(uscc=firm(8), came=True),
    ]
    taken = take_roster(NUMBER, "attendance", stage.roster(came))
    assert (taken.accepted, taken.rejected) == (2, 1)
    assert told(stage) is None
    with pytest.raises(Refusal, match="须填写总结"):
        stage.answer("summary", verdict="held_event")
    told(stage)
    stage.answer("summary", verdict="held_event", event_summary="到场企业一家，现场答疑")
    assert told(stage) == NUMBER
    assert stage.outcome(NUMBER, "closed") == {
        "held": True,
        "attended": 1,
        "absent": 1,
        "summary": "到场企业一家，现场答疑",
    }
    assert stage.journal(NUMBER)[-1] == ("closed", 1, "closed")
    assert stage.notices(NUMBER)
    with reading() as connection:
        stored = str(connection.execute(text("select * from enrolments")).all())
    assert "王小明" not in stored


def test_not_approved_it_is_never_published(stage: Platform) -> None:
    told(stage)
    stage.answer("publication", verdict="reject")
    assert told(stage) == NUMBER
    assert stage.status(NUMBER) == "cancelled"
    assert enrol_by_form(NUMBER, firm(1), "示例企业1", "报名").is_failed()


def test_called_off_it_ends_as_cancelled(stage: Platform) -> None:
    published(stage)
    stage.travel(at(2027, 2, 2))
    told(stage)
    stage.answer("summary", verdict="called_off", reason="场地停电")
    assert told(stage) == NUMBER
    assert stage.status(NUMBER) == "cancelled"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"capacity": 0}, "名额应为"), ({"closes": at(2027, 2, 2)}, "不晚于活动开始"), ({"closes": at(2027, 1, 1)}, "晚于现在"),
        ({"about": "联系人13800138000"}, "个人信息"), ({"department": "海晟集团"}, "不在承办部门名单"), ({"kind": "晚会"}, "从列表中选择"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(stage: Platform, more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        told(stage, **more)


def test_the_same_plan_is_one_activity_and_another_the_next_number(stage: Platform) -> None:
    told(stage)
    told(stage, starts=PLAN["starts"].replace(tzinfo=None))  # a form may leave the zone out: it is the district's
    told(stage, title="另一场宣讲会")
    with reading() as connection:
        numbers = connection.execute(text("select number from cases where process = 'activity' order by id")).scalars()
        assert list(numbers) == ["HD-2027", NUMBER, "HD-2027-002"]


def test_two_last_places_go_to_two_of_ten_at_once(on_postgres: Platform) -> None:
    published(on_postgres)
    activity_id = case_id_of(NUMBER)
    results = race(*(lambda p=place: enrol(activity_id, firm(p), f"示例企业{p}") for place in range(10)))  # type: ignore[misc]
    assert sorted(str(one) for one in results) == ["enrolled"] * 2 + ["waiting"] * 8
    assert [place for place, _, _ in enrolled(NUMBER)] == list(range(1, 11))
    assert [state for _, _, state in enrolled(NUMBER)] == ["enrolled"] * 2 + ["waiting"] * 8
    same = race(*(lambda: enrol(activity_id, firm(20), "示例企业20") for _ in range(6)))
    assert {str(one) for one in same} == {"waiting"}
    assert len(enrolled(NUMBER)) == 11
    holders = [name for _, name, state in enrolled(NUMBER) if state == "enrolled"]
    codes = {f"示例企业{place}": firm(place) for place in range(10)}
    freed = race(*(lambda c=codes[name]: cancel(activity_id, c) for name in holders))  # type: ignore[misc]
    assert sorted(freed) == [[3], [4]]  # type: ignore[type-var]
    assert sum(state == "enrolled" for _, _, state in enrolled(NUMBER)) == 2
    assert list(verify()) == []


def oracle(capacity: int, acts: list[tuple[bool, int]]) -> tuple[set[int], list[int]]:
    """Say who has a place and who waits, otherwise than the program does: by the order in which each last came."""
    came: list[int] = []
    for coming, who in acts:
        if coming and who not in came:
            came.append(who)
        elif not coming and who in came:
            came.remove(who)
    # a place is kept by whoever has it; those who come later only ever stand behind
    return set(came[:capacity]), came[capacity:]


ACTS = st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=40)


@given(st.integers(1, 5), ACTS)
def test_the_waiting_list_is_first_come_first_served(capacity: int, acts: list[tuple[bool, int]]) -> None:
    states: dict[int, EnrolmentState] = {}
    places: dict[int, int] = {}

    def having(state: EnrolmentState) -> list[int]:
        return [who for who, found in states.items() if found is state]

    for number, (coming, who) in enumerate(acts):
        active = states.get(who) in (EnrolmentState.ENROLLED, EnrolmentState.WAITING)
        if coming and not active:
            states[who] = admit(capacity, len(having(EnrolmentState.ENROLLED)), len(having(EnrolmentState.WAITING)))
            places[who] = number
        elif not coming and active:
            states[who] = EnrolmentState.CANCELLED
            waiting = {places[one]: one for one in having(EnrolmentState.WAITING)}
            for place in promoted(capacity, len(having(EnrolmentState.ENROLLED)), waiting):
                states[waiting[place]] = EnrolmentState.ENROLLED
        holders, waiters = having(EnrolmentState.ENROLLED), having(EnrolmentState.WAITING)
        assert len(holders) <= capacity
        assert not (waiters and len(holders) < capacity)
    expected, behind = oracle(capacity, acts)
    assert set(having(EnrolmentState.ENROLLED)) == expected
    assert sorted(having(EnrolmentState.WAITING), key=places.__getitem__) == behind


def test_the_database_keeps_the_same_list(stage: Platform) -> None:
    published(stage, capacity=3)
    activity_id = case_id_of(NUMBER)
    done: list[tuple[bool, int]] = []

    @settings(max_examples=15, deadline=None)
    @given(ACTS)
    def run(acts: list[tuple[bool, int]]) -> None:
        for coming, who in acts:
            done.append((coming, who))
            if coming:
                enrol(activity_id, firm(who), str(who))
            else:
                try:
                    cancel(activity_id, firm(who))
                except Refusal as refusal:
                    assert refusal.key == "activity.not_enrolled"  # noqa: PT017 -- only where it is not enrolled
        expected, behind = oracle(3, done)
        found = enrolled(NUMBER)
        assert {int(name) for _, name, state in found if state == "enrolled"} == expected
        assert [int(name) for _, name, state in found if state == "waiting"] == behind

    run()
    assert list(verify()) == []


CATALOGUE = [
    ResourceRow(
        code="ZY-001",
        department="区科技局",
        title="高企培育辅导",
        about="一对一辅导高新技术企业申报",
        promised=3,
        offered=True,
    ),
    ResourceRow(
        code="ZY-002", department="区人社局", title="用工对接", about="发布用工需求", promised=None, offered=False
    ),
]


def asked(wish: str = "希望辅导今年的高企申报") -> str:
    state = request_by_form("zy-001", firm(1), "示例企业1", wish)
    assert state.message is not None
    assert state.is_completed(), state.message
    return "FW-2027-001"


def catalogue(stage: Platform) -> None:
    assert take_roster("FW-2027", "resource", stage.roster(CATALOGUE)).accepted == 2


def test_a_service_is_asked_for_provided_and_followed_up_until_it_helped(stage: Platform) -> None:
    catalogue(stage)
    number = asked()
    assert stage.tell(service_request.fn, number) is None
    question = stage.question("service_answer")
    assert question.role == "science_bureau"
    assert question.due_at == at(2027, 1, 14, 23).replace(minute=59, second=59)  # three days promised
    with pytest.raises(Refusal, match="如何提供"):
        stage.answer("service_answer", verdict="provide")
    stage.tell(service_request.fn, number)
    stage.answer("service_answer", verdict="provide", how="周三上午到企业辅导")
    assert stage.tell(service_request.fn, number) is None
    stage.travel(at(2027, 1, 26))
    assert stage.tell(service_request.fn, number) is None
    stage.answer("follow_up", verdict="again")
    assert stage.tell(service_request.fn, number) is None
    stage.answer("service_answer", verdict="provide", how="再次上门")
    stage.tell(service_request.fn, number)
    stage.travel(at(2027, 3, 1))
    stage.tell(service_request.fn, number)
    stage.answer("follow_up", verdict="helped")
    assert stage.tell(service_request.fn, number) == number
    assert stage.journal(number)[-1] == ("closed", 2, "closed")
    assert stage.notices(number)


def test_a_service_that_cannot_be_provided_ends(stage: Platform) -> None:
    catalogue(stage)
    number = asked()
    stage.tell(service_request.fn, number)
    stage.answer("service_answer", verdict="cannot_provide", reason="今年名额已满")
    assert stage.tell(service_request.fn, number) == number
    assert stage.status(number) == "declined"


@pytest.mark.parametrize(
    ("code", "wish", "sentence"),
    [("ZY-002", "需要用工", "没有提供"), ("ZY-009", "需要用工", "没有提供"), ("ZY-001", "联系13800138000", "个人信息")],
)
def test_what_cannot_be_asked_for(stage: Platform, code: str, wish: str, sentence: str) -> None:
    catalogue(stage)
    state = request_by_form(code, firm(1), "示例企业1", wish)
    assert state.is_failed()
    assert sentence in str(state.message)


def test_the_same_run_asks_once_and_the_catalogue_is_replaced_row_by_row(stage: Platform) -> None:
    catalogue(stage)
    marks = [os.urandom(8), os.urandom(8)]
    numbers = [request("ZY-001", firm(1), "示例企业1", "辅导", mark) for mark in (*marks, marks[0])]
    assert numbers == ["FW-2027-001", "FW-2027-002", "FW-2027-001"]
    other = ResourceRow(
        code="ZY-001", department="海晟集团", title="高企培育辅导", about="辅导", promised=5, offered=True
    )
    taken = take_roster("FW-2027", "resource", stage.roster([other]))
    assert taken.returned is not None
    assert "不在承办部门名单" in sheet(taken.returned)[-1][-1]
    with reading() as connection:
        assert len(connection.execute(select(REQUESTS)).all()) == 2
