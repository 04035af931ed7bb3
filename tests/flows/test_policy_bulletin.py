"""The bulletin of a quarter and the statistics of a month: counted with evidence, approved, circulated once (Art. 21–22)."""

import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert, select, update
from typer.testing import CliRunner

from config.messages import Refusal
from config.offices import towns
from config.zone import SHANGHAI
from flows.cli import app
from flows.policy_bulletin import policy_bulletin, policy_statistics
from models.column import canonical
from models.deadline import Clock, local_day
from models.policy_redemption.failings import Failing
from models.policy_redemption.publicity import PublicResult, PublicStatus, ResultKind, Visits
from models.policy_redemption.statistics import last_closed, period
from tasks.ask import open_questions
from tasks.case import DEADLINES
from tasks.clock import set_clock
from tasks.policy_redemption.bulletin import due_day, open_bulletin
from tasks.policy_redemption.bulletin_board import bulletin_pages
from tasks.policy_redemption.failing import CHANGES, failings
from tasks.policy_redemption.publicity import POLICIES, Posting, write_lines
from tasks.policy_redemption.statistics import statistics
from tasks.store import reading, table, transaction
from tasks.wait import Parked
from tests.ground import BOTH, NOTICES, Ground, answer, hire, journal, opened, rows_of, seats_open, settled, status_of
from tests.published import applications, content, firm, policy

TB = "TB-2027Q1"
VISITS = table(Visits)


def at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def owe(case_id: int, name: str, office: str, due: datetime, met: datetime | None = None, turn: int = 1) -> None:
    """Write a clock as the kernel does, with an end of our own."""
    with transaction() as tx:
        tx.core.execute(
            insert(DEADLINES).values(case_id=case_id, name=name, turn=turn, clock=Clock.WORKING_DAYS, budget=2, anchor_at=due - timedelta(days=3),
                                     pauses=[], due_at=due, provisional=False, calendar_version="", office=office, lagging=[], unit_role="", rungs=[],
                                     escalation={}, gathered=False, met_at=met, rule="")
        )  # fmt: skip


def offline(policy_id: int, case_id: int, number: str, *, paid: bool = False) -> None:
    record = PublicResult(number=number, code="ZC-2027-001", policy="高新技术企业认定奖励", department="science_bureau", enterprise="海门一号公司",
                          planned_on=date(2027, 3, 1), result="拟兑现资金1.00元", status=PublicStatus.PAID if paid else PublicStatus.POSTED, channel="offline",
                          complaint_telephone="0513-82100002", on=date(2027, 2, 1))  # fmt: skip
    with transaction() as tx:
        write_lines(tx, [Posting(ResultKind.OFFLINE, number, case_id, policy_id, False, record)], at(2027, 2, 3))


def policy_id_of(code: str) -> int:
    with reading() as connection:
        return int(connection.execute(select(POLICIES.c.id).where(POLICIES.c.code == code)).scalar_one())


def busy_quarter() -> list[int]:
    """A first quarter of 2027: one late publication, two unpaid, one offline, one demand left lying."""
    set_clock(at(2027, 1, 5))
    version = policy("ZC-2027-001")[0]
    policy("ZC-2027-002", content(title="涉密政策奖励", secret=True), secret=True)
    _, ids = applications(version, [firm(place) for place in range(1, 6)])
    case = opened("ZC-2027-001", process="policy_publication")
    owe(case.id, "publication", "science_bureau", at(2027, 1, 11), at(2027, 1, 13))
    for place, case_id in enumerate(ids):
        owe(case_id, "feedback", "science_bureau", at(2027, 1, 8), at(2027, 1, 7 if place else 9))
        owe(case_id, "payment", "science_bureau", at(2027, 2, 20), None if place < 2 else at(2027, 2, 19))
    owe(ids[0], "payment", "science_bureau", at(2027, 6, 20), None, turn=2)  # of another quarter
    demand = opened("SQ-2027-000001", process="demand")
    owe(demand.id, "handling", "commerce_bureau", at(2027, 2, 1))
    offline(policy_id_of("ZC-2027-001"), case.id, "XX-ZC-2027-001-A")
    with transaction() as tx:
        tx.core.execute(insert(VISITS), [{"day": date(2027, 2, 1), "path_kind": "results", "visits": 40},
                                         {"day": date(2027, 3, 31), "path_kind": "home", "visits": 2},
                                         {"day": date(2027, 4, 1), "path_kind": "home", "visits": 100}])  # fmt: skip
    return ids


def tell(story: Any, *args: str) -> str | None:
    """Tell a story until it parks, twice: a replay changes nothing."""
    told = []
    for _ in range(2):
        try:
            told.append(story.fn(*args))
        except Parked as parked:
            told.append(parked.point)
    assert told[0] == told[1]
    return told[0]


def test_T_POL_16_the_four_failings_are_counted_with_their_evidence(ground: Ground) -> None:
    busy_quarter()
    found = failings(period("2027Q1"), at(2027, 4, 1))
    assert found.of("science_bureau") == {"not_published": 1, "not_online": 1, "not_paid_online": 2, "not_handled": 0}
    assert found.of("commerce_bureau") == {"not_published": 0, "not_online": 0, "not_paid_online": 0, "not_handled": 1}
    assert {(one.failing, one.case) for one in found.evidence} == {
        (Failing.NOT_PUBLISHED, "ZC-2027-001"), (Failing.NOT_ONLINE, "XX-ZC-2027-001-A"), (Failing.NOT_HANDLED, "SQ-2027-000001"),
        (Failing.NOT_PAID_ONLINE, "DX-2027-0001-000001"), (Failing.NOT_PAID_ONLINE, "DX-2027-0001-000002"),
    }  # fmt: skip
    assert all("2027-0" in one.evidence for one in found.evidence)
    # a department of which nothing is known has four zeros
    assert set(found.of("water_bureau").values()) == {0}


def test_T_POL_15_what_the_law_wants_on_site_and_what_is_secret_is_not_counted(ground: Ground) -> None:
    set_clock(at(2027, 1, 5))
    version = policy("ZC-2027-003", content(on_site=True))[0]
    case = opened("ZC-2027-003", process="policy_publication")
    offline(policy_id_of("ZC-2027-003"), case.id, "XX-ZC-2027-003-A")
    _, ids = applications(policy("ZC-2027-004", content(secret=True), secret=True)[0], [firm(1)])
    owe(ids[0], "payment", "science_bureau", at(2027, 2, 20))
    exempt = opened("ZC-2027-005", process="policy_publication")
    owe(exempt.id, "publication", "science_bureau", at(2027, 1, 11))
    with transaction() as tx:
        tx.core.execute(insert(CHANGES).values(case_id=exempt.id, code="ZC-2027-005", place=1, kind="exempt", department="science_bureau",
                                               document="密", anchored_on=date(2027, 1, 4), effective_on=date(2027, 1, 4), asked="x"))  # fmt: skip
    assert version
    assert failings(period("2027Q1"), at(2027, 4, 1)).counts == {}


def test_what_is_kept_later_does_not_change_a_period_that_is_over(ground: Ground) -> None:
    ids = busy_quarter()
    before = failings(period("2027Q1"), at(2027, 4, 1)).counts
    with transaction() as tx:
        tx.core.execute(update(DEADLINES).where(DEADLINES.c.case_id == ids[0]).values(met_at=at(2027, 5, 1)))
    assert failings(period("2027Q1"), at(2027, 6, 1)).counts == before


def test_drills_and_what_was_given_up_are_not_counted(ground: Ground) -> None:
    set_clock(at(2027, 1, 5))
    drill = opened("YL-2027-001", process="policy_publication", drill=True)
    owe(drill.id, "publication", "science_bureau", at(2027, 1, 11))
    given_up = opened("ZC-2027-009", process="policy_publication")
    owe(given_up.id, "publication", "science_bureau", at(2027, 1, 11))
    with transaction() as tx:
        tx.core.execute(
            update(DEADLINES).where(DEADLINES.c.case_id == given_up.id).values(superseded_at=at(2027, 1, 10))
        )
    made, counted = statistics(period("2027Q1"), at(2027, 4, 1))
    assert counted.counts == {}
    assert made.lags == ()


def test_what_was_given_up_late_stays_late(ground: Ground) -> None:
    set_clock(at(2027, 1, 5))
    demand = opened("SQ-2027-000002", process="demand")
    owe(demand.id, "handling", "commerce_bureau", at(2027, 1, 11))
    with transaction() as tx:
        tx.core.execute(update(DEADLINES).where(DEADLINES.c.case_id == demand.id).values(superseded_at=at(2027, 1, 14)))
    made, counted = statistics(period("2027Q1"), at(2027, 4, 1))
    assert counted.of("commerce_bureau")["not_handled"] == 1
    assert (made.lags[0].late, made.lags[0].longest_days) == (1, 3.0)


def test_figures_and_lags_by_department(ground: Ground) -> None:
    busy_quarter()
    made, _ = statistics(period("2027Q1"), at(2027, 4, 1))
    assert (made.firms, made.new_firms, made.visited, made.visits) == (5, 5, 42, {"home": 2, "results": 40})
    science = next(one for one in made.departments if one.department == "science_bureau")
    assert (science.published, science.received, science.online, science.fed_back) == (2, {"sheet": 5}, 5, 5)
    lags = {(one.department, one.duty): one for one in made.lags}
    feedback = lags["science_bureau", "feedback"]
    assert (feedback.due, feedback.on_time, feedback.late, feedback.open) == (5, 4, 1, 0)
    assert (feedback.mean_days, feedback.longest_days) == (1.0, 1.0)
    unpaid = lags["science_bureau", "payment"]
    assert (unpaid.due, unpaid.on_time, unpaid.late, unpaid.open) == (5, 3, 0, 2)
    assert unpaid.longest_days == pytest.approx(39.6, abs=0.1)  # to the end of the quarter, not to the day of counting


def test_T_POL_17_one_bulletin_of_a_quarter_due_on_the_fifteenth(ground: Ground) -> None:
    set_clock(at(2023, 10, 1), back=True)
    case = open_bulletin("quarter", "")
    assert case.number == "TB-2023Q3"
    assert local_day(due_day(case)) == date(2023, 10, 15)
    assert tell(policy_bulletin) == "circulation"
    (clock,) = rows_of(DEADLINES, case_id=case.id)
    assert (clock.office, local_day(clock.due_at)) == ("business_environment_office", date(2023, 10, 15))
    assert tell(policy_bulletin) == "circulation"
    assert [one.case for one in open_questions()] == ["TB-2023Q3"]


def test_a_bulletin_from_its_quarter_to_its_circulation(ground: Ground) -> None:
    busy_quarter()
    hire("S001", "business_environment_office")
    hire("S002", "science_bureau")
    assert tell(policy_bulletin, "2027Q1") == "period_over"
    set_clock(at(2027, 4, 1, 8))
    assert tell(policy_bulletin, "2027Q1") == "circulation"
    (asked,) = open_questions()
    assert "应网兑未网兑 2 项" in asked.text
    answer(seats_open()[0], "S001", "return", reason="数据再核")
    assert tell(policy_bulletin, "2027Q1") == "circulation"
    with pytest.raises(Refusal, match="文号"):
        answer(seats_open()[0], "S001", "approve", paper_number="第3号")
    answer(seats_open()[0], "S001", "approve", paper_number="海营商办〔2027〕3号")
    pages = bulletin_pages()
    assert tell(policy_bulletin, "2027Q1") == TB
    steps = [(step, turn) for step, turn, _, _ in journal(TB) if step in {"compile_figures", "circulate_figures"}]
    assert steps == [("compile_figures", 1), ("compile_figures", 2), ("circulate_figures", 2)]
    assert status_of(TB) == "circulated"
    assert [page.key for page in pages] == ["bulletin-tb-2027q1"]
    assert "区科技局" in pages[0].body
    papers = ground.home / "papers" / TB
    assert sorted(one.name for one in papers.iterdir()) == [
        "bulletin-2.docx",
        "draft-2.docx",
        "draft.docx",
        "workbook-2.xlsx",
        "workbook.xlsx",
    ]
    words = zipfile.ZipFile(papers / "bulletin-2.docx").read("word/document.xml").decode()
    assert "海营商办〔2027〕3号" in words
    assert "2027年第一季度" in words
    assert "DX-2027-0001-000002" in words
    book = openpyxl.load_workbook(papers / "workbook-2.xlsx")
    assert [len(sheet._charts) for sheet in book] == [0, 1, 1, 1, 0]
    assert list(book["四种情形"].iter_rows(values_only=True))[2] == ("区科技局", 1, 1, 2, 0)
    assert len(list(book["明细"].iter_rows())) == 6
    told = {row.recipient for row in rows_of(NOTICES) if row.template.endswith("circulate_figures")}
    assert "officer:S002" in told
    assert {f"role:town:{one.id}" for one in towns()} <= told


def test_the_month_is_the_approval_bureaus(ground: Ground) -> None:
    set_clock(at(2027, 4, 1))
    hire("S001", "approval_bureau")
    assert tell(policy_statistics) == "circulation"
    answer(seats_open()[0], "S001", "approve")
    assert tell(policy_statistics) == "TJ-2027-03"
    assert tell(policy_statistics, "2027-03") == "TJ-2027-03"


def test_the_figures_by_command_with_their_evidence(ground: Ground) -> None:
    busy_quarter()
    set_clock(at(2027, 4, 1))
    told = json.loads(CliRunner().invoke(app, ["statistics", "2027Q1", "--json"]).stdout)
    assert [one["department"] for one in told["departments"]] == ["commerce_bureau", "science_bureau"]
    assert len(told["evidence"]) == 5
    shown = CliRunner().invoke(app, ["statistics", "2027Q1"])
    assert shown.exit_code == 0
    assert "应网兑未网兑" in shown.stdout
    assert CliRunner().invoke(app, ["statistics", "去年"]).exit_code == 2


@pytest.mark.parametrize("name", ["2027Q5", "2027-13", "第一季度", "2027-03", "2031Q1", "2023Q1"])
def test_a_wrong_quarter_is_one_sentence(ground: Ground, name: str) -> None:
    set_clock(at(2027, 4, 1))
    with pytest.raises(Refusal):
        open_bulletin("quarter", name)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("2027Q1", date(2027, 1, 1), date(2027, 3, 31)), ("2027Q4", date(2027, 10, 1), date(2027, 12, 31)), ("2027-12", date(2027, 12, 1), date(2027, 12, 31)), ("2028-02", date(2028, 2, 1), date(2028, 2, 29))],
)  # fmt: skip
def test_a_period_has_its_days(name: str, first: date, last: date) -> None:
    assert (period(name).first, period(name).last, period(name).name) == (first, last, name)
    assert last_closed(period(name).kind, period(name).following) == period(name)
    assert canonical(period(name))
