"""The board of one process instance: where it stands, what it waits for, its clocks, and its members by stage and town."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Integer, case, func, literal, select

from config.boards import BoardPlan, board_plan
from tasks.ask import open_questions
from tasks.board_deadline import Light, Standing, deadline_table, open_deadlines
from tasks.board_page import (
    Page,
    local,
    marked,
    office_title,
    plain,
    point_title,
    sections,
    slug,
    status_order,
    status_title,
    table,
    unit_title,
    word,
)
from tasks.chart import Sheet, Stage, Tile, TownBar, picture
from tasks.clock import local_day, now
from tasks.journal import CASES, ENTRIES
from tasks.members import standing_by_unit
from tasks.store import reading
from tasks.wait import INSTANCES

NEXT_DEADLINES: Final = 8
MOST_BARS: Final = 24

Quota = Mapping[str, int]
"""Places by unit; the places of no unit (one list for the whole district) stand under the empty name."""


class Subject(NamedTuple):
    """The instance that a board is about."""

    id: int
    number: str
    process: str
    subject: str
    status: str
    on: Any
    drill: bool
    closed_at: datetime | None
    waiting_on: str
    wake_at: datetime | None
    since: datetime | None


class Members(NamedTuple):
    """The members of an instance: how many stand where now, and how far they ever came, by unit."""

    now: dict[tuple[str, str], int]
    """By unit and status."""
    furthest: dict[tuple[str, int], int]
    """By unit and place in the line; -1 for those who never entered it."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.now.values())

    @property
    def units(self) -> list[str]:
        """The units, the largest first."""
        sizes: dict[str, int] = {}
        for (unit, _), number in self.now.items():
            sizes[unit] = sizes.get(unit, 0) + number
        return sorted(sizes, key=lambda unit: (unit == "", -sizes[unit], unit))

    def standing(self, statuses: Sequence[str], unit: str | None = None) -> int:
        """Return how many stand at one of the statuses now, in all or in a unit."""
        return sum(n for (where, status), n in self.now.items() if status in statuses and unit in {None, where})

    def of(self, unit: str) -> int:
        """Return how many a unit has."""
        return sum(number for (where, _), number in self.now.items() if where == unit)

    def reached(self, place: int, unit: str | None = None) -> int:
        """Return how many reached a place of the line or a later one, in all or in a unit."""
        return sum(number for (where, far), number in self.furthest.items() if far >= place and unit in {None, where})


def find_subject(number: str) -> Subject:
    """Return the instance of a case number; raises NoResultFound where there is none."""
    since = select(func.max(ENTRIES.c.at)).where(ENTRIES.c.case_id == CASES.c.id).scalar_subquery()
    chosen = (
        select(CASES.c.id, CASES.c.number, CASES.c.process, CASES.c.subject, CASES.c.status, CASES.c.on_day, CASES.c.drill,
               CASES.c.closed_at, INSTANCES.c.waiting_on, INSTANCES.c.wake_at, since)
        .join(INSTANCES, INSTANCES.c.case_id == CASES.c.id)
        .where(CASES.c.number == number)
    )  # fmt: skip
    with reading() as connection:
        return Subject(*connection.execute(chosen).one())


def members_of(case_id: int, line: Sequence[str]) -> Members:
    """Count the members by unit, status and the furthest stage that the journal knows of, in the database."""
    places: dict[str, int] = {status: place for place, status in enumerate(line)}
    return Members(standing_by_unit(case_id), _furthest(case_id, places))


def _furthest(case_id: int, places: Mapping[str, int]) -> dict[tuple[str, int], int]:
    if not places:
        return {}
    came = func.coalesce(func.max(_later(_place(ENTRIES.c.before, places), _place(ENTRIES.c.after, places))), -1)
    each = (
        select(CASES.c.unit.label("unit"), _later(_place(CASES.c.status, places), came).label("far"))
        .select_from(CASES.outerjoin(ENTRIES, ENTRIES.c.case_id == CASES.c.id))
        .where(CASES.c.parent_id == case_id)
        .group_by(CASES.c.id, CASES.c.unit, CASES.c.status)
        .subquery()
    )
    counted = select(each.c.unit, each.c.far, func.count().label("members")).group_by(each.c.unit, each.c.far)
    with reading() as connection:
        return {(row.unit, row.far): row.members for row in connection.execute(counted)}


def _place(status: ColumnElement[str], places: Mapping[str, int]) -> ColumnElement[int]:
    return case(dict(places), value=status, else_=literal(-1, Integer))


def _later(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one >= other, one), else_=other)  # SQLite and PostgreSQL name the greater of two differently


def season_page(number: str, quota: Quota | None = None) -> Page:
    """Return the board of an instance.

    Args:
        number: the case number.
        quota: places by unit, where the process has any.
    """
    at, subject = now(), find_subject(number)
    plan = board_plan(subject.process)
    line = plan.line or tuple(status_order(subject.process))
    members = members_of(subject.id, line)
    if not plan.line:  # statuses as they come: only those that anybody reached
        plan = plan.model_copy(update={"line": line})
    clocks = open_deadlines(at, CASES.c.id == subject.id)
    title = marked(word("season_name", subject=subject.subject or subject.process, number=number), drill=subject.drill)
    head = word("season_head", status=plain(status_title(subject.process, subject.status)), day=local_day(at), on=subject.on)
    closed = word("season_closed", day=local_day(subject.closed_at)) if subject.closed_at else ""
    body = sections(
        f"{head}　{closed}".strip(),
        _chart(title, subject, plan, members, clocks, quota or {}),
        _waiting(subject),
        _deadlines(clocks),
        *(_lag(subject, clocks, members) if members.total else ()),
        _stages(subject.process, plan.line, members) if members.total else "",
        _by_town(subject.process, plan, members, quota or {}) if members.total else "",
    )
    return Page(slug(plan.key, number), title, body)


def _chart(title: str, subject: Subject, plan: BoardPlan, members: Members, clocks: Sequence[Standing], quota: Quota) -> str:
    late = sum(each.light is Light.RED for each in clocks)
    asked = len(open_questions(case=subject.number))
    tiles = [Tile(word("tile_status"), status_title(subject.process, subject.status))]
    if members.total:
        tiles.insert(0, Tile(word("tile_total_members"), f"{members.total:,}"))
    if plan.taken and members.total:
        taken, places = members.standing(plan.taken), sum(quota.values())
        value = f"{taken:,}／{places:,}" if places else f"{taken:,}"
        tiles.append(Tile(word("tile_quota" if places else "tile_approved"), value, "good" if taken and taken == places else "plain"))
    tiles.append(Tile(word("tile_waiting"), f"{asked:,}", "soon" if asked else "good"))
    tiles.append(Tile(word("tile_overdue"), f"{late:,}", "bad" if late else "good"))
    sheet, words = Sheet(title), "，".join(f"{tile.label}{tile.value}" for tile in tiles)
    sheet.tiles(tiles)
    if members.total:
        stages = _funnel(subject.process, plan.line, members)
        sheet.funnel(word("funnel_title"), (word("legend_passed"), word("legend_here")), stages)
        words += "；" + "，".join(word("chart_row", label=stage.label, value=stage.reached) for stage in stages)
        bars = _bars(plan, members, quota)
        if bars:
            legend = [status_title(subject.process, status) for status in plan.bars] or [word("roster")]
            sheet.towns(word("towns_title"), legend, bars, word("legend_quota"))
    return picture(sheet.draw(), words)


def _funnel(process: str, line: Sequence[str], members: Members) -> list[Stage]:
    found = [
        Stage(status_title(process, status), members.reached(place), members.standing([status])) for place, status in enumerate(line)
    ]
    last = max((place for place, stage in enumerate(found) if stage.reached), default=-1)
    return found[: last + 2]  # what nobody has come near yet is left out, but for the next stage


def _bars(plan: BoardPlan, members: Members, quota: Quota) -> list[TownBar]:
    places = [plan.line.index(status) for status in plan.bars]
    found = []
    for unit in members.units[:MOST_BARS]:
        values = tuple(members.reached(place, unit) for place in places) or (members.of(unit),)
        if plan.taken and quota:
            figure = f"{members.standing(plan.taken, unit):,} / {quota.get(unit, 0):,}"
        else:
            figure = f"{values[0]:,}"
        found.append(TownBar(unit_title(unit), values, quota.get(unit) if quota else None, figure))
    return found


def _waiting(subject: Subject) -> str:
    heads = [word(f"waiting_{head}") for head in ("what", "who", "since", "until")]
    rows = [
        [plain(each.title), plain(office_title(each.role)), local(each.asked_at), local(each.due_at)]
        for each in open_questions(case=subject.number)
    ]
    if subject.waiting_on and not rows:
        rows = [[plain(point_title(subject.process, subject.waiting_on)), "", local(subject.since), local(subject.wake_at)]]
    if subject.closed_at and not rows:
        return ""
    return sections(f"## {word('waiting_title')}", table(heads, rows) if rows else word("waiting_nothing"))


def _deadlines(clocks: Sequence[Standing]) -> str:
    shown = deadline_table(clocks[:NEXT_DEADLINES], with_case=False) if clocks else word("deadlines_none")
    return sections(f"## {word('deadlines_title')}", shown)


def _lag(subject: Subject, clocks: Sequence[Standing], members: Members) -> list[str]:
    """Each missed clock that members still owe under, by town; while none is missed, the next one to end."""
    owing = [each for each in clocks if each.lagging and members.standing(each.lagging)]
    missed = [each for each in owing if each.light is Light.RED]
    parts = []
    for each in missed or owing[:1]:
        name = word("lag_title" if missed else "lag_ahead", name=plain(each.title), due=each.due_text, left=each.left)
        towns = sorted(((members.standing(each.lagging, unit), unit) for unit in members.units), reverse=True)
        rows = [
            [plain(unit_title(unit)), f"{count:,}", word("share", share=f"{100 * count / members.of(unit):.1f}")]
            for count, unit in towns
            if count
        ]
        heads = [word(head) for head in ("town", "lag_pending", "lag_share")]
        parts += [f"## {name}", table(heads, rows, right=(1, 2))]
    if parts or subject.closed_at or not any(each.lagging for each in clocks):
        return parts
    return [word("lag_none")]


def _stages(process: str, line: Sequence[str], members: Members) -> str:
    total = members.total
    heads = [word(head) for head in ("stage", "stage_reached", "stage_share", "stage_now")]
    rows = [[word("stage_roster"), f"{total:,}", word("share", share="100.0"), ""]]
    for place, status in enumerate(line):
        reached = members.reached(place)
        if reached:
            share = word("share", share=f"{100 * reached / total:.1f}")
            rows.append([plain(status_title(process, status)), f"{reached:,}", share, f"{members.standing([status]):,}"])
    order = status_order(process)
    others = sorted({status for _, status in members.now} - set(line), key=lambda status: (order.get(status, len(order)), status))
    rows += [[plain(status_title(process, status)), "", "", f"{members.standing([status]):,}"] for status in others]
    return sections(f"## {word('stages_title')}", table(heads, rows, right=(1, 2, 3)))


def _by_town(process: str, plan: BoardPlan, members: Members, quota: Quota) -> str:
    places = [plan.line.index(status) for status in plan.columns]
    heads = [word("town"), word("roster"), *(plain(status_title(process, status)) for status in plan.columns)]
    if quota:
        heads += [word("taken"), word("quota"), word("gap")]
    units = list(dict.fromkeys((*members.units, *quota)))
    rows = []
    for unit in sorted(units, key=lambda each: each == ""):
        row = [plain(unit_title(unit)), f"{members.of(unit):,}", *(f"{members.reached(place, unit):,}" for place in places)]
        rows.append(row + (_quota_cells(members.standing(plan.taken, unit), quota.get(unit, 0)) if quota else []))
    last = [f"**{word('total')}**", f"{members.total:,}", *(f"{members.reached(place):,}" for place in places)]
    rows.append(last + (_quota_cells(members.standing(plan.taken), sum(quota.values())) if quota else []))
    return sections(f"## {word('by_town_title')}", table(heads, rows, right=range(1, len(heads))))


def _quota_cells(taken: int, places: int) -> list[str]:
    return [f"{taken:,}", f"{places:,}", f"{taken - places:+,}" if taken != places else "0"]


def board_subjects(since: datetime) -> list[str]:
    """Return the numbers of the instances that are open, or were closed since a moment: their last board is still due."""
    chosen = (
        select(CASES.c.number)
        .join(INSTANCES, INSTANCES.c.case_id == CASES.c.id)
        .where(CASES.c.closed_at.is_(None) | (CASES.c.closed_at >= since))
        .order_by(CASES.c.id)
    )
    with reading() as connection:
        return list(connection.execute(chosen).scalars())
