"""One decision for each of a set of members: a few are shown as questions of their own, many go by sheet and board."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from sqlalchemy import insert, select

from config.messages import say
from config.rulebook import rule
from models.answer import Answer
from models.case import DecisionStatus, Mode
from tasks.ask import DECISIONS, OPEN, SEATS
from tasks.clock import local_day, now
from tasks.journal import CASES, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM, Dossier
from tasks.store import transaction
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
        members: case numbers.
        of: the role.
        text: what to look at for a member (markdown); never personal data.

    Raises:
        Parked: some answers are still to come.
    """
    if not members:
        return {}
    at = now()
    with transaction() as tx:
        lock(tx, dossier.id)
        ids = dict(
            tx.core.execute(
                select(CASES.c.number, CASES.c.id).where(CASES.c.parent_id == dossier.id, CASES.c.number.in_(members))
            ).tuples().all()
        )
        chosen = select(DECISIONS.c.case_id, DECISIONS.c.status, DECISIONS.c.outcome).where(
            DECISIONS.c.case_id.in_(ids.values()), DECISIONS.c.point == point, DECISIONS.c.turn == dossier.turn
        )
        asked = {row.case_id: row for row in tx.core.execute(chosen)}
        missing = [number for number in members if ids[number] not in asked]
        title = say(f"point_{dossier.process}.{point}")
        run_id = "" if len(members) <= rule("kernel.question_runs", local_day(at)) else UNSHOWN
        for number in missing:
            case = lock(tx, ids[number])
            shown = text(number)
            write_entry(tx, case, f"asked-{point}", dossier.turn, actor=SYSTEM, at=at, substance=False,
                        outcome={"form": form.__name__, "of": [of], "mode": Mode.SINGLE, "text": shown})  # fmt: skip
            made = tx.core.execute(
                insert(DECISIONS).values(
                    case_id=case.id, point=point, turn=dossier.turn, form=form.__name__, mode=Mode.SINGLE.value, status=OPEN,
                    version=case.version, title=title, text=shown, asked_at=at, excluded=[],
                )
            )  # fmt: skip
            tx.core.execute(
                insert(SEATS).values(
                    decision_id=made.inserted_primary_key[0], place=1, role=of, officer="", attempt=1, status=OPEN,  # type: ignore[index]
                    run_id=run_id, refusal="", verdict="", signed_by="", signed_for="", way="",
                )
            )  # fmt: skip
        if missing:
            told = tellings(tx, [of], "notice_kernel.questions",
                            {"title": title, "subject": dossier.subject, "members": len(missing)}, at, drill=dossier.drill)  # fmt: skip
            write_entry(tx, lock(tx, dossier.id), f"asked-{point}", dossier.turn, actor=SYSTEM, at=at, tellings=told,
                        outcome={"members": len(members)}, substance=False)  # fmt: skip
    numbers = {case_id: number for number, case_id in ids.items()}
    answered = {
        numbers[case_id]: form.model_validate(row.outcome)
        for case_id, row in asked.items()
        if row.status == DecisionStatus.ANSWERED.value
    }
    if len(answered) < len(members):
        raise park(dossier, point, None)
    return answered
