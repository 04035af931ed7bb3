"""The worklist: every open question by office, with its own run and the decision form filled with its number."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from config.settings import settings
from tasks.ask import Question, open_questions
from tasks.ask_members import UNSHOWN
from tasks.board_page import (
    Page,
    artifact_address,
    cut_note,
    link,
    local,
    marked,
    office_title,
    plain,
    run_address,
    sections,
    slug,
    table,
    word,
)
from tasks.chart import Sheet, Tile, picture
from tasks.clock import now
from tasks.form import other_fields

KEY: Final = "worklist"
MOST_ROWS: Final = 200


def office_key(role: str) -> str:
    """Return the key of an office's own worklist."""
    return slug(KEY, role)


def answer_address(deployment_id: str, number: str, fields: Sequence[str] = ()) -> str:
    """Return the address that opens the decision form filled with a question's number, in both versions of the UI.

    Args:
        deployment_id: the decision form's.
        number: the question's number.
        fields: what else the question asks for; each stands ready to be filled in on a line of its own.
    """
    filled = {"number": number} | ({"details": "\n".join(f"{field}=" for field in fields)} if fields else {})
    parameters = quote(json.dumps(filled, ensure_ascii=False), safe="")
    return f"{settings().address}/v2/deployments/deployment/{deployment_id}/run?parameters={parameters}"


def by_office(questions: Sequence[Question]) -> dict[str, list[Question]]:
    """Return the questions of each role, the most burdened first."""
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.role, []).append(question)
    return dict(sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])))


class Forms(NamedTuple):
    """The deployments that a worklist's links open, by id; empty where one is not there."""

    decide: str = ""
    assist: str = ""


def office_page(role: str, questions: Sequence[Question], deployment_id: str, assist_id: str = "") -> Page:
    """Return one office's worklist; an office without questions keeps its page, which says so."""
    title = word("worklist_office_name", office=office_title(role))
    return Page(office_key(role), title, _body(title, questions, Forms(deployment_id, assist_id), ""))


def worklist_page(
    questions: Sequence[Question], deployment_id: str, pages: Mapping[str, str], assist_id: str = ""
) -> Page:
    """Return the worklist of all offices; `pages` holds the artifact id of each office's own page by its key."""
    title, at = word("worklist_name"), now()
    rows = [
        [
            plain(office_title(role)),
            len(asked),
            sum(is_overdue(each, at) for each in asked) or "",
            local(min((each.due_at for each in asked if each.due_at), default=None)),
            link(word("open_board"), artifact_address(pages[office_key(role)])) if office_key(role) in pages else "",
        ]
        for role, asked in by_office(questions).items()
    ]
    heads = [word(head) for head in ("office", "count", "overdue", "earliest", "open_board")]
    offices = sections(f"## {word('offices_title')}", table(heads, rows, right=(1, 2))) if rows else ""
    return Page(KEY, title, _body(title, questions, Forms(deployment_id, assist_id), offices))


def worklist_pages(deployment_id: str, assist_id: str = "") -> list[Page]:
    """Return the page of each office that has questions."""
    return [office_page(role, asked, deployment_id, assist_id) for role, asked in by_office(open_questions()).items()]


def is_overdue(question: Question, at: datetime) -> bool:
    """Say whether an answer is late; that decides nothing."""
    return question.due_at is not None and at > question.due_at


def due_text(question: Question, at: datetime) -> str:
    """Return when an answer is due, marked once that has passed."""
    due = local(question.due_at)
    return f"**{word('light_red')}**<br>{due}" if is_overdue(question, at) else due


def _links(question: Question, forms: Forms) -> str:
    shown = question.run_id not in ("", UNSHOWN)
    lines = [link(question.number, run_address(question.run_id)) if shown else question.number]
    if forms.decide:
        address = answer_address(forms.decide, question.number, other_fields(question.form))
        lines.append(f"**{link(word('answer_link'), address)}**")
    if forms.assist:
        lines.append(link(word("assist_link"), answer_address(forms.assist, question.number)))
    return "<br>".join(lines)


def _matter(question: Question) -> str:
    lines = [f"**{plain(question.title)}**", marked(plain(question.case), drill=question.drill)]
    lines += [f"**{word('urged', times=question.urges)}**"] if question.urges else []
    lines += [plain(word("refused", why=question.refusal))] if question.refusal else []
    return "<br>".join(lines)


def _body(title: str, questions: Sequence[Question], forms: Forms, offices: str) -> str:
    at = now()
    if not questions:
        return word("worklist_empty")
    late = sum(is_overdue(each, at) for each in questions)
    tiles = [
        Tile(word("tile_questions"), f"{len(questions):,}"),
        Tile(word("tile_overdue"), f"{late:,}", "bad" if late else "good"),
    ]
    if offices:
        tiles.append(Tile(word("tile_offices"), f"{len({each.role for each in questions}):,}"))
    sheet = Sheet(title)
    sheet.tiles(tiles)
    urgent = sorted(questions, key=lambda each: (each.due_at is None, each.due_at or each.asked_at, each.seat_id))
    shown = urgent[:MOST_ROWS]
    return sections(
        picture(sheet.draw(), "，".join(f"{tile.label}{tile.value}" for tile in tiles)),
        word("worklist_help"),
        offices,
        f"## {word('questions_title')}" if offices else "",
        _questions(shown, forms, at, with_office=bool(offices)),
        cut_note(len(questions), len(shown)),
    )


def _questions(questions: Sequence[Question], forms: Forms, at: datetime, *, with_office: bool) -> str:
    heads = ["number", "matter", *(["office"] if with_office else []), "asked", "due"]
    rows = (
        [
            _links(each, forms),
            _matter(each),
            *([plain(office_title(each.role))] if with_office else []),
            local(each.asked_at),
            due_text(each, at),
        ]
        for each in questions
    )
    return table([word(head) for head in heads], rows)
