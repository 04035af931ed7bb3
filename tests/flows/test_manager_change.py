"""A changed platform manager, reported to the centre: in time on the third working day, late on the next."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from config.messages import Refusal
from flows.manager_change import manager_change
from tasks.deadline import DEADLINES
from tasks.policy_redemption.manager_change import MANAGERS
from tasks.rung import fire_rungs
from tests.flows.policy_stage import HEADS, SIGNERS, sign, staffed
from tests.flows.service_stage import Stage, at, stage_at
from tests.ground import rows_of

NUMBER = "GL-2023-001"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2023, 6, 28)) as opened:
        yield staffed(opened)


def last_day() -> str:
    (row,) = rows_of(DEADLINES)
    return str(row.due_at.astimezone(at(2023, 1, 1).tzinfo))[:10]


@pytest.mark.parametrize(("day", "status", "late"), [(3, "reported", False), (4, "overdue", True)])
def test_t_pol_02_three_working_days_to_the_centre(stage: Stage, day: int, status: str, late: bool) -> None:
    given = ("区科学技术局", "manager", date(2023, 6, 28))
    assert stage.tell(manager_change.fn, *given) is None
    assert stage.status(NUMBER) == "changed"
    assert last_day() == "2023-07-03"
    asked = stage.question("report")
    assert (asked.role, "2023-07-03" in asked.text) == ("science_bureau", True)
    assert "区行政审批局（区企业发展服务中心）" in asked.text
    stage.travel(at(2023, 7, day))
    sign(stage, "report", verdict="reported", successor="D01")
    stage.travel(at(2023, 7, day + 1))  # the run goes on a day later: what counts is the signature
    assert stage.tell(manager_change.fn, *given) == NUMBER
    assert stage.status(NUMBER) == status
    told = stage.outcome(NUMBER, "report_manager")
    assert (told["recipient"], told["due"]) == ("approval_bureau", "2023-07-03")
    assert (told["kept"] == "late") is late
    assert (f"officer:{SIGNERS['approval_bureau']}", "notice_manager_change.report_manager") in stage.notices(NUMBER)
    assert rows_of(MANAGERS)[0].successor == "D01"
    assert stage.journal(NUMBER) == [
        ("opened", 1, "changed"), ("ask-report", 1, "changed"), ("report_manager", 1, status), ("closed", 1, status),
    ]  # fmt: skip


def test_t_pol_03_the_long_holiday_does_not_count(stage: Stage) -> None:
    stage.travel(at(2023, 9, 27))
    stage.tell(manager_change.fn, "science_bureau", "leader", date(2023, 9, 27))
    assert last_day() == "2023-10-08"


def test_a_breach_reaches_the_head_and_the_centre(stage: Stage) -> None:
    stage.tell(manager_change.fn, "science_bureau", "manager", date(2023, 6, 28))
    stage.travel(at(2023, 7, 4))
    fire_rungs()
    above = {who for who, what in stage.notices(NUMBER) if what.startswith("notice_kernel.rung_breach")}
    heads = {HEADS["head:science_bureau"], SIGNERS["approval_bureau"], SIGNERS["science_bureau"]}
    assert above == {f"officer:{one}" for one in heads}


def test_a_change_before_the_rules_has_no_limit(stage: Stage) -> None:
    given = ("science_bureau", "manager", date(2023, 6, 20))
    stage.tell(manager_change.fn, *given)
    assert rows_of(DEADLINES) == []
    sign(stage, "report", verdict="reported", successor="D01")
    assert stage.tell(manager_change.fn, *given) == NUMBER
    assert stage.outcome(NUMBER, "report_manager")["kept"] == "out_of_scope"
    assert stage.status(NUMBER) == "reported"


def test_each_change_once_and_each_its_own_number(stage: Stage) -> None:
    for post in ("manager", "leader", "manager"):
        stage.tell(manager_change.fn, "science_bureau", post, date(2023, 6, 28))
    assert [row.place for row in rows_of(MANAGERS)] == [1, 2]


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (("无此单位", "manager", date(2023, 6, 28)), "无此单位"),
        (("science_bureau", "driver", date(2023, 6, 28)), "driver"),
        (("science_bureau", "manager", date(2023, 6, 29)), "晚于今天"),
    ],
)
def test_what_is_none_is_refused(stage: Stage, given: tuple[str, str, date], match: str) -> None:
    with pytest.raises(Refusal, match=match):
        manager_change.fn(*given)
    assert stage.entries() == 0
