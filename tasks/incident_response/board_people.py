"""The part of an incident's board about people: who was called and answered what, and what is asked of whom."""

from typing import Any, Final, NamedTuple

from tasks.board_page import cut_note, link, local, office_title, plain, run_address, sections, table
from tasks.board_worklist import answer_address, due_text
from tasks.incident_response.timeline import ack_text, purpose_text
from tasks.incident_response.view import View, brief, word

MOST: Final = 200
EXHAUSTED: Final = "exhausted"
UNABLE: Final = "unable"
UNSHOWN: Final = "-"


class CallState(NamedTuple):
    """How one call stands: `answered`, `lapsed`, `unable`, `exhausted`, `stood_down` or `calling`."""

    row: Any
    state: str
    said: str

    @property
    def unanswered(self) -> bool:
        """Whether nobody can be counted on."""
        return self.state in ("lapsed", UNABLE, EXHAUSTED, "calling")


def call_states(view: View) -> list[CallState]:
    """Return the calls, those that nobody answered first."""
    found = [_state(view, call) for call in view.calls]
    order = (EXHAUSTED, "lapsed", UNABLE, "calling", "answered", "stood_down")
    return sorted(found, key=lambda one: (order.index(one.state), one.row.id))


def _state(view: View, call: Any) -> CallState:
    acks = view.acks_of(call.id)
    said = "；".join(f"{ack_text(ack)} {local(ack.occurred_at)[-5:]}" for ack in acks)
    if call.ended_why == EXHAUSTED:
        state = EXHAUSTED
    elif call.ended_why == UNABLE or (acks and acks[-1].kind == UNABLE):
        state = UNABLE
    elif call.ended_at:
        state = "answered" if acks else "stood_down"
    elif acks:
        holds = call.answer and (call.holds_until is None or view.at <= call.holds_until)
        state = "answered" if holds else "lapsed"
    else:
        state = "calling"
    return CallState(call, state, said)


def calls_table(view: View, states: list[CallState]) -> str:
    """Return who was called, by which step, and what they said."""
    if not states:
        return ""
    heads = [word(f"call_{head}") for head in ("state", "who", "called", "said")]
    rows = [
        [
            _shown(one),
            f"{_who(one.row)}<br>{plain(purpose_text(view, one.row.purpose))}",
            f"{brief(one.row.called_at)}<br>{word('ladder_step', step=one.row.step)}",
            "<br>".join(filter(None, (plain(one.said), _holds(one)))),
        ]
        for one in states[:MOST]
    ]
    return sections(f"## {word('calls')}", table(heads, rows), cut_note(len(states), min(len(states), MOST)))


def _holds(one: CallState) -> str:
    if one.state not in ("answered", "lapsed") or one.row.holds_until is None:
        return ""
    return word("holds", at=brief(one.row.holds_until))


def _shown(one: CallState) -> str:
    said = word(f"state_{one.state}")
    return f"**{said}**" if one.state in (EXHAUSTED, "lapsed", UNABLE) else said


def _who(call: Any) -> str:
    role = plain(office_title(call.role))
    return f"**{role}** {plain(call.staff_no) if call.staff_no else word('nobody_holds')}"


def questions_table(view: View, decide_id: str) -> str:
    """Return the open questions with their links, as the worklist has them."""
    if not view.questions:
        return ""
    heads = [word(f"question_{head}") for head in ("number", "what", "who", "since", "due")]
    rows = []
    for one in view.questions:
        shown = one.run_id not in ("", UNSHOWN)
        lines = [link(one.number, run_address(one.run_id)) if shown else one.number]
        if decide_id:
            lines.append(f"**{link(word('answer'), answer_address(decide_id, one.number))}**")
        asked = [plain(one.title), plain(office_title(one.role)), brief(one.asked_at), due_text(one, view.at)]
        rows.append(["<br>".join(lines), *asked])
    return sections(f"## {word('questions')}", table(heads, rows))
