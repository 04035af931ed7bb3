"""The officers of a simulation: they have only so many hours, take what is due first, and sign at the one door."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from config.messages import Refusal, say
from models.case import DecisionStatus
from models.policy_redemption.money import yuan
from models.policy_redemption.status import ApplicationStatus as A
from models.roster import PaymentOutcome, PaymentResultRow
from tasks import officer
from tasks.ask import DECISIONS, SEATS
from tasks.clock import local_day, set_clock
from tasks.door import Proofs, Signature, decide
from tasks.journal import CASES
from tasks.mailbox import take_roster
from tasks.policy_redemption.payment_roll import BATCHES, LINES
from tasks.policy_redemption.roll import PAPERS
from tasks.policy_redemption.simulation.scenario import DAY, Scenario
from tasks.policy_redemption.simulation.world import DEPARTMENT, TREASURER, staff_of
from tasks.roster import write_roster
from tasks.store import reading

MINUTES: Final = 60
WAY: Final = "rehearsal"
CODE: Final = timedelta(seconds=31)


@dataclass
class Officer:
    """One officer: what lies on the desk, and what was done."""

    staff_no: str
    seat: Any = None
    left: float = 0.0
    """Minutes that what lies on the desk still takes."""
    minutes: defaultdict[date, float] = field(default_factory=lambda: defaultdict(float))
    """Minutes worked, by the Monday of the week."""
    decisions: int = 0
    last: date | None = None


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - DAY * day.weekday()


class Office:
    """The officers of the department and the work that lies before them."""

    def __init__(self, scenario: Scenario, notice_id: int) -> None:
        self.scenario, self.notice_id = scenario, notice_id
        self.people = [Officer(staff_of(place)) for place in range(1, scenario.officers + 1)]
        self._proofs, self._codes = Proofs(), dict[tuple[str, date], str]()

    def waiting(self) -> Sequence[Any]:
        """Return the open questions about applications, what is due first in front."""
        papers = select(func.count()).where(PAPERS.c.case_id == CASES.c.id).correlate(CASES).scalar_subquery()
        chosen = (
            select(SEATS.c.id, DECISIONS.c.point, DECISIONS.c.turn, DECISIONS.c.excluded, DECISIONS.c.due_at)
            .add_columns(CASES.c.number, papers.label("papers"))
            .join(DECISIONS, DECISIONS.c.id == SEATS.c.decision_id)
            .join(CASES, CASES.c.id == DECISIONS.c.case_id)
            .where(SEATS.c.status == DecisionStatus.OPEN.value, CASES.c.parent_id == self.notice_id)
            .order_by(DECISIONS.c.due_at, SEATS.c.id)
        )
        with reading() as connection:
            return connection.execute(chosen).all()

    def launch(self, at: datetime) -> None:
        """Let the notice go out."""
        chosen = select(SEATS.c.id).where(SEATS.c.status == DecisionStatus.OPEN.value, SEATS.c.role == DEPARTMENT)
        with reading() as connection:
            seat = connection.execute(chosen).scalar_one()
        self._sign(self.people[0].staff_no, seat, {"verdict": "approve"}, local_day(at))

    def work(self, at: datetime) -> int:
        """Work for the hour that ends now; return how many decisions were signed."""
        queue = list(self.waiting())
        known, day, signed = {row.id for row in queue}, local_day(at), 0
        held = {one.seat.id for one in self.people if one.seat}
        queue = [row for row in queue if row.id not in held]
        for one in sorted(self.people, key=lambda one: (sum(one.minutes.values()), one.staff_no)):
            if one.seat and one.seat.id not in known:  # withdrawn meanwhile
                one.seat, one.left = None, 0.0
            hour = float(MINUTES)
            while hour > 0:
                if one.seat is None and not self._take(one, queue):
                    break
                spent = min(hour, one.left)
                hour, one.left = hour - spent, one.left - spent
                one.minutes[monday(day)] += spent
                if one.left <= 0:
                    signed += self._finish(one, day)
        return signed

    def _take(self, one: Officer, queue: list[Any]) -> bool:
        for place, row in enumerate(queue):
            if one.staff_no not in row.excluded:
                one.seat = queue.pop(place)
                least, usual, most = getattr(self.scenario.assumed.minutes, row.point)
                one.left = self._dice(row).triangular(least, most, usual)
                return True
        return False

    def _dice(self, row: Any) -> Any:
        return self.scenario.chance(row.number, row.point, row.turn)

    def _finish(self, one: Officer, day: date) -> int:
        row, one.seat, one.left = one.seat, None, 0.0
        if not self._sign(one.staff_no, row.id, self._answer(row), day):
            return 0
        one.decisions, one.last = one.decisions + 1, day
        return 1

    def _answer(self, row: Any) -> dict[str, str]:
        """Return what an officer answers: whoever lacks the paper is told so once, the rest is chance."""
        if row.point == "acceptance" and row.papers == 0:
            return {"verdict": "return", "items": say("simulation.material")}
        shares, luck = self.scenario.assumed.shares, self.scenario.chance("verdict", row.number, row.point).random()
        verdict = {
            "acceptance": "reject" if luck < shares.refused else "approve",
            "review": "reject" if luck < shares.rejected else "approve",
            "objection": "upheld" if luck < shares.upheld else "not_upheld",
        }[row.point]
        return {"verdict": verdict}

    def _sign(self, staff_no: str, seat: int, answer: dict[str, str], day: date) -> bool:
        """Sign with the code of the day, as a sheet of decisions does; say whether the answer still counted."""
        code = self._codes.setdefault((staff_no, day), officer.code_now(staff_no))
        given = answer | {"reason": say("simulation.reason")}
        try:
            decide(seat, Signature(staff_no, code, given, WAY), self._proofs)
        except Refusal as refusal:
            if refusal.key not in {"kernel.question_closed", "kernel.stale"}:
                raise
            return False
        return True


class Treasury:
    """The treasury: it confirms each batch some days after it was drawn, and never finds a wrong account."""

    def __init__(self, scenario: Scenario, notice_id: int, number: str, home: Path) -> None:
        self.scenario, self.notice_id, self.number, self.home = scenario, notice_id, number, home

    def confirm(self, at: datetime) -> bool:
        """Send back the results of the batches whose time has come; say whether there were any."""
        until = at - DAY * self.scenario.assumed.treasury_days
        chosen = (
            select(BATCHES.c.number.label("batch"), CASES.c.number, LINES.c.amount)
            .join(LINES, LINES.c.batch_id == BATCHES.c.id)
            .join(CASES, CASES.c.id == LINES.c.case_id)
            .where(BATCHES.c.notice_id == self.notice_id, BATCHES.c.drawn_at <= until, LINES.c.result == "")
            .where(CASES.c.status == A.PAYING)
            .order_by(LINES.c.id)
        )
        with reading() as connection:
            lines = connection.execute(chosen).all()
        for place, batch in enumerate(dict.fromkeys(line.batch for line in lines)):
            set_clock(at + place * CODE, back=True)  # a code is good once
            self._send(batch, [line for line in lines if line.batch == batch], at)
        return bool(lines)

    def _send(self, batch: str, lines: Sequence[Any], at: datetime) -> None:
        code = officer.code_now(TREASURER)
        rows = [
            PaymentResultRow(
                batch=batch,
                number=line.number,
                amount=yuan(line.amount),
                outcome=PaymentOutcome.PAID,
                paid_on=local_day(at),
                voucher=say("simulation.voucher", batch=batch),
                staff=None if place else TREASURER,
                code=None if place else code,
            )
            for place, line in enumerate(lines)
        ]
        path = self.home / f"{batch}.xlsx"
        write_roster(path, PaymentResultRow.sheet_title(), PaymentResultRow, rows)
        taken = take_roster(self.number, "payment_result", path)
        if taken.rejected:
            raise RuntimeError(taken)
