"""The journal: nothing in it can be changed, and what was changed by force is named."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from config.messages import Refusal
from models.triggers import GUARDED, drill_statements, trigger_statements
from tasks.anchor import heads_digest
from tasks.clock import now
from tasks.journal import case_id_of, lock, verify, write_entry
from tasks.store import transaction
from tests.ground import ANCHORS, BOTH, Ground, dsn, later, opened, rows_of, settled, with_members

INTRUSIONS = {
    "update": "UPDATE entries SET after = 'closed' WHERE id = 1",
    "update of nothing much": "UPDATE entries SET rule = rule WHERE id = 1",
    "delete": "DELETE FROM entries WHERE id = 1",
    "delete all": "DELETE FROM entries",
    "update of an anchor": "UPDATE anchors SET digest = 'x'",
    "delete of an anchor": "DELETE FROM anchors",
}
LINE = "INTO entries (id, case_id, seq, step, turn, actor, before, after, outcome, rule, at, hash)"
SAME = "SELECT id, case_id, seq, step, turn, 'other', before, after, outcome, rule, at, hash FROM entries WHERE id = 1"
NEW_ID = (
    "SELECT 9999, case_id, seq, step, turn, 'other', before, after, outcome, rule, at, hash FROM entries WHERE id = 1"
)
ONLY_SQLITE = {
    "replace by id": f"INSERT OR REPLACE {LINE} {SAME}",
    "replace by name": f"INSERT OR REPLACE {LINE} {NEW_ID}",
    "replace into": f"REPLACE {LINE} {SAME}",
    "update or replace": "UPDATE OR REPLACE entries SET id = 2 WHERE id = 1",
    "upsert": f"INSERT {LINE} {SAME} ON CONFLICT(id) DO UPDATE SET actor = 'other'",
    "replace an anchor": "INSERT OR REPLACE INTO anchors (id, at, cases, entries, digest) SELECT id, at, 0, 0, 'x' FROM anchors",
}
ONLY_POSTGRESQL = {
    "truncate": "TRUNCATE entries",
    "truncate cascade": "TRUNCATE cases CASCADE",
    "truncate anchors": "TRUNCATE anchors",
    "upsert": f"INSERT {LINE} {SAME} ON CONFLICT (id) DO UPDATE SET actor = 'other'",
    "upsert by name": f"INSERT {LINE} {NEW_ID} ON CONFLICT (case_id, step, turn) DO UPDATE SET actor = 'other'",
    "merge": "MERGE INTO entries USING (SELECT 1 AS one) AS s ON entries.id = s.one WHEN MATCHED THEN DELETE",
}


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def written(ground: Ground) -> Ground:
    """A house with three cases of a few lines each, and one anchor."""
    fill(3, 5)
    with transaction() as tx:
        tx.core.execute(ANCHORS.insert().values(at=now(), cases=3, entries=15, digest="0" * 64))
    return ground


def fill(cases: int, lines: int) -> None:
    for number in range(cases):
        case = opened(f"ZB-{number}")
        for place in range(lines - 1):
            with transaction() as tx:
                write_entry(tx, lock(tx, case.id), f"step-{place}", 1, actor="S1", at=now(), after=f"at-{place}",
                            outcome={"a": place, "b": "甲"}, rule="第一条")  # fmt: skip
            later(seconds=1)


def by_force(ground: Ground, *statements: str) -> int:
    """Run statements on a driver's own connection: no pragma of ours, no program of ours; return the rows touched."""
    touched = 0
    if ground.kind == "sqlite":
        with closing(sqlite3.connect(ground.home / "banjie.db")) as raw:
            for statement in statements:
                touched = raw.execute(statement).rowcount
            raw.commit()
    else:
        with psycopg.connect(dsn(ground.url)) as connection:
            for statement in statements:
                touched = connection.execute(statement).rowcount
    return touched


def disarm(ground: Ground) -> None:
    """Drop what refuses a change, as somebody who owns the database can."""
    if ground.kind == "sqlite":
        with closing(sqlite3.connect(ground.home / "banjie.db")) as raw:
            names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        assert len(names) == len([*trigger_statements("sqlite", GUARDED), *drill_statements("sqlite")])
        by_force(ground, *(f"DROP TRIGGER {name}" for name in names))
    else:
        by_force(ground, *(f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in ("entries", "anchors")))


class TestAppendOnly:
    @pytest.mark.parametrize("name", [*INTRUSIONS, *sorted({*ONLY_SQLITE, *ONLY_POSTGRESQL})])
    def test_a_raw_connection_is_refused(self, written: Ground, name: str) -> None:
        own = ONLY_SQLITE if written.kind == "sqlite" else ONLY_POSTGRESQL
        statement = INTRUSIONS.get(name) or own.get(name)
        if statement is None:  # the other database's words; here the same is tried as a plain update
            statement = INTRUSIONS["update"]
        before = heads_digest(), rows_of(ANCHORS)
        with pytest.raises((sqlite3.DatabaseError, psycopg.DatabaseError), match="append-only"):
            by_force(written, statement)
        assert (heads_digest(), rows_of(ANCHORS)) == before
        assert list(verify()) == []

    def test_a_new_line_is_taken(self, written: Ground) -> None:
        assert written.kind in BOTH
        with transaction() as tx:
            write_entry(tx, lock(tx, case_id_of("ZB-1")), "more", 1, actor="S1", at=now())
        assert list(verify()) == []


class TestVerify:
    def test_a_sound_journal_has_nothing_to_name(self, written: Ground) -> None:
        assert written.kind in BOTH
        assert list(verify()) == []
        assert heads_digest()[:2] == (3, 15)

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("UPDATE entries SET after = 'closed' WHERE case_id = {case} AND seq = 3", ("ZB-1", 3, "step-1", "altered")),
            ("UPDATE entries SET actor = 'S2' WHERE case_id = {case} AND seq IN (2, 4)", ("ZB-1", 2, "step-0", "altered")),
            ("UPDATE entries SET outcome = '{{\"b\":\"甲\",\"a\":1}}' WHERE case_id = {case} AND seq = 3", ("ZB-1", 3, "step-1", "altered")),
            ("UPDATE entries SET outcome = '{{\"a\":2,\"a\":1,\"b\":\"甲\"}}' WHERE case_id = {case} AND seq = 3", ("ZB-1", 3, "step-1", "altered")),
            ("UPDATE entries SET outcome = 'no json' WHERE case_id = {case} AND seq = 3", ("ZB-1", 3, "step-1", "altered")),
            ("DELETE FROM entries WHERE case_id = {case} AND seq = 3", ("ZB-1", 4, "step-2", "gap")),
            ("DELETE FROM entries WHERE case_id = {case} AND seq = 1", ("ZB-1", 2, "step-0", "gap")),
            ("DELETE FROM entries WHERE case_id = {case} AND seq >= 4", ("ZB-1", 5, "", "tail")),
            ("DELETE FROM entries WHERE case_id = {case}", ("ZB-1", 5, "", "tail")),
            ("UPDATE cases SET seq = 4 WHERE id = {case}", ("ZB-1", 4, "", "tail")),
            ("UPDATE cases SET status = 'closed' WHERE id = {case}", ("ZB-1", 5, "", "status")),
            ("UPDATE entries SET rule = '第二条' WHERE case_id = {case} AND seq = 5", ("ZB-1", 5, "step-3", "altered")),
            ("UPDATE entries SET turn = 2 WHERE case_id = {case} AND seq = 5", ("ZB-1", 5, "step-3", "altered")),
        ],
    )  # fmt: skip
    def test_the_first_that_does_not_fit_is_named(
        self, written: Ground, statement: str, found: tuple[str, int, str, str]
    ) -> None:
        disarm(written)
        case = case_id_of("ZB-1")
        assert by_force(written, statement.format(case=case)) > 0
        assert [(one.case, one.seq, one.step, one.why) for one in verify()] == [found]

    def test_a_line_copied_from_another_case_does_not_fit(self, written: Ground) -> None:
        disarm(written)
        by_force(written, f"UPDATE entries SET hash = (SELECT hash FROM entries AS other WHERE other.seq = 2 AND other.case_id = {case_id_of('ZB-0')})"
                          f" WHERE seq = 2 AND case_id = {case_id_of('ZB-1')}")  # fmt: skip
        assert [(one.case, one.seq, one.why) for one in verify()] == [("ZB-1", 2, "altered")]

    def test_two_lines_that_changed_places_do_not_fit(self, written: Ground) -> None:
        disarm(written)
        case = case_id_of("ZB-1")
        by_force(written, f"UPDATE entries SET seq = 7 - seq WHERE case_id = {case} AND seq IN (3, 4)")
        assert [(one.case, one.seq, one.why) for one in verify()] == [("ZB-1", 3, "altered")]

    def test_each_broken_case_is_named_once(self, written: Ground) -> None:
        disarm(written)
        by_force(written, "UPDATE entries SET actor = 'S2' WHERE seq IN (2, 3)")
        assert [(one.case, one.seq) for one in verify()] == [("ZB-0", 2), ("ZB-1", 2), ("ZB-2", 2)]

    def test_damage_that_is_no_hash_and_no_moment_is_named_too(self, written: Ground) -> None:
        if written.kind != "sqlite":
            with pytest.raises(psycopg.DatabaseError):  # PostgreSQL keeps the types, whoever owns it
                by_force(written, "UPDATE entries SET at = 'never'")
            return
        disarm(written)
        by_force(written, f"UPDATE entries SET at = 'never' WHERE seq = 2 AND case_id = {case_id_of('ZB-0')}",
                 f"UPDATE entries SET hash = 'text' WHERE seq = 3 AND case_id = {case_id_of('ZB-1')}")  # fmt: skip
        assert [(one.case, one.seq, one.why) for one in verify()] == [("ZB-0", 2, "altered"), ("ZB-1", 3, "altered")]

    def test_a_cut_tail_with_a_mended_head_is_seen_by_the_digest_kept_outside(self, written: Ground) -> None:
        kept = heads_digest()
        disarm(written)
        case = case_id_of("ZB-1")
        by_force(written, f"DELETE FROM entries WHERE case_id = {case} AND seq = 5",
                 f"UPDATE cases SET seq = 4, status = 'at-2', head = (SELECT hash FROM entries WHERE case_id = {case} AND seq = 4) WHERE id = {case}")  # fmt: skip
        assert list(verify()) == []
        assert heads_digest() != kept


COLUMNS: dict[str, Callable[[Any], Any]] = {
    "seq": lambda old: old + 1,
    "step": lambda old: f"{old}x",
    "turn": lambda old: old + 1,
    "actor": lambda old: f"{old}1",
    "before": lambda old: f"{old} ",
    "after": lambda old: f" {old}",
    "outcome": lambda old: f"{old} ",
    "rule": lambda old: f"{old}。",
    "hash": lambda old: bytes([old[0] ^ 1]) + old[1:],
}


@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_edit_of_any_field_is_found(written: Ground, data: st.DataObject) -> None:
    disarm_once(written)
    place = data.draw(st.integers(0, 14))
    column = data.draw(st.sampled_from(sorted(COLUMNS)))
    mark = "?" if written.kind == "sqlite" else "%s"
    with raw(written) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM entries ORDER BY case_id, seq").fetchall()]
        case, seq, old = connection.execute(
            f"SELECT case_id, seq, {column} FROM entries WHERE id = {mark}", (ids[place],)
        ).fetchone()
        write = f"UPDATE entries SET {column} = {mark} WHERE id = {mark}"
        connection.execute(write, (COLUMNS[column](old), ids[place]))
        connection.commit()
        try:
            found = list(verify())
        finally:
            connection.execute(write, (old, ids[place]))
            connection.commit()
    assert len(found) == 1
    assert case_id_of(found[0].case) == case
    assert found[0].seq == (COLUMNS["seq"](old) if column == "seq" else seq)
    assert list(verify()) == []


def raw(ground: Ground) -> Any:
    return (
        closing(sqlite3.connect(ground.home / "banjie.db"))
        if ground.kind == "sqlite"
        else psycopg.connect(dsn(ground.url))
    )


def disarm_once(ground: Ground) -> None:
    marker = ground.home / "disarmed"
    if not marker.exists():
        disarm(ground)
        marker.touch()


class TestLines:
    def test_an_unknown_case_is_one_sentence(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        with pytest.raises(Refusal, match="没有编号为“ZB-1900H1”的事项"):
            case_id_of("ZB-1900H1")

    def test_only_a_line_of_substance_raises_the_version(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        case = opened()
        with transaction() as tx:
            before = lock(tx, case.id).version
            write_entry(tx, lock(tx, case.id), "noted", 1, actor="S1", at=now(), substance=False)
            assert lock(tx, case.id).version == before
            write_entry(tx, lock(tx, case.id), "changed", 1, actor="S1", at=now())
            assert lock(tx, case.id).version == before + 1

    def test_members_have_chains_of_their_own(self, ground: Ground) -> None:
        case = opened()
        with_members(case, 3)
        disarm(ground)
        by_force(ground, f"UPDATE entries SET actor = 'S2' WHERE case_id = {case_id_of('ZB-2027H1-000002')}")
        assert [one.case for one in verify()] == ["ZB-2027H1-000002"]
