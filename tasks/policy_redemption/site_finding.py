"""The pages by which a result is found: search, first characters of names, enterprises."""

from collections.abc import Mapping, Sequence

from models.policy_redemption.publicity import PublicStatus
from tasks.policy_redemption.site_content import MASKED, Enterprise, Result
from tasks.policy_redemption.site_data import page_of
from tasks.policy_redemption.site_frame import page, search_form, search_script, tell
from tasks.policy_redemption.site_markup import Markup, address, el, place_of


def search_page() -> bytes:
    """Return the page of the search: it helps without its script, too."""
    kept = {name: f"{{{name}}}" for name in ("words", "most", "count")}
    told = el(
        "p",
        tell("search_hint"),
        id="told",
        aria_live="polite",
        data_none=tell("search_none", **kept),
        data_many=tell("search_many", **kept),
        data_found=tell("search_found", **kept),
        data_failed=tell("search_failed"),
    )
    lists = [
        el("li", el("a", tell(name), href=f"{name}/index.html")) for name in ("policies", "results", "enterprises")
    ]
    return page(
        tell("search"),
        search_form(""),
        told,
        el("ul", id="found", class_="list"),
        el("p", tell("search_without")),
        el("ul", *lists),
        search_script(),
        up="",
        search=False,
    )


def initials_page(initials: Mapping[str, str]) -> bytes:
    """Return the list of first characters under which enterprises are looked up."""
    links = [
        el("li", el("a", tell("masked") if one == MASKED else one, href=f"{name}.html"))
        for one, name in sorted(initials.items(), key=lambda pair: (pair[0] == MASKED, pair[0]))
    ]
    return page(
        tell("enterprises"),
        el("p", tell("initials_lead"), class_="lead"),
        el("ul", *links, class_="many") if links else el("p", tell("nothing_yet")),
        section="enterprises",
    )


def enterprises_page(initial: str, enterprises: Sequence[Enterprise]) -> bytes:
    """Return the enterprises of one first character, each with its results."""
    items = []
    for one in enterprises:
        lines = [
            el("li", _link(result, "policy"), f" {result.last['result']}（{PublicStatus(result.last['status']).text}）")
            for result in one.results
        ]
        note = el("p", one.key, class_="soft")
        items.append(el("li", el("h3", one.name), note, el("ul", *lines), class_="card", id=place_of(one.key)))
    title = tell("masked") if initial == MASKED else tell("initial", initial=initial)
    return page(title, el("ul", *items, class_="list"), section="enterprises")


def _link(result: Result, named: str) -> Markup:
    where = address("results", f"{page_of(result)}.html", anchor=place_of(result.number))
    return el("a", str(result.last[named]), href=f"../{where}")


def policy_results_page(title: str, number: int, results: Sequence[Result]) -> bytes:
    """Return a page of links to the results of one policy, by enterprise."""
    lines = [
        el("li", _link(result, "enterprise"), f" {result.last['result']}（{PublicStatus(result.last['status']).text}）")
        for result in results
    ]
    return page(f"{title}（{tell('page', number=number)}）", el("ol", *lines), section="policies")


def place_of_initial(initial: str) -> str:
    """Return the part of an address that stands for a first character."""
    return MASKED if initial == MASKED else f"u{ord(initial):x}"
