"""What a question of the season shows before it is answered: figures and case numbers, never who somebody is."""

from typing import Any

from config.messages import say
from config.offices import town
from config.season import Season


def _table(rows: dict[str, Any]) -> str:
    head = say("question_conscription.table")
    return "\n".join([head, "| --- | ---: |", *(f"| {name} | {value} |" for name, value in rows.items())])


def text(point: str, plan: Season, number: str = "", **facts: Any) -> str:
    """Return the markdown of a decision point, with the facts of the season's file and those given."""
    approval = plan.approval.day.isoformat()
    head = say(
        f"question_conscription.{point}",
        season=plan.name,
        year=plan.year,
        approval=approval,
        number=number,
        **_plain(facts),
    )
    if point == "meeting":
        return f"{head}\n\n{_places(plan, facts['places'])}"
    return head


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in facts.items() if isinstance(value, str | int)}
    if transport := facts.get("transport"):
        plain |= {"recruits": transport.recruits, "departs": transport.departs.isoformat()}
    if places := facts.get("places"):
        plain |= {"places": len(places.places), "reserve": len(places.reserve), "seal": places.seal[:16], "quota": ""}
    return plain


def _places(plan: Season, places: Any) -> str:
    """Return the plan by town: places asked and filled."""
    filled: dict[str, int] = {}
    for place in places.places:
        filled[place.pool] = filled.get(place.pool, 0) + 1
    asked = {**plan.quota.by_town, "women": plan.quota.women}
    names = {**{name: town(name).title for name in plan.quota.by_town}, "women": say("conscription.women")}
    return _table({names[pool]: f"{filled.get(pool, 0)} / {quota}" for pool, quota in asked.items()})
