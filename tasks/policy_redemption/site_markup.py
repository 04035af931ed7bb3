"""Markup that cannot be broken into: every text is escaped where it is put in; only what is built here is markup."""

import re
from functools import lru_cache
from html import escape
from typing import Final
from urllib.parse import quote

_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_VOID: Final = frozenset({"meta", "link", "input"})
_PLAIN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,79}")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | Markup | None


def fit(text: str) -> str:
    """Return text without what HTML and XML cannot hold, and without what turns the direction of reading."""
    return _UNFIT.sub("", text)


def _put(child: Child) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Markup) else _escaped(child)


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    """Return text escaped; titles, policies and days stand on a site many thousand times."""
    return escape(fit(text))


def el(tag: str, *children: Child, **attributes: str | None) -> Markup:
    """Return an element; `class_` and `for_` lose their underscore, other underscores become hyphens."""
    names = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None)
    opening = "".join(f' {name}="{_escaped(value)}"' for name, value in names)
    if tag in _VOID:
        return Markup(f"<{tag}{opening}>")
    return Markup(f"<{tag}{opening}>{''.join(map(_put, children))}</{tag}>")


def several(*children: Child) -> Markup:
    """Return children one after the other."""
    return Markup("".join(map(_put, children)))


def paragraphs(text: str) -> Markup:
    """Return the lines of a text as paragraphs."""
    return several(*(el("p", line.strip()) for line in text.splitlines() if line.strip()))


def place_of(code: str) -> str:
    """Return the part of an address that stands for a code or number; what is no plain code is spelt in hexadecimal."""
    return code if _PLAIN.fullmatch(code) else f"x{code.encode('utf-8', 'surrogatepass').hex()}"


def address(*parts: str, anchor: str = "") -> str:
    """Return an address relative to the page, with an anchor."""
    return quote("/".join(parts)) + (f"#{quote(anchor)}" if anchor else "")
