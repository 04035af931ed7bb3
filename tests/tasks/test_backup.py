"""Backup and restore (Art. 20): a played season goes whole into an empty place, on either database, or not at all."""

import json
import shutil
import stat
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from config.messages import Refusal
from config.settings import settings
from flows.cli import app
from models.backup import FORMAT
from models.triggers import FIXED, GUARDED
from tasks import backup as whole
from tasks.anchor import anchor, heads_digest
from tasks.backup.making import keys_beside
from tasks.backup.rows import columns_of, tables
from tasks.backup.sealing import MAGIC
from tasks.database import head, upgrade, version
from tasks.journal import verify
from tasks.postgres import Postgres
from tasks.store import forget, reading, transaction
from tests.benchmarks.notice import Notice, prepare
from tests.ground import BOTH, Ground, about, later, opened, rows_of, settled, with_members
from tests.played import play


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


Place = Callable[[str], Path]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Move this process to an empty home with an empty database of a kind."""
    made: list[tuple[Postgres, str]] = []

    def move(kind: str) -> Path:
        home = tmp_path / f"新机器-{uuid.uuid4().hex[:6]}"
        monkeypatch.setenv("BANJIE_HOME", str(home))
        monkeypatch.setenv("BANJIE_CLOCK", "simulated")
        monkeypatch.delenv("BANJIE_DATABASE_URL", raising=False)
        if kind == "postgresql":
            cluster: Postgres = request.getfixturevalue("postgres_cluster")
            name = f"restore_{uuid.uuid4().hex[:12]}"
            cluster.create(name)
            made.append((cluster, name))
            monkeypatch.setenv("BANJIE_DATABASE_URL", cluster.url(name, "psycopg"))
        forget()
        return home

    yield move
    forget()
    for cluster, name in made:
        cluster.drop(name)


class Seen(NamedTuple):
    """All that is in a place: rows as our models read them, unsealed, and files."""

    rows: dict[str, list[Any]]
    files: dict[str, bytes]


def look(home: Path) -> Seen:
    kept = ("papers", "mailbox", "done", "refused", "returned", "site", "anchors.jsonl")
    files = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.relative_to(home).parts[0] in kept and path.name != ".lock"
    }
    return Seen({one.name: rows_of(one) for one in tables()}, files)


def ignore(_what: str, _done: int) -> None:
    """Tell nobody."""


def small_house(home: Path) -> None:
    """Put into a house a little of everything."""
    case = opened()
    about(with_members(case, 3)[0], "11010519491231002X")
    for folder in ("papers/ZB-2027H1", "mailbox/ZB-2027H1", "done/ZB-2027H1", "site"):
        (home / folder).mkdir(parents=True, exist_ok=True)
        (home / folder / "一份.txt").write_text(folder, encoding="utf-8")
    for folder in ("postgres", "prefect", "logs"):
        (home / folder).mkdir(exist_ok=True)
        (home / folder / "not-ours").write_text("x")
    anchor()


@pytest.mark.parametrize("to", BOTH)
def test_a_played_season_stands_again_whole_in_an_empty_place(
    ground: Ground, to: str, elsewhere: Place, tmp_path: Path
) -> None:
    play("2027H1", 60, ground.home)
    anchor()
    before, heads, file = look(ground.home), heads_digest(), tmp_path / "备份.banjie"
    made = whole.backup(file, ignore)
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(made.keys.stat().st_mode) == 0o600
    home = elsewhere(to)
    done = whole.restore(file, None, ignore)
    assert look(home) == before
    assert before.files
    assert done.rows == made.rows == sum(map(len, before.rows.values()))
    assert heads_digest() == heads
    assert list(verify()) == []
    assert version() == head()
    assert stat.S_IMODE((home / "keys.json").stat().st_mode) == 0o600
    with pytest.raises(DBAPIError, match="append-only"), transaction() as tx:
        tx.core.execute(text("UPDATE entries SET actor = 'x'"))
    later(days=1)
    case = opened("ZB-2029H1")  # the place works on: new numbers follow the old
    assert case.id > max(one.id for one in before.rows["cases"])
    with_members(case, 2)
    assert list(verify()) == []


def test_a_backup_made_while_the_system_writes_is_of_one_moment(
    ground: Ground, elsewhere: Place, tmp_path: Path
) -> None:
    small_house(ground.home)
    end, seen = threading.Event(), []

    def write_on() -> None:
        place = 0
        while not end.is_set():
            place += 1
            opened(f"ZB-{place:04}H2")
        seen.append(place)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for place in range(3):
            whole.backup(tmp_path / f"{place}.banjie", ignore)
    finally:
        end.set()
        writer.join(60)
    assert seen[0] > 3
    counts = []
    for place in range(3):
        elsewhere(ground.kind)
        counts.append(whole.restore(tmp_path / f"{place}.banjie", None, ignore).cases)
        assert list(verify()) == []
    assert counts == sorted(counts)
    assert counts[2] < seen[0] + 4


def test_what_is_rebuilt_and_the_keys_stay_out(ground: Ground, elsewhere: Place, tmp_path: Path) -> None:
    small_house(ground.home)
    file = tmp_path / "b.banjie"
    whole.backup(file, ignore)
    content = file.read_bytes()
    keys = json.loads(keys_beside(file).read_text())
    assert keys["chain"].encode() not in content
    assert "一份".encode() not in content  # nothing of it is readable without the keys
    home = elsewhere("sqlite")
    whole.restore(file, None, ignore)
    assert sorted(one.name for one in home.iterdir() if not one.name.startswith("banjie.db-")) == [
        "anchors.jsonl",
        "banjie.db",
        "done",
        "keys.json",
        "mailbox",
        "papers",
        "site",
    ]


def test_a_backup_of_an_older_version_comes_up_to_this_one(
    ground: Ground, elsewhere: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "b.banjie"
    small_house(ground.home)
    first = tuple(
        one
        for one in tables()
        if one.name in {"anchors", "cases", "entries", "simulated_clock", "notices", "instances", "persons", "parties"}
    )
    monkeypatch.setattr("tasks.backup.making.tables", lambda: first)
    monkeypatch.setattr("tasks.backup.making.version", lambda: "0001")
    whole.backup(file, ignore)
    monkeypatch.undo()
    monkeypatch.setenv("BANJIE_CLOCK", "simulated")
    elsewhere("sqlite")
    assert whole.restore(file, None, ignore).cases == 4
    assert version() == head()
    assert list(verify()) == []


class Case(NamedTuple):
    """What is done to a good backup, and what the sentence says."""

    does: Callable[[Path], object]
    says: str


def cut(file: Path, share: float) -> None:
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def flip(file: Path, share: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * share)] ^= 1
    file.write_bytes(content)


def header(file: Path, **changes: Any) -> None:
    line, _, rest = file.read_bytes().partition(b"\n")
    found = json.loads(line.removeprefix(MAGIC)) | changes
    file.write_bytes(MAGIC + json.dumps(found).encode() + b"\n" + rest)


BAD = {
    "cut in the middle": Case(lambda file: cut(file, 0.5), "损坏或不完整"),
    "cut by a byte": Case(lambda file: file.write_bytes(file.read_bytes()[:-1]), "损坏或不完整"),
    "cut after its header": Case(
        lambda file: file.write_bytes(file.read_bytes().partition(b"\n")[0] + b"\n"), "损坏或不完整"
    ),
    "with more behind it": Case(lambda file: file.write_bytes(file.read_bytes() + b"more"), "损坏或不完整"),
    "one bit flipped": Case(lambda file: flip(file, 0.7), "损坏或不完整"),
    "another revision claimed": Case(lambda file: header(file, revision="0001"), "损坏或不完整"),
    "a header half gone": Case(lambda file: file.write_bytes(MAGIC + b"{}\n"), "损坏或不完整"),
    "empty": Case(lambda file: file.write_bytes(b""), "不是办结的备份"),
    "something else": Case(lambda file: file.write_bytes(b"PK\x03\x04" * 99), "不是办结的备份"),
    "not there": Case(lambda file: file.unlink(), "找不到文件"),
    "a format to come": Case(lambda file: header(file, format=FORMAT + 1), f"第{FORMAT + 1}版"),
    "a newer program's": Case(lambda file: header(file, revision="9999"), "更新的程序"),
    "keys missing": Case(lambda file: keys_beside(file).unlink(), "密钥文件"),
    "keys unreadable": Case(lambda file: keys_beside(file).write_text("[]"), "无法读取"),
    "another's keys": Case(lambda file: header(file, key="0" * 16), "不是这份备份的"),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good backup of a small house."""
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANJIE_HOME", str(folder / "home"))
        patch.setenv("BANJIE_CLOCK", "simulated")
        patch.delenv("BANJIE_DATABASE_URL", raising=False)
        forget()
        upgrade()
        later()
        small_house(folder / "home")
        whole.backup(folder / "b.banjie", ignore)
        forget()
    return folder / "b.banjie"


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_backup_is_one_sentence_and_changes_nothing(
    good: Path, bad: Case, elsewhere: Place, tmp_path: Path
) -> None:
    file = tmp_path / "b.banjie"
    for one in (good, keys_beside(good)):
        shutil.copy(one, tmp_path / one.name)
    bad.does(file)
    home = elsewhere("sqlite")
    with pytest.raises(Refusal) as told:
        whole.restore(file, None, ignore)
    assert bad.says in str(told.value)
    assert not home.exists() or not list(home.iterdir())


def test_a_place_that_is_not_empty_stays_as_it_is(good: Path, elsewhere: Place) -> None:
    home = elsewhere("sqlite")
    (home / "papers").mkdir(parents=True)
    (home / "papers" / "x.docx").write_text("x")
    with pytest.raises(Refusal, match="空的文件夹"):
        whole.restore(good, None, ignore)
    assert [one.name for one in home.rglob("*")] == ["papers", "x.docx"]
    home = elsewhere("sqlite")
    home.mkdir()
    (home / "keys.json").write_text('{"another": 1}')
    with pytest.raises(Refusal, match="另一套密钥"):
        whole.restore(good, None, ignore)
    assert [one.name for one in home.rglob("*")] == ["keys.json"]


@pytest.mark.parametrize("kind", BOTH)
def test_a_database_with_rows_stays_as_it_is(good: Path, elsewhere: Place, kind: str) -> None:
    home = elsewhere(kind)
    home.mkdir()
    shutil.copy(keys_beside(good), home / "keys.json")
    upgrade()
    later()
    whole.restore(good, None, ignore)  # set up and still empty: taken
    heads = heads_digest()
    for one in home.iterdir():
        if one.name not in {"keys.json", *(name for name in ("banjie.db", "banjie.db-wal", "banjie.db-shm"))}:
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    with pytest.raises(Refusal, match="空的数据库"):
        whole.restore(good, None, ignore)
    assert heads_digest() == heads


@pytest.mark.parametrize("kind", BOTH)
def test_a_backup_whose_journal_does_not_fit_is_undone(
    elsewhere: Place, kind: str, tmp_path: Path, ground: Ground
) -> None:
    small_house(ground.home)
    with transaction() as tx:
        tx.core.execute(text("UPDATE cases SET status = 'other' WHERE number = 'ZB-2027H1'"))
    whole.backup(tmp_path / "b.banjie", ignore)
    home = elsewhere(kind)
    with pytest.raises(Refusal, match="留痕不符，已全部撤销"):
        whole.restore(tmp_path / "b.banjie", None, ignore)
    assert not list(home.iterdir())
    if kind == "postgresql":
        with reading() as connection:
            assert (
                connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar_one() == 0
            )


def test_nothing_is_overwritten_and_an_unwritable_place_is_one_sentence(ground: Ground, tmp_path: Path) -> None:
    small_house(ground.home)
    file = tmp_path / "b.banjie"
    file.write_text("mine")
    with pytest.raises(Refusal, match="已经存在"):
        whole.backup(file, ignore)
    with pytest.raises(Refusal, match="无法写入"):
        whole.backup(file / "below.banjie", ignore)
    assert [one.name for one in tmp_path.iterdir() if one.name != "home"] == ["b.banjie"]
    assert file.read_text() == "mine"


def test_by_command(good: Path, elsewhere: Place, tmp_path: Path) -> None:
    home = elsewhere("sqlite")
    done = CliRunner().invoke(app, ["restore", str(good)])
    assert done.exit_code == 0, done.output
    assert "逐条核验无误" in done.stdout
    assert settings().home == home
    done = CliRunner().invoke(app, ["backup", str(tmp_path / "again.banjie")])
    assert done.exit_code == 0, done.output
    assert "分开保管" in done.stdout
    again = CliRunner().invoke(app, ["restore", str(good)])
    assert again.exit_code == 2
    assert len(again.stderr.strip().splitlines()) == 1


def test_every_column_has_a_portable_form() -> None:
    assert all(columns_of(one) for one in tables())


def test_every_table_that_only_grows_is_known_to_the_restore(ground: Ground) -> None:
    with transaction() as tx:
        if ground.kind == "sqlite":
            rows = tx.core.execute(text("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        else:
            names = text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
            rows = tx.core.execute(names).scalars().all()
    assert set(rows) == {*GUARDED, *FIXED}


@pytest.mark.parametrize("to", BOTH)
def test_money_in_public_and_in_the_ledger_stands_again(
    ground: Ground, to: str, elsewhere: Place, tmp_path: Path
) -> None:
    prepare(6)
    notice = Notice(ground.home)
    notice.launch()
    for _, act in notice.phases(6):
        act()
    before = look(ground.home)
    assert len(before.rows["publications"]) == 12
    assert before.rows["ledger_postings"]
    whole.backup(tmp_path / "b.banjie", ignore)
    home = elsewhere(to)
    whole.restore(tmp_path / "b.banjie", None, ignore)
    assert look(home) == before
    with pytest.raises(DBAPIError, match="append-only"), transaction() as tx:
        tx.core.execute(text("UPDATE ledger_postings SET amount = 1"))
    later(days=30)
    notice.tell()  # the story goes on where it stood
    assert list(verify()) == []
    assert rows_of(next(one for one in tables() if one.name == "cases"), number=notice.number)[0].status == "closed"
