"""A drill that cannot be taken for real: marked, on channels and secrets of its own, and told to nobody outside."""

import os
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from config.channel_problems import problems
from config.channels import Channels, channels, withheld
from config.messages import FOLDER, fields_of
from config.offices import office, outside, roles
from config.settings import settings
from config.yaml_file import read_yaml
from tasks.channel import resolve
from tasks.clock import now
from tasks.courier import Courier, Delivery, Job, Outcome, environment
from tasks.journal import Telling, lock, verify, write_entry
from tasks.notice_text import Claimed, compose
from tasks.notify import tellings
from tasks.outbox import NOTICES
from tasks.store import reading, transaction
from tests.ground import BOTH, Ground, dsn, hire, opened, rows_of, settled

NOW = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
DRILLS = 10_000
MARK = "【演练】"
KINDS = {
    "sms": "smss://gateway.example.cn/send?to={{target}}&key=${{{0}_KEY}}&secret=${{{0}_SECRET}}",
    "group": "wecombot://${{{0}_ROBOT}}",
    "mail": "mailtos://${{{0}_USER}}:${{{0}_PASSWORD}}@mail.example.cn?to={{target}}",
    "hook": "jsons://hook.example.cn/{0}?+Authorization=${{{0}_TOKEN}}",
    "bark": "barks://bark.example.cn/${{{0}_DEVICE}}",
    "ding": "dingtalk://${{{0}_SIGN}}@${{{0}_DING}}",
    "filed": "smss://other.example.cn/send?to={{target}}&secret=${{file:/run/secrets/{0}}}",
}


def two_sorts() -> Channels:
    listed: dict[str, Any] = {}
    for kind, url in KINDS.items():
        listed[f"{kind}_real"] = {"url": url.format(f"REAL_{kind}".upper()), "segments": 1, "max_bytes": 400}
        listed[f"{kind}_drill"] = {"url": url.format(f"DRILL_{kind}".upper()), "drill": True, "segments": 1, "max_bytes": 400}  # fmt: skip
    every = [{name: "13800138000" if "{target}" in one["url"] else ""} for name, one in listed.items()]
    return Channels.model_validate({"channels": listed, "default": every, "officers": {"1": every}, "parties": every})


def secrets_of(book: Channels) -> dict[str, str]:
    names = [name for one in book.channels.values() for name in environment(one, (), _Everything())]
    return {name: f"value-of-{name}" for name in names if name.startswith(("REAL_", "DRILL_"))}


class _Everything(dict[str, str]):
    """An environment in which every variable that one of the channels names is set."""

    def items(self) -> Any:
        """Return every variable."""
        kinds = ("KEY", "SECRET", "ROBOT", "USER", "PASSWORD", "TOKEN", "DEVICE", "SIGN", "DING")
        return [(f"{sort}_{kind.upper()}_{end}", "x") for sort in ("REAL", "DRILL") for kind in KINDS for end in kinds]


def texts(area: str, language: str) -> list[tuple[str, frozenset[str]]]:
    """Return every notice of an area with the facts that it names."""
    names = read_yaml(FOLDER / language / f"{area}.yaml")
    stems = sorted(name.removesuffix("_title") for name in names if name.endswith("_title"))
    return [
        (f"{area}.{stem}", fields_of(f"{area}.{stem}_title", language) | fields_of(f"{area}.{stem}_body", language))
        for stem in stems
        if f"{stem}_body" in names
    ]


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    yield from settled(request, home, monkeypatch)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_of_ten_thousand_drills_nothing_leaves_unmarked_nor_by_a_real_channel(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.notice_text.settings", lambda: settings().model_copy(update={"language": language}))
    book, dice = two_sorts(), random.Random(20270301)
    templates = [
        one for area in ("notice_incident_response", "notice_kernel", "incident_call") for one in texts(area, language)
    ]
    who = [f"role:{one.id}" for one in roles()] + ["officer:1", "party:YL-2027-001"]
    whole = {"PATH": "/bin", "BANJIE_DATABASE_URL": "postgresql://u:secret@h/d", **secrets_of(book)}
    lanes = {name: environment(one, book.targets(name), whole) for name, one in book.channels.items()}
    for name, lane in lanes.items():
        other = "REAL_" if name.endswith("_drill") else "DRILL_"
        assert not [one for one in lane if one.startswith((other, "BANJIE_D"))], name
        assert other not in lane["BANJIE_COURIER_FILES"]
    sent = refused = 0
    for number in range(1, DRILLS + 1):
        recipient, (template, needed) = dice.choice(who), dice.choice(templates)
        length = dice.choice((0, 3, 40, 300, 3000))
        facts = {name: dice.choice("甲乙🔥a<】【") * length for name in needed} | {"code": "K7M2QX"}
        for channel in {*book.openings(recipient, drill=True), dice.choice(list(book.channels))}:
            notice = Claimed(1, b"k", 1, f"YL-2027-{number:03}", True, number, recipient, channel, template, facts, 0,
                             NOW, "me")  # fmt: skip
            job = compose(notice, book)
            if isinstance(job, Delivery):
                assert job.outcome is Outcome.REJECTED
                refused += 1
                continue
            if book.channels[channel].kind == "apprise":
                assert book.channels[channel].drill, channel
                assert job.url == book.channels[channel].url
                sent += 1
            assert not withheld(recipient)
            assert job.title.startswith(MARK)
            assert all(one.startswith(MARK) for one in job.bodies)
            assert all(f"YL-2027-{number:03}" in one for one in job.bodies)
    assert sent > DRILLS / 3
    assert refused > DRILLS / 10


def test_a_real_accidents_notice_never_takes_a_drill_channel() -> None:
    book = two_sorts()
    for name, channel in book.channels.items():
        made = compose(Claimed(1, b"k", 1, "SG-2027-001", False, 3, "officer:1", name, "channels.trial", {"note": ""}, 0,
                               NOW, "me"), book)  # fmt: skip
        if channel.drill:
            assert isinstance(made, Delivery)
        elif isinstance(made, Job):
            assert not any(one.startswith(MARK) for one in (made.title, *made.bodies))


@pytest.mark.parametrize(("case", "drill"), [("YL-2027-001", False), ("SG-2027-001", True)])
def test_a_number_that_contradicts_the_flag_sends_nothing(case: str, drill: bool) -> None:
    book = two_sorts()
    for name in book.channels:
        notice = Claimed(1, b"k", 1, case, drill, 3, "officer:1", name, "channels.trial", {"note": ""}, 0, NOW, "me")
        assert isinstance(compose(notice, book), Delivery)


class TestLanes:
    def test_a_lanes_process_holds_its_own_secrets_and_no_others(
        self, provider_server: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("REAL_TOKEN", "DRILL_TOKEN", "BANJIE_DATABASE_URL", "BANJIE_KEYS"):
            monkeypatch.setenv(name, f"value-{name}")
        book = Channels.model_validate({"channels": {
            "real": {"url": f"json://{provider_server.place}/real?+Authorization=${{REAL_TOKEN}}"},
            "drill": {"url": f"json://{provider_server.place}/drill?+Authorization=${{DRILL_TOKEN}}", "drill": True},
        }})  # fmt: skip
        for name, mark in (("real", ""), ("drill", MARK)):
            channel, courier = book.channels[name], Courier(book.channels[name])
            courier.start()
            assert courier._process is not None
            held = Path(f"/proc/{courier._process.pid}/environ").read_bytes().decode()
            other = {"real": "DRILL_TOKEN", "drill": "REAL_TOKEN"}[name]
            assert f"{name.upper()}_TOKEN=value" in held
            for hidden in (other, "BANJIE_DATABASE_URL", "BANJIE_KEYS"):
                assert hidden not in held
            job = Job(channel.url, "", f"{mark}题", (f"{mark}文",))
            assert courier.send(job).outcome is Outcome.ACCEPTED
            wrong = [
                Job(book.channels["real" if name == "drill" else "drill"].url, "", job.title, job.bodies),
                Job(channel.url, "", "题" if mark else f"{MARK}题", job.bodies),
                Job(channel.url, "", job.title, (*job.bodies, "文" if mark else f"{MARK}文")),
            ]
            assert [courier.send(one).outcome for one in wrong] == [Outcome.REJECTED] * 3
            courier.close()
        assert provider_server.paths() == ["/real", "/drill"]

    def test_a_lanes_process_reads_no_other_channels_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("own", "other"):
            (tmp_path / name).write_text("hush")
        book = Channels.model_validate(
            {"channels": {"a": {"url": f"json://h.invalid/x?+T=${{file:{tmp_path / 'own'}}}"}}}
        )
        given = environment(book.channels["a"], (f"file:{tmp_path / 'address'}",), {"PATH": "x", "HOME": "/root"})
        assert given["BANJIE_COURIER_FILES"].split(os.pathsep) == [str(tmp_path / "address"), str(tmp_path / "own")]
        assert "HOME" not in given
        monkeypatch.setenv("BANJIE_COURIER_FILES", given["BANJIE_COURIER_FILES"])

        assert resolve(f"${{file:{tmp_path / 'own'}}}", [], escape=False) == "hush"
        with pytest.raises(LookupError):
            resolve(f"${{file:{tmp_path / 'other'}}}", [], escape=False)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("drill", "what"),
        [
            ("wecombot://${REAL}", "同一密钥 REAL"),
            ("wecombot://${COPY}", "内容相同"),
            ("wecombot://${OTHER}", ""),
            ("dingtalk://${OTHER}@${REAL}", "同一密钥 REAL"),
        ],
    )
    def test_a_secret_shared_with_a_real_channel_is_a_severe_problem(self, drill: str, what: str) -> None:
        book = Channels.model_validate(
            {"channels": {"real": {"url": "wecombot://${REAL}"}, "drill": {"url": drill, "drill": True}}}
        )
        found = [p for p in problems(book, [], {"REAL": "a", "COPY": "a", "OTHER": "b"}) if p.place == "channels.drill"]
        assert [what in p.text and p.severe for p in found] == [True] * bool(what)

    @pytest.mark.parametrize(("url", "severe"), [("json://h.cn/in", True), ("jsons://h.cn/in/?:a=1", True), ("json://h.cn/drill", False)])  # fmt: skip
    def test_a_url_shared_with_a_real_channel_is_a_severe_problem(self, url: str, severe: bool) -> None:
        book = Channels.model_validate(
            {"channels": {"real": {"url": "json://h.cn/in"}, "drill": {"url": url, "drill": True}}}
        )
        assert ["同一网址" in p.text for p in problems(book, [])] == [True] * severe

    def test_two_sorts_with_secrets_of_their_own_are_sound(self) -> None:
        book = two_sorts()
        assert [p for p in problems(book, [], secrets_of(book)) if "演练" in p.text] == []

    def test_whoever_is_above_or_has_no_part_is_outside(self) -> None:
        assert {"city_government", "province_emergency_department", "state_emergency_ministry", "state_council", "accident_unit", "insurers",
                "head:city_emergency_bureau"} <= outside()  # fmt: skip
        inside = {"incident_commander", "command_office", "group_head:rescue", "emergency_bureau", "town:sanxing",
                  "city_management_bureau", "district_government"}  # fmt: skip
        assert not inside & outside()
        for role in outside():
            assert channels().openings(f"role:{role}", drill=True) == ()
            assert channels().openings(f"role:{role}", drill=False) != ()


@pytest.mark.usefixtures("ground")
class TestQueueing:
    def test_outside_is_told_nothing_and_the_drills_journal_says_so(self) -> None:
        hire("10001", "command_office")
        hire("10002", "city_government")
        for case in (opened("YL-2027-001", drill=True, process="incident_response"),
                     opened("SG-2027-001", process="incident_response")):  # fmt: skip
            with transaction() as tx:
                told = tellings(tx, ["command_office", "city_government", "insurers"], "channels.trial", {"note": ""}, now(),
                                drill=case.drill)  # fmt: skip
                told.append(Telling("party:" + case.number, "letter", "channels.trial", {"note": ""}))
                write_entry(tx, lock(tx, case.id), "order", 1, actor="system", at=now(), tellings=told)
                write_entry(tx, lock(tx, case.id), "order", 2, actor="system", at=now(), after="responding")
            said = {row.recipient for row in rows_of(NOTICES, case_id=case.id)}
            with reading() as connection:
                lines = text("SELECT outcome FROM entries WHERE case_id = :case AND step = 'drill_withheld'")
                kept = connection.execute(lines, {"case": case.id}).scalars().all()
            if case.drill:
                assert said == {"officer:10001"}
                assert len(kept) == 1
                assert all(name in kept[0] for name in ("city_government", "insurers", "party:YL-2027-001", "order"))
            else:
                assert said == {"officer:10001", "officer:10002", "role:insurers", "party:SG-2027-001"}
                assert not kept
        assert list(verify()) == []
        assert office("insurers").outside

    def test_the_drill_flag_of_a_case_never_changes(self, ground: Ground) -> None:
        drill, real = opened("YL-2027-001", drill=True), opened("SG-2027-001")
        for case, flag in ((drill, "false"), (real, "true")):
            statements = [f"UPDATE cases SET drill = {flag} WHERE id = {case.id}", f"UPDATE cases SET drill = NOT drill WHERE id = {case.id}"]  # fmt: skip
            if ground.kind == "sqlite":
                statements.append(
                    "INSERT OR REPLACE INTO cases (id, number, process, subject, unit, status, on_day, drill, version, seq, head, opened_at) "
                    f"SELECT id, number, process, subject, unit, status, on_day, NOT drill, version, seq, head, opened_at FROM cases WHERE id = {case.id}"
                )
            for statement in statements:
                with pytest.raises((sqlite3.Error, psycopg.Error), match="drill"):
                    _by_force(ground, statement)
            _by_force(ground, f"UPDATE cases SET status = 'closed' WHERE id = {case.id}")
        with reading() as connection:
            flags = connection.execute(text("SELECT number, drill FROM cases ORDER BY number")).all()
        assert [(row[0], bool(row[1])) for row in flags] == [("SG-2027-001", False), ("YL-2027-001", True)]


def _by_force(ground: Ground, statement: str) -> None:
    if ground.kind == "sqlite":
        with closing(sqlite3.connect(ground.home / "banjie.db")) as raw:
            raw.execute(statement)
            raw.commit()
        return
    with psycopg.connect(dsn(ground.url)) as connection:
        connection.execute(statement)
