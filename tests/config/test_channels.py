"""Channels and address book: read strictly, secrets never read, and drills kept apart from the real."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.channel_problems import Problem, problems
from config.channels import PROVIDERS, Channels, addressees, channels, channels_of, load_channels
from config.messages import FOLDER, Refusal, fields_of
from config.yaml_file import read_yaml

FULL = """
channels:
  group: {url: "wecombot://${GROUP_KEY}"}
  group_drill: {url: "wecombot://${DRILL_KEY}", drill: true}
  mail: {url: "mailtos://${MAIL_USER}:${file:%s}@mail.example.cn?from=office@example.cn&to={target}"}
  sms: {url: "jsons://sms.example.cn/send?:phone={target}&+Authorization=Bearer ${SMS_TOKEN}", success: "code=0"}
book:
  office: [group, group_drill, {mail: office@example.cn}]
officers:
  "10001": {mail: officer@example.cn, inbox: ""}
parties: [sms, letter]
"""
ENVIRON = {"GROUP_KEY": "k", "DRILL_KEY": "d", "MAIL_USER": "u", "SMS_TOKEN": "t"}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "mail-password"
    path.write_text("hunter2")
    return path


@pytest.fixture
def full(tmp_path: Path, secret: Path) -> Channels:
    return written(tmp_path, FULL % secret)


def written(folder: Path, text: str) -> Channels:
    path = folder / "channels.yaml"
    path.write_text(text)
    return load_channels(path)


def texts(found: list[Problem]) -> str:
    return "\n".join(map(str, found))


class TestDefault:
    def test_every_role_has_the_inbox_and_citizens_get_letters(self) -> None:
        book = channels()
        assert book.openings("role:anything", drill=False) == ("inbox",)
        assert book.openings("officer:10001", drill=False) == ("inbox",)
        assert book.openings("party:ZB-2027H1-000001", drill=False) == ("letter",)
        assert problems(book, ["office", "medical"]) == []

    def test_a_drill_tells_a_citizen_nothing(self) -> None:
        assert channels().openings("party:YL-1", drill=True) == ()

    def test_the_commented_example_of_the_file_loads_and_has_no_problem_but_its_secrets(self, tmp_path: Path) -> None:
        lines = (Path(__file__).parents[2] / "config" / "channels.yaml").read_text().splitlines()
        start = lines.index("# channels:")
        example = "\n".join(line.removeprefix("# ") for line in lines[start:] if line.startswith("#"))
        book = written(tmp_path, example)
        assert book.book
        assert book.officers
        assert {p.text.split()[0] for p in problems(book, ["conscription_office"], {"x": "y"})} == {
            "环境变量",
            "密钥文件",
        }


class TestRoutes:
    def test_the_inbox_and_the_first_way_out_are_queued_and_the_next_follows_a_failure(self, full: Channels) -> None:
        assert full.openings("role:office", drill=False) == ("inbox", "group")
        assert full.following("role:office", "group", drill=False) == "mail"
        assert full.following("role:office", "mail", drill=False) is None
        assert full.following("role:office", "renamed", drill=False) == "group"
        assert full.following("role:other", "renamed", drill=False) is None

    def test_a_drill_leaves_by_drill_channels_only(self, full: Channels) -> None:
        assert full.openings("role:office", drill=True) == ("inbox", "group_drill")
        assert full.following("role:office", "group_drill", drill=True) is None
        assert full.openings("officer:10001", drill=True) == ("inbox",)

    def test_addresses(self, full: Channels) -> None:
        assert full.target("role:office", "mail") == "office@example.cn"
        assert full.target("officer:10001", "mail") == "officer@example.cn"
        assert full.target("role:office", "group") == ""

    def test_a_citizen_has_the_first_listed_way_and_no_inbox(self, full: Channels) -> None:
        assert full.openings("party:DX-1", drill=False) == ("sms",)
        assert full.following("party:DX-1", "sms", drill=False) == "letter"

    def test_an_unknown_kind_of_recipient_cannot_be_queued(self, full: Channels) -> None:
        with pytest.raises(LookupError):
            full.openings("everybody", drill=False)

    def test_officers_have_their_own_and_the_group_has_it_once(
        self, full: Channels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("config.channels.channels", lambda: full)
        assert addressees("office", ["10001", "10002"], drill=False) == [
            ("officer:10001", "inbox"), ("officer:10001", "mail"), ("officer:10002", "inbox"), ("role:office", "group"),
        ]  # fmt: skip
        assert addressees("office", [], drill=False) == [("role:office", "inbox"), ("role:office", "group")]
        assert channels_of("office", "10001") == ("inbox", "mail")
        assert channels_of("office", drill=True) == ("inbox", "group_drill")

    @given(
        drills=st.lists(st.booleans(), min_size=1, max_size=6),
        order=st.permutations(range(6)),
        drill=st.booleans(),
        who=st.sampled_from(["role:office", "role:other", "officer:1", "party:X-1"]),
    )
    def test_no_route_ever_leads_a_drill_to_a_real_channel_or_the_reverse(
        self, drills: list[bool], order: list[int], drill: bool, who: str
    ) -> None:
        names = [f"c{place}" for place in range(len(drills))]
        listed = [names[place] for place in order if place < len(names)] + ["inbox", "letter", "gone"]
        book = Channels.model_validate({
            "channels": {name: {"url": "json://x/y", "drill": flag} for name, flag in zip(names, drills, strict=True)},
            "book": {"office": listed}, "default": listed, "officers": {"1": dict.fromkeys(listed, "")}, "parties": listed,
        })  # fmt: skip
        routes = book.routes(who, drill=drill)
        assert bool(routes) != (drill and who.startswith("party:")), "a drill tells no citizen; all others are reached"
        for route in routes:
            known = book.channels[route.channel]
            assert known.kind == "inbox" or known.drill == drill
            assert not (drill and known.kind == "letter")


class TestFile:
    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("channels: {mail: {url: 'json://x', colour: red}}", "channels.mail.colour"),
            ("channels: {mail: {kind: pigeon}}", "channels.mail.kind"),
            ("channels: {Mail!: {url: 'json://x'}}", "channels.Mail!.name"),
            ("channels: {mail: {url: 'json://x', deadline: 0}}", "channels.mail.deadline"),
            ("channels: {mail: {url: 'json://x', per_minute: 0}}", "channels.mail.per_minute"),
            ("channels: {mail: {url: 'json://x', max_bytes: 100}}", "channels.mail.max_bytes"),
            ("channels: {mail: {url: 'json://x', relay: 'gateway'}}", "channels.mail.relay"),
            ("channels: [mail]", "channels"),
            ("book: {office: mail}", "book.office"),
            ("book: {office: [{mail: a, sms: b}]}", "book.office"),
            ("books: {}", "books"),
            ("channels: {}\nchannels: {}", "2"),
            ("channels: {", ""),
        ],
    )
    def test_a_mistake_is_named_with_file_and_place(self, text: str, place: str, tmp_path: Path) -> None:
        with pytest.raises(Refusal) as refused:
            written(tmp_path, text)
        assert "channels.yaml" in str(refused.value)
        assert place in str(refused.value)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(Refusal, match=r"nowhere\.yaml"):
            load_channels(tmp_path / "nowhere.yaml")

    def test_both_languages_have_the_same_messages_with_the_same_facts(self) -> None:
        chinese, english = (read_yaml(FOLDER / language / "channels.yaml") for language in ("zh", "en"))
        assert chinese.keys() == english.keys()
        for name in chinese:
            assert fields_of(f"channels.{name}") == fields_of(f"channels.{name}", "en"), name


class TestProblems:
    def test_a_sound_book_has_none(self, full: Channels) -> None:
        assert problems(full, ["office"], ENVIRON) == []

    def test_a_secret_is_never_read_nor_shown(self, full: Channels) -> None:
        assert "hunter2" not in repr(full)
        assert "${GROUP_KEY}" in repr(full)

    @pytest.mark.parametrize(
        "url",
        [
            "wecombot://693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa",
            "dingtalk://abcdef0123456789abcdef0123456789",
            "dingtalk://SEC0123@${TOKEN}",
            "feishu://${TOKEN}x",
            "schan://SCT1",
            "bark://bark.example.cn/devicekey",
            "mailto://user:hunter2@mail.example.cn?to={target}",
            "wechat://corp:secret@1000002/@all",
            "json://hook.example.cn/T0123456789abcdefghijk",
            "json://hook.example.cn/in?token=abc",
            "json://hook.example.cn/in?+Authorization=Bearer abc",
            "json://hook.example.cn/in?:x=0123456789abcdefghijklmn",
            "json://hook.example.cn/in?+X-Api-Key=Bearer ${TOKEN} 0123456789abcdefghijklmn",
        ],
    )
    def test_a_secret_written_out_is_found(self, url: str) -> None:
        book = Channels.model_validate({"channels": {"out": {"url": url}}})
        found = [p for p in problems(book, [], {"TOKEN": "x"}) if "直接写了密钥" in p.text]
        assert [p.place for p in found] == ["channels.out"]
        assert found[0].severe

    @pytest.mark.parametrize(
        "name", ["verify=no", "retry=3", "cc=all@example.cn", "bcc=a@b.cn", "format=html", "rto=900"]
    )
    def test_options_that_undo_our_promises_are_found(self, name: str) -> None:
        book = Channels.model_validate({"channels": {"out": {"url": f"json://hook.example.cn/in?{name}"}}})
        assert name.partition("=")[0] in texts(problems(book, []))

    def test_missing_variables_and_files_are_named(self, full: Channels, secret: Path) -> None:
        secret.unlink()
        found = texts(problems(full, ["office"], {"GROUP_KEY": "k", "DRILL_KEY": "d", "SMS_TOKEN": "t"}))
        assert "MAIL_USER" in found
        assert str(secret) in found

    def test_each_wrong_line_of_the_book_is_named(self) -> None:
        book = Channels.model_validate({
            "channels": {
                "group": {"url": "wecombot://${K}"}, "mail": {"url": "mailto://h?to={target}"}, "odd": {"url": "slack://a/b"},
                "drill": {"url": "json://h/x", "drill": True}, "box": {"kind": "inbox", "url": "json://h"},
                "said": {"url": "wecombot://${K}", "success": "code=0"},
            },
            "book": {
                "empty": [], "unknown": ["pigeon"], "twice": ["group", "group"], "no_address": ["mail"], "drills": ["drill"],
                "idle": [{"group": "somebody"}], "stranger": ["inbox"], "fine": ["group"], "secret": [{"mail": "${GONE}"}],
            },
        })  # fmt: skip
        roles = ["empty", "unknown", "twice", "no_address", "drills", "idle", "fine", "secret"]
        checked = problems(book, roles, {"K": "k"})
        found = dict.fromkeys((p.place for p in checked), "")
        for problem in checked:
            found[problem.place] += problem.text
        assert "没有列出" in found["book.empty"]
        assert "pigeon" in found["book.unknown"]
        assert "重复" in found["book.twice"]
        assert "收件地址" in found["book.no_address"]
        assert "只列出了演练渠道" in found["book.drills"]
        assert "不会被使用" in found["book.idle"]
        assert "不在岗位名录" in found["book.stranger"]
        assert "演练" in found["book.fine"]
        assert not next(p for p in checked if p.place == "book.fine").severe
        assert "GONE" in found["book.secret"]
        assert "slack" in found["channels.odd"]
        assert "json" in found["channels.odd"]
        assert "不使用网址" in found["channels.box"]
        assert "success" in found["channels.said"]


def test_limits_of_a_provider_hold_unless_the_channel_sets_its_own() -> None:
    book = Channels.model_validate(
        {"channels": {"a": {"url": "wecombot://${K}"}, "b": {"url": "wecombot://${K}", "max_bytes": 500}}}
    )
    assert book.channels["a"].provider == PROVIDERS["wecombot"]
    assert book.channels["a"].provider.max_bytes == 2048
    assert book.channels["b"].provider.max_bytes == 500
