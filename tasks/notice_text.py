"""The text of a notice as it leaves: the template's words, the number that shows a repeat, the drill mark, the size."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from config.channels import FIRST_OUT, TARGET, Channel, Channels, withheld
from config.messages import say
from config.settings import settings
from tasks.courier import Delivery, Job, Outcome
from tasks.sms_text import length, room, shorten

# A long Chinese subject is what strict relays mangle, and what a telephone cuts anyway.
TITLE_LENGTH: Final = 20
MAX_PARTS: Final = 5
_LINE: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

FindAddress = Callable[[str, str], str | None]


@dataclass(frozen=True)
class Claimed:
    """A notice that this sender has a lease on."""

    id: int
    key: bytes
    case_id: int
    case: str
    drill: bool
    number: int
    recipient: str
    channel: str
    template: str
    facts: dict[str, Any]
    attempts: int
    created_at: datetime
    owner: str


def nobody(_recipient: str, _channel: str) -> str | None:
    """Know no citizen's address."""
    return None


def render(template: str, facts: dict[str, Any], *, case: str, number: int, drill: bool) -> tuple[str, str]:
    """Return title and body of a notice: the drill mark in front of both, case and number in front of the body.

    Raises:
        MessageMissingError: there is no such template.
        KeyError: the notice lacks a fact that the template names.
    """
    language = settings().language
    given = facts | {"case": case, "number": number}
    mark = drill_mark() if drill else ""
    title = _LINE.sub(" ", say(f"{template}_title", language, **given)).strip()
    body = _CONTROL.sub("", say(f"{template}_body", language, **given)).strip()
    return mark + title[:TITLE_LENGTH], head_of(case, number, drill=drill) + body


def drill_mark() -> str:
    """Return what every title and every part of a drill's notice begins with, in any language 【演练】."""
    return say("channels.drill_mark", settings().language)


def split(title: str, body: str, *, head: str, limit: int) -> tuple[str, ...]:
    """Cut a body into parts that fit a provider's limit in bytes, the title counted in; each repeats the head.

    Args:
        title: the title, which some providers put in front of the text.
        body: the text, which begins with the head.
        head: the drill mark, case and number.
        limit: bytes of UTF-8 that the provider takes.
    """
    room = limit - len(title.encode()) - 2
    if len(body.encode()) <= room:
        return (body,)
    language = settings().language
    cut = say("channels.cut_mark", language)
    widest = say("channels.part_mark", language, part=MAX_PARTS, parts=MAX_PARTS)
    room -= len((head + widest + cut).encode())
    pieces = [bytearray()]
    for character in body.removeprefix(head):
        raw = character.encode()
        if len(pieces[-1]) + len(raw) > room:
            pieces.append(bytearray())
        pieces[-1] += raw
    texts = [piece.decode() for piece in pieces[:MAX_PARTS]]
    if len(pieces) > MAX_PARTS:
        texts[-1] += cut
    marks = (say("channels.part_mark", language, part=place, parts=len(texts)) for place in range(1, len(texts) + 1))
    return tuple(head + mark + text for mark, text in zip(marks, texts, strict=True))


def compose(notice: Claimed, book: Channels, address: FindAddress = nobody) -> Job | Delivery:
    """Return what a courier is to send for a notice, or why nothing may leave.

    Args:
        notice: the notice.
        book: channels and address book.
        address: finds a citizen's address in memory; it is neither stored nor logged.
    """
    channel = book.channels.get(notice.channel)
    if channel is None:
        return Delivery(Outcome.REJECTED, say("channels.channel_gone", channel=notice.channel))
    if notice.drill and withheld(notice.recipient):
        return Delivery(Outcome.REJECTED, say("channels.drill_withheld"))
    if _contradicts(notice) or not book.carries(notice.channel, drill=notice.drill):
        return Delivery(Outcome.REJECTED, say("channels.drill_refused"))
    try:
        title, body = render(notice.template, notice.facts, case=notice.case, number=notice.number, drill=notice.drill)
    except (
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # a template and its facts do not fit: ours to mend, not to retry
        why = f"{type(error).__name__} {error.args[0] if error.args else ''}".strip()
        return Delivery(Outcome.REJECTED, say("channels.text_missing", template=notice.template, why=why))
    target = book.target(notice.recipient, notice.channel)
    if TARGET in channel.url and not target and notice.recipient.startswith("party:"):
        target = address(notice.recipient, notice.channel) or ""
    head = head_of(notice.case, notice.number, drill=notice.drill)
    return job_of(channel, target, (title, body), head, str(notice.facts.get("code", "")))


def _contradicts(notice: Claimed) -> bool:
    """Say whether the number of an accident or drill is the other's; a year's register (YL-2027) is neither."""
    real, drill = FIRST_OUT
    series, _, place = notice.case.rpartition("-")
    return "-" in series and bool(place) and series.startswith(real if notice.drill else drill)


def head_of(case: str, number: int, *, drill: bool) -> str:
    """Return what every part of a notice begins with: the drill mark, case and number."""
    language = settings().language
    return (drill_mark() if drill else "") + say("channels.prefix", language, case=case, number=number)


def job_of(channel: Channel, target: str, text: tuple[str, str], head: str, code: str = "") -> Job:
    """Return what a courier is to send over a channel: in as many parts as it needs, or cut where it is one message.

    Args:
        channel: the channel.
        target: the address on it, or the reference that leads to it.
        text: title and body; the body begins with the head.
        head: what every part begins with.
        code: the code to acknowledge by, which no cut may lose.
    """
    title, body = text
    bodies = (_message(channel, body, code),) if channel.sms else split(
        title, body, head=head, limit=channel.provider.max_bytes
    )  # fmt: skip
    return Job(channel.url, target, title, bodies, channel.relay, channel.success, channel.refused, channel.limited,
               channel.deadline)  # fmt: skip


def _message(channel: Channel, body: str, code: str) -> str:
    language = settings().language
    signed = dict(parse_qsl(urlsplit(channel.url).query)).get("from", "")
    limit = room(channel.segments) - (length(signed) + 2 if signed else 0)  # the gateway puts 【signature】 in front
    words = say("sms.code", language, code=code) if code else ""
    return shorten(body, limit, say("channels.cut_mark", language), code, words)
