"""What happened in an incident: when it occurred, when it was recorded, under which clause or as a free event."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from config.incident_timeline import LANES, clause_of, lane_of
from config.messages import MessageMissingError, say
from config.settings import settings
from tasks.board_page import (
    cut_note,
    deadline_title,
    first_said,
    local,
    office_title,
    plain,
    point_title,
    sections,
    status_title,
    table,
)
from tasks.board_page import word as usual
from tasks.incident_response.face import IncidentSheet, Lane
from tasks.incident_response.standing import PROCESS
from tasks.incident_response.view import View, brief, word
from tasks.step import SYSTEM

SHOWN: Final = 60
LONGEST: Final = 80
AT_ONCE: Final = 3
ANSWERED: Final = ("ask-", "signed-")
UNSHOWN: Final = re.compile(
    r"(asked|until|for|received|withdrawn|wait|ack)-|clock-(?!.*-met$)|rung-(?!.*-breach$)|lapsed-(?!\d)"
)
"""What only clocks, waits and questions write; acknowledgements are told from their own table."""
DUTY: Final = re.compile(r"(?:duty|clock|told|rung)-(.+?)(?:-(met|superseded|corrected|late-reason|breach))?$")
"""Lines about one duty, named after it."""
NUMBERED: Final = ("order", "order-withdrawn", "receive_report", "handover", "alert")
"""Lines whose turn is a number that people know them by."""
MOMENTS: Final = ("occurred_at", "occurred", "as_of")
WORDS: Final = ("matter", "text", "title", "reason", "satisfied_by", "evidence")


class Row(NamedTuple):
    """One line of the timeline."""

    occurred: datetime
    recorded: datetime
    title: str
    who: str
    clause: str
    note: str

    @property
    def lane(self) -> str:
        """Chapter of the plan."""
        return lane_of(self.clause)


def timeline(view: View) -> list[Row]:
    """Return every line of an incident, the latest recorded first."""
    rows = [*_journal(view), *_acks(view)]
    return sorted(rows, key=lambda row: (row.recorded, row.occurred), reverse=True)


def line_title(step: str) -> str:
    """Return what a line of the journal is called."""
    if step.startswith(ANSWERED):
        return usual("history_answered", point=point_title(PROCESS, step.partition("-")[2]))
    if (duty := DUTY.match(step)) is not None:
        verb = duty[2] or step.partition("-")[0]
        return word(f"line_{verb}", title=deadline_title(PROCESS, duty[1]))
    stem = step.replace(".", "-").partition("-")[0]
    keys = (f"step_{PROCESS}.{step}", f"incident_board.line_{step}", f"step_{PROCESS}.{stem}",
            f"incident_board.line_{stem}")  # fmt: skip
    return first_said(*keys, otherwise=step)


def _journal(view: View) -> Iterator[Row]:
    stated = {report.number: report.as_of for report in view.reports}
    for entry in view.entries:
        if UNSHOWN.match(entry.step):
            continue
        outcome = entry.outcome if isinstance(entry.outcome, Mapping) else {}
        if entry.step.startswith("clock-") and "satisfied_by" not in outcome:  # a clock that is no duty's
            continue
        occurred = _stated(outcome) or (stated.get(1) if entry.step == "opened" else None)
        again = f"（{entry.turn}）" if entry.step in NUMBERED and entry.turn > 1 else ""
        reached = status_title(PROCESS, entry.after) if entry.after != entry.before else ""
        note = "；".join(filter(None, (_note(view, outcome), reached and word("reached", status=reached))))
        who = "" if entry.actor == SYSTEM else entry.actor
        clause = clause_of(entry.step.replace("signed-", "ask-", 1), entry.rule)
        yield Row(occurred or entry.at, entry.at, line_title(entry.step) + again, who, clause, note)


def _stated(outcome: Mapping[str, Any]) -> datetime | None:
    found = next((outcome[name] for name in MOMENTS if isinstance(outcome.get(name), str) and outcome[name]), None)
    try:
        return datetime.fromisoformat(found) if found else None
    except ValueError:
        return None


def _note(view: View, outcome: Mapping[str, Any]) -> str:
    if isinstance(outcome.get("purpose"), str):  # of a call
        role = str(outcome.get("role", ""))
        return "，".join(filter(None, (purpose_text(view, outcome["purpose"]), role and office_title(role))))
    text = next((outcome[name] for name in WORDS if isinstance(outcome.get(name), str)), "")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _acks(view: View) -> Iterator[Row]:
    calls = {call.id: call for call in view.calls}
    for ack in view.acks:
        call = calls.get(ack.call_id)
        title = word("line_ack", kind=ack_text(ack), purpose=purpose_text(view, call.purpose) if call else "")
        yield Row(ack.occurred_at, ack.recorded_at, title, ack.by, clause_of("ack"), word(f"way_{ack.way}"))


def ack_text(ack: Any) -> str:
    """Return what a person said, with when they will be there."""
    said = word(f"ack_{ack.kind}")
    return said if ack.eta_minutes is None else word("with_eta", said=said, minutes=ack.eta_minutes)


def purpose_text(view: View, purpose: str) -> str:
    """Return what a call is about."""
    kind, _, code = purpose.partition(":")
    if kind == "group":
        return view.group_title(code)
    try:
        return say(f"incident_board.purpose_{kind}", settings().language)
    except MessageMissingError:
        return purpose


def draw_timeline(sheet: IncidentSheet, view: View, rows: list[Row]) -> None:
    """Draw the timeline as lanes by chapter of the plan."""
    if not rows:
        return
    marks = {
        lane: [(row.occurred, "plain" if row.clause else "muted") for row in rows if row.lane == lane] for lane in LANES
    }
    lanes = [Lane(word(f"lane_{lane}"), found) for lane, found in marks.items() if found]
    begin = min(row.occurred for row in rows)
    sheet.strip(word("timeline"), lanes, begin, max(view.at, *(row.recorded for row in rows)))


def gathered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with what happened many times at once in one line: forty calls are one."""
    found: list[Row] = []
    for _, same in groupby(rows, key=lambda row: (row.title, local(row.recorded), row.clause, row.who)):
        group = list(same)
        if len(group) <= AT_ONCE:
            found += group
        else:
            notes = "；".join(dict.fromkeys(row.note for row in group[:AT_ONCE]))
            title = word("many", title=group[0].title, count=len(group))
            found.append(group[0]._replace(title=title, note=f"{notes}…"))
    return found


def timeline_table(every: Sequence[Row]) -> str:
    """Return the timeline as a table, the newest first."""
    rows = gathered(every)
    heads = [word(f"timeline_{head}") for head in ("recorded", "what", "who", "clause")]
    cells = (
        [
            brief(row.recorded) + _earlier(row),
            f"**{plain(row.title)}**" + (f"<br>{plain(row.note)}" if row.note else ""),
            plain(row.who),
            plain(row.clause) or word("free_event"),
        ]
        for row in rows[:SHOWN]
    )
    return sections(f"## {word('timeline')}", table(heads, cells), cut_note(len(rows), min(len(rows), SHOWN)))


def _earlier(row: Row) -> str:
    return "" if brief(row.occurred) == brief(row.recorded) else f"<br>{word('occurred', at=brief(row.occurred))}"
