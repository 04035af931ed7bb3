"""The text of a notice: marked, numbered, cut to the provider's size, and never let out by the wrong channel."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.channels import Channels
from tasks.courier import Delivery, Job
from tasks.notice_text import MAX_PARTS, Claimed, compose, render, split

NOW = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)


@given(
    note=st.text(max_size=3000),
    limit=st.integers(400, 4000),
    drill=st.booleans(),
    case=st.from_regex(r"[A-Z]{2}-[0-9H]{1,30}", fullmatch=True),
)
def test_every_part_fits_in_bytes_and_carries_mark_and_number(note: str, limit: int, drill: bool, case: str) -> None:
    title, body = render("channels.trial", {"note": note}, case=case, number=12, drill=drill)
    head = ("【演练】" if drill else "") + f"【{case}·第12号】"
    assert body.startswith(head)
    parts = split(title, body, head=head, limit=limit)
    assert 1 <= len(parts) <= MAX_PARTS
    assert all(part.startswith(head) for part in parts)
    assert all(len(f"{title}\r\n{part}".encode()) <= limit for part in parts)
    rest = [part.removeprefix(head) for part in parts]
    if len(parts) == 1:
        assert parts[0] == body
    elif not rest[-1].endswith("……(全文见系统)"):
        assert "".join(text.split(")", 1)[1] for text in rest) == body.removeprefix(head)


def test_a_title_is_short_and_one_line_whatever_the_facts_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "x.y_title": "甲\r\nBcc: all@example.cn 乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥",
        "x.y_body": "a\r\nb\x00c",
    }
    monkeypatch.setattr("tasks.notice_text.say", lambda key, _language=None, **facts: said.get(key, f"[{facts}]"))
    title, body = render("x.y", {}, case="ZB-1", number=1, drill=False)
    assert title.startswith("甲 Bcc:")
    assert len(title) == 20
    assert body.endswith("a\nbc")


@given(
    drills=st.lists(st.booleans(), min_size=1, max_size=5),
    drill=st.booleans(),
    place=st.integers(0, 7),
    who=st.sampled_from(["role:office", "officer:1", "party:X-1", "role:other"]),
)
def test_no_drill_is_ever_composed_for_a_real_channel_nor_the_reverse(
    drills: list[bool], drill: bool, place: int, who: str
) -> None:
    names = [f"c{number}" for number in range(len(drills))]
    book = Channels.model_validate({
        "channels": {name: {"url": f"json://h/{name}", "drill": flag} for name, flag in zip(names, drills, strict=True)},
        "book": {"office": names}, "officers": {"1": dict.fromkeys(names, "")}, "parties": names,
    })  # fmt: skip
    name = (*names, "letter", "gone", "c99")[place % (len(names) + 3)]
    notice = Claimed(
        1,
        b"k",
        1,
        "YL-1" if drill else "ZB-1",
        drill,
        7,
        who,
        name,
        "channels.trial",
        {"note": "长" * 50},
        0,
        NOW,
        "me",
    )
    job = compose(notice, book)
    if isinstance(job, Job) and book.channels[name].kind == "apprise":
        assert book.channels[name].drill == drill
        assert all(text.startswith("【演练】") == drill for text in (job.title, *job.bodies))
    elif drill or name not in book.channels:
        assert isinstance(job, Delivery)
