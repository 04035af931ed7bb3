"""The score of a drill: each person called, each task, duty and report against its time, and what follows from it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, select

from config.emergency_plan import EmergencyPlan
from config.fact import Fact
from config.messages import say
from config.offices import OfficeUnknownError, office
from config.rulebook import rule
from models.case import Deadline
from models.incident_response.clock import IncidentDuty
from models.incident_response.lesson import LessonKind
from tasks.clock import now
from tasks.incident_response import lessons
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.duty_book import SITUATION
from tasks.incident_response.groups import HEARTBEAT
from tasks.incident_response.incident import PROCESS, TASKS, plan_of
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction, reading, table

DUTIES: Final = table(IncidentDuty)
DEADLINES: Final = table(Deadline)
KINDS: Final = ("call", "task", "duty", "situation", "heartbeat")
IN_TIME: Final = "in_time"
LATE: Final = "late"
NEVER: Final = "never"
WHOLE: Final = 100


class Point(Fact):
    """One thing that was to happen by a moment: what, by whom, and how many minutes before its end it did."""

    kind: str
    what: str
    owner: str
    staff_no: str = ""
    result: str
    margin: int | None = None

    @property
    def who(self) -> str:
        """Short title of the role."""
        try:
            return office(self.owner).title
        except OfficeUnknownError:
            return self.owner

    @property
    def text(self) -> str:
        """Say it in one line."""
        return say(
            f"drill.point_{self.kind}", "zh", what=self.what, who=self.who, result=say(f"drill.{self.result}", "zh")
        )


class Score(Fact):
    """How a drill went: its points, how many in time, and the grade; whom the score is told."""

    points: tuple[Point, ...]
    total: int
    met: int
    percent: int
    grade: str
    grade_text: str
    tells: tuple[str, ...]


def rows(of: Table, case_id: int) -> list[Any]:
    """Return a case's rows of a table in the order of their making."""
    with reading() as connection:
        return list(connection.execute(select(of).where(of.c.case_id == case_id).order_by(of.c.id)))


def score(case: Dossier, tells: Sequence[str] = ()) -> Score:
    """Judge a drill as it stands now; whoever was still in time to act is not counted."""
    points = (*_calls(case, plan_of(case)), *_tasks(case), *_duties(case), *_clocks(case))
    met = sum(one.result == IN_TIME for one in points)
    percent = WHOLE * met // len(points) if points else 0
    limits = rule(f"{PROCESS}.drill_grades", case.on)
    grade = next((name for name in ("excellent", "good", "pass") if percent >= limits[name]), "fail")
    return Score(points=points, total=len(points), met=met, percent=percent, grade=grade,
                 grade_text=say(f"drill.grade_{grade}", "zh"), tells=tuple(tells))  # fmt: skip


def table_of(points: Iterable[Point]) -> list[list[str]]:
    """Return the score as a table: kind, what, who, result, minutes to spare (negative: late)."""
    return [
        [say(f"drill.kind_of_{one.kind}", "zh"), one.what, " ".join(filter(None, (one.who, one.staff_no))),
         say(f"drill.{one.result}", "zh"), "" if one.margin is None else str(one.margin)]
        for one in points
    ]  # fmt: skip


def enter_lessons(tx: Transaction, case: Dossier, points: Iterable[Point]) -> int:
    """Enter an action for everything that was late or never came; the rest beyond the most stands in the last one."""
    wrong = [one for one in points if one.result != IN_TIME]
    most = int(rule(f"{PROCESS}.drill_lesson_items", case.on))
    due_on = _today() + timedelta(days=int(rule(f"{PROCESS}.drill_lesson_days", case.on)))
    single = wrong if len(wrong) <= most else wrong[: most - 1]
    texts = [(one.text, one.owner) for one in single]
    if len(single) < len(wrong):
        texts.append((say("drill.lessons_more", "zh", count=len(wrong) - len(single)), plan_of(case).office))
    for text, owner in texts:
        lessons.add(tx, case.id, LessonKind.ACTION, text, owner=owner, due_on=due_on, source="drill", by=SYSTEM)
    return len(texts)


def _today() -> date:
    return now().date()


def _judge(due_at: datetime | None, done_at: datetime | None) -> tuple[str, int | None] | None:
    """Return the result and the minutes to spare; nothing where there is still time, or no time was set."""
    if done_at is None:
        return (NEVER, None) if due_at is not None and now() > due_at else None
    if due_at is None:
        return IN_TIME, None
    return (IN_TIME if done_at <= due_at else LATE), int((due_at - done_at).total_seconds() // 60)


def _points(kind: str, what: str, owner: str, judged: tuple[str, int | None] | None, staff_no: str = "") -> list[Point]:
    if judged is None:
        return []
    return [Point(kind=kind, what=what, owner=owner, staff_no=staff_no, result=judged[0], margin=judged[1])]


def _calls(case: Dossier, plan: EmergencyPlan) -> Iterable[Point]:
    wait = timedelta(minutes=plan.stand_in_minutes)
    for row in rows(CALLS, case.id):
        due = row.called_at + wait
        if row.answered_at is None and row.ended_at is not None and row.ended_at <= due:
            continue  # called off in time: nothing was owed any more
        yield from _points("call", _purpose(row.purpose, plan), row.role, _judge(due, row.answered_at), row.staff_no)


def _purpose(purpose: str, plan: EmergencyPlan) -> str:
    stem, _, code = purpose.partition(":")
    names = {one.code: one.zh for one in plan.groups}
    return names.get(code, code) if stem == "group" else say("drill.called", "zh")


def _tasks(case: Dossier) -> Iterable[Point]:
    for row in rows(TASKS, case.id):
        if row.status != "dropped":
            yield from _points("task", row.title, row.owner, _judge(row.due_at, row.done_at))


def _duties(case: Dossier) -> Iterable[Point]:
    due = {(row.name, row.turn): row.due_at for row in rows(DEADLINES, case.id)}
    for row in rows(DUTIES, case.id):
        if not row.superseded_by:
            judged = _judge(due.get((row.name, row.turn)), row.satisfied_at)
            yield from _points("duty", say(f"duty_{PROCESS}.{row.name}", "zh"), row.owes, judged)


def _clocks(case: Dossier) -> Iterable[Point]:
    """Judge the reports that were due at intervals: of the situation, and of each group."""
    for row in rows(DEADLINES, case.id):
        stem = row.name.partition(".")[0]
        if stem not in {SITUATION, HEARTBEAT} or (row.superseded_at is not None and row.met_at is None):
            continue
        kind = "situation" if stem == SITUATION else "heartbeat"
        yield from _points(kind, say(f"drill.kind_of_{kind}", "zh"), row.office, _judge(row.due_at, row.met_at))
