"""The level of the response: raised by the commander's order when the facts ask for it, lowered by it alone."""

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from config.fact import Fact
from config.messages import say
from models.answer import Approval
from models.case import Mode
from models.incident_response.command_answer import LevelWord
from tasks.ask_until import ask_until
from tasks.clock import now
from tasks.incident_response.authority import agreeing, commanding, decided_by, judged_levels
from tasks.incident_response.incident import GROUPS, ORDERS, plan_of, present, put, rule_of
from tasks.incident_response.order import issue, level_text, rank, supersede
from tasks.incident_response.picture import facts_text, proposed_level
from tasks.step import Dossier, step
from tasks.store import transaction

POINT: Final = "level"
AGREE: Final = "agree_raise"
WATCH: Final = timedelta(days=30)


def follow_level(case: Dossier) -> None:
    """Propose a higher level at once when the facts ask for one; who starts at that level decides (4.1, 4.2).

    Raises:
        Parked: a proposal waits for its answer.
    """
    kept = turn = 0
    while True:
        turn += 1
        at = case.at_turn(turn)
        if ("propose_level", turn) not in at.journal:
            row = present(case.id)
            worth = max(rank(row.response_level), kept)
            if row.command == "superior" or rank(proposed_level(case)) <= worth:
                return
        found = propose_level(at)
        verdict = _decided(at, found)
        if verdict == "keep_level":
            kept = max(kept, rank(found.level))


class Proposed(Fact):
    """A level that the facts ask for, above the one that stands."""

    level: str
    level_text: str
    standing: str


@step(tells=("incident_commander", "command_office"), rule=rule_of("command_start"))
def propose_level(at: Dossier) -> Proposed:
    """Propose the level that the facts ask for."""
    level = proposed_level(at)
    return Proposed(level=level, level_text=level_text(level), standing=present(at.id).response_level)


def _decided(at: Dossier, found: Proposed) -> str:
    """Take the word on a proposal, and raise the level where everybody agrees; return "" where it was outdated."""
    if ("raise_level", at.turn) in at.journal:
        return "raise_level"

    def gone() -> bool:
        return proposed_level(at) != found.level or rank(present(at.id).response_level) >= rank(found.level)

    asked, judged = commanding(at), judged_levels(at)
    text = say(
        "question_incident_response.level",
        facts=facts_text(at),
        level=found.level_text,
        standing=level_text(found.standing),
    )
    word = ask_until(
        LevelWord, at, POINT, of=asked, text=text, until=now() + WATCH, arrived=gone, rule=rule_of("command_start")(at),
        shown={"level": found.level, "judged": judged}, mode=Mode.ANY_OF if len(asked) > 1 else Mode.SINGLE,
        bound=False, due=False,
    )  # fmt: skip
    if word is None:
        return ""
    if word.verdict == "keep_level":
        return "keep_level"
    others = agreeing(at, found.level)
    if others:
        agreed = ask_until(
            Approval, at, AGREE, of=others, text=text, until=now() + WATCH, arrived=gone,
            rule=rule_of("command_start")(at), mode=Mode.ALL_OF if len(others) > 1 else Mode.SINGLE, bound=False,
            due=False,
        )  # fmt: skip
        if agreed is None:
            return ""
        if agreed.verdict != "approve":
            return "keep_level"
    raise_level(at, found.level, word.reason, word.beyond_district)
    return "raise_level"


class LevelChanged(Fact):
    """The level of the response before and after, and the order that changed it."""

    was: str
    level: str
    level_text: str
    order: int


@step(tells=("command_office",), rule=rule_of("command_start"))
def raise_level(at: Dossier, level: str, reason: str, beyond: str) -> LevelChanged:
    """Raise the level as the commander ordered."""
    was = present(at.id).response_level
    number = change_level(at, level, decided_by(at, POINT)[1], reason)
    if level in judged_levels(at):
        with transaction() as tx:
            put(tx, at.id, beyond_district=beyond == "yes")
    return LevelChanged(was=was, level=level, level_text=level_text(level), order=number)


def change_level(case: Dossier, level: str, by: str, reason: str) -> int:
    """Change the level of the response by an order: those of the old level are replaced, and whoever had them is told.

    Args:
        case: the incident.
        level: the new level, higher or lower; a lower one only on the commander's word.
        by: who signed it, as the journal names them.
        reason: why.

    Returns:
        The number of the order; 0 where the level stands already, or no plan was started.
    """
    row, plan = present(case.id), plan_of(case)
    was = str(row.response_level)
    if not was or was == level:
        return 0
    with transaction() as tx:
        put(tx, case.id, response_level=level)
        matter = say("incident_command.level_changed", was=level_text(was), level=level_text(level))
        content = {"matter": matter, "reason": reason, "was": was}
        told = (*plan.members, plan.office, plan.commander, *plan.deputies)
        number = issue(tx, case, "level", content, issued_by=by, level=level, to=told)
        supersede(tx, case, ("level",), reason=matter, actor=by, by=number)
        replaced = select(ORDERS.c.number, ORDERS.c.group_code, ORDERS.c.content).join(
            GROUPS, (GROUPS.c.case_id == ORDERS.c.case_id) & (GROUPS.c.code == ORDERS.c.group_code)
        )
        standing = (ORDERS.c.case_id == case.id) & (ORDERS.c.kind == "group") & ORDERS.c.withdrawn_at.is_(None)
        for old in tx.core.execute(replaced.where(standing).order_by(ORDERS.c.number)).all():
            renewed = {name: value for name, value in old.content.items() if name != "to"}
            new = issue(
                tx, case, "group", renewed, issued_by=by, level=level, group=old.group_code, to=old.content["to"]
            )
            supersede(tx, case, ("group",), reason=matter, actor=by, by=new, group=old.group_code)
    return number
