"""The text of a notice as it leaves: the template's words, the number that shows a repeat, the drill mark, the size."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from config.channels import TARGET, Channels
from config.messages import say
from config.settings import settings
from tasks.courier import Delivery, Job, Outcome

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
    mark = say("channels.drill_mark", language) if drill else ""
    title = _LINE.sub(" ", say(f"{template}_title", language, **given)).strip()
    body = _CONTROL.sub("", say(f"{template}_body", language, **given)).strip()
    return mark + title[:TITLE_LENGTH], mark + say("channels.prefix", language, case=case, number=number) + body


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
    if not book.carries(notice.channel, drill=notice.drill):
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
    language = settings().language
    head = say("channels.drill_mark", language) if notice.drill else ""
    head += say("channels.prefix", language, case=notice.case, number=notice.number)
    bodies = split(title, body, head=head, limit=channel.provider.max_bytes)
    return Job(channel.url, target, title, bodies, channel.relay, channel.success, channel.deadline)
