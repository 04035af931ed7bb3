"""Which channels a notice may leave by, and the address book: read strictly, without ever reading a secret."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import Field, field_validator

from config.fact import Fact
from config.offices import outside
from config.settings import settings
from config.yaml_file import read_yaml, shape

# A secret is named, never written: ${NAME} or ${file:/path} inside a URL, file:/path where it is the whole value.
REFERENCE: Final = re.compile(
    r"\$\{(?:(?P<env>[A-Za-z_][A-Za-z0-9_]*)|file:(?P<file>/[^}\s]+))\}|^file:(?P<whole>/\S+)$"
)
TARGET: Final = "{target}"
FIRST_OUT: Final = ("SG-", "YL-")
"""How the numbers of cases begin whose notices leave before whatever else waits for a channel: accidents, drills."""


class Provider(NamedTuple):
    """What a provider takes: texts a minute, bytes a text, and which parts of its URL are secret."""

    per_minute: int
    max_bytes: int
    secret: frozenset[Literal["user", "password", "host", "path"]]


_PASSWORD: Final = Provider(6_000, 60_000, frozenset({"password"}))
_MAIL: Final = Provider(600, 60_000, frozenset({"password"}))
_SMS: Final = Provider(600, 4_000, frozenset({"user", "password"}))
# Only services whose answer is judged by its body (tasks/channel.py), each proven by a contract test. Rates and sizes
# are the providers' published limits, and cautious guesses where they publish none; a channel may set its own.
PROVIDERS: Final[Mapping[str, Provider]] = {
    "json": _PASSWORD,
    "jsons": _PASSWORD,
    "form": _PASSWORD,
    "forms": _PASSWORD,
    "mailto": _MAIL,
    "mailtos": _MAIL,
    "dingtalk": Provider(20, 18_000, frozenset({"host", "user"})),
    "feishu": Provider(100, 9_000, frozenset({"host"})),
    "lark": Provider(100, 9_000, frozenset({"host"})),
    "wecombot": Provider(20, 2_048, frozenset({"host"})),
    "wechat": Provider(60, 2_048, frozenset({"password"})),
    "schan": Provider(5, 30_000, frozenset({"host"})),
    "bark": Provider(60, 3_000, frozenset({"password", "path"})),
    "barks": Provider(60, 3_000, frozenset({"password", "path"})),
    "pushplus": Provider(5, 18_000, frozenset({"host"})),
    "wxpusher": Provider(60, 30_000, frozenset({"host"})),
    "sms": _SMS,
    "smss": _SMS,
}


class Channel(Fact):
    """One way out: the inbox on our boards, a letter that a clerk posts, a telephone call, or a provider's address."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")
    kind: Literal["inbox", "letter", "call", "apprise"] = "apprise"
    url: str = Field(default="", description="Apprise URL; secrets only by reference, {target} where the address goes")
    relay: str = Field(default="", pattern=r"^(https?://[^/?#@\s]+)?$", description="Own gateway before the provider")
    drill: bool = Field(default=False, description="Carries drills, and nothing but drills")
    success: str = Field(
        default="",
        pattern=r"^([\w.]+=\S+)?$",
        description="What the body of a success says, of a web hook or a gateway: code=0, data.status=OK|0",
    )
    refused: tuple[str, ...] = Field(
        default=(), description="Codes of the body that no retry mends: next channel at once"
    )
    limited: tuple[str, ...] = Field(default=(), description="Codes of the body that ask for a pause")
    segments: int = Field(default=4, ge=1, le=10, description="Parts of 67 characters that one text message may have")
    per_minute: int | None = Field(default=None, gt=0)
    max_bytes: int | None = Field(default=None, ge=400)
    deadline: float = Field(default=15, gt=0, le=120, description="Seconds that one call may take")
    lanes: int = Field(default=2, ge=1, le=16, description="Calls at the same time")
    attempts: int = Field(default=8, ge=1, description="Failures of a notice while others pass, before it is dead")
    patience_minutes: int | None = Field(default=None, gt=0, description="Age at which a notice is given up")

    @field_validator("refused", "limited", mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        return tuple(map(str, given)) if isinstance(given, list) else given

    @property
    def scheme(self) -> str:
        """Service of the URL, such as `wecombot`."""
        return self.url.partition("://")[0].lower()

    @property
    def sms(self) -> bool:
        """Whether it carries text messages, which have no title and count characters."""
        return self.scheme in {"sms", "smss"}

    @property
    def provider(self) -> Provider:
        """What the service takes, with this channel's own limits."""
        known = PROVIDERS.get(self.scheme, _PASSWORD)
        return known._replace(
            per_minute=self.per_minute or known.per_minute, max_bytes=self.max_bytes or known.max_bytes
        )


class Route(Fact):
    """One channel to somebody, with their address there: written, or named by reference."""

    channel: str
    target: str = ""


INBOX: Final = Channel(name="inbox", kind="inbox")
LETTER: Final = Channel(name="letter", kind="letter")
CALL: Final = Channel(name="call", kind="call")
"""A telephone call by somebody with the call sheet; a person's number is the address."""
_TO_INBOX: Final = Route(channel=INBOX.name)


class Channels(Fact):
    """The channels of one installation and whom they reach."""

    channels: dict[str, Channel] = Field(default_factory=dict)
    book: dict[str, tuple[Route, ...]] = Field(default_factory=dict, description="Role: channels, the first that works")
    default: tuple[Route, ...] = Field(default=(_TO_INBOX,), description="Roles that the book does not name")
    officers: dict[str, tuple[Route, ...]] = Field(default_factory=dict, description="Staff number: channels")
    parties: tuple[Route, ...] = Field(default=(Route(channel=LETTER.name),), description="Citizens and firms")

    @field_validator("channels", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        named = {name: {"name": name} | dict(body or {}) for name, body in given.items()}
        return {"inbox": INBOX, "letter": LETTER, "call": CALL} | named

    @field_validator("default", "parties", mode="before")
    @classmethod
    def _routes(cls, given: Any) -> Any:
        return _routes(given)

    @field_validator("book", "officers", mode="before")
    @classmethod
    def _books(cls, given: Any) -> Any:
        return {str(who): _routes(routes) for who, routes in given.items()} if isinstance(given, dict) else given

    def listed(self, recipient: str) -> tuple[Route, ...]:
        """Return what the book lists for `role:…`, `officer:…` or `party:…`; nothing for anybody else."""
        kind, _, who = recipient.partition(":")
        match kind:
            case "role":
                return self.book.get(who, self.default)
            case "officer":
                return self.officers.get(who, ())
            case "party":
                return self.parties
        return ()

    def carries(self, channel: str, *, drill: bool) -> bool:
        """Say whether a channel may carry a drill, or a real notice; the inbox carries both, marked."""
        known = self.channels.get(channel)
        if known is None:
            return False
        return known.kind == "inbox" or (known.drill == drill and not (drill and known.kind == "letter"))

    def routes(self, recipient: str, *, drill: bool) -> tuple[Route, ...]:
        """Return every usable route: the inbox first (officials look there), then the others in the book's order.

        Telephone numbers are not among them: nobody makes a call but from the sheet of an incident (`numbers`). None
        leads a drill to whoever has no part in it.
        """
        if drill and withheld(recipient):
            return ()
        outward = tuple(route for route in self._usable(recipient, drill=drill) if not self._is_call(route))
        return outward if outward and recipient.startswith("party:") else (_TO_INBOX, *outward)

    def outward(self, recipient: str, *, drill: bool) -> tuple[str, ...]:
        """Return the channels out of the house that a recipient's own book lists, in its order."""
        return tuple(one.channel for one in self.routes(recipient, drill=drill) if one.channel != INBOX.name)

    def numbers(self, recipient: str, *, drill: bool) -> tuple[Route, ...]:
        """Return where a recipient is telephoned."""
        return tuple(route for route in self._usable(recipient, drill=drill) if self._is_call(route))

    def _usable(self, recipient: str, *, drill: bool) -> Iterator[Route]:
        for route in () if drill and withheld(recipient) else self.listed(recipient):
            if route.channel != INBOX.name and self.carries(route.channel, drill=drill):
                yield route

    def _is_call(self, route: Route) -> bool:
        return self.channels[route.channel].kind == "call"

    def openings(self, recipient: str, *, drill: bool) -> tuple[str, ...]:
        """Return the channels to queue a notice on: the inbox and the first way out (`following` has the next).

        Raises:
            LookupError: the recipient is no `role:…`, `officer:…` or `party:…`.
        """
        if recipient.partition(":")[0] not in {"role", "officer", "party"}:
            raise LookupError(recipient)
        routes = self.routes(recipient, drill=drill)
        return tuple(route.channel for route in routes[: 2 if _TO_INBOX in routes[:1] else 1])

    def following(self, recipient: str, channel: str, *, drill: bool) -> str | None:
        """Return the channel to try after this one failed for good, or None; one not in the book leads to the first."""
        names = [route.channel for route in self.routes(recipient, drill=drill) if route.channel != INBOX.name]
        rest = names[names.index(channel) + 1 :] if channel in names else names
        return rest[0] if rest else None

    def targets(self, channel: str) -> tuple[str, ...]:
        """Return every address on a channel, as written in the book."""
        listed = (self.default, self.parties, *self.book.values(), *self.officers.values())
        return tuple(dict.fromkeys(route.target for routes in listed for route in routes if route.channel == channel))

    def target(self, recipient: str, channel: str) -> str:
        """Return the address of a recipient on a channel, as written in the book; empty where it needs none."""
        return next((route.target for route in self.listed(recipient) if route.channel == channel), "")


def withheld(recipient: str) -> bool:
    """Say whether a drill tells a recipient nothing: a citizen or firm, or a role outside the district's drills."""
    kind, _, who = recipient.partition(":")
    return kind == "party" or (kind == "role" and who in outside())


def references(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the variables and the files that a URL or an address refers to."""
    found = list(REFERENCE.finditer(text))
    names = frozenset(match["env"] for match in found if match["env"])
    return names, frozenset(match["file"] or match["whole"] for match in found) - {None}


def _routes(given: Any) -> Any:
    """Read `[inbox, {mail: address}]` or `{mail: address}` as routes."""
    if isinstance(given, dict):
        given = [{channel: target} for channel, target in given.items()]
    if not isinstance(given, list | tuple):
        return given
    return tuple(
        {"channel": next(iter(item)), "target": str(next(iter(item.values())))}
        if isinstance(item, dict) and len(item) == 1
        else ({"channel": item} if isinstance(item, str) else item)
        for item in given
    )


def load_channels(path: Path) -> Channels:
    """Read a channels file.

    Raises:
        FileWrongError: the file is missing, no YAML, or an entry is wrong; the sentence names file and entry.
    """
    return shape(Channels, {"channels": {}} | read_yaml(path), path.name)


@cache
def channels() -> Channels:
    """Return this installation's channels, read once."""
    return load_channels(settings().channels)


def channels_of(role: str, staff_no: str = "", *, drill: bool = False) -> tuple[str, ...]:
    """Return the channels to queue a notice on for an officer, or for a role that nobody holds."""
    return channels().openings(f"officer:{staff_no}" if staff_no else f"role:{role}", drill=drill)


def addressees(role: str, staff: Sequence[str], *, drill: bool) -> list[tuple[str, str]]:
    """Return (recipient, channel) for everybody a role's notice goes to.

    Each officer who holds the role has it in the inbox and on the first channel of their own; the role's own channel,
    a group or a shared mailbox, has it once, however many hold the role.
    """
    if drill and withheld(f"role:{role}"):
        return []
    book = channels()
    persons = [
        (f"officer:{number}", channel)
        for number in staff
        for channel in book.openings(f"officer:{number}", drill=drill)
    ]
    shared = [(f"role:{role}", channel) for channel in book.openings(f"role:{role}", drill=drill)]
    return persons + [pair for pair in shared if not (staff and pair[1] == INBOX.name)]
