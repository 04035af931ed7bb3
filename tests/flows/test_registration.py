"""A year's registration, told without Prefect on a real database."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from config.messages import Refusal
from config.rulebook import NotInForceError
from flows.registration import military_registration
from models.roster import Sex
from tasks.conscription.registration_intake import take_registration
from tasks.journal import CASES, case_id_of
from tasks.rung import fire_rungs
from tasks.store import reading
from tests.flows.registration_stage import COHORT, NUMBER, OLDER, begin, man
from tests.flows.service_stage import Stage, at, identity, sheet, stage_at, words


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with stage_at(tmp_path, monkeypatch, at(2027, 1, 10)) as opened:
        yield opened


def statuses() -> dict[str, int]:
    chosen = select(CASES.c.status).where(CASES.c.parent_id == case_id_of(NUMBER))
    with reading() as connection:
        return dict(Counter(connection.execute(chosen).scalars()))


def test_a_year_from_the_announcement_to_its_result(stage: Stage) -> None:
    begin(stage)
    assert stage.status(NUMBER) == "registering"
    assert "2027年12月31日前" in words(stage.paper("DJ-2027/announcement.docx"))

    stage.travel(at(2027, 3, 1))
    men = [
        man(1),
        man(3),
        man(5, registered=date(2027, 2, 20)),
        man(7, town="常乐镇"),
        man(9, born=OLDER, town="海永镇"),
    ]
    taken = take_registration(2027, stage.roster(men))
    assert (taken.accepted, taken.rejected) == (5, 0)
    assert statuses() == {"to_register": 3, "registered": 1, "registration_overdue": 1}
    assert stage.tell(military_registration.fn, 2027) is None

    stage.travel(at(2027, 5, 20))
    again = take_registration(2027, stage.roster([man(1, registered=date(2027, 5, 18)), man(7, town="常乐镇")]))
    assert (again.accepted, again.rejected) == (2, 0)
    assert stage.journal(f"{NUMBER}-000001") == [("listed", 1, "to_register"), ("registered", 1, "registered")]
    assert stage.tell(military_registration.fn, 2027) is None

    stage.travel(at(2027, 6, 30, 10))
    assert fire_rungs() == 3
    reminded = stage.notices(NUMBER)
    assert ("officer:S010", "notice_kernel.rung_last_day_lag") in reminded
    assert sorted({who for who, what in reminded if what.endswith("_lag")}) == [
        "officer:S010",
        "officer:S011",
        "officer:S015",
    ]
    assert stage.tell(military_registration.fn, 2027) is None

    stage.travel(at(2027, 7, 1))
    assert stage.tell(military_registration.fn, 2027) is None
    assert statuses() == {"registered": 2, "registration_overdue": 3}
    overdue = sheet(stage.paper("DJ-2027/overdue-changle.xlsx"))
    assert overdue[-1][0] == "DJ-2027-000004"
    assert overdue[-1][2] == identity(COHORT, 7)
    certificates = sheet(stage.paper("DJ-2027/certificates.xlsx"))
    assert [row[0] for row in certificates[-2:]] == ["DJ-2027-000001", "DJ-2027-000003"]

    stage.travel(at(2027, 9, 1))
    late = take_registration(2027, stage.roster([man(3, registered=date(2027, 7, 5))]))
    assert (late.accepted, late.rejected) == (1, 0)

    stage.travel(at(2028, 1, 1))
    assert stage.tell(military_registration.fn, 2027) == NUMBER
    assert stage.closed(NUMBER)
    result = stage.outcome(NUMBER, "count_towns")
    assert (result["cohort"], result["registered"], result["overdue"]) == (5, 3, 2)
    assert result["towns"]["sanxing"] == {"cohort": 3, "registered": 3, "late": 1, "overdue": 0}
    assert result["towns"]["haiyong"] == {"cohort": 1, "registered": 0, "late": 0, "overdue": 1}
    assert [row[0] for row in sheet(stage.paper("DJ-2027/certificates-2.xlsx"))[-1:]] == ["DJ-2027-000002"]
    assert "已登记3人" in words(stage.paper("DJ-2027/result.docx")).replace("</w:t>", "")
    assert stage.journal(NUMBER) == [
        ("opened", 1, "planned"), ("ask-announcement", 1, "planned"), ("announce", 1, "registering"),
        ("write_announcement", 1, "registering"), ("list_overdue", 1, "registering"), ("write_overdue", 1, "registering"),
        ("issue_certificates", 1, "registering"), ("count_towns", 1, "registering"), ("issue_certificates", 2, "registering"),
        ("write_result", 1, "registering"), ("closed", 1, "closed"),
    ]  # fmt: skip
    assert stage.notices(NUMBER)


def test_women_and_younger_men_go_back_with_the_reason_and_nothing_is_written_for_them(stage: Stage) -> None:
    begin(stage)
    rows = [man(1), man(2, sex=Sex.FEMALE), man(3, born=date(2010, 1, 1))]
    taken = take_registration(2027, stage.roster(rows))
    assert (taken.accepted, taken.rejected) == (1, 2)
    assert taken.returned is not None
    reasons = [row[-1] for row in sheet(taken.returned)][-2:]
    assert "男性公民" in reasons[0]
    assert "未满登记年龄" in reasons[1]
    assert sum(statuses().values()) == 1


def test_the_same_roster_twice_changes_nothing(stage: Stage) -> None:
    begin(stage)
    path = stage.roster([man(1), man(3)])
    take_registration(2027, path)
    before = stage.entries()
    assert take_registration(2027, path).repeat
    assert take_registration(2027, stage.roster([man(1), man(3), man(5)])).accepted == 3
    assert sum(statuses().values()) == 3
    assert stage.entries() == before + 2  # the new man, and the roster itself


def test_another_town_and_another_day_are_refused_rows(stage: Stage) -> None:
    begin(stage)
    stage.travel(at(2027, 3, 1))
    take_registration(2027, stage.roster([man(1, registered=date(2027, 2, 1)), man(3)]))
    taken = take_registration(2027, stage.roster([man(1, registered=date(2027, 2, 2)), man(3, town="常乐镇")]))
    assert (taken.accepted, taken.rejected) == (0, 2)
    assert taken.returned is not None
    reasons = [row[-1] for row in sheet(taken.returned)][-2:]
    assert "登记日期为2027-02-01" in reasons[0]
    assert "三星镇" in reasons[1]


def test_a_roster_before_the_announcement_is_refused_as_a_whole(stage: Stage) -> None:
    stage.tell(military_registration.fn, 2027)
    with pytest.raises(Refusal, match="不在登记期内"):
        take_registration(2027, stage.roster([man(1)]))
    assert statuses() == {}


def test_a_returned_announcement_is_asked_again_and_a_rejected_one_ends_the_year(stage: Stage) -> None:
    stage.tell(military_registration.fn, 2027)
    stage.answer("announcement", verdict="return")
    assert stage.tell(military_registration.fn, 2027) is None
    stage.answer("announcement", verdict="reject")
    assert stage.tell(military_registration.fn, 2027) == NUMBER
    assert stage.status(NUMBER) == "cancelled"


@pytest.mark.parametrize("year", [27, 20270])
def test_a_year_that_is_none_is_refused(stage: Stage, year: int) -> None:
    before = stage.entries()
    with pytest.raises(Refusal, match=f"年度“{year}”不对"):
        military_registration.fn(year)
    assert stage.entries() == before


def test_a_year_before_the_rules_names_them(stage: Stage) -> None:
    with pytest.raises(NotInForceError):
        military_registration.fn(2020)
    assert stage.entries() == 0
