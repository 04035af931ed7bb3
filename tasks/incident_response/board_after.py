"""The part of an incident's board about its end and after: conditions, releases, readiness, lessons, handovers."""

from typing import Final

from tasks.board_page import first_said, local, office_title, plain, sections, table
from tasks.incident_response.view import View, word

CONDITIONS: Final = ("scene", "environment", "secondary")


def conditions_table(view: View) -> str:
    """Return how the three conditions of the end stand; the latest word on each counts (4.6)."""
    if not view.conditions:
        return ""
    latest = {one.condition: one for one in view.conditions}
    heads = [word(f"condition_{head}") for head in ("what", "met", "evidence", "by", "at")]
    rows = []
    for name in CONDITIONS:
        one = latest.get(name)
        title = word(f"condition_{name}")
        if one is None:
            rows.append([title, word("condition_open"), "", "", ""])
        else:
            met = word("condition_yes") if one.met else f"**{word('condition_no')}**"
            who = f"{plain(office_title(one.role))} {plain(one.by)}"
            rows.append([title, met, plain(one.evidence), who, local(one.at)])
    return sections(f"## {word('conditions')}", table(heads, rows))


def releases_table(view: View) -> str:
    """Return the texts for the public in all versions (5.1)."""
    if not view.releases:
        return ""
    heads = [word(f"release_{head}") for head in ("number", "title", "scope", "status", "drafted", "approved", "at")]
    rows = [
        [
            f"{one.release}.{one.version}",
            plain(one.title),
            f"{word(f'scope_{one.scope}')}<br>{plain(one.way)}",
            word(f"release_is_{one.status}") + (f"<br>{plain(one.reason)}" if one.reason else ""),
            f"{plain(one.drafted_by)}<br>{local(one.drafted_at)}",
            f"{plain(one.approved_by)}<br>{local(one.approved_at)}" if one.approved_by else "",
            local(one.withdrawn_at or one.released_at),
        ]
        for one in view.releases
    ]
    return sections(f"## {word('releases')}", table(heads, rows))


def readiness_table(view: View) -> str:
    """Return who has restored what after the end (4.7)."""
    if not view.readiness:
        return ""
    heads = [word(f"readiness_{head}") for head in ("who", "used", "restocked", "outstanding", "attested")]
    rows = [
        [
            plain(office_title(one.role)),
            plain(one.used),
            plain(one.restocked),
            plain(" ".join(filter(None, (one.outstanding, str(one.comes_on or ""))))),
            _attested(one.attested_by, local(one.attested_at), late=one.late),
        ]
        for one in view.readiness
    ]
    return sections(f"## {word('readiness')}", table(heads, rows))


def _attested(by: str, at: str, *, late: bool) -> str:
    if not by:
        return f"**{word('not_attested')}**"
    mark = f"**{word('late')}** " if late else ""
    return f"{plain(by)}<br>{mark}{at}"


def lessons_table(view: View) -> str:
    """Return the lessons as they are followed up (5.4, 7.2)."""
    if not view.lessons:
        return ""
    heads = [word(f"lesson_{head}") for head in ("number", "kind", "text", "owner", "due", "status")]
    rows = [
        [
            str(one.number),
            word(f"lesson_is_{one.kind}") + (f"<br>{plain(one.clause)}" if one.clause else ""),
            plain(one.text),
            plain(office_title(one.owner)),
            one.due_on.isoformat(),
            first_said(f"incident_board.lesson_status_{one.status}", otherwise=one.status)
            + (f"<br>{plain(one.closed_by)} {local(one.closed_at)}" if one.closed_at else ""),
        ]
        for one in view.lessons
    ]
    return sections(f"## {word('lessons')}", table(heads, rows))


def handovers_table(view: View) -> str:
    """Return the handovers between shifts, the latest first."""
    if not view.handovers:
        return ""
    heads = [word(f"handover_{head}") for head in ("at", "outgoing", "incoming", "points", "digest")]
    rows = [
        [
            local(one.made_at),
            plain(one.outgoing),
            f"{plain(one.incoming)}<br>{local(one.taken_at)}" if one.incoming else f"**{word('not_taken')}**",
            plain(one.open_points),
            f"`{one.digest[:16]}`",
        ]
        for one in reversed(view.handovers)
    ]
    return sections(f"## {word('handovers')}", table(heads, rows))
