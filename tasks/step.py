"""Steps: what a flow does to a case, once a turn, in one transaction, with its journal line and its notices.

A story is replayed from its top each time it wakes. A step that stands in the journal returns its recorded outcome; any
other locks the case, works, moves the status, writes its entry, queues its notices, and commits all of it or nothing.
"""

import functools
import inspect
import json
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, Protocol, TypeVar, cast

from pydantic import TypeAdapter
from sqlalchemy import bindparam, select

from config.fact import Fact
from tasks.clock import now
from tasks.journal import CASES, ENTRIES, lock, lock_or_recall, write_entry
from tasks.notify import tellings
from tasks.store import Prepared, in_transaction, looking, transaction

P = ParamSpec("P")
R = TypeVar("R")
SYSTEM: Final = "system"
_READ_CASE: Final = Prepared(
    select(
        *(CASES.c[name] for name in ("id", "process", "subject", "on_day", "drill")),
        *(ENTRIES.c[name] for name in ("step", "turn", "outcome")),
    )
    .outerjoin(ENTRIES, ENTRIES.c.case_id == CASES.c.id)
    .where(CASES.c.number == bindparam("number")),
    "number",
)


class Dossier(NamedTuple):
    """What a story holds of its case: who it is, the day whose rules apply, the turn, and the journal read once."""

    id: int
    number: str
    process: str
    subject: str
    on: date
    drill: bool
    turn: int
    journal: dict[tuple[str, int], Any]

    def again(self) -> "Dossier":
        """Return the same case on its next turn: steps happen anew under the names they always had."""
        return self._replace(turn=self.turn + 1)

    def at_turn(self, turn: int) -> "Dossier":
        """Return the same case at a given turn of a loop of the story."""
        return self._replace(turn=turn)


def read_dossier(number: str) -> Dossier:
    """Read a case and its whole journal in one go.

    Raises:
        LookupError: there is no such case.
    """
    with looking() as tx:
        rows = tx.run(_READ_CASE, number).fetchall()
    if not rows:
        raise LookupError(number)
    case_id, process, subject, on, drill, *_ = rows[0]
    journal = {(name, turn): json.loads(outcome) for *_, name, turn, outcome in rows if name is not None}
    day = date.fromisoformat(on) if isinstance(on, str) else on  # SQLite keeps days as text
    return Dossier(case_id, number, process, subject, day, bool(drill), 1, journal)


class Show(Protocol):
    """How a step that really works is shown to the people who watch: under Prefect, as a task run of its own."""

    def __call__(self, name: str, dossier: Dossier, work: Callable[[], Any]) -> Any:
        """Run the work, shown under the step's name."""


class ReportProgress(Protocol):
    """How a long step tells how far it is."""

    def __call__(self, name: str, done: int, total: int) -> None:
        """Tell how many members are done."""


def _unshown(name: str, dossier: Dossier, work: Callable[[], Any]) -> Any:  # noqa: ARG001 -- nobody watches
    return work()


def _untold(name: str, done: int, total: int) -> None:
    """Tell nobody."""


show: ContextVar[Show] = ContextVar("show", default=_unshown)
report_progress: ContextVar[ReportProgress] = ContextVar("report_progress", default=_untold)
actor: ContextVar[str] = ContextVar("actor", default=SYSTEM)


_recalling: ContextVar[bool] = ContextVar("recalling", default=False)


class _NotJournalled(Exception):  # noqa: N818 -- a signal inside `together`, never seen outside
    """A fused row of steps met one that has not happened yet."""


@dataclass(frozen=True)
class Terms:
    """What a step promises besides its work: the status it reaches, whom it tells, and the rule it rests on."""

    name: str
    reaches: Callable[[Any], str | None]
    tells: Callable[[Any], Sequence[str]]
    rule: Callable[[Dossier], str]
    adapter: TypeAdapter[Any] = field(repr=False)

    def recall(self, dossier: Dossier) -> Any:
        """Return the recorded outcome in the type that the step returns."""
        return self.adapter.validate_python(dossier.journal[self.name, dossier.turn])


def always(value: Any) -> Callable[[Any], Any]:
    """Return a function as it is, and anything else as a function that always gives it."""
    return value if callable(value) else lambda _given: value


def outcome_adapter(work: Callable[..., Any]) -> TypeAdapter[Any]:
    """Return the adapter of a step's declared outcome."""
    return TypeAdapter(inspect.signature(work, eval_str=True).return_annotation)


def facts_of(dossier: Dossier, outcome: Any) -> dict[str, Any]:
    """Return what a notice may say of an outcome: its plain fields and the subject; outcomes hold no personal data."""
    plain = outcome.model_dump(mode="json") if isinstance(outcome, Fact) else {}
    return {"subject": dossier.subject} | {k: v for k, v in plain.items() if isinstance(v, str | int | float | None)}


def step(
    *,
    reaches: str | Callable[[Any], str | None] | None = None,
    tells: Sequence[str] | Callable[[Any], Sequence[str]] = (),
    rule: str | Callable[[Dossier], str] = "",
) -> Callable[[Callable[Concatenate[Dossier, P], R]], Callable[Concatenate[Dossier, P], R]]:
    """Make a function a step of one case.

    Args:
        reaches: the status after it, or a function of the outcome; None keeps the status.
        tells: roles to notify, or a function of the outcome that names them.
        rule: the rule and article it rests on, or a function of the dossier.
    """

    def of(work: Callable[Concatenate[Dossier, P], R]) -> Callable[Concatenate[Dossier, P], R]:
        terms = Terms(work.__name__, always(reaches), always(tells), always(rule), outcome_adapter(work))

        def act(dossier: Dossier, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with transaction() as tx:
                case, recorded = lock_or_recall(tx, dossier.id, terms.name, dossier.turn)
                if recorded is not None:  # another run of the same case was faster; its outcome stands
                    dossier.journal[terms.name, dossier.turn] = json.loads(recorded)
                    return cast("R", terms.recall(dossier))
                tx.written.discard(dossier.id)
                at = now()
                outcome = work(dossier, *args, **kwargs)
                plain = terms.adapter.dump_python(outcome, mode="json")
                told = tellings(
                    tx,
                    terms.tells(outcome),
                    f"notice_{dossier.process}.{terms.name}",
                    facts_of(dossier, outcome),
                    at,
                    drill=dossier.drill,
                )
                if dossier.id in tx.written:  # the work wrote lines of its own, a clock it started for instance
                    case = lock(tx, dossier.id)
                write_entry(
                    tx,
                    case,
                    terms.name,
                    dossier.turn,
                    actor=actor.get(),
                    at=at,
                    after=terms.reaches(outcome),
                    outcome=plain,
                    rule=terms.rule(dossier),
                    tellings=told,
                )
                tx.after_commit(lambda: dossier.journal.update({(terms.name, dossier.turn): plain}))
            return outcome

        def call(dossier: Dossier, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if (terms.name, dossier.turn) in dossier.journal:
                return cast("R", terms.recall(dossier))
            if _recalling.get():
                raise _NotJournalled
            if in_transaction():
                return act(dossier, *args, **kwargs)
            return cast("R", show.get()(terms.name, dossier, functools.partial(act, dossier, *args, **kwargs)))

        functools.update_wrapper(call, work, updated=())
        return call

    return of


def together(work: Callable[Concatenate[Dossier, P], R]) -> Callable[Concatenate[Dossier, P], R]:
    """Fuse a row of automatic steps into one commit: one wait for the disk instead of one a step.

    The function may only call steps and choose between them; each still writes its own line.
    """

    def act(dossier: Dossier, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with transaction():
            return work(dossier, *args, **kwargs)

    def call(dossier: Dossier, /, *args: P.args, **kwargs: P.kwargs) -> R:
        token = _recalling.set(True)
        try:
            return work(dossier, *args, **kwargs)
        except _NotJournalled:
            pass
        finally:
            _recalling.reset(token)
        return cast("R", show.get()(work.__name__, dossier, functools.partial(act, dossier, *args, **kwargs)))

    functools.update_wrapper(call, work, updated=())
    return call
