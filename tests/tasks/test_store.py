"""The store: keys made once and kept close, transactions that join, hooks that wait for the commit."""

import base64
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import bindparam, select

from config.messages import Refusal
from config.settings import ROOT, settings
from models.column import KeyMissingError, key_ring
from tasks.database import head, upgrade, version
from tasks.journal import CASES
from tasks.store import Prepared, forget, in_transaction, load_keys, make_keys, reading, transaction
from tests.ground import BOTH, Ground, opened, race, rows_of, settled


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


class TestKeys:
    def test_a_first_start_makes_a_ring_that_only_its_owner_reads(self, home: Path) -> None:
        ring = load_keys()
        assert stat.S_IMODE((home / "keys.json").stat().st_mode) == 0o600
        assert [path.name for path in home.iterdir()] == ["keys.json"]
        assert load_keys().index("甲") == ring.index("甲")

    def test_threads_at_once_make_one_ring(self, home: Path) -> None:
        found = race(*[lambda: load_keys().index("甲")] * 8)
        assert len(set(found)) == 1
        assert isinstance(found[0], bytes)
        assert [path.name for path in home.iterdir()] == ["keys.json"]

    def test_processes_at_once_make_one_ring(self, home: Path) -> None:
        program = "from tasks.store import load_keys; print(load_keys().index('甲').hex())"
        started = [
            subprocess.Popen(
                [sys.executable, "-c", program],
                cwd=ROOT,
                env={**os.environ, "BANJIE_HOME": str(home)},
                stdout=subprocess.PIPE,
            )
            for _ in range(4)
        ]
        assert len({one.communicate(timeout=60)[0] for one in started}) == 1
        assert {one.returncode for one in started} == {0}
        assert [path.name for path in home.iterdir()] == ["keys.json"]

    @pytest.mark.parametrize(
        "content",
        ["", "not json", "[]", "7", "null", "{}", '{"current": 1}',
         json.dumps(json.loads(make_keys()) | {"current": 2}),
         json.dumps(json.loads(make_keys()) | {"current": "one"}),
         json.dumps(json.loads(make_keys()) | {"seals": {"1": "c2hvcnQ="}}),
         json.dumps(json.loads(make_keys()) | {"seals": ["x"]}),
         json.dumps(json.loads(make_keys()) | {"index": "%%%"}),
         json.dumps({name: value for name, value in json.loads(make_keys()).items() if name != "chain"})],
    )  # fmt: skip
    def test_a_ring_that_cannot_be_read_is_one_sentence(self, home: Path, content: str) -> None:
        (home / "keys.json").write_text(content)
        with pytest.raises(Refusal, match=r"^密钥文件 keys\.json 无法读取（\w+），请检查文件内容或从备份恢复。$"):
            load_keys()
        assert (home / "keys.json").read_text() == content

    def test_a_ring_from_the_environment_makes_no_file(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ring = make_keys()
        monkeypatch.setenv("BANJIE_KEYS", ring)
        settings.cache_clear()
        assert settings().keys == SecretStr(ring)
        assert load_keys().chain == base64.b64decode(json.loads(ring)["chain"])
        assert list(home.iterdir()) == []
        assert ring not in repr(settings())


class TestTransactions:
    def test_what_is_inside_joins_and_nobody_else_commits(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        with pytest.raises(OSError), transaction() as outer:  # noqa: PT011, PT012 -- raised in the block
            opened()
            with transaction() as inner:
                assert inner is outer
                opened("ZB-2027H2")
            with reading() as connection:
                assert len(connection.execute(select(CASES.c.id)).all()) == 2
            raise OSError
        assert rows_of(CASES) == []
        assert not in_transaction()

    def test_hooks_wait_for_the_commit_and_a_rollback_forgets_them(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        done: list[str] = []
        with transaction() as tx:
            tx.after_commit(lambda: done.append(f"{len(rows_of(CASES))} {in_transaction()}"))
            opened()
            assert done == []
        assert done == ["1 False"]
        with pytest.raises(OSError), transaction() as tx:  # noqa: PT011, PT012 -- raised in the block
            tx.after_commit(lambda: done.append("never"))
            raise OSError
        assert done == ["1 False"]

    def test_a_reader_writes_nothing_and_sees_what_was_committed(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        opened()
        with reading() as connection:
            connection.execute(CASES.update().values(subject="另一事项"))
        assert rows_of(CASES)[0].subject == "试办事项"

    def test_writers_at_once_lose_nothing(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        case = opened()

        def more() -> None:
            for _ in range(10):
                with transaction() as tx:
                    found = tx.core.execute(
                        select(CASES.c.version).where(CASES.c.id == case.id).with_for_update()
                    ).scalar_one()
                    tx.core.execute(CASES.update().where(CASES.c.id == case.id).values(version=found + 1))

        before = rows_of(CASES)[0].version
        assert race(*[more] * 4) == [None] * 4
        assert rows_of(CASES)[0].version == before + 40

    def test_a_prepared_statement_names_its_parameters_in_their_order(self) -> None:
        wrong = Prepared(
            select(CASES.c.id).where(CASES.c.number == bindparam("a"), CASES.c.status == bindparam("b")), "b", "a"
        )
        for dialect in BOTH:
            with pytest.raises(TypeError, match="parameters"):
                wrong.sql(dialect)


class TestDatabase:
    def test_an_upgrade_twice_is_one(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        opened()
        upgrade()
        assert version() == head() != ""
        assert len(rows_of(CASES)) == 1

    def test_forgotten_keys_are_gone(self, ground: Ground) -> None:
        assert ground.kind in BOTH
        rows_of(CASES)
        assert key_ring().chain
        forget()
        with pytest.raises(KeyMissingError):
            key_ring()
