"""Steps: twice is once, all or nothing, and what was recorded comes back as it was."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.fact import Fact
from tasks.case import close_case
from tasks.journal import CASES, verify
from tasks.step import Dossier, Show, actor, report_progress, show, step, together
from tasks.store import transaction
from tests.ground import BOTH, MORNING, NOTICES, Ground, anew, hire, journal, opened, race, rows_of, settled, status_of

DONE: list[str] = []


class Sum(Fact):
    amount: Decimal
    on: date
    at: datetime
    names: tuple[str, ...]
    note: str = ""


@step(reaches="assessed", tells=["conscription_office"], rule="试行办法 第一条")
def assess(dossier: Dossier, amount: str) -> Sum:
    DONE.append(f"assess {dossier.turn}")
    return Sum(amount=Decimal(amount), on=date(2027, 3, 1), at=datetime(2027, 3, 1, 1, tzinfo=UTC), names=("甲", "乙"))


@step(reaches=lambda verdict: "closed" if verdict else None)
def judge(dossier: Dossier, verdict: bool) -> bool:
    DONE.append(f"judge {dossier.turn}")
    return verdict


@step()
def fail(dossier: Dossier) -> str:
    DONE.append(f"fail {dossier.turn}")
    raise OSError("the disk is full")


@step(tells=lambda outcome: ["leading_group"] if outcome > 1 else [])
def count(dossier: Dossier, number: int) -> int:
    DONE.append(f"count {dossier.turn}")
    return number


@together
def both(dossier: Dossier, amount: str) -> Decimal:
    found = assess(dossier, amount)
    judge(dossier, verdict=found.amount > 1)
    return found.amount


@together
def half(dossier: Dossier) -> None:
    count(dossier, 5)
    fail(dossier)


def watching(shown: list[str]) -> Show:
    def run(name: str, dossier: Dossier, work: Callable[[], Any]) -> Any:
        del dossier
        shown.append(name)
        return work()

    return run


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    DONE.clear()
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


class TestOnce:
    def test_twice_in_one_run_and_again_in_another_is_once(self) -> None:
        case = opened()
        first = assess(case, "1.10")
        assert assess(case, "9.99") == first
        assert assess(anew(case), "9.99") == first
        assert DONE == ["assess 1"]
        assert journal(case.number) == [("opened", 1, "planned", "system"), ("assess", 1, "assessed", "system")]
        assert status_of(case.number) == "assessed"

    def test_the_recorded_outcome_has_the_types_that_the_step_returned(self) -> None:
        case = opened()
        assess(case, "1.10")
        again = assess(anew(case), "0")
        assert isinstance(again, Sum)
        assert again.amount == Decimal("1.10")
        assert str(again.amount) == "1.10"
        assert again.on == date(2027, 3, 1)
        assert again.at == datetime(2027, 3, 1, 1, tzinfo=UTC)
        assert again.names == ("甲", "乙")

    def test_a_turn_is_a_new_line_under_the_old_name(self) -> None:
        case = opened()
        assert [count(case, 1), count(case.again(), 2), count(case.at_turn(7), 3)] == [1, 2, 3]
        woken = anew(case)
        assert [count(woken, 0), count(woken.again(), 0), count(woken.at_turn(7), 0)] == [1, 2, 3]
        assert [line[:2] for line in journal(case.number)] == [("opened", 1), ("count", 1), ("count", 2), ("count", 7)]

    def test_a_run_that_woke_before_another_finished_takes_its_outcome(self) -> None:
        case = opened()
        sleeper = anew(case)
        assert count(case, 3) == 3
        assert count(sleeper, 4) == 3
        assert DONE == ["count 1"]

    def test_eight_runs_at_once_have_one_effect_and_one_notice(self) -> None:
        hire("S1", "conscription_office")
        case = opened()
        runs = [anew(case) for _ in range(8)]
        found = race(*(lambda run=run, place=place: assess(run, str(place)) for place, run in enumerate(runs)))
        assert len(DONE) == 1
        assert len(set(found)) == 1, found
        assert isinstance(found[0], Sum)
        assert len(rows_of(NOTICES)) == 1
        assert list(verify()) == []

    def test_cases_do_not_wait_for_each_other(self) -> None:
        cases = [opened(f"ZB-{number}") for number in range(6)]
        found = race(*(lambda one=one, place=place: count(one, place) for place, one in enumerate(cases)))
        assert found == list(range(6))
        assert list(verify()) == []


class TestAllOrNothing:
    def test_a_step_that_fails_leaves_nothing_and_can_be_done_later(self) -> None:
        case = opened()
        for _ in range(2):
            with pytest.raises(OSError, match="disk"):
                fail(case)
        assert DONE == ["fail 1", "fail 1"]
        assert [line[0] for line in journal(case.number)] == ["opened"]
        assert ("fail", 1) not in case.journal

    def test_what_a_step_wrote_before_it_failed_is_gone(self) -> None:
        case = opened()

        @step(reaches="broken", tells=["conscription_office"])
        def write(dossier: Dossier) -> str:
            with transaction() as tx:
                tx.core.execute(CASES.update().where(CASES.c.id == dossier.id).values(subject="另一事项"))
            raise OSError

        with pytest.raises(OSError):  # noqa: PT011 -- the step's own
            write(case)
        assert rows_of(CASES)[0].subject == "试办事项"
        assert rows_of(NOTICES) == []

    def test_steps_inside_a_transaction_that_rolls_back_are_not_remembered(self) -> None:
        case = opened()

        def half_way() -> None:
            with transaction():
                count(case, 2)
                raise OSError

        with pytest.raises(OSError):  # noqa: PT011 -- raised just above
            half_way()
        assert ("count", 1) not in case.journal
        assert count(case, 4) == 4
        assert [line[0] for line in journal(case.number)] == ["opened", "count"]


class TestNotices:
    def test_everyone_who_holds_a_told_role_that_day_is_told_once(self) -> None:
        hire("S1", "conscription_office")
        hire("S2", "conscription_office", "leading_group")
        hire("S3", "conscription_office", since=date(2027, 1, 5))
        case = opened()
        assess(case, "1")
        assess(anew(case), "1")
        assert [(row.recipient, row.channel, row.template, row.facts["subject"]) for row in rows_of(NOTICES)] == [
            ("officer:S1", "inbox", "notice_conscription.assess", "试办事项"),
            ("officer:S2", "inbox", "notice_conscription.assess", "试办事项"),
        ]

    def test_a_role_that_nobody_holds_is_told_as_a_role(self) -> None:
        assess(opened(), "1")
        assert [row.recipient for row in rows_of(NOTICES)] == ["role:conscription_office"]

    def test_the_outcome_may_name_whom_to_tell(self) -> None:
        case = opened()
        count(case, 1)
        assert rows_of(NOTICES) == []
        count(case.again(), 2)
        assert [(row.recipient, row.number) for row in rows_of(NOTICES)] == [("role:leading_group", 3)]

    def test_the_line_names_rule_and_actor(self) -> None:
        case = opened()
        token = actor.set("S9")
        assess(case, "1")
        actor.reset(token)
        assert journal(case.number)[-1] == ("assess", 1, "assessed", "S9")


class TestTogether:
    def test_a_fused_row_is_one_commit_with_a_line_each(self) -> None:
        case = opened()
        assert both(case, "2") == 2
        assert [line[0] for line in journal(case.number)] == ["opened", "assess", "judge"]
        assert status_of(case.number) == "closed"
        assert list(verify()) == []

    def test_a_replay_of_a_fused_row_works_nothing_and_shows_nothing(self) -> None:
        case = opened()
        both(case, "2")
        shown: list[str] = []
        token = show.set(watching(shown))
        assert both(anew(case), "7") == 2
        show.reset(token)
        assert shown == []
        assert DONE == ["assess 1", "judge 1"]

    def test_one_that_fails_takes_the_others_with_it(self) -> None:
        case = opened()
        with pytest.raises(OSError, match="disk"):
            half(case)
        assert [line[0] for line in journal(case.number)] == ["opened"]
        assert rows_of(NOTICES) == []
        with pytest.raises(OSError, match="disk"):
            half(case)
        assert DONE == ["count 1", "fail 1", "count 1", "fail 1"]

    def test_a_row_that_was_half_done_apart_does_only_the_rest(self) -> None:
        case = opened()
        assess(case, "3")
        assert both(case, "9") == 3
        assert DONE == ["assess 1", "judge 1"]


class TestShown:
    def test_only_what_really_works_is_shown(self) -> None:
        case = opened()
        shown: list[str] = []
        token = show.set(watching(shown))
        count(case, 1)
        count(case, 1)
        both(case, "2")
        show.reset(token)
        assert shown == ["count", "both"]
        assert callable(report_progress.get())


class TestCase:
    def test_a_case_is_opened_once_under_its_number(self) -> None:
        first, second = opened(), opened(status="otherwise")
        assert first.id == second.id
        assert [line[:3] for line in journal("ZB-2027H1")] == [("opened", 1, "planned")]
        assert rows_of(CASES)[0].opened_at >= MORNING.astimezone(UTC)

    def test_closed_by_two_runs_it_is_closed_once(self) -> None:
        case = opened()
        other = anew(case)
        close_case(case, "closed")
        close_case(case, "closed")
        close_case(other, "otherwise")
        assert [line[:3] for line in journal(case.number)] == [("opened", 1, "planned"), ("closed", 1, "closed")]
        assert list(verify()) == []

    def test_opened_by_four_runs_at_once_it_is_one_case(self) -> None:
        found = race(*[opened] * 4)
        assert [one.number for one in found if isinstance(one, Dossier)] == ["ZB-2027H1"] * 4
        assert [line[0] for line in journal("ZB-2027H1")] == ["opened"]
