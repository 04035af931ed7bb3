"""The boards of incidents: one page each, and one of all that are open; drills apart, and marked past overlooking."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from sqlalchemy import func, select

from config.settings import settings
from models.incident_response.grade import Casualties, grade_range
from tasks.board import DECIDE, KEPT_AFTER_CLOSING, publish_pages
from tasks.board_page import (
    Page,
    first_said,
    link,
    local,
    marked,
    plain,
    sections,
    slug,
    status_title,
    table,
    unit_title,
)
from tasks.chart import Tile, Tone, picture
from tasks.clock import now
from tasks.deadline import DEADLINES
from tasks.incident_response.board_after import (
    conditions_table,
    handovers_table,
    lessons_table,
    readiness_table,
    releases_table,
)
from tasks.incident_response.board_command import (
    GroupState,
    draw_groups,
    form_address,
    group_states,
    groups_table,
    orders_table,
    tasks_table,
)
from tasks.incident_response.board_people import CallState, call_states, calls_table, questions_table
from tasks.incident_response.face import Curve, Hand, IncidentSheet
from tasks.incident_response.standing import PROCESS, Standing, State
from tasks.incident_response.timeline import draw_timeline, timeline, timeline_table
from tasks.incident_response.toll import TOLL, toll_over_time
from tasks.incident_response.view import View, open_incidents, read_view, word
from tasks.journal import CASES
from tasks.reach import prefect
from tasks.store import reading

KEY: Final = "incident"
OVERVIEW: Final = "incidents"
GROUP_FORM: Final = "group_report/工作组情况"
MOST_HANDS: Final = 8
TELLING: Final = ("incident_grade.confirmed", "incident_grade.worst", "incident_grade.unknown_")
SITUATION: Final = "situation"
LEVELS: Final = ("", "IV", "III", "II", "I")
_TOLL_TONES: Final = {"dead": "bad", "injured": "soon", "missing": "plain"}


class Forms(NamedTuple):
    """The deployments that a board's links open, by id; empty where one is not there."""

    decide: str = ""
    group: str = ""


def board_key(number: str) -> str:
    """Return the permanent key of an incident's board."""
    return slug(KEY, number)


def incident_page(number: str, forms: Forms | None = None, as_of: datetime | None = None) -> Page:
    """Return the board of one incident.

    Args:
        number: the incident's.
        forms: the deployments that its links open; none by default.
        as_of: the moment that it is written for; now by default.

    Raises:
        Refusal: there is none under this number.
    """
    links, view = forms or Forms(), read_view(number, as_of)
    groups, calls, rows = group_states(view), call_states(view), timeline(view)
    title = marked(word("name", number=number, unit=view.incident.unit_name), drill=view.drill)
    address = form_address(links.group)
    body = sections(
        f"# {word('drill_banner')}" if view.drill else "",
        head(view),
        _picture(title, view, groups, calls),
        duties_table(view.duties),
        questions_table(view, links.decide),
        groups_table(groups, address, number),
        tasks_table(view, address),
        calls_table(view, calls),
        _history(view, rows),
        timeline_table(rows),
        orders_table(view),
        conditions_table(view),
        releases_table(view),
        readiness_table(view),
        lessons_table(view),
        handovers_table(view),
    )
    return Page(board_key(number), title, body)


def level_title(level: str) -> str:
    """Return a grade or level in words; what is not known yet is said to be unknown."""
    return word(f"level_{level or 'none'}")


def grades_text(incident: Any) -> str:
    """Return both grades side by side: what is confirmed, and the worst that it may be."""
    if not incident.worst_grade or incident.worst_grade == incident.grade:
        return level_title(incident.grade)
    return word("grades", confirmed=level_title(incident.grade), worst=level_title(incident.worst_grade))


def head(view: View) -> str:
    """Return what stands on top: where it stands, how grave it is, who commands, and when the next report is due."""
    incident = view.incident
    lines = {
        "status": f"**{plain(status_title(PROCESS, view.case.status))}**",
        "grade": f"**{grades_text(incident)}**",
        "criteria": plain(criteria(view)),
        "response": f"**{level_title(incident.response_level)}**",
        "command": commands(view),
        "expected": plain(expected(view)),
        "situation": next_situation(view),
        "scene": plain("，".join(filter(None, (incident.scene, incident.town and unit_title(incident.town))))),
        "occurred": local(incident.occurred_at) or word("unknown"),
        "received": local(incident.received_at),
        "beyond": "" if incident.beyond_district is None else word(f"beyond_{str(incident.beyond_district).lower()}"),
    }
    return "\n".join(f"- {word(f'head_{name}')}{value}" for name, value in lines.items() if value)


def criteria(view: View) -> str:
    """Return which criterion makes the grade, and what nobody knows yet."""
    incident = view.incident
    loss = None if incident.loss_cents is None else Decimal(incident.loss_cents) / 100
    known = Casualties(
        dead=incident.dead, injured=incident.injured, missing=incident.missing, trapped=incident.trapped, loss=loss
    )
    told = [line for line in grade_range(known, view.case.on_day).working if line.key.startswith(TELLING)]
    return "；".join(line.text(settings().language) for line in told)


def commands(view: View) -> str:
    """Return who commands, and who signed the order that says so."""
    order = next(
        (one for one in reversed(view.orders) if one.kind in ("superior", "activation") and _in_force(one)), None
    )
    who = word(f"command_{view.incident.command}")
    return who if order is None else word("signed_by", who=who, by=plain(order.issued_by), number=order.number)


def _in_force(order: Any) -> bool:
    return order.withdrawn_at is None


def expected(view: View) -> str:
    """Return how long it is expected to last, as the latest order in force says."""
    said = (order.content.get("expected") or order.content.get("duration") for order in reversed(view.orders)
            if _in_force(order))  # fmt: skip
    return str(next(filter(None, said), ""))


def next_situation(view: View) -> str:
    """Return when the next situation report is due; a missed one is marked."""
    chosen = (
        select(func.min(DEADLINES.c.due_at))
        .where(DEADLINES.c.case_id == view.case.id, DEADLINES.c.name.like(f"{SITUATION}%"))
        .where(DEADLINES.c.met_at.is_(None), DEADLINES.c.superseded_at.is_(None))
    )
    with reading() as connection:
        found: datetime | None = connection.execute(chosen).scalar_one()
    if found is None:
        return ""
    return f"**{word('missed')}** {local(found)}" if view.at > found else local(found)


def _tiles(view: View, calls: Sequence[CallState]) -> list[list[Tile]]:
    incident, late = view.incident, sum(one.state is State.LATE for one in view.duties)
    silent = sum(one.unanswered for one in calls)
    toll = [
        Tile(
            word(f"toll_{name}"),
            word("unknown") if value is None else f"{value:,}",
            "plain" if value in (None, 0) else "bad",
        )
        for name in TOLL
        for value in [getattr(incident, name)]
    ]
    return [
        [
            Tile(word("tile_status"), status_title(PROCESS, view.case.status)),
            Tile(word("tile_grade"), level_title(incident.grade)),
            Tile(word("tile_worst"), level_title(incident.worst_grade), _worse(incident)),
            Tile(word("tile_response"), level_title(incident.response_level)),
        ],
        [
            *toll,
            Tile(word("tile_late"), f"{late:,}", "bad" if late else "good"),
            Tile(word("tile_silent"), f"{silent:,}", "soon" if silent else "good"),
        ],
    ]


def _worse(incident: Any) -> Tone:
    return "soon" if LEVELS.index(incident.worst_grade) > LEVELS.index(incident.grade) else "plain"


def hands(duties: Sequence[Standing]) -> list[Hand]:
    """Return the duties for the clock face: what is owed first; late ones stay red when they were done."""
    return [
        Hand(
            one.title,
            " · ".join(filter(None, (one.owes, one.due_text, one.certainty))),
            one.left,
            one.tone,
            one.due_at if one.state.still_owed else None,
        )
        for one in duties[:MOST_HANDS]
    ]


def _picture(title: str, view: View, groups: Sequence[GroupState], calls: Sequence[CallState]) -> str:
    sheet = IncidentSheet(title)
    if view.drill:
        sheet.band(word("drill_banner"))
    rows = _tiles(view, calls)
    for tiles in rows:
        sheet.tiles(tiles)
    if view.duties:
        sheet.face(word("face"), view.at, hands(view.duties))
    draw_groups(sheet, groups)
    words = "，".join(f"{tile.label}{tile.value}" for tiles in rows for tile in tiles)
    return picture(sheet.draw(), marked(words, drill=view.drill))


def _history(view: View, rows: Sequence[Any]) -> str:
    sheet = IncidentSheet(word("history"))
    curves = [Curve(word(f"toll_{name}"), _TOLL_TONES[name], points) for name, points in toll_over_time(view).items()]
    if any(value is not None for curve in curves for _, value in curve.points):
        sheet.curves(word("history"), curves, view.at)
    draw_timeline(sheet, view, list(rows))
    return picture(sheet.draw(), word("history"))


def duties_table(duties: Sequence[Standing]) -> str:
    """Return the statutory duties: who owes what to whom by when, under which article, and what became of it."""
    if not duties:
        return ""
    heads = [word(f"duty_{name}") for name in ("what", "rule", "done")]
    rows = [
        [
            f"**{plain(one.title)}**<br>{_stands(one)}<br>{_ends(one)}",
            f"{plain(one.owes)} → {plain(one.towards)}<br>{plain(one.duty.rule)} {one.certainty}".rstrip(),
            _done(one),
        ]
        for one in duties
    ]
    return sections(f"## {word('duties')}", word("duties_help"), table(heads, rows))


def _stands(one: Standing) -> str:
    said = f"{word(f'duty_is_{one.state.value}')} {one.left}"
    return f"**{said}**" if one.tone == "bad" else said


def _ends(one: Standing) -> str:
    ends = word("due_at", at=one.due_text)
    return f"{ends} {word('extended', by=plain(one.duty.extended_by))}" if one.duty.extended_until else ends


def _done(one: Standing) -> str:
    duty = one.duty
    said = [local(duty.satisfied_at), plain(duty.satisfied_by)]
    if duty.occurred_at and local(duty.occurred_at) != local(duty.satisfied_at):
        said.append(word("stated", at=local(duty.occurred_at)))
    said += [plain(duty.late_reason)]
    if duty.superseded_by:
        title = first_said(f"duty_{PROCESS}.{duty.superseded_by.partition('#')[0]}", otherwise=duty.superseded_by)
        said.append(word("replaced", by=plain(title)))
    return "<br>".join(part for part in said if part)


def overview_page(views: Sequence[View]) -> Page:
    """Return the board of all incidents: the open ones first, the gravest and the next due on top; drills apart."""
    real, drills = ([view for view in views if view.drill is drill] for drill in (False, True))
    body = sections(
        word("overview_help"),
        _overview(word("overview_real"), real) or word("overview_none"),
        _overview(word("overview_drills"), drills),
    )
    return Page(OVERVIEW, word("overview"), body)


def urgency(view: View) -> tuple[Any, ...]:
    """Return the place of an incident on the board of all: open first, then by the worst grade and what is due next."""
    due = next((one.due_at for one in view.duties if one.state.still_owed and one.due_at), None)
    worst = max(LEVELS.index(view.incident.worst_grade), LEVELS.index(view.incident.grade))
    return view.case.closed_at is not None, -worst, due is None, due or view.case.opened_at, view.case.id


def _overview(title: str, views: Sequence[View]) -> str:
    if not views:
        return ""
    heads = [word(f"overview_{name}") for name in ("number", "status", "due", "open")]
    rows = []
    for view in sorted(views, key=urgency):
        due = next((one for one in view.duties if one.state.still_owed and one.due_at), None)
        late = sum(one.state is State.LATE for one in view.duties)
        silent = sum(one.unanswered for one in call_states(view))
        address = f"{settings().address}/v2/artifacts/key/{board_key(view.case.number)}"
        rows.append(
            [
                f"{marked(link(view.case.number, address), drill=view.drill)}<br>{plain(view.incident.unit_name)}",
                (
                    f"**{plain(status_title(PROCESS, view.case.status))}**<br>{grades_text(view.incident)}<br>"
                    f"{word('head_response')}{level_title(view.incident.response_level)}"
                ),
                f"{due.due_text}<br>{plain(due.title)}" if due else "",
                "<br>".join(
                    f"**{word(name)} {count}**"
                    for name, count in (("tile_late", late), ("tile_silent", silent))
                    if count
                ),
            ]
        )
    return sections(f"## {title}", table(heads, rows))


def incident_pages(client: SyncPrefectClient) -> list[Page]:
    """Return the boards of the incidents that are open or were closed of late, and the one of all; none without any."""
    numbers = [number for number, _ in open_incidents(now() - KEPT_AFTER_CLOSING)]
    with reading() as connection:
        ever = connection.execute(select(CASES.c.id).where(CASES.c.process == PROCESS).limit(1)).first()
    if ever is None:
        return []
    forms = forms_of(client)
    return [*(incident_page(number, forms) for number in numbers), overview_page([read_view(one) for one in numbers])]


def forms_of(client: SyncPrefectClient) -> Forms:
    """Return the forms that the boards link to."""
    return Forms(_id(client, DECIDE), _id(client, GROUP_FORM))


def _id(client: SyncPrefectClient, name: str) -> str:
    try:
        return str(client.read_deployment_by_name(name).id)
    except ObjectNotFound:
        return ""


def refresh(number: str) -> None:
    """Bring one incident's board up at once; where that fails, the watch does it later, and says why it cannot."""
    with suppress(Exception), prefect() as client:  # what was brought must not fail for its picture
        publish_pages(client, [incident_page(number, forms_of(client))])
