"""Rosters into a case: a file once, a row once, and what is refused comes back to be mended."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.messages import Refusal
from config.offices import towns
from config.zone import SHANGHAI
from models.case import Received
from models.conscription.answer import Fitness
from models.conscription.roll import Evidence, Finding, Objection, Returned
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from models.roster import FORMS, ApplicationRow, DecisionRow, MedicalRow, ReturnGround, Row
from tasks import synthetic
from tasks.ask import open_questions
from tasks.ask_members import ask_each
from tasks.clock import local_day, now, set_clock
from tasks.conscription.course import open_season, read_plan
from tasks.conscription.intake import TAKERS
from tasks.decision_sheet import answer_sheet
from tasks.intake import CHUNK, Intake, take_in
from tasks.journal import CASES, Page, lock, verify, write_entry
from tasks.mailbox import take_roster
from tasks.roster import read_roster
from tasks.step import Dossier
from tasks.store import reading, table, transaction
from tasks.synthetic.candidate import generator
from tasks.synthetic.sheet import about, verdict_of, write_sheet, wrong_checksum
from tasks.wait import INSTANCES, Parked
from tests.ground import (
    BOTH,
    ENTRIES,
    PARTIES,
    PERSONS,
    SEATS,
    Ground,
    fresh_code,
    hire,
    journal,
    race,
    rows_of,
    settled,
)

SEASON = "ZB-2027H1"
ON = date(2027, 2, 5)
RECEIVED, FINDINGS, EVIDENCE, OBJECTIONS, RETURNS = (
    table(one) for one in (Received, Finding, Evidence, Objection, Returned)
)
EVERYTHING = (CASES, ENTRIES, PERSONS, PARTIES, FINDINGS, EVIDENCE, OBJECTIONS, RETURNS, RECEIVED)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def season(ground: Ground) -> Dossier:
    assert ground.kind in BOTH
    set_clock(datetime(2027, 2, 5, 9, tzinfo=SHANGHAI))
    return open_season(read_plan("2027H1"))


def people(count: int, seed: int = 1) -> list[synthetic.Candidate]:
    made = synthetic.candidates(count, seed=seed, on=date(2027, 3, 1), towns=[one.title for one in towns()])
    return [one.model_copy(update={"applied": ON}) for one in made]


def row_of(one: synthetic.Candidate) -> dict[str, Any]:
    return one.model_dump() | {"willing": True, "consent": True}


def sheet(path: Path, form: type[Row], rows: Sequence[dict[str, Any]]) -> Path:
    write_sheet(path, form, rows, random.Random(0))
    return path


def apply(path: Path, applicants: Sequence[synthetic.Candidate]) -> Intake:
    return take_roster(SEASON, "application", sheet(path, ApplicationRow, [row_of(one) for one in applicants]))


def on_file() -> list[synthetic.Due]:
    chosen = (
        select(CASES.c.number, PERSONS.c.identity, PERSONS.c.name, CASES.c.unit)
        .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
        .join(PERSONS, PERSONS.c.id == PARTIES.c.person_id)
        .order_by(CASES.c.number)
    )
    with reading() as connection:
        return [synthetic.Due(*row) for row in connection.execute(chosen)]


def stand(status: M) -> None:
    """Bring every member to a status, with the line that says so."""
    with transaction() as tx:
        page = Page(tx, f"brought-{status}", 1, "system", now())
        for row in tx.core.execute(select(CASES.c.id).where(CASES.c.parent_id.is_not(None)).order_by(CASES.c.id)).all():
            page.add(lock(tx, row.id), status, None)
        page.write()


def everything() -> list[list[Any]]:
    return [rows_of(one) for one in EVERYTHING]


def whole(season: Dossier, status: S) -> None:
    """Bring the season itself to a status, with the line that says so."""
    with transaction() as tx:
        write_entry(tx, lock(tx, season.id), f"brought-{status}", 1, actor="system", at=now(), after=status)


class TestFiles:
    def test_a_roster_makes_members_and_a_line(self, season: Dossier, tmp_path: Path) -> None:
        taken = apply(tmp_path / "a.xlsx", people(5))
        assert (taken.accepted, taken.rejected, taken.returned, taken.repeat) == (5, 0, None, False)
        assert [one.number for one in on_file()] == [f"{SEASON}-{place:06}" for place in range(1, 6)]
        assert journal(f"{SEASON}-000001") == [("apply", 1, "applied_online", "system")]
        assert journal(season.number)[-1][0].startswith("received-application-")
        assert rows_of(INSTANCES)[0].nudges == 1
        assert list(verify()) == []

    def test_the_same_file_again_changes_nothing(self, season: Dossier, tmp_path: Path) -> None:
        apply(tmp_path / "a.xlsx", people(5))
        before = everything(), rows_of(INSTANCES)
        again = take_roster(season.number, "application", tmp_path / "a.xlsx")
        assert (again.accepted, again.rejected, again.repeat) == (5, 0, True)
        assert (everything(), rows_of(INSTANCES)) == before

    def test_rows_whose_reason_has_passed_come_in_when_the_very_same_file_comes_again(
        self, season: Dossier, tmp_path: Path
    ) -> None:
        apply(tmp_path / "a.xlsx", people(1))
        both = sheet(tmp_path / "b.xlsx", ApplicationRow, [row_of(one) for one in people(3)])
        whole(season, S.EXAMINING)
        taken = take_roster(SEASON, "application", both)
        assert (taken.accepted, taken.rejected, taken.repeat) == (1, 2, False)
        again = take_roster(SEASON, "application", both)
        assert (again.accepted, again.rejected, again.repeat) == (1, 2, True), "the reason has not passed"
        assert again.returned
        whole(season, S.APPLYING)
        mended = take_roster(SEASON, "application", both)
        assert (mended.accepted, mended.rejected, mended.repeat) == (3, 0, False)
        assert take_roster(SEASON, "application", both).repeat
        assert len(on_file()) == 3
        assert list(verify()) == []

    def test_another_file_with_the_same_rows_brings_only_what_is_new(self, season: Dossier, tmp_path: Path) -> None:
        apply(tmp_path / "a.xlsx", people(5))
        taken = apply(tmp_path / "b.xlsx", people(8))
        assert (taken.accepted, taken.rejected) == (8, 0)
        assert len(on_file()) == 8
        assert season.number == SEASON

    def test_a_person_on_file_with_other_facts_comes_back(self, season: Dossier, tmp_path: Path) -> None:
        first, *others = people(3)
        apply(tmp_path / "a.xlsx", [first])
        before = rows_of(PERSONS)
        taken = apply(tmp_path / "b.xlsx", [first.model_copy(update={"phone": "13800000000"}), *others])
        assert (taken.accepted, taken.rejected) == (2, 1)
        assert rows_of(PERSONS)[0] == before[0]
        assert taken.returned is not None
        back = read_roster(taken.returned, ApplicationRow, on=ON)
        assert [str(flaw) for one in back.rejected for flaw in one.flaws] == []
        assert back.accepted[0].fact.phone == "13800000000"
        assert season.number == SEASON

    def test_refused_rows_come_back_and_mended_they_are_taken(self, season: Dossier, tmp_path: Path) -> None:
        rows = [row_of(one) for one in people(4)]
        right = rows[1]["identity"]
        wrong_checksum(rows[1], random.Random(1))
        taken = take_roster(SEASON, "application", sheet(tmp_path / "a.xlsx", ApplicationRow, rows))
        assert (taken.accepted, taken.rejected) == (3, 1)
        assert taken.returned is not None
        assert taken.returned.parent.name == "returned"
        back = read_roster(taken.returned, ApplicationRow, on=ON)
        assert len(back.rejected) == 1
        rows[1]["identity"] = right
        again = take_roster(SEASON, "application", sheet(tmp_path / "mended.xlsx", ApplicationRow, [rows[1]]))
        assert (again.accepted, again.rejected, again.returned) == (1, 0, None)
        assert len(on_file()) == 4
        assert season.number == SEASON

    def test_a_crash_between_chunks_is_mended_by_the_same_file(self, season: Dossier, tmp_path: Path) -> None:
        path = sheet(tmp_path / "a.xlsx", ApplicationRow, [row_of(one) for one in people(CHUNK + 30)])
        seen: list[int] = []

        def cut_off(tx: Any, case: int, rows: Sequence[Any], day: date) -> Any:
            seen.append(len(rows))
            if len(seen) > 1:
                raise OSError
            return list(TAKERS["application"](tx, case, rows, day))

        with pytest.raises(OSError):  # noqa: PT011 -- raised just above
            take_in(SEASON, "application", path, cut_off)
        assert seen == [CHUNK, 30]
        assert len(on_file()) == CHUNK
        assert rows_of(RECEIVED) == []
        taken = take_roster(SEASON, "application", path)
        assert (taken.accepted, taken.rejected, taken.repeat) == (CHUNK + 30, 0, False)
        assert len(on_file()) == CHUNK + 30
        assert season.number == SEASON

    def test_the_same_file_twice_at_once_is_taken_once(self, season: Dossier, tmp_path: Path) -> None:
        path = sheet(tmp_path / "a.xlsx", ApplicationRow, [row_of(one) for one in people(20)])
        found = race(*[lambda: take_roster(SEASON, "application", path)] * 3)
        assert [one.accepted for one in found if isinstance(one, Intake)] == [20] * 3
        assert sorted(one.repeat for one in found if isinstance(one, Intake)) == [False, True, True]
        assert len(on_file()) == 20
        assert len(rows_of(RECEIVED)) == 1
        assert season.number == SEASON


class TestBad:
    @pytest.mark.parametrize("form", sorted(TAKERS))
    def test_a_wrong_row_comes_back_with_its_reason_and_changes_nothing(
        self, season: Dossier, tmp_path: Path, form: str
    ) -> None:
        apply(tmp_path / "a.xlsx", people(3))
        before = [rows_of(one) for one in EVERYTHING if one not in (RECEIVED, ENTRIES, CASES)]
        first = next(iter(FORMS[form].model_fields))
        taken = take_roster(SEASON, form, sheet(tmp_path / "wrong.xlsx", FORMS[form], [{first: "@@@"}]))
        assert (taken.accepted, taken.rejected) == (0, 1)
        assert taken.returned is not None
        back = read_roster(taken.returned, FORMS[form], on=ON)
        assert len(back.rejected) == 1
        assert all(flaw.reason for flaw in back.rejected[0].flaws)
        assert [rows_of(one) for one in EVERYTHING if one not in (RECEIVED, ENTRIES, CASES)] == before
        assert journal(season.number)[-1][0].startswith(f"received-{form}-")

    @pytest.mark.parametrize("form", sorted(set(TAKERS) - {"application", "objection"}))
    def test_a_row_about_nobody_on_file_comes_back(self, season: Dossier, tmp_path: Path, form: str) -> None:
        apply(tmp_path / "a.xlsx", people(3))
        stranger = synthetic.Due(f"{SEASON}-000099", people(9, seed=5)[-1].identity, "某某", "")
        taken = self.one_of(form, tmp_path / "b.xlsx", [stranger])
        assert (taken.accepted, taken.rejected) == (0, 1)
        assert season.number == SEASON

    @pytest.mark.parametrize("form", ["medical", "political", "training", "return"])
    def test_a_row_that_comes_too_early_comes_back(self, season: Dossier, tmp_path: Path, form: str) -> None:
        apply(tmp_path / "a.xlsx", people(1))
        taken = self.one_of(form, tmp_path / "b.xlsx", on_file())
        assert (taken.accepted, taken.rejected) == (0, 1)
        assert journal(f"{SEASON}-000001") == [("apply", 1, "applied_online", "system")]
        assert season.number == SEASON

    @pytest.mark.parametrize(
        ("make", "key"),
        [
            (lambda path: path.write_bytes(b""), "roster."),
            (lambda path: path.write_bytes(b"PK\x03\x04 no workbook"), "roster."),
            (lambda path: sheet(path, MedicalRow, []), "roster."),
            (lambda path: path.mkdir(), "roster."),
            (lambda _path: None, "roster."),
        ],
    )  # fmt: skip
    def test_a_file_that_cannot_be_taken_is_one_sentence_and_changes_nothing(self, season: Dossier, tmp_path: Path, make: Callable[[Path], object],
                                                                             key: str) -> None:  # fmt: skip
        path, before = tmp_path / "a.xlsx", everything()
        make(path)
        with pytest.raises(Refusal) as error:
            take_roster(season.number, "application", path)
        assert error.value.key.startswith(key)
        assert "“a.xlsx”" in str(error.value)
        assert "。" not in str(error.value).removesuffix("。")
        assert "\n" not in str(error.value)
        assert everything() == before

    def test_an_unknown_case_or_form_is_one_sentence(self, season: Dossier, tmp_path: Path) -> None:
        path = sheet(tmp_path / "a.xlsx", ApplicationRow, [])
        with pytest.raises(Refusal, match="没有编号为“ZB-1900H1”的事项"):
            take_roster("ZB-1900H1", "application", path)
        with pytest.raises(Refusal, match="没有名为“holiday”的表单"):
            take_roster(season.number, "holiday", path)

    def one_of(self, form: str, path: Path, due: Sequence[synthetic.Due]) -> Intake:
        on = local_day(now())
        if form == "account":
            write_sheet(path, FORMS[form], [about(one) | {"holder": one.name, "relation": "本人", "bank": "某银行", "account": "6222020000000000000"}
                                            for one in due], random.Random(0))  # fmt: skip
        elif form == "return":
            synthetic.return_sheet(path, due, seed=1, on=on, count=9)
        elif form == "evidence":
            synthetic.evidence_sheet(path, due, seed=1, on=on, items=[("大学生", "毕业证书", ["5"])])
        else:
            getattr(synthetic, f"{form}_sheet")(path, due, seed=1, on=on, flaws=0)
        return take_roster(SEASON, form, path)


class TestRows:
    def test_a_finding_is_recorded_once_whatever_files_it_comes_in(self, season: Dossier, tmp_path: Path) -> None:
        apply(tmp_path / "a.xlsx", people(3))
        due = on_file()
        for name, some in (("b", due[:2]), ("c", due)):
            synthetic.precheck_sheet(tmp_path / f"{name}.xlsx", some, seed=1, on=ON, flaws=0)
        assert take_roster(SEASON, "precheck", tmp_path / "b.xlsx").accepted == 2
        again = take_roster(SEASON, "precheck", tmp_path / "c.xlsx")
        assert (again.accepted, again.rejected) == (3, 0)
        assert len(rows_of(FINDINGS)) == 3
        assert [line[0] for line in journal(f"{SEASON}-000001")] == ["apply", "recorded-precheck"]
        assert season.number == SEASON

    def test_a_person_named_twice_in_two_ways_is_recorded_once(self, season: Dossier, tmp_path: Path) -> None:
        apply(tmp_path / "a.xlsx", people(1))
        (one,) = on_file()
        rows: list[dict[str, Any]] = [{"number": one.number}, {"identity": one.identity}]
        common = {"visual": verdict_of(True), "history": verdict_of(True), "political": verdict_of(True), "schooling": verdict_of(True),
                  "handed_in": True, "verdict": verdict_of(True), "confirmed": ON, "staff": "Z1001"}  # fmt: skip
        taken = take_roster(
            SEASON, "precheck", sheet(tmp_path / "b.xlsx", FORMS["precheck"], [row | common for row in rows])
        )
        assert (taken.accepted, taken.rejected) == (1, 1)
        assert len(rows_of(FINDINGS)) == 1
        assert list(verify()) == []
        assert season.number == SEASON

    def test_an_examination_may_be_repeated_and_then_again(self, season: Dossier, tmp_path: Path) -> None:
        apply(tmp_path / "a.xlsx", people(1))
        due = on_file()
        for place, status in enumerate((M.PRECHECK_PASSED, M.PHYSICAL_PASSED)):
            stand(status)
            for day in (1, 2):
                set_clock(datetime(2027, 2, 10 + 2 * place + day, 9, tzinfo=SHANGHAI))
                path = tmp_path / f"{status}-{day}.xlsx"
                synthetic.medical_sheet(path, due, seed=1, on=local_day(now()), flaws=0, contradictions=0)
                assert take_roster(SEASON, "medical", path).accepted == 1
                again = tmp_path / f"{status}-{day}-again.xlsx"
                synthetic.medical_sheet(again, [*due, synthetic.Due(None, people(3, seed=9)[2].identity, "某", "")], seed=1, on=local_day(now()), flaws=0,
                                        contradictions=0)  # fmt: skip
                taken = take_roster(SEASON, "medical", again)
                assert (taken.accepted, taken.rejected) == (1, 1)
        assert [row.kind for row in rows_of(FINDINGS)] == ["medical", "medical", "recheck", "recheck"]
        assert [line[:2] for line in journal(f"{SEASON}-000001") if line[0].startswith("recorded")] == [
            ("recorded-medical", 1), ("recorded-medical", 2), ("recorded-recheck", 1), ("recorded-recheck", 2)]  # fmt: skip
        assert list(verify()) == []
        assert season.number == SEASON

    def test_a_return_is_recorded_once_and_another_letter_comes_back(self, season: Dossier, tmp_path: Path) -> None:
        apply(tmp_path / "a.xlsx", people(1))
        stand(M.IN_SERVICE)
        (one,) = on_file()
        common = {
            "ground": ReturnGround.PHYSICAL,
            "arrived": date(2027, 1, 6),
            "letter_on": ON,
        }
        for name, letter, accepted in (("b", "退〔1〕", 1), ("c", "退〔1〕", 1), ("d", "退〔2〕", 0)):
            rows = [{"number": one.number, "letter": letter} | common]
            taken = take_roster(SEASON, "return", sheet(tmp_path / f"{name}.xlsx", FORMS["return"], rows))
            assert taken.accepted == accepted
        rows = [
            {"number": one.number, "letter": "退〔3〕"} | common,
            {"identity": one.identity, "letter": "退〔4〕"} | common,
        ]
        assert take_roster(SEASON, "return", sheet(tmp_path / "e.xlsx", FORMS["return"], rows)).rejected == 2
        assert [row.letter for row in rows_of(RETURNS)] == ["退〔1〕"]
        assert list(verify()) == []
        assert season.number == SEASON


class TestDecisions:
    def asked(self, season: Dossier, count: int, tmp_path: Path) -> list[str]:
        apply(tmp_path / "a.xlsx", people(count))
        with pytest.raises(Parked):
            ask_each(
                Fitness,
                season,
                "contradiction",
                members=[one.number or "" for one in on_file()],
                of="chief_physician",
                text=str,
            )
        return [one.number for one in open_questions()]

    def rows(self, numbers: Sequence[str], code: str) -> list[dict[str, Any]]:
        dice = generator(1, "decisions")
        words = ("合格", "不合格")
        return [
            {"question": number, "staff": "S1", "code": code, "verdict": dice.choice(words), "reason": "情况属实"}
            for number in numbers
        ]

    def test_five_hundred_rows_with_one_code(self, season: Dossier, tmp_path: Path) -> None:
        hire("S1", "chief_physician")
        numbers = self.asked(season, 500, tmp_path)
        path = sheet(tmp_path / "d.xlsx", DecisionRow, self.rows(numbers, fresh_code("S1")))
        taken = answer_sheet(path)
        assert (taken.accepted, taken.rejected) == (500, 0)
        assert open_questions() == []
        assert {row.way for row in rows_of(SEATS)} == {"sheet"}
        again = answer_sheet(path)
        assert (again.accepted, again.rejected) == (0, 500)
        assert again.returned is not None
        assert list(verify()) == []

    def test_a_wrong_code_is_one_failure_and_every_row_comes_back(self, season: Dossier, tmp_path: Path) -> None:
        hire("S1", "chief_physician")
        numbers = self.asked(season, 8, tmp_path)
        taken = answer_sheet(sheet(tmp_path / "d.xlsx", DecisionRow, self.rows(numbers, "000000")))
        assert (taken.accepted, taken.rejected) == (0, 8)
        assert len(open_questions()) == 8
        assert answer_sheet(sheet(tmp_path / "e.xlsx", DecisionRow, self.rows(numbers, fresh_code("S1")))).accepted == 8

    def test_rows_that_are_wrong_come_back_and_the_others_count(self, season: Dossier, tmp_path: Path) -> None:
        hire("S1", "chief_physician")
        numbers = self.asked(season, 3, tmp_path)
        rows = self.rows([*numbers, "Q999"], fresh_code("S1"))
        rows[1]["verdict"] = "也许"
        rows[2]["reason"] = None
        taken = answer_sheet(sheet(tmp_path / "d.xlsx", DecisionRow, rows))
        assert (taken.accepted, taken.rejected) == (1, 3)
        assert [one.number for one in open_questions()] == numbers[1:]
