"""What is wrong with the channels: secrets written out, names that lead nowhere, roles that nothing reaches."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from config.channels import PROVIDERS, REFERENCE, TARGET, Channel, Channels, Route, references
from config.messages import say

_PLACEHOLDER: Final = "8banjie8"
_SECRET_NAME: Final = re.compile(r"token|key|secret|pass|pwd|auth|sign", re.IGNORECASE)
_LOOKS_RANDOM: Final = re.compile(r"(?=.*\d)[A-Za-z0-9_-]{20,}")
# Set by the sender itself: what is loosened or repeated here would undo its promises (one text, one person, verified).
_LOOSE: Final = frozenset({"verify", "retry", "overflow", "redirect", "format", "cto", "rto", "cc", "bcc"})
# Services that word their answers as they like, so that the channel says how a success reads.
_ANY_WORDING: Final = frozenset({"json", "jsons", "form", "forms", "sms", "smss"})


@dataclass(frozen=True)
class Problem:
    """Something wrong with the channels: where, what, and whether notices are lost by it."""

    place: str
    text: str
    severe: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def problems(book: Channels, roles: Iterable[str], environ: Mapping[str, str] | None = None) -> list[Problem]:
    """Check channels and address book as `banjie doctor` does; names of secrets are looked up, their values never kept.

    Args:
        book: the channels.
        roles: every role that a flow may notify.
        environ: names of the environment's variables; the process's own by default.
    """
    known = frozenset(roles)
    found = [problem for channel in book.channels.values() for problem in _of_channel(channel, environ or os.environ)]
    found += _of_drills(book, environ or os.environ)
    sections = {"default": book.default, "parties": book.parties}
    sections |= {f"book.{role}": routes for role, routes in book.book.items()}
    sections |= {f"officers.{staff_no}": routes for staff_no, routes in book.officers.items()}
    for place, routes in sections.items():
        found += _of_routes(book, place, routes, environ or os.environ)
    found += [_problem(f"book.{role}", "role_unknown", role=role) for role in book.book if role not in known]
    for role in sorted(known):
        outward = [
            book.channels[route.channel] for route in book.listed(f"role:{role}") if route.channel in book.channels
        ]
        if outward and all(channel.drill for channel in outward):
            found.append(_problem(f"book.{role}", "only_drills", role=role))
        elif not all(c.kind == "inbox" for c in outward) and not any(c.drill for c in outward):
            found.append(_problem(f"book.{role}", "no_drill_channel", severe=False, role=role))
    return found


def _problem(place: str, key: str, *, severe: bool = True, **facts: Any) -> Problem:
    return Problem(place, say(f"channels.{key}", **facts), severe)


def _of_routes(book: Channels, place: str, routes: tuple[Route, ...], environ: Mapping[str, str]) -> Iterator[Problem]:
    if not routes:
        yield _problem(place, "no_channel")
    names = [route.channel for route in routes]
    for route in routes:
        channel = book.channels.get(route.channel)
        if channel is None:
            yield _problem(place, "channel_unknown", channel=route.channel)
        elif ((TARGET in channel.url and place != "parties") or channel.kind == "call") and not route.target:
            yield _problem(place, "target_missing", channel=route.channel)
        elif route.target and TARGET not in channel.url and channel.kind != "call":
            yield _problem(place, "target_unused", channel=route.channel)
        if names.count(route.channel) > 1:
            yield _problem(place, "listed_twice", channel=route.channel)
        yield from _of_references(place, route.target, environ)


def _of_references(place: str, text: str, environ: Mapping[str, str]) -> Iterator[Problem]:
    for match in REFERENCE.finditer(text):
        name, path = match["env"], match["file"] or match["whole"]
        if name and not environ.get(name):
            yield _problem(place, "variable_missing", name=name)
        if path and not os.access(path, os.R_OK):
            yield _problem(place, "file_missing", file=path)


def _of_channel(channel: Channel, environ: Mapping[str, str]) -> Iterator[Problem]:
    place = f"channels.{channel.name}"
    if channel.kind != "apprise":
        if channel.url:
            yield _problem(place, "url_unused", kind=channel.kind)
        return
    if channel.scheme not in PROVIDERS:
        yield _problem(place, "service_unproven", service=channel.scheme or "?", known="、".join(PROVIDERS))
        return
    yield from _of_references(place, channel.url, environ)
    yield from _of_url(place, channel)


def _written(name: str, value: str) -> bool:
    """Say whether a query value holds a secret: one that ought to be a reference, or looks drawn by lot."""
    rest = value.replace(_PLACEHOLDER, " ")
    return (_SECRET_NAME.search(name) is not None and rest == value) or any(map(_LOOKS_RANDOM.fullmatch, rest.split()))


def _of_url(place: str, channel: Channel) -> Iterator[Problem]:
    bare = REFERENCE.sub(_PLACEHOLDER, channel.url).replace(TARGET, _PLACEHOLDER)
    url = urlsplit(bare)
    path = [piece for piece in url.path.split("/") if piece]
    parts: dict[str, list[str | None]] = {
        "user": [url.username],
        "password": [url.password],
        "host": [url.hostname],
        "path": [*path],
    }
    for part, values in parts.items():
        written = [value for value in values if value and value != _PLACEHOLDER]
        if (part in channel.provider.secret and written) or any(_LOOKS_RANDOM.fullmatch(value) for value in written):
            yield _problem(place, "secret_written", part=say(f"channels.part_{part}"))
    for name, value in parse_qsl(url.query, keep_blank_values=True):
        if name in _LOOSE:
            yield _problem(place, "option_refused", option=name)
        elif _written(name, value):
            yield _problem(place, "secret_written", part=name)
    if channel.sms:
        yield from _of_gateway(place, channel)
    if channel.success and channel.scheme not in _ANY_WORDING:
        yield _problem(place, "success_unused")


def _of_gateway(place: str, channel: Channel) -> Iterator[Problem]:
    query = dict(parse_qsl(urlsplit(channel.url).query, keep_blank_values=True))
    if not query.get("secret"):
        yield _problem(place, "gateway_unsigned")
    if query.get("to") != TARGET and REFERENCE.fullmatch(query.get("to", "")) is None:
        yield _problem(place, "gateway_without_phone")


def _of_drills(book: Channels, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Look for what a drill channel shares with a real one: its URL, the name of a secret, or the secret itself."""
    outward = [channel for channel in book.channels.values() if channel.kind == "apprise"]
    for drill in (channel for channel in outward if channel.drill):
        for real in (channel for channel in outward if not channel.drill):
            if _bare(drill.url) == _bare(real.url) and not (_own(drill) and _own(real)):
                yield _problem(f"channels.{drill.name}", "drill_shares_url", channel=real.name)
            mine, theirs = references(drill.url), references(real.url)
            shared = (mine[0] & theirs[0]) | (mine[1] & theirs[1])
            for name in sorted(shared):
                yield _problem(f"channels.{drill.name}", "drill_shares_secret", name=name, channel=real.name)
            values = {environ.get(name) for name in theirs[0]} - {None, ""}
            for name in sorted(mine[0] - shared):
                if environ.get(name) in values:
                    yield _problem(f"channels.{drill.name}", "drill_shares_value", name=name, channel=real.name)


def _own(channel: Channel) -> bool:
    return any(references(channel.url))


def _bare(url: str) -> str:
    """Return where a URL leads, whatever it carries along; a reference in place tells two accounts apart."""
    return url.partition("?")[0].rstrip("/").replace("s://", "://", 1).lower()
