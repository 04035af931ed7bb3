"""The public site: the same rows give the same bytes, nothing breaks out of its markup, nothing secret is on it."""

import csv
import io
import json
import subprocess
from collections.abc import Iterator, Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import text, update

from config.messages import Refusal
from models.policy_redemption.policy import Condition, Grant, Material
from models.policy_redemption.publicity import ResultKind
from tasks.policy_redemption.edition import (
    CURRENT,
    EDITIONS,
    FOLDER,
    keep_site_current,
    public_lines,
    public_policies,
    write_site,
)
from tasks.policy_redemption.publicity import POLICIES, post_result
from tasks.policy_redemption.site import MANIFEST, build, digest_of
from tasks.policy_redemption.site_content import Line, PublicPolicy, PublicVersion
from tasks.policy_redemption.site_markup import fit
from tasks.store import transaction
from tests.ground import BOTH, Ground, later, settled
from tests.published import PLANNED, POSTING, applications, content, firm, policy

GOLDEN = "aeca0afc6a6659f2acb6ebc88f4a1f9f865f858eeb30f359c821de052c1e2f0f"
"""Digest of the sample edition. It changes with the site's look or words: look at the pages before you write the new one here."""
STAMP = "2027-03-01T01:00:00.000000Z"
ATOM = "{http://www.w3.org/2005/Atom}"
TAGS = {
    "html", "head", "meta", "title", "link", "body", "a", "header", "small", "nav", "ul", "li", "form", "label", "input", "button", "main", "h1",
    "h2", "h3", "p", "dl", "div", "dt", "dd", "time", "details", "summary", "ol", "footer", "script",
}  # fmt: skip


def record(place: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "number": f"DX-2027-0001-{place:06}", "code": "ZC-2027-001", "policy": "高新技术企业认定奖励", "department": "science_bureau",
        "enterprise": f"海门区{'甲乙丙丁'[place % 4]}科技有限公司", "uscc": f"9132068400000000{place % 4}X", "planned_on": "2027-03-29",
        "result": "拟兑现资金50,000.00元", "amount": "50000.00", "status": "posted", "channel": "platform", "complaint_telephone": "0513-82100002",
        "on": "2027-03-01", "posted_from": "2027-03-01", "posted_until": "2027-03-08",
    } | more  # fmt: skip


def published(**more: Any) -> PublicPolicy:
    given = content(
        conditions=(
            Condition(name="首次认定", judged_by="person"),
            Condition(name="研发投入", judged_by="machine", fact="research", comparison="at_least", value="1000000"),
        ),
        materials=(Material(name="证书"), Material(name="其他", required=False, note="如有")),
        **more,
    )
    return PublicPolicy("ZC-2027-001", None, (PublicVersion(1, date(2027, 1, 4), STAMP, given),))


def sample() -> tuple[list[Line], list[PublicPolicy]]:
    lines = [Line(place, STAMP, record(place)) for place in range(1, 204)]
    lines.append(Line(204, STAMP, record(3, status="paid", result="已兑现资金50,000.00元", on="2027-03-20")))
    lines.append(Line(205, STAMP, record(999, enterprise="海门区＊＊＊店", uscc="", channel="offline", posted_from=None, posted_until=None)))  # fmt: skip
    old = PublicPolicy("ZC-2026-009", date(2027, 1, 1), (PublicVersion(1, date(2026, 1, 4), STAMP, content(grant=Grant(kind="share", share="0.1", of="research", cap="100000"))),))  # fmt: skip
    return lines, [published(), old]


class Page(HTMLParser):
    """Reads a page: its elements, its attributes, its text; a script's text stands apart."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside: list[str] = []
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input"}:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        (self.scripts if self._inside[-1:] == ["script"] else self.texts).append(data)

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.tags if tag in {"a", "link"}]

    @property
    def places(self) -> set[str]:
        return {str(attributes["id"]) for _, attributes in self.tags if "id" in attributes}


def pages(files: Mapping[str, bytes]) -> dict[str, Page]:
    return {path: Page(content) for path, content in files.items() if path.endswith(".html")}


def test_the_sample_edition_is_the_same_byte_for_byte() -> None:
    lines, policies = sample()
    files = build(lines, policies)
    assert files == build(lines[::-1], policies[::-1])
    assert digest_of(files) == GOLDEN


def test_every_link_leads_somewhere_and_nothing_comes_from_elsewhere() -> None:
    files = build(*sample())
    read = pages(files)
    for path, one in read.items():
        for link in one.links:
            if link.startswith(("tel:", "data:,", "#")):
                continue
            assert "//" not in link
            where, _, anchor = unquote(link).partition("#")
            steps = path.split("/")[:-1]
            for part in where.split("/"):
                steps = steps[:-1] if part == ".." else [*steps, part]
            target = "/".join(steps)
            assert target in files, (path, link)
            assert not anchor or anchor in read[target].places, (path, link)
        assert [tag for tag, _ in one.tags].count("h1") == 1
        assert one.tags[0] == ("html", {"lang": "zh-CN"})
        assert len(one.places) == sum("id" in attributes for _, attributes in one.tags)


def test_a_full_page_changes_only_with_what_becomes_of_its_results() -> None:
    lines, policies = sample()
    before, after = build(lines[:150], policies), build(lines, policies)
    assert [path for path in before if path.startswith("results/") and before[path] == after[path]] == []  # 3 was paid
    after = build(lines[:203], policies)
    assert before["results/1.html"] == after["results/1.html"]
    assert before["results/2.html"] != after["results/2.html"]


def test_the_four_fields_and_the_telephone_stand_with_every_result() -> None:
    files = build(*sample())
    text_ = " ".join(Page(files["results/1.html"]).texts)
    for word in ("高新技术企业认定奖励", "海门区乙科技有限公司", "2027年3月29日", "拟兑现资金50,000.00元", "0513-82100002", "2027年3月1日至2027年3月8日", "已兑现", "DX-2027-0001-000001"):  # fmt: skip
        assert word in text_
    assert "线下办理" in " ".join(Page(files["results/3.html"]).texts)
    told = " ".join(Page(files["policies/ZC-2027-001.html"]).texts)
    for word in ("首次认定的高新技术企业一次性奖励，", "当年首次认定", "申请表；认定证书", "网上申报、审核、公示、兑现", "20个工作日", "研发投入：不低于", "高新科", "0513-82100001", "定额50,000元"):  # fmt: skip
        assert word in told


def test_the_data_files_say_the_same(tmp_path: Path) -> None:
    files = build(*sample())
    rows = list(csv.DictReader(io.StringIO(files["data/results-1.csv"].decode("utf-8-sig"))))
    whole = json.loads(files["data/results-1.json"])
    assert len(rows) == len(whole) == 204
    assert rows[2] | {} == rows[2]
    assert (rows[2]["状态"], whole[2]["status"], [one["sequence"] for one in whole[2]["history"]]) == ("已兑现", "paid", [3, 204])  # fmt: skip
    feed = ET.fromstring(files["feed.atom"])  # noqa: S314 -- our own
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 50
    assert len({one.findtext(f"{ATOM}id") for one in entries}) == 50
    assert "海门区＊＊＊店" in str(entries[0].findtext(f"{ATOM}title"))
    for path, one in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(one)
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", MANIFEST], cwd=tmp_path, check=True)


HOSTILE = st.one_of(
    st.text(min_size=2, max_size=30),
    st.sampled_from(["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg/onload=1>", "]]>&amp;<!--", "=cmd|' /C calc'!A0",
                     "javascript:alert(1)", "\u202e倒\u202c", "\x00\x1b[31m", "{words}", "</title><b>", "../../etc/passwd", "a\r\nb\x85c"]),
)  # fmt: skip


@effort(max_examples=150)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_whatever_a_text_holds_it_stays_text(enterprise: str, title: str, result: str, number: str, code: str) -> None:
    version = PublicVersion(1, date(2027, 1, 4), STAMP, published().newest.content.model_copy(update={"title": title, "interpretation": result}))  # fmt: skip
    line = Line(1, STAMP, record(1, enterprise=enterprise, policy=title, result=result, number=number, code=code))
    files = build([line], [PublicPolicy(code, None, (version,))])
    for path, one in pages(files).items():
        assert {tag for tag, _ in one.tags} <= TAGS
        assert not [
            name for _, attributes in one.tags for name in attributes if name.startswith("on") or name == "style"
        ]
        assert all(link.startswith(("tel:", "data:,")) or ":" not in link for link in one.links)
        assert len(one.scripts) == (path == "search.html")
    shown = "".join(Page(files["results/1.html"]).texts)
    for said in (enterprise, title, result, number):
        assert fit(said) in shown
    entry = ET.fromstring(files["feed.atom"]).find(f"{ATOM}entry")  # noqa: S314 -- our own
    assert entry is not None
    (row,) = csv.DictReader(io.StringIO(files["data/results-1.csv"].decode("utf-8-sig"), newline=""))
    assert row["企业名称"].removeprefix("'") == fit(enterprise).removeprefix("'")
    assert not row["企业名称"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert json.loads(files["data/results-1.json"])[0]["enterprise"] == fit(enterprise)
    assert all(not path.startswith("/") and ".." not in path.split("/") for path in files)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


def settle() -> list[int]:
    """Post results of an open and of a secret policy, and of a drill."""
    (version,) = policy()
    (hidden,) = policy("ZC-2027-002", content(title="涉密专项扶持", secret=True))
    _, ids = applications(version, [firm(place) for place in range(1, 6)])
    _, unseen = applications(hidden, [firm(11)], number="DX-2027-0002")
    _, drill = applications(version, [firm(12, "演练企业有限公司")], number="YL-2027-0001", drill=True)
    everyone = [*ids, *unseen, *drill]
    with transaction() as tx:
        post_result(tx, ResultKind.APPROVED, everyone, planned=dict.fromkeys(everyone, PLANNED), posting=POSTING)
    return ids


DIGESTS: dict[str, str] = {}


def test_both_databases_give_the_same_edition_and_nothing_secret(ground: Ground) -> None:
    settle()
    lines = [line._replace(at=STAMP) for line in public_lines()]  # each house has lived through moments of its own
    policies = [
        one._replace(versions=tuple(v._replace(published_at=STAMP) for v in one.versions)) for one in public_policies()
    ]
    files = build(lines, policies)
    DIGESTS[ground.kind] = digest_of(files)
    assert len(set(DIGESTS.values())) == 1
    whole = b"\n".join(files.values()).decode()
    assert "海门5号科技有限公司" in whole
    for secret in ("涉密专项扶持", "海门11号", "演练企业", "YL-2027", "王小明", "13812345678", "6222021234567890123"):
        assert secret not in whole


def test_an_edition_is_written_once_and_never_changed(ground: Ground) -> None:
    ids, root = settle(), ground.home / FOLDER
    assert keep_site_current() is True
    assert keep_site_current() is False
    first = (root / CURRENT).resolve()
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    later(days=1)
    with transaction() as tx:
        post_result(tx, ResultKind.PAID, ids[:1])
    assert keep_site_current() is True
    second = (root / CURRENT).resolve()
    assert second != first
    assert {path: path.read_bytes() for path in first.rglob("*") if path.is_file()} == before
    assert all(path.stat().st_mode & 0o222 == 0 for path in before)
    assert (first / "site.css").samefile(second / "site.css")
    assert sorted(one.name for one in (root / EDITIONS).iterdir()) == sorted([first.name, second.name])
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", MANIFEST], cwd=second, check=True)
    assert digest_of({MANIFEST: (second / MANIFEST).read_bytes()}) == second.name


def test_after_a_week_the_last_edition_of_each_day_stays(ground: Ground) -> None:
    ids, editions = settle(), ground.home / FOLDER / EDITIONS
    made = []
    for hours in (1, 1, 23, 1, 24 * 8, 1):
        later(hours=hours)
        with transaction() as tx:
            post_result(tx, ResultKind.PAID, ids[:1], results={ids[0]: f"已兑现第{len(made)}笔"})
        assert keep_site_current()
        made.append((ground.home / FOLDER / CURRENT).resolve().name)
    assert [one in {path.name for path in editions.iterdir()} for one in made] == [False, True, False, True, True, True]


def test_a_policy_that_is_repealed_or_published_makes_a_new_edition(ground: Ground) -> None:
    assert keep_site_current() is True  # an empty house has a site, too
    policy()
    assert keep_site_current() is True
    with transaction() as tx:
        tx.core.execute(update(POLICIES).values(repealed_on=date(2027, 1, 4)))
    assert keep_site_current() is True
    assert keep_site_current() is False


def test_what_does_not_fit_its_chain_is_not_put_before_the_public(ground: Ground) -> None:
    settle()
    keep_site_current()
    off = "DROP TRIGGER publications_no_update" if ground.kind == "sqlite" else "ALTER TABLE publications DISABLE TRIGGER ALL"  # fmt: skip
    with transaction() as tx:
        tx.core.execute(text(off))
        tx.core.execute(text("UPDATE publications SET record = replace(record, '50000.00', '90000.00') WHERE id = 2"))
    with pytest.raises(Refusal, match="第 2 行"):
        write_site(ground.home / "out")


def test_the_site_is_written_into_a_folder_of_its_own_only(ground: Ground, tmp_path: Path) -> None:
    ids, folder = settle(), tmp_path / "公示"
    first = write_site(folder)
    assert (first.results, first.policies) == (5, 1)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == first.files
    with transaction() as tx:
        tx.core.execute(update(POLICIES).values(secret=True))
        post_result(tx, ResultKind.PAID, ids[:1])
    assert write_site(folder).policies == 0
    assert not (folder / "policies" / "ZC-2027-001.html").exists()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine")
    with pytest.raises(Refusal, match="另选一个空文件夹"):
        write_site(foreign)
    assert [one.name for one in foreign.iterdir()] == ["notes.txt"]
