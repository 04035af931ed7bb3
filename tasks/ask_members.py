"""One decision for each of a set of members: a few are shown as questions of their own, many go by sheet and board."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import insert, select

from config.messages import say
from config.rulebook import rule
from models.answer import Answer
from models.case import DecisionStatus, Mode
from tasks.ask import DECISIONS, OPEN, SEATS, open_seat
from tasks.clock import local_day, now
from tasks.journal import CASES, FIND_ENTRY, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM, Dossier
from tasks.store import reading, transaction
from tasks.wait import park

A = TypeVar("A", bound=Answer)
UNSHOWN: Final = "-"
"""Run id of a seat that has no run of its own: it is answered by sheet, board or command."""


def ask_each(
    form: type[A], dossier: Dossier, point: str, *, members: Sequence[str], of: str, text: Callable[[str], str]
) -> Mapping[str, A]:
    """Ask a role to decide on each of the members; return the answers by case number once all are in.

    Args:
        form: what is asked for each.
        dossier: the case whose members they are.
        point: permanent name of the decision point.
        members: case numbers; of a replay, those that the journal names stand.
        of: the role.
        text: what to look at for a member (markdown); never personal data.

    Raises:
        Parked: some answers are still to come.
    """
    name = f"asked-{point}"
    if (name, dossier.turn) not in dossier.journal:
        dossier.journal[name, dossier.turn] = _put(form, dossier, point, members=members, of=of, text=text)
    cases: list[str] = dossier.journal[name, dossier.turn]["cases"]
    chosen = (
        select(CASES.c.number, DECISIONS.c.outcome)
        .join(DECISIONS, DECISIONS.c.case_id == CASES.c.id)
        .where(CASES.c.parent_id == dossier.id, DECISIONS.c.point == point, DECISIONS.c.turn == dossier.turn)
        .where(DECISIONS.c.status == DecisionStatus.ANSWERED.value)
    )
    with reading() as connection:
        answers = dict(connection.execute(chosen).tuples().all())
    if len(answers) < len(cases):
        raise park(dossier, point, None)
    return {number: form.model_validate(answers[number]) for number in cases}


def _put(
    form: type[A], dossier: Dossier, point: str, *, members: Sequence[str], of: str, text: Callable[[str], str]
) -> Any:
    """Put the question for each member, once a turn: a replay asks nobody else."""
    at = now()
    with transaction() as tx:
        case = lock(tx, dossier.id)
        found = tx.run(FIND_ENTRY, dossier.id, f"asked-{point}", dossier.turn).fetchone()
        if found is not None:  # another run of the same case was faster; whom it asked stands
            return json.loads(found[0])
        ids = dict(
            tx.core.execute(
                select(CASES.c.number, CASES.c.id).where(CASES.c.parent_id == dossier.id, CASES.c.number.in_(members))
            )
            .tuples()
            .all()
        )
        title = say(f"point_{dossier.process}.{point}")
        run_id = "" if len(members) <= rule("kernel.question_runs", local_day(at)) else UNSHOWN
        for number in members:
            member = lock(tx, ids[number])
            shown = text(number)
            write_entry(
                tx,
                member,
                f"asked-{point}",
                dossier.turn,
                actor=SYSTEM,
                at=at,
                substance=False,
                outcome={"form": form.__name__, "of": [of], "mode": Mode.SINGLE, "text": shown},
            )
            decision_id = tx.add(
                insert(DECISIONS).values(
                    case_id=member.id,
                    point=point,
                    turn=dossier.turn,
                    form=form.__name__,
                    mode=Mode.SINGLE.value,
                    status=OPEN,
                    version=member.version,
                    title=title,
                    text=shown,
                    asked_at=at,
                    excluded=[],
                )
            )
            tx.core.execute(insert(SEATS).values(open_seat(decision_id, 1, of, run_id)))
        outcome = {"cases": list(members)}
        facts = {"title": title, "subject": dossier.subject, "members": len(members)}
        told = tellings(tx, [of] if members else [], "notice_kernel.questions", facts, at, drill=dossier.drill)
        write_entry(
            tx,
            case,
            f"asked-{point}",
            dossier.turn,
            actor=SYSTEM,
            at=at,
            tellings=told,
            outcome=outcome,
            substance=False,
        )
    return outcome
