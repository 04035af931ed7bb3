"""Expanded response (4.4): commander at once, government to the city; own groups go on until a higher plan starts."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select

from config.fact import Fact
from config.messages import say
from models.answer import Approval
from models.case import Mode
from models.incident_response.command_answer import ExpansionWord, LetterReceipt
from models.incident_response.status import IncidentStatus as S
from tasks.alongside import gather
from tasks.ask import ask
from tasks.ask_until import ask_until
from tasks.clock import now
from tasks.incident_response import call, duty_book
from tasks.incident_response.authority import commanding, decided_by
from tasks.incident_response.incident import PROCESS, plan_of, present, rule_of
from tasks.incident_response.order import issue, level_text
from tasks.incident_response.picture import facts_line, facts_text
from tasks.incident_response.spoken import Signer, admitted, tidy, write_line
from tasks.journal import ENTRIES, lock
from tasks.step import Dossier, step
from tasks.store import transaction

ASKED: Final = "expansion-asked"
PURPOSE: Final = "expansion"
POINT: Final = "expand"
BESIDE: Final = "expand_deputy"
CITY: Final = "expand_city"
LETTER: Final = "letter_receipt"
DUTY: Final = "expansion_report"
"""Of the statutory duties: what cannot be controlled is reported up (生产安全事故应急条例 Art. 18)."""


def request_expansion(case: Dossier, why: str, wanted: str, signer: Signer) -> str:
    """Report that it is not controlled and spreading: the commander is told at once, and asked (4.4).

    Raises:
        Refusal: nothing is said of why or what for, or the signature is no good.
    """
    plan = plan_of(case)
    reason, help_wanted = (
        tidy(why, say("parameter.request_expansion.why")),
        tidy(wanted, say("parameter.request_expansion.wanted")),
    )
    groups = tuple(role for group in plan.groups for role in (group.head, group.lead))
    who = admitted(case, signer, (plan.scene, plan.commander, *plan.deputies, plan.office, *groups))
    with transaction() as tx:
        lock(tx, case.id)  # two requests at once are two requests
        known = select(func.count()).select_from(ENTRIES).where(ENTRIES.c.case_id == case.id, ENTRIES.c.step == ASKED)
        turn = 1 + int(tx.core.execute(known).scalar_one())
        outcome = {"text": reason, "wanted": help_wanted, "by": who.actor}
        rule = rule_of("command_expand")(case)
        tells = (*plan.deputies, plan.office)
        write_line(tx, case, ASKED, outcome, by=who.actor, rule=rule, tells=tells, turn=turn)
        facts = {"why": reason}
        call.call(case, PURPOSE, [plan.commander], f"notice_{PROCESS}.expansion_call", facts, occasion=turn)
        duty_book.arm(case, "expanded", occasion=turn)
    return say("incident_command.expansion_noted")


def expand(case: Dossier) -> None:
    """Take every request to its decision; each waits for its own.

    Raises:
        Parked: one waits.
    """
    turns = sorted(turn for name, turn in case.journal if name == ASKED)
    gather(case, *(_handling(turn) for turn in turns))


def _handling(turn: int) -> Any:
    def part(case: Dossier) -> None:
        _handle(case.at_turn(turn))

    return part


def _handle(at: Dossier) -> None:
    """Take one request: the commander, the government, the letter, the city's receipt."""
    if ("note_expansion", at.turn) in at.journal:
        return
    if (f"asked-{POINT}", at.turn) not in at.journal and _under_way(at):
        note_expansion(at)
        return
    word, point = _commanded(at)
    if word.verdict == "hold_response":
        hold_response(at, word.reason, decided_by(at, point)[1])
        return
    asked = at.journal[ASKED, at.turn]
    text = say("question_incident_response.expand_city", facts=facts_text(at), **_request(asked))
    agreed = ask(Approval, at, CITY, of="district_government", text=text, bound=False)
    if agreed.verdict != "approve":
        refuse_expansion(at, agreed.reason)
        return
    request_city(at, asked["text"], asked["wanted"], decided_by(at, CITY)[1])
    shown = say("question_incident_response.letter_receipt", number=at.number)
    receipt = ask(LetterReceipt, at, LETTER, of=plan_of(at).office, text=shown, bound=False)
    record_receipt(at, receipt.receipt, decided_by(at, LETTER)[1])


def _request(asked: Any) -> dict[str, str]:
    return {"why": asked["text"], "wanted": asked["wanted"]}


def _under_way(at: Dossier) -> bool:
    """Say whether an expanded response stands already, or is being decided on an earlier request."""
    earlier = [turn for name, turn in at.journal if name == ASKED and turn < at.turn]
    closed = ("hold_response", "refuse_expansion", "note_expansion", "record_receipt")
    open_still = [turn for turn in earlier if not any((name, turn) in at.journal for name in closed)]
    return bool(open_still) or present(at.id).command == "superior"


def _commanded(at: Dossier) -> tuple[ExpansionWord, str]:
    """Return the commander's word, or after a silence a deputy's as well, with the point it came by."""
    asked = at.journal[ASKED, at.turn]
    text = say("question_incident_response.expand", facts=facts_text(at), **_request(asked))
    plan, first = plan_of(at), commanding(at)
    until = call.awaited_until(at, PURPOSE, plan.commander, at.turn) or now() + timedelta(minutes=plan.stand_in_minutes)
    word = ask_until(
        ExpansionWord, at, POINT, of=first, text=text, until=until, rule=rule_of("command_stand_in")(at),
        mode=Mode.ANY_OF if len(first) > 1 else Mode.SINGLE, bound=False, due=False,
    )  # fmt: skip
    if word is not None:
        return word, POINT
    call_deputies(at)
    all_of_them = (plan.commander, *plan.deputies)
    return ask(ExpansionWord, at, BESIDE, of=all_of_them, text=text, mode=Mode.ANY_OF, bound=False), BESIDE


@step(tells=("command_office",), rule=rule_of("command_stand_in"))
def call_deputies(at: Dossier) -> bool:
    """Call the deputies beside the commander: it is spreading, and nobody has answered."""
    plan, facts = plan_of(at), {"why": at.journal[ASKED, at.turn]["text"]}
    call.call(at, PURPOSE, plan.deputies, f"notice_{PROCESS}.expansion_call", facts, occasion=at.turn)
    return True


@step(tells=("command_office",), rule=rule_of("command_expand"))
def note_expansion(at: Dossier) -> bool:  # noqa: ARG001 -- a step takes its dossier
    """Note a request that comes while an expanded response is under way already."""
    return True


class Held(Fact):
    """Why the district goes on by itself, or was not to ask the city, and who said so."""

    reason: str
    by: str


@step(tells=("command_office", "onsite_command"), rule=rule_of("command_expand"))
def hold_response(at: Dossier, reason: str, by: str) -> Held:
    """Record that the commander does not ask for an expanded response."""
    call.stand_down(at, PURPOSE)
    duty_book.supersede(at, DUTY, "hold_response")
    return Held(reason=reason, by=by)


@step(tells=("incident_commander", "command_office"), rule=rule_of("command_expand"))
def refuse_expansion(at: Dossier, reason: str) -> Held:
    """Record that the government does not ask the city."""
    call.stand_down(at, PURPOSE)
    duty_book.supersede(at, DUTY, "refuse_expansion")
    return Held(reason=reason, by=decided_by(at, CITY)[1])


class Requested(Fact):
    """The letter to the city, as an order of the incident."""

    order: int
    by: str


@step(reaches=S.EXPANDED, rule=rule_of("command_expand"))
def request_city(at: Dossier, why: str, wanted: str, by: str) -> Requested:
    """Ask the city for support or the higher plan; the district's own bodies go on as they are (4.4)."""
    plan, level = plan_of(at), present(at.id).response_level
    matter = say("incident_command.expansion_matter", level=level_text(level))
    content = {"matter": matter, "why": why, "wanted": wanted, "facts": facts_line(at)}
    told = ("city_government", "city_emergency_bureau", plan.commander, *plan.deputies, plan.office, plan.scene)
    with transaction() as tx:
        call.stand_down(at, PURPOSE)
        number = issue(tx, at, "expansion", content, issued_by=by, level=level, to=told)
    return Requested(order=number, by=by)


class Receipt(Fact):
    """What the city gave for the letter."""

    receipt: str
    by: str


@step(tells=("incident_commander", "district_government"), rule=rule_of("command_expand"))
def record_receipt(at: Dossier, receipt: str, by: str) -> Receipt:
    """Record that the city has received the letter: the duty to report up is discharged by it."""
    duty_book.satisfy(at, DUTY, receipt, now(), by)
    return Receipt(receipt=receipt, by=by)
