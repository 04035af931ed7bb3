"""A redemption notice told bare, phase by phase: from the sheet of applications to the last payment."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, select

from config.zone import SHANGHAI
from flows.policy_redemption import policy_redemption
from models.policy_redemption.money import yuan
from models.policy_redemption.policy import Grant, Lane
from models.roster import PaymentOutcome, PaymentResultRow, PolicyApplicationRow
from tasks import officer
from tasks.ask import open_questions
from tasks.case import open_case
from tasks.clock import local_day, now, set_clock
from tasks.door import Proofs, Signature, decide
from tasks.journal import CASES, case_id_of
from tasks.mailbox import take_roster
from tasks.policy_redemption import ledger
from tasks.policy_redemption.payment_roll import BATCHES, LINES
from tasks.policy_redemption.register import POLICIES, VERSIONS
from tasks.policy_redemption.roll import FIRMS
from tasks.roster import write_roster
from tasks.store import reading, transaction
from tasks.wait import Parked
from tests.flows.redemption_stage import FACTS, content, uscc

OPENS, CLOSES = date(2026, 3, 2), date(2026, 3, 31)
DEPARTMENT, TREASURY = "science_bureau", "finance_bureau"
CHIEF, TREASURER = "S001", "S002"
CODE_SECONDS: Final = 31
POSTING_DAYS: Final = 12


def prepare(firms: int, **about: Any) -> None:
    """Enrol the officers, register firms, approve the budget; the clock stands on the first day of the window."""
    set_clock(datetime(2026, 3, 2, 9, tzinfo=SHANGHAI), back=True)
    officer.enrol(CHIEF, "经办", [DEPARTMENT], date(2022, 1, 1))
    officer.enrol(TREASURER, "出纳", [TREASURY], date(2022, 1, 1))
    budget = open_case("YS-2026-001", process="policy_budget", subject="", on=OPENS, story="policy_budget/policy_budget",
                       parameters={}, status="approved")  # fmt: skip
    account = {"holder": "某公司", "bank": "农业银行海门支行", "account": "10729001040012345"}
    with transaction() as tx:
        ledger.approve(
            tx, department=DEPARTMENT, year=2026, approved=10**13, target="-", document="-", case_id=budget.id
        )
        tx.core.execute(insert(FIRMS), [
            {"uscc": uscc(place), "name": f"海门{place}号科技有限公司", "town": "sanxing",
             "facts": FACTS | {"titles": ["高新技术企业"] if place % 4 else []},
             "facts_on": date(2026, 1, 1), "registered_at": now(), "contact": None, "phone": None} | account
            for place in range(1, firms + 1)
        ])  # fmt: skip
    publish("ZC-2026-001", **about)


def publish(code: str, **about: Any) -> None:
    """Publish a policy of one level and no papers."""
    given = {"materials": (), "reviewers": (), "grant": Grant(kind="fixed", amount="100"), "issued": date(2026, 1, 4)}
    made = content(**given | {"conditions": (), "matter": code} | about)
    with transaction() as tx:
        policy_id = tx.add(
            insert(POLICIES).values(code=code, department=DEPARTMENT, title=made.title, secret=False, repealed_on=None)
        )
        row = {"policy_id": policy_id, "number": 1, "since": made.issued, "content": made, "published_at": now()}
        tx.core.execute(insert(VERSIONS).values(row))


class Notice:
    """One notice under a policy."""

    def __init__(self, folder: Path, code: str = "ZC-2026-001", place: int = 1) -> None:
        self.folder, self.code, self.number = folder, code, f"DX-2026-{place:04}"

    def tell(self) -> None:
        """Tell the story until it waits."""
        try:
            policy_redemption.fn(self.code, OPENS, CLOSES)
        except Parked:
            return

    def launch(self) -> None:
        """Have the notice approved."""
        self.tell()
        self.sign(1)
        self.tell()

    def sign(self, most: int) -> int:
        """Approve what is asked of the department, one code for all of it; return how many were signed."""
        set_clock(now() + timedelta(seconds=CODE_SECONDS))
        proofs, code = Proofs(), officer.code_now(CHIEF)
        asked = [one for one in open_questions(role=DEPARTMENT) if one.case.startswith(self.number)][:most]
        for one in asked:
            decide(one.seat_id, Signature(CHIEF, code, {"verdict": "approve", "reason": "符合规定"}, "sheet"), proofs)
        return len(asked)

    def sheet(self, count: int, first: int = 1) -> Path:
        """Write the sheet on which firms apply."""
        rows = [PolicyApplicationRow(uscc=uscc(place)) for place in range(first, first + count)]
        path = self.folder / f"{self.number}-applications.xlsx"
        write_roster(path, PolicyApplicationRow.sheet_title(), PolicyApplicationRow, rows)
        return path

    def take(self, form: str, path: Path) -> int:
        """Take a sheet in; every row of it."""
        taken = take_roster(self.number, form, path)
        assert not taken.rejected, taken
        return taken.accepted

    def results(self) -> Path:
        """Write the sheet on which the treasury confirms the open batch."""
        chosen = (
            select(BATCHES.c.number.label("batch"), CASES.c.number, LINES.c.amount)
            .join(BATCHES, BATCHES.c.id == LINES.c.batch_id)
            .join(CASES, CASES.c.id == LINES.c.case_id)
            .where(BATCHES.c.notice_id == case_id_of(self.number), LINES.c.result == "")
        )
        set_clock(now() + timedelta(seconds=CODE_SECONDS))
        code = officer.code_now(TREASURER)
        with reading() as connection:
            rows = [
                PaymentResultRow(batch=one.batch, number=one.number, amount=yuan(one.amount), outcome=PaymentOutcome.PAID,
                                 paid_on=local_day(now()), voucher="凭1", staff=TREASURER, code=code)
                for one in connection.execute(chosen)
            ]  # fmt: skip
        path = self.folder / f"{self.number}-results.xlsx"
        write_roster(path, PaymentResultRow.sheet_title(), PaymentResultRow, rows)
        return path

    def phases(self, count: int, first: int = 1) -> list[tuple[str, Callable[[], object]]]:
        """Return the phases from the first application to the last payment, each to be done once and in their order."""
        held: dict[str, Path] = {}

        def later() -> None:
            set_clock(now() + timedelta(days=POSTING_DAYS))

        def confirm() -> None:
            held["results"] = self.results()

        return [
            ("", lambda: held.update(sheet=self.sheet(count, first))),
            ("taken in", lambda: self.take("policy_application", held["sheet"])),
            ("fed back, review asked", self.tell),
            ("signed", lambda: self.sign(count)),
            ("granted, posted", self.tell),
            ("", later),
            ("payable, drawn", self.tell),
            ("", confirm),
            ("confirmed by the treasury", lambda: self.take("payment_result", held["results"])),
            ("paid, posted", self.tell),
        ]


APPLY_FREE: Final = {"lane": Lane.APPLY_FREE}
