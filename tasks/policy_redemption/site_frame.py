"""The frame of every page: head, menu, search field, foot, style, and the one script with the digest that admits it."""

import base64
import hashlib
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from config.messages import say
from tasks.policy_redemption.site_markup import Child, Markup, el, several

STYLE: Final = Path(__file__).with_name("site.css").read_text(encoding="utf-8")
_SCRIPT: Final = Path(__file__).with_name("site.js").read_text(encoding="utf-8")


def _admitted(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


POLICY: Final = (
    f"default-src 'none'; style-src 'self'; script-src {_admitted(_SCRIPT)}; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'"
)
"""Content security policy: nothing from elsewhere, and of scripts only the one of the search page."""
SECTIONS: Final = (
    ("home", "index.html"),
    ("policies", "policies/index.html"),
    ("results", "results/index.html"),
    ("enterprises", "enterprises/index.html"),
)


def tell(key: str, **facts: Any) -> str:
    """Return a text of the site."""
    return say(f"site.{key}", "zh", **facts)


@lru_cache(maxsize=4096)
def tell_day(day: str | date) -> str:
    """Return a day as it is read."""
    one = date.fromisoformat(day) if isinstance(day, str) else day
    return tell("day", year=one.year, month=one.month, day=one.day)


@lru_cache(maxsize=4096)
def time(day: str | date) -> Markup:
    """Return a day as an element."""
    return el("time", tell_day(day), datetime=str(day))


def search_form(up: str, *, labelled: bool = True) -> Markup:
    """Return the search field; it leads to a page that helps without a script, too."""
    return el(
        "form",
        el("label", tell("search_label"), for_="q") if labelled else None,
        el("input", type="search", name="q", id="q", autocomplete="off", maxlength="60"),
        el("button", tell("search"), type="submit"),
        role="search",
        action=f"{up}search.html",
        method="get",
    )


def search_script() -> Markup:
    """Return the one script of the site."""
    return Markup(f"<script>{_SCRIPT}</script>")


def page(title: str, *content: Child, section: str = "", up: str = "../", search: bool = True) -> bytes:
    """Return a whole page; `up` leads from it to the root of the site."""
    menu = [
        el("li", el("a", tell(name), href=f"{up}{path}", aria_current="page" if name == section else None))
        for name, path in SECTIONS
    ]
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title if title == tell("name") else f"{title}－{tell('name')}"),
        el("link", rel="stylesheet", href=f"{up}site.css"),
        el("link", rel="icon", href="data:,"),
        el("link", rel="alternate", type="application/atom+xml", title=tell("name"), href=f"{up}feed.atom"),
    )
    body = el(
        "body",
        el("a", tell("skip"), class_="skip", href="#main"),
        el(
            "header",
            el("a", el("small", tell("place")), tell("name"), class_="site", href=f"{up}index.html"),
            el("nav", el("ul", *menu), aria_label=tell("menu")),
            search_form(up) if search else None,
        ),
        el("main", el("h1", title), *content, id="main"),
        el(
            "footer",
            el("p", tell("owner")),
            el("p", tell("footer"), " ", el("a", tell("manifest"), href=f"{up}manifest.txt")),
        ),
    )
    return f"<!doctype html>\n{el('html', head, several(body), lang='zh-CN')}\n".encode()
