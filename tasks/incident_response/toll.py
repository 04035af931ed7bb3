"""Casualties over time, as the reports said: what nobody has said yet is unknown, which is a gap and never zero."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tasks.incident_response.view import View

TOLL: Final = ("dead", "injured", "missing")
GROUP: Final = "toll"
NONE: Final = "none"
SUSPECTED: Final = "suspected"
"""A report that may be of another accident: nobody has checked it."""


def toll_over_time(view: View) -> dict[str, list[tuple[datetime, int | None]]]:
    """Return each figure by the moment that a report describes; who does not know it leaves what was known."""
    known: dict[str, int | None] = dict.fromkeys(TOLL)
    found: dict[str, list[tuple[datetime, int | None]]] = {name: [] for name in TOLL}
    checked = (report for report in view.reports if report.kind != SUSPECTED)
    for report in sorted(checked, key=lambda one: (one.as_of, one.number)):
        said = report.facts.get(GROUP, {})
        for name in TOLL:
            known[name] = _said(said, name, known[name])
            found[name].append((report.as_of, known[name]))
    return found


def _said(group: Mapping[str, Any], name: str, before: int | None) -> int | None:
    if group.get("state") == NONE:
        return 0
    value = group.get(name)
    return value if isinstance(value, int) else before
