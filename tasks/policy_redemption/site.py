"""The public site as a pure function: the same lines and policies give the same bytes, whatever database held them."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from models.policy_redemption.publicity import PublicStatus
from tasks.policy_redemption.site_content import (
    Enterprise,
    Line,
    PublicPolicy,
    Result,
    enterprises_of,
    results_of,
)
from tasks.policy_redemption.site_data import (
    PAGE_SIZE,
    PART_SIZE,
    feed,
    part_of,
    policies_json,
    results_csv,
    results_json,
    search_json,
)
from tasks.policy_redemption.site_finding import (
    enterprises_page,
    initials_page,
    place_of_initial,
    policy_results_page,
    search_page,
)
from tasks.policy_redemption.site_frame import STYLE, page, tell, tell_day, time
from tasks.policy_redemption.site_markup import Child, Markup, address, el, place_of
from tasks.policy_redemption.site_policy import department, fact, policy_content, telephone, version_title

MANIFEST: Final = "manifest.txt"
NEWEST: Final = 20
LIST_SIZE: Final = 500
"""Results on a page of links."""


def build(lines: Iterable[Line], policies: Sequence[PublicPolicy]) -> dict[str, bytes]:
    """Return the files of the site by their path.

    Args:
        lines: what may be shown of the publicity module; drills and exempt results are left out before.
        policies: policies that are not secret.
    """
    policies = sorted(policies, key=lambda one: one.code)
    results = results_of(lines)
    enterprises = enterprises_of(results)
    initials = {one.initial: place_of_initial(one.initial) for one in enterprises}
    shown = _Shown(results, policies)
    files = {
        "site.css": STYLE.encode(),
        "index.html": shown.home(),
        "search.html": search_page(),
        "search.json": search_json(policies, enterprises, initials),
        "feed.atom": feed([(line, one) for one in results for line in one.lines]),
        "data/policies.json": policies_json(policies),
        "policies/index.html": shown.policies(),
        "results/index.html": shown.results(),
        "enterprises/index.html": initials_page(initials),
    }
    for number in range(1, shown.pages + 1):
        files[f"results/{number}.html"] = shown.result_page(number)
    for policy in policies:
        files |= shown.policy(policy)
    for part, of_part in groupby(results, key=part_of):
        own = list(of_part)
        files[f"data/results-{part}.csv"], files[f"data/results-{part}.json"] = results_csv(own), results_json(own)
    for initial, own_firms in groupby(sorted(enterprises, key=_initial), key=_initial):
        files[f"enterprises/{initials[initial]}.html"] = enterprises_page(initial, list(own_firms))
    files[MANIFEST] = manifest(files)
    return files


def _initial(enterprise: Enterprise) -> str:
    return enterprise.initial


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the checksums of files as `sha256sum -c` reads them, but for the list's own."""
    sums = sorted((path, hashlib.sha256(content).hexdigest()) for path, content in files.items() if path != MANIFEST)
    return "".join(f"{digest}  {path}\n" for path, digest in sums).encode()


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the digest of an edition: that of its list of checksums."""
    return hashlib.sha256(files[MANIFEST]).hexdigest()


class _Shown:
    """Results and policies on their pages; a result's card is made once."""

    def __init__(self, results: Sequence[Result], policies: Sequence[PublicPolicy]) -> None:
        self._results, self._policies = results, policies
        self._codes = {one.code for one in policies}
        self._cards: dict[str, Markup] = {one.number: self._card(one, "../") for one in results}
        self._of_policy: dict[str, list[Result]] = {}
        for one in results:
            self._of_policy.setdefault(str(one.last["code"]), []).append(one)
        self.pages = -(-len(results) // PAGE_SIZE)

    def _card(self, result: Result, up: str) -> Markup:
        one = result.last
        status = PublicStatus(one["status"])
        title: Child = str(one["policy"])
        if one["code"] in self._codes:
            title = el("a", title, href=up + address("policies", f"{place_of(one['code'])}.html"))
        posting = ""
        if one["posted_from"] and one["posted_until"]:
            posting = tell("posting_days", first=tell_day(one["posted_from"]), last=tell_day(one["posted_until"]))
        number = result.number + (f"（{tell('offline')}）" if one["channel"] == "offline" else "")
        facts = el(
            "dl",
            fact("policy", title),
            fact("planned_result" if status is PublicStatus.POSTED else "result", str(one["result"])),
            fact("planned_on", time(one["planned_on"])),
            fact("posting", posting),
            fact("complaint", telephone(one["complaint_telephone"])),
            fact("number", number),
        )
        head = el(
            "div",
            el("h3", str(one["enterprise"])),
            el("p", status.text, class_=f"status {status.value}"),
            class_="head",
        )
        return el("li", head, facts, _history(result), class_="card", id=place_of(result.number))

    def home(self) -> bytes:
        """Return the first page: what was posted last, the policies in force, the data."""
        newest = sorted(self._results, key=lambda one: -one.lines[-1].id)[:NEWEST]
        latest = el("ul", *(self._card(one, "") for one in newest), class_="list")
        data = [
            el("li", el("a", tell(f"results_{kind}", **_span(part, self._results)), href=f"data/results-{part}.{kind}"))
            for part in range(-(-len(self._results) // PART_SIZE), 0, -1)
            for kind in ("csv", "json")
        ]
        return page(
            tell("welcome"),
            el("p", tell("lead"), class_="lead"),
            el("h2", tell("latest")),
            latest if newest else el("p", tell("nothing_yet")),
            el("p", el("a", tell("all_results"), href="results/index.html")) if newest else None,
            el("h2", tell("policies")),
            self._list_of_policies([one for one in self._policies if not one.repealed_on], "policies"),
            el("h2", tell("data")),
            el("p", tell("data_lead"), el("a", tell("feed"), href="feed.atom"), "。"),
            el("ul", *data, el("li", el("a", tell("policies_data"), href="data/policies.json"))),
            section="home",
            up="",
        )

    def results(self) -> bytes:
        """Return the page that leads to the pages of results, and shows the newest."""
        newest = [self._cards[one.number] for one in self._results[: -NEWEST - 1 : -1]]
        return page(
            tell("all_results"),
            el("p", tell("pages_lead", size=PAGE_SIZE, count=len(self._results)), class_="lead"),
            _pages("", len(self._results), PAGE_SIZE),
            el("h2", tell("latest")) if newest else None,
            el("ul", *newest, class_="list") if newest else el("p", tell("nothing_yet")),
            section="results",
        )

    def result_page(self, number: int) -> bytes:
        """Return one page of results; once it is full, it changes only with what becomes of them."""
        first = (number - 1) * PAGE_SIZE
        own = self._results[first : first + PAGE_SIZE]
        return page(
            f"{tell('results')}（{tell('page', number=number)}）",
            el("p", tell("page_span", first=first + 1, last=first + len(own)), class_="soft"),
            el("ul", *(self._cards[one.number] for one in own), class_="list"),
            section="results",
        )

    def _list_of_policies(self, policies: Sequence[PublicPolicy], folder: str) -> Markup:
        where = (folder,) if folder else ()
        items = []
        for one in policies:
            content = one.newest.content
            facts = (one.code, tell(f"lane_{content.lane.value}"), department(content.department))
            repealed = tell("repealed", on=tell_day(one.repealed_on)) if one.repealed_on else ""
            link = el("a", content.title, href=address(*where, f"{place_of(one.code)}.html"))
            items.append(
                el(
                    "li",
                    el("h3", link),
                    el("p", " · ".join(filter(None, (*facts, repealed))), class_="soft"),
                    class_="card",
                )
            )
        return el("ul", *items, class_="list") if items else el("p", tell("no_policies"))

    def policies(self) -> bytes:
        """Return the list of policies, those in force first."""
        over = [one for one in self._policies if one.repealed_on]
        return page(
            tell("policies"),
            self._list_of_policies([one for one in self._policies if not one.repealed_on], ""),
            el("h2", tell("repealed_list")) if over else None,
            self._list_of_policies(over, "") if over else None,
            section="policies",
        )

    def policy(self, policy: PublicPolicy) -> dict[str, bytes]:
        """Return the pages of one policy: what it says, and what came of it."""
        own = self._of_policy.get(policy.code, [])
        stem, title = place_of(policy.code), policy.newest.content.title
        counts = Counter(PublicStatus(one.last["status"]) for one in own)
        told = "；".join(tell("counted", status=one.text, count=counts[one]) for one in PublicStatus if counts[one])
        older = [
            el("details", el("summary", version_title(one)), policy_content(policy, one.content))
            for one in policy.versions[-2::-1]
        ]
        made = page(
            title,
            el("p", tell("repealed", on=tell_day(policy.repealed_on)), class_="status refused")
            if policy.repealed_on
            else None,
            el("p", version_title(policy.newest), class_="soft"),
            policy_content(policy, policy.newest.content),
            el("h2", tell("policy_results")),
            el("p", told or tell("nothing_yet")),
            _pages(f"{stem}-", len(own), LIST_SIZE),
            el("h2", tell("versions")) if older else None,
            *older,
            section="policies",
        )
        pages = range(1, -(-len(own) // LIST_SIZE) + 1)
        return {f"policies/{stem}.html": made} | {
            f"policies/{stem}-{number}.html": policy_results_page(
                title, number, own[(number - 1) * LIST_SIZE : number * LIST_SIZE]
            )
            for number in pages
        }


def _span(part: int, results: Sequence[Result]) -> dict[str, int]:
    return {"first": (part - 1) * PART_SIZE + 1, "last": min(part * PART_SIZE, len(results))}


def _pages(stem: str, count: int, size: int) -> Markup:
    links = [
        el("li", el("a", tell("page", number=number), href=f"{stem}{number}.html"))
        for number in range(1, -(-count // size) + 1)
    ]
    return el("nav", el("ul", *links[::-1], class_="many"), aria_label=tell("pages"))


def _history(result: Result) -> Markup | None:
    if len(result.lines) == 1:
        return None
    told = [
        el("li", time(line.record["on"]), f" {PublicStatus(line.record['status']).text}：{line.record['result']}")
        for line in result.lines
    ]
    return el("details", el("summary", tell("history")), el("ol", *told))
