"""The board of one process instance: where it stands, what it waits for, its clocks, its members by stage and town."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from config.boards import BoardPlan, board_plan
from tasks.ask import open_questions
from tasks.board_deadline import Light, Standing, deadline_table, lamps, open_deadlines
from tasks.board_history import history
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
from tasks.board_worklist import due_text
from tasks.chart import Sheet, Stage, Tile, Tone, TownBar, picture
from tasks.clock import local_day, now
from tasks.journal import CASES

MOST_QUESTIONS: Final = 20
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


class View(NamedTuple):
    """What a board is written from."""

    subject: Subject
    plan: BoardPlan
    members: Members
    clocks: Sequence[Standing]
    quota: Quota

    def title_of(self, status: str) -> str:
        """Return the title of a status of this process."""
        return status_title(self.subject.process, status)

    def said(self, name: str) -> str:
        """Return a word of the board as it fits its members: people of towns, applications to departments."""
        return word(f"{name}_{self.plan.about}" if self.plan.about else name)

    def in_order(self, statuses: Iterable[str]) -> list[str]:
        """Return statuses in the order of the process."""
        order = status_order(self.subject.process)
        return sorted(statuses, key=lambda status: (order.get(status, len(order)), status))

    @property
    def taken(self) -> tuple[int, int]:
        """Taken and places of all units."""
        if not self.quota:
            return self.members.standing(self.plan.taken), 0
        return sum(taken for taken, _ in self.quota.values()), sum(places for _, places in self.quota.values())


def season_page(number: str, places: Places = NO_PLACES) -> Page:
    """Return the board of an instance.

    Args:
        number: the case number.
        places: its quota, where the process has any.
    """
    at, subject = now(), find_subject(number)
    plan = board_plan(subject.process)
    members = members_of(subject.id, plan.line)
    clocks = open_deadlines(at, CASES.c.id == subject.id)
    view = View(subject, plan, members, clocks, _quota(plan, members, places))
    title = marked(word("season_name", subject=subject.subject or subject.process, number=number), drill=subject.drill)
    head = word("season_head", status=plain(view.title_of(subject.status)), day=local_day(at), on=subject.on)
    closed = word("season_closed", day=local_day(subject.closed_at)) if subject.closed_at else ""
    parts = [" · ".join(filter(None, (head, closed))), _picture(title, view), _waiting(subject, at), _deadlines(clocks)]
    if members.total:
        parts += [*_lag(view), _stages(view), _by_town(view)]
    parts.append(history(subject))
    return Page(slug(plan.key, number), title, sections(*parts))


def _quota(plan: BoardPlan, members: Members, places: Places) -> Quota:
    units = dict.fromkeys((*places.quota, *places.taken, *members.units)) if places.quota else {}
    taken = places.taken or {unit: members.standing(plan.taken, unit) for unit in units}
    return {unit: (taken.get(unit, 0), places.quota.get(unit, 0)) for unit in units}


def _picture(title: str, view: View) -> str:
    sheet, tiles = Sheet(title), _tiles(view)
    words = "，".join(f"{tile.label}{tile.value}" for tile in tiles)
    sheet.tiles(tiles)
    if view.clocks:
        sheet.lamps(word("deadlines_title"), lamps(view.clocks))
    if view.members.total:
        stages, line = _funnel(view), bool(view.plan.line)
        legend = (word("legend_passed"), word("legend_here")) if line else ()
        sheet.funnel(view.said("funnel_title" if line else "statuses_title"), legend, stages)
        words += "；" + "，".join(word("chart_row", label=stage.label, value=stage.reached) for stage in stages)
        shades = [view.title_of(status) for status in view.plan.bars] or [view.said("roster")]
        sheet.towns(view.said("towns_title"), shades, _bars(view), word("legend_quota"))
    return picture(sheet.draw(), words)


def _tiles(view: View) -> list[Tile]:
    tiles, (taken, places) = [Tile(word("tile_status"), view.title_of(view.subject.status))], view.taken
    if view.members.total:
        tiles.insert(0, Tile(view.said("tile_total_members"), f"{view.members.total:,}"))
    if places:
        tiles.append(Tile(word("tile_quota"), f"{taken:,}／{places:,}", _quota_tone(taken, places)))
    elif view.plan.taken:
        tiles.append(Tile(word("tile_approved"), f"{taken:,}"))
    asked = len(open_questions(case=view.subject.number))
    late = sum(each.light is Light.RED for each in view.clocks)
    tiles.append(Tile(word("tile_waiting"), f"{asked:,}", "soon" if asked else "good"))
    return [*tiles, Tile(word("tile_overdue"), f"{late:,}", "bad" if late else "good")]


def _funnel(view: View) -> list[Stage]:
    members, line = view.members, view.plan.line
    if not line:  # nobody has said how its stages follow each other: each status as it stands
        counted = {
            status: members.standing([status]) for status in view.in_order({status for _, status in members.now})
        }
        return [Stage(view.title_of(status), number, number) for status, number in counted.items()]
    found = [
        Stage(view.title_of(status), members.reached(place), members.standing([status]))
        for place, status in enumerate(line)
    ]
    last = max((place for place, stage in enumerate(found) if stage.reached), default=-1)
    return found[: last + 2]  # what nobody has come near yet is left out, but for the next stage


def _bars(view: View) -> list[TownBar]:
    places, found = [view.plan.line.index(status) for status in view.plan.bars], []
    for unit in view.members.units[:MOST_BARS]:
        values = tuple(view.members.reached(place, unit) for place in places) or (view.members.of(unit),)
        taken, most = view.quota.get(unit, (0, 0))
        figure = f"{taken:,} / {most:,}" if view.quota else f"{values[0]:,}"
        found.append(TownBar(unit_title(unit), values, most if view.quota else None, figure))
    return found


def _waiting(subject: Subject, at: datetime) -> str:
    heads = [word(f"waiting_{head}") for head in ("what", "who", "since", "until")]
    rows = [
        [plain(each.title), plain(office_title(each.role)), local(each.asked_at), due_text(each, at)]
        for each in open_questions(case=subject.number)[:MOST_QUESTIONS]
    ]
    if subject.waiting_on and not rows:
        point = plain(point_title(subject.process, subject.waiting_on))
        rows = [[point, "", local(subject.since), local(subject.wake_at)]]
    if subject.closed_at and not rows:
        return ""
    return sections(f"## {word('waiting_title')}", table(heads, rows) if rows else word("waiting_nothing"))


def _deadlines(clocks: Sequence[Standing]) -> str:
    shown = deadline_table(clocks[:NEXT_DEADLINES], with_case=False) if clocks else word("deadlines_none")
    return sections(f"## {word('deadlines_title')}", shown)


def _lag(view: View) -> list[str]:
    """Each missed clock that members still owe under, by town; while none is missed, the next one to end."""
    members, watched = view.members, [each for each in view.clocks if each.lagging]
    owing = [each for each in watched if members.standing(each.lagging)]
    missed = [each for each in owing if each.light is Light.RED]
    parts = []
    for each in missed or owing[:1]:
        name = plain(each.title)
        title = word("lag_title" if missed else "lag_ahead", name=name, due=each.due_text, left=each.left)
        towns = sorted(((members.standing(each.lagging, unit), unit) for unit in members.units), reverse=True)
        rows = [
            [plain(unit_title(unit)), f"{count:,}", _share(count, members.of(unit))] for count, unit in towns if count
        ]
        heads = [word(head) for head in ("town", "lag_pending", "lag_share")]
        parts += [f"## {title}", table(heads, rows, right=(1, 2))]
    return parts if parts or not watched else [word("lag_none")]


def _stages(view: View) -> str:
    members, total = view.members, view.members.total
    heads = [view.said(head) for head in ("stage", "stage_reached", "stage_share", "stage_now")]
    rows = [[view.said("stage_roster"), f"{total:,}", _share(total, total), ""]]
    for place, status in enumerate(view.plan.line):
        reached, here = members.reached(place), members.standing([status])
        if reached:
            rows.append([plain(view.title_of(status)), f"{reached:,}", _share(reached, total), f"{here:,}"])
    others = view.in_order({status for _, status in members.now} - set(view.plan.line))
    rows += [[plain(view.title_of(status)), "", "", f"{members.standing([status]):,}"] for status in others]
    return sections(f"## {view.said('stages_title')}", table(heads, rows, right=(1, 2, 3)))


def _by_town(view: View) -> str:
    members, line = view.members, view.plan.line
    columns = [status for status in view.plan.columns if not (view.quota and status in view.plan.taken)]
    places = [line.index(status) for status in columns]
    heads = [view.said("town"), view.said("roster"), *(plain(view.title_of(status)) for status in columns)]
    if view.quota:
        heads += [word("taken"), word("quota"), word("gap")]
    rows = []
    for unit in sorted(dict.fromkeys((*view.quota, *members.units)), key=lambda each: each == ""):
        reached = (f"{members.reached(place, unit):,}" for place in places)
        quota = _quota_cells(view.quota[unit]) if view.quota else []
        rows.append([plain(unit_title(unit)), f"{members.of(unit):,}", *reached, *quota])
    reached = (f"{members.reached(place):,}" for place in places)
    quota = _quota_cells(view.taken) if view.quota else []
    rows.append([f"**{word('total')}**", f"{members.total:,}", *reached, *quota])
    return sections(f"## {view.said('by_town_title')}", table(heads, rows, right=range(1, len(heads))))


def _share(part: int, whole: int) -> str:
    return word("share", share=f"{100 * part / whole:.1f}") if whole else ""


def _quota_tone(taken: int, places: int) -> Tone:
    if taken > places:
        return "bad"
    return "good" if taken == places else "plain"


def _quota_cells(pair: tuple[int, int]) -> list[str]:
    taken, places = pair
    return [f"{taken:,}", f"{places:,}", f"{taken - places:+,}" if taken != places else "0"]
