"""The board of one process instance: where it stands, what it waits for, its clocks, and its members by stage and town."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

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
from tasks.board_subject import Members, Subject, find_subject, members_of
from tasks.chart import Sheet, Stage, Tile, Tone, TownBar, picture
from tasks.clock import local_day, now
from tasks.journal import CASES

NEXT_DEADLINES: Final = 8
MOST_BARS: Final = 24

Quota = Mapping[str, tuple[int, int]]
"""Taken and places, by unit."""


class Places(NamedTuple):
    """Places by unit, and who stands on them; one list for the whole district goes under the empty name.

    Where `taken` is empty, the members who stand at the plan's `taken` statuses are counted.
    """

    quota: Mapping[str, int]
    taken: Mapping[str, int] = MappingProxyType({})


NO_PLACES: Final = Places(MappingProxyType({}))


def season_page(number: str, places: Places = NO_PLACES) -> Page:
    """Return the board of an instance.

    Args:
        number: the case number.
        places: its quota, where the process has any.
    """
    at, subject = now(), find_subject(number)
    plan = board_plan(subject.process)
    members = members_of(subject.id, plan.line)
    quota = _quota(plan, members, places)
    clocks = open_deadlines(at, CASES.c.id == subject.id)
    title = marked(word("season_name", subject=subject.subject or subject.process, number=number), drill=subject.drill)
    head = word(
        "season_head", status=plain(status_title(subject.process, subject.status)), day=local_day(at), on=subject.on
    )
    closed = word("season_closed", day=local_day(subject.closed_at)) if subject.closed_at else ""
    body = sections(
        f"{head}　{closed}".strip(),
        _chart(title, subject, plan, members, clocks, quota),
        _waiting(subject),
        _deadlines(clocks),
        *(_lag(subject, clocks, members) if members.total else ()),
        _stages(subject.process, plan.line, members) if members.total else "",
        _by_town(subject.process, plan, members, quota) if members.total else "",
    )
    return Page(slug(plan.key, number), title, body)


def _quota(plan: BoardPlan, members: Members, places: Places) -> Quota:
    """Return (taken, places) by unit, in the registry's order of the quota."""
    units = dict.fromkeys((*places.quota, *places.taken, *members.units)) if places.quota else {}
    taken = {unit: members.standing(plan.taken, unit) for unit in units}
    return {unit: ((places.taken or taken).get(unit, 0), places.quota.get(unit, 0)) for unit in units}


def _chart(
    title: str, subject: Subject, plan: BoardPlan, members: Members, clocks: Sequence[Standing], quota: Quota
) -> str:
    late = sum(each.light is Light.RED for each in clocks)
    asked = len(open_questions(case=subject.number))
    tiles = [Tile(word("tile_status"), status_title(subject.process, subject.status))]
    if members.total:
        tiles.insert(0, Tile(word("tile_total_members"), f"{members.total:,}"))
    if plan.taken and members.total:
        taken, places = _sum(quota) if quota else (members.standing(plan.taken), 0)
        value = f"{taken:,}／{places:,}" if places else f"{taken:,}"
        tone: Tone = "good" if places and taken == places else "plain"
        tiles.append(Tile(word("tile_quota" if places else "tile_approved"), value, tone))
    tiles.append(Tile(word("tile_waiting"), f"{asked:,}", "soon" if asked else "good"))
    tiles.append(Tile(word("tile_overdue"), f"{late:,}", "bad" if late else "good"))
    sheet, words = Sheet(title), "，".join(f"{tile.label}{tile.value}" for tile in tiles)
    sheet.tiles(tiles)
    if members.total:
        stages = _funnel(subject.process, plan.line, members)
        name = word("funnel_title" if plan.line else "statuses_title")
        sheet.funnel(name, (word("legend_passed"), word("legend_here")) if plan.line else (), stages)
        words += "；" + "，".join(word("chart_row", label=stage.label, value=stage.reached) for stage in stages)
        bars = _bars(plan, members, quota)
        if bars:
            legend = [status_title(subject.process, status) for status in plan.bars] or [word("roster")]
            sheet.towns(word("towns_title"), legend, bars, word("legend_quota"))
    return picture(sheet.draw(), words)


def _funnel(process: str, line: Sequence[str], members: Members) -> list[Stage]:
    if not line:  # nobody has said how its stages follow each other: each status as it stands
        return [
            Stage(status_title(process, status), members.standing([status]), members.standing([status]))
            for status in _in_order(process, {status for _, status in members.now})
        ]
    found = [
        Stage(status_title(process, status), members.reached(place), members.standing([status]))
        for place, status in enumerate(line)
    ]
    last = max((place for place, stage in enumerate(found) if stage.reached), default=-1)
    return found[: last + 2]  # what nobody has come near yet is left out, but for the next stage


def _bars(plan: BoardPlan, members: Members, quota: Quota) -> list[TownBar]:
    places = [plan.line.index(status) for status in plan.bars]
    found = []
    for unit in members.units[:MOST_BARS]:
        values = tuple(members.reached(place, unit) for place in places) or (members.of(unit),)
        taken, most = quota.get(unit, (0, 0))
        figure = f"{taken:,} / {most:,}" if quota else f"{values[0]:,}"
        found.append(TownBar(unit_title(unit), values, most if quota else None, figure))
    return found


def _waiting(subject: Subject) -> str:
    heads = [word(f"waiting_{head}") for head in ("what", "who", "since", "until")]
    rows = [
        [plain(each.title), plain(office_title(each.role)), local(each.asked_at), local(each.due_at)]
        for each in open_questions(case=subject.number)
    ]
    if subject.waiting_on and not rows:
        rows = [
            [plain(point_title(subject.process, subject.waiting_on)), "", local(subject.since), local(subject.wake_at)]
        ]
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
            rows.append(
                [plain(status_title(process, status)), f"{reached:,}", share, f"{members.standing([status]):,}"]
            )
    others = _in_order(process, {status for _, status in members.now} - set(line))
    rows += [[plain(status_title(process, status)), "", "", f"{members.standing([status]):,}"] for status in others]
    return sections(f"## {word('stages_title')}", table(heads, rows, right=(1, 2, 3)))


def _by_town(process: str, plan: BoardPlan, members: Members, quota: Quota) -> str:
    places = [plan.line.index(status) for status in plan.columns]
    heads = [word("town"), word("roster"), *(plain(status_title(process, status)) for status in plan.columns)]
    if quota:
        heads += [word("taken"), word("quota"), word("gap")]
    rows = []
    for unit in sorted(dict.fromkeys((*quota, *members.units)), key=lambda each: each == ""):
        row = [
            plain(unit_title(unit)),
            f"{members.of(unit):,}",
            *(f"{members.reached(place, unit):,}" for place in places),
        ]
        rows.append(row + (_quota_cells(quota[unit]) if quota else []))
    last = [f"**{word('total')}**", f"{members.total:,}", *(f"{members.reached(place):,}" for place in places)]
    rows.append(last + (_quota_cells(_sum(quota)) if quota else []))
    return sections(f"## {word('by_town_title')}", table(heads, rows, right=range(1, len(heads))))


def _in_order(process: str, statuses: set[str]) -> list[str]:
    order = status_order(process)
    return sorted(statuses, key=lambda status: (order.get(status, len(order)), status))


def _sum(quota: Quota) -> tuple[int, int]:
    return sum(taken for taken, _ in quota.values()), sum(places for _, places in quota.values())


def _quota_cells(pair: tuple[int, int]) -> list[str]:
    taken, places = pair
    return [f"{taken:,}", f"{places:,}", f"{taken - places:+,}" if taken != places else "0"]
