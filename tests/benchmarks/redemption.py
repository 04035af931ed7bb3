"""Policy redemption bare: what an application costs in each phase, matching of a register, decisions by the sheet."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from models.policy_redemption.policy import Condition
from models.roster import DecisionRow
from tasks import officer
from tasks.ask import open_questions
from tasks.clock import now, set_clock
from tasks.decision_sheet import answer_sheet
from tasks.journal import CASES, case_id_of
from tasks.roster import write_roster
from tasks.store import reading
from tests.benchmarks.measure import Ground, Line, spent
from tests.benchmarks.mirror import Mirror
from tests.benchmarks.notice import APPLY_FREE, CHIEF, CODE_SECONDS, DEPARTMENT, Notice, prepare

LIMIT: Final = 1.3
SIGNED: Final = "signed"
LIMITS: Final[dict[str, tuple[str, float | None]]] = {
    SIGNED: ("4", 2.5),  # a commit each, as a person signs; so is its floor
    "taken in": ("-", None),  # reads an Excel sheet, which its floor does not
    "confirmed by the treasury": ("-", None),
}
LINES_OF_A_SHEET: Final = 500
DECLARED: Final = Condition(
    name="高新技术企业", judged_by="machine", fact="titles", comparison="includes", value="高新技术企业"
)


def phases(on: Ground, size: int) -> list[Line]:
    """Take a notice of so many applications to its end; tell each phase beside the floor of its rows."""
    prepare(size)
    notice = Notice(on.folder)
    notice.launch()
    mirror, lines = Mirror(on), []
    for name, act in notice.phases(size):
        ours = spent(act)
        floor = mirror.follow(1) if name == SIGNED else mirror.follow()
        if name:
            note = f"{ours.wall / size * 1e6:.0f} µs each, floor {floor.wall / size * 1e6:.0f}; by processor {ours.cpu / floor.cpu:.1f} x"
            goal, limit = LIMITS.get(name, ("1", LIMIT))
            what = f"{name}, {size:,} applications, {on.kind}"
            lines.append(Line(goal, what, ours.wall / floor.wall, limit, note=note))
    assert _standing(notice) == {"paid": size}
    return lines


def _standing(notice: Notice) -> dict[str, int]:
    chosen = select(CASES.c.status, func.count()).where(CASES.c.parent_id == case_id_of(notice.number))
    with reading() as connection:
        return dict(connection.execute(chosen.group_by(CASES.c.status)).tuples().all())


def matching(on: Ground, firms: int) -> list[Line]:
    """Hold every firm of the register against a policy that need not be applied for, with a reason for each."""
    prepare(firms, conditions=(DECLARED,), **APPLY_FREE)
    notice, mirror = Notice(on.folder), Mirror(on)
    ours = spent(notice.tell)
    floor = mirror.follow()
    assert sum(_standing(notice).values()) == firms
    note = f"{ours.wall:.1f} s; {ours.wall / firms * 1e6:.0f} µs a firm, floor {floor.wall / firms * 1e6:.0f}"
    return [Line("1", f"matching of {firms:,} firms, {on.kind}", ours.wall / floor.wall, LIMIT, note=note)]


def decisions(on: Ground, among: int) -> list[Line]:
    """Answer five hundred questions from one sheet while so many applications wait."""
    prepare(among)
    notice = Notice(on.folder)
    notice.launch()
    notice.take("policy_application", notice.sheet(among))
    notice.tell()
    set_clock(now() + timedelta(seconds=CODE_SECONDS))
    code = officer.code_now(CHIEF)
    asked = [one for one in open_questions(role=DEPARTMENT) if one.case.startswith(notice.number)]
    rows = [
        DecisionRow(question=one.number, staff=CHIEF, code=code, verdict="同意", reason="符合规定")
        for one in asked[:LINES_OF_A_SHEET]
    ]
    path = on.folder / "decision.xlsx"
    write_roster(path, DecisionRow.sheet_title(), DecisionRow, rows)
    mirror = Mirror(on)
    done = []
    ours = spent(lambda: done.append(answer_sheet(path)))
    floor = mirror.follow(1)
    assert (done[0].accepted, done[0].rejected) == (len(rows), 0), done
    each = ours.wall / len(rows) * 1e3
    note = f"{ours.wall:.2f} s, {each:.1f} ms a line, floor {floor.wall / len(rows) * 1e3:.2f}, both with a commit each; by processor {ours.cpu / floor.cpu:.1f} x"
    return [Line("-", f"{len(rows)} decisions from a sheet among {among:,}, {on.kind}", ours.wall, unit="s", note=note)]
