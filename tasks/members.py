"""Steps over a set of member cases: ten thousand conscripts are rows, moved in chunks, each chunk one transaction."""

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from config.fact import Fact
from models.case import Progress
from models.column import canonical
from tasks.clock import now
from tasks.journal import CASES, FIND_ENTRY, Line, Page, Standing, Telling, lock, take_ids, write_entry
from tasks.notify import tellings
from tasks.step import Dossier, actor, always, report_progress, show
from tasks.store import Prepared, Transaction, reading, table, transaction

P = ParamSpec("P")
CHUNK: Final = 1000
PROGRESS: Final = table(Progress)
_MINE: Final = (
    (PROGRESS.c.case_id == bindparam("of"))
    & (PROGRESS.c.step == bindparam("name"))
    & (PROGRESS.c.turn == bindparam("in_turn"))
)
_READ_PROGRESS: Final = Prepared(
    select(PROGRESS.c.cursor, PROGRESS.c.done, PROGRESS.c.tally).where(_MINE), "of", "name", "in_turn"
)
_BEGIN_PROGRESS: Final = Prepared(insert(PROGRESS), *PROGRESS.c.keys())
_MOVE_PROGRESS: Final = Prepared(
    update(PROGRESS).where(_MINE).values({name: bindparam(name) for name in ("cursor", "done", "tally")}),
    *("cursor", "done", "tally", "of", "name", "in_turn"),
)
_END_PROGRESS: Final = Prepared(delete(PROGRESS).where(_MINE), "of", "name", "in_turn")


class Member(NamedTuple):
    """One member of the set that a step looks at."""

    id: int
    number: str
    status: str
    unit: str


class Moved(NamedTuple):
    """What a step decided of one member: its new status (None keeps it), the outcome, and whom to tell."""

    member: Member
    after: str | None
    outcome: Any
    tells: Sequence[Telling] = ()
    rule: str = ""


class Tally(Fact):
    """What a step over many members came to: how many were looked at, and how many reached each status."""

    total: int
    reached: dict[str, int]

    def of(self, status: str) -> int:
        """Return how many reached a status."""
        return self.reached.get(status, 0)


@cache
def _chunk_of(statuses: int) -> Prepared:
    names = tuple(f"status_{number}" for number in range(statuses))
    chosen = (
        select(*(CASES.c[name] for name in Standing._fields), CASES.c.unit)
        .where(CASES.c.parent_id == bindparam("parent"), CASES.c.id > bindparam("cursor"))
        .where(CASES.c.status.in_([bindparam(name) for name in names]))
        .order_by(CASES.c.id)
        .limit(bindparam("chunk"))
        .offset(literal_column("0"))  # SQLite would bind a zero of its own
        .with_for_update()
    )
    return Prepared(chosen, "parent", "cursor", *names, "chunk")


def _lines(moves: Iterable[Moved], standings: Mapping[int, Sequence[Any]], tally: dict[str, int]) -> Iterator[Line]:
    """Turn what became of members into journal lines, and count them."""
    for member, after, outcome, tells, rule in moves:
        reached = after or member.status
        tally[reached] = tally.get(reached, 0) + 1
        yield standings[member.id], after, outcome, rule, tells


def over_members(  # noqa: C901 -- a decorator of two layers, each of them short
    *statuses: str,
    reaches: str | None = None,
    tells: Sequence[str] | Callable[[Tally], Sequence[str]] = (),
    rule: str | Callable[[Dossier], str] = "",
    chunk: int = CHUNK,
) -> Callable[
    [Callable[Concatenate[Dossier, list[Member], P], Iterable[Moved]]], Callable[Concatenate[Dossier, P], Tally]
]:
    """Make a function a step over the members that stand at one of the statuses.

    The function gets a chunk of members and yields what became of each; those it does not name stay as they are. Each
    chunk commits with the cursor, and the last one with the line in the case's own journal.

    Args:
        statuses: the members it looks at.
        reaches: the status of the whole case afterwards; None keeps it.
        tells: roles to notify once it is done, or a function of the tally.
        rule: the rule and article it rests on, or a function of the dossier.
        chunk: members in one transaction.
    """

    def of(  # noqa: C901 -- as above
        work: Callable[Concatenate[Dossier, list[Member], P], Iterable[Moved]],
    ) -> Callable[Concatenate[Dossier, P], Tally]:
        name, select_chunk = work.__name__, _chunk_of(len(statuses))
        cite, whom = always(rule), always(tells)

        def finish(tx: Transaction, dossier: Dossier, tally: dict[str, int]) -> Tally:
            case, at = lock(tx, dossier.id), now()
            outcome = Tally(total=tally.pop("", 0), reached=tally)
            told = tellings(
                tx,
                whom(outcome),
                f"notice_{dossier.process}.{name}",
                {"subject": dossier.subject, "total": outcome.total} | outcome.reached,
                at,
                drill=dossier.drill,
            )
            write_entry(
                tx,
                case,
                name,
                dossier.turn,
                actor=actor.get(),
                at=at,
                after=reaches,
                outcome=outcome.model_dump(),
                rule=cite(dossier),
                tellings=told,
            )
            tx.run(_END_PROGRESS, dossier.id, name, dossier.turn)
            return outcome

        def one_chunk(dossier: Dossier, /, *args: P.args, **kwargs: P.kwargs) -> tuple[Tally | None, int]:
            with transaction() as tx:
                lock(tx, dossier.id)  # two runs of one case never work the same chunk
                found = tx.run(FIND_ENTRY, dossier.id, name, dossier.turn).fetchone()
                if found is not None:  # another run of the same case was faster; its outcome stands
                    recorded = Tally.model_validate_json(found[0])
                    return recorded, recorded.total
                row = tx.run(_READ_PROGRESS, dossier.id, name, dossier.turn).fetchone()
                cursor, done, tally = (row[0], row[1], json.loads(row[2])) if row else (0, 0, {})
                rows = tx.run(select_chunk, dossier.id, cursor, *statuses, chunk).fetchall()
                standings = {each[0]: each for each in rows}
                members = [Member(each[0], each[1], each[2], each[-1]) for each in rows]
                page = Page(tx, name, dossier.turn, actor.get(), now())
                if members:
                    page.add_all(_lines(work(dossier, members, *args, **kwargs), standings, tally))
                page.write()
                tally[""] = tally.get("", 0) + len(members)
                if len(members) < chunk:
                    return finish(tx, dossier, tally), done + len(members)
                last = (members[-1].id, done + len(members), canonical(tally))
                if row:
                    tx.run(_MOVE_PROGRESS, *last, dossier.id, name, dossier.turn)
                else:
                    tx.run(_BEGIN_PROGRESS, dossier.id, name, dossier.turn, *last)
                return None, done + len(members)

        def act(dossier: Dossier, /, *args: P.args, **kwargs: P.kwargs) -> Tally:
            outcome, total = None, 0
            while outcome is None:
                outcome, done = one_chunk(dossier, *args, **kwargs)
                total = total or count_members(dossier, statuses)
                report_progress.get()(name, done, max(done, total))
            dossier.journal[name, dossier.turn] = outcome.model_dump()
            return outcome

        def call(dossier: Dossier, /, *args: P.args, **kwargs: P.kwargs) -> Tally:
            if (name, dossier.turn) in dossier.journal:
                return Tally.model_validate(dossier.journal[name, dossier.turn])
            result: Tally = show.get()(name, dossier, functools.partial(act, dossier, *args, **kwargs))
            return result

        functools.update_wrapper(call, work, updated=())
        return call

    return of


class Newcomer(NamedTuple):
    """A member to open: its number and unit, its first status and outcome, and whom to tell."""

    number: str
    unit: str
    status: str
    outcome: Any
    tells: Sequence[Telling] = ()
    rule: str = ""


def open_members(tx: Transaction, season: Dossier, step: str, newcomers: Sequence[Newcomer], at: datetime) -> list[int]:
    """Open member cases, each with its first line, and return their ids in the order given; the season is locked.

    The ids are taken before the rows are written, so that a case is written once and not written, read back and moved.
    """
    ids = take_ids(tx, len(newcomers))
    page = Page(tx, step, 1, actor.get(), at)
    page.add_all(
        ((case_id, one.number, "", 0, b"", 0, season.drill), one.status, one.outcome, one.rule, one.tells)
        for case_id, one in zip(ids, newcomers, strict=True)
    )
    day, drill = season.on.isoformat(), season.drill
    page.open_cases((one.number, season.process, "", season.id, one.unit, day, drill) for one in newcomers)
    page.write()
    return ids


def count_members(dossier: Dossier, statuses: Sequence[str] = ()) -> int:
    """Return how many members a case has, or how many stand at the given statuses."""
    chosen = select(func.count()).select_from(CASES).where(CASES.c.parent_id == dossier.id)
    with reading() as connection:
        return int(connection.execute(chosen.where(CASES.c.status.in_(statuses)) if statuses else chosen).scalar_one())


def standing_by_unit(case_id: int) -> dict[tuple[str, str], int]:
    """Return how many members stand at each (unit, status)."""
    counted = (
        select(CASES.c.unit, CASES.c.status, func.count().label("members"))
        .where(CASES.c.parent_id == case_id)
        .group_by(CASES.c.unit, CASES.c.status)
    )
    with reading() as connection:
        return {(row.unit, row.status): row.members for row in connection.execute(counted)}
