"""A redemption notice on a stage without Prefect: a policy, firms, a budget, officers; applications as sheets and files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from config.messages import say
from flows.policy_redemption import policy_redemption
from models.identity import credit_check, organisation_check
from models.policy_redemption.policy import Condition, Grant, Guide, Lane, Material, PolicyContent
from models.roster import PaymentOutcome, PaymentResultRow, PolicyApplicationRow, PolicyPaperRow, Row
from tasks import officer
from tasks.ask import open_questions
from tasks.case import open_case
from tasks.clock import now, set_clock
from tasks.database import upgrade
from tasks.deadline import DEADLINES
from tasks.door import Signature, decide
from tasks.intake import MAILBOX, Intake
from tasks.journal import CASES, ENTRIES, case_id_of
from tasks.mailbox import take_roster
from tasks.matter import Act
from tasks.policy_redemption import ledger
from tasks.policy_redemption.payment_roll import BATCHES, LINES
from tasks.policy_redemption.register import POLICIES, VERSIONS
from tasks.policy_redemption.roll import FIRMS
from tasks.store import forget, reading, transaction
from tests.flows.service_stage import CODE_SECONDS, Stage, at

NOTICE = "DX-2027-0001"
CODE = "ZC-2027-001"
ROLES = ("science_bureau", "tax_bureau", "finance_bureau", "approval_bureau", "market_supervision_bureau")
SPARE = {"science_bureau": "K001"}
"""A second officer of the department: objections are not ruled on by who reviewed."""
OPENS, CLOSES = date(2027, 3, 1), date(2027, 3, 31)
FACTS: dict[str, Any] = {"titles": ["高新技术企业"], "credit": "A", "research": "1000000", "town": "sanxing"}
MATERIALS = ("认定证书", "审计报告")


def uscc(place: int) -> str:
    """Return a valid credit code."""
    organisation = f"MA{place:06d}"
    body = f"91320684{organisation}{organisation_check(organisation)}"
    return body + credit_check(body)


def content(**changes: Any) -> PolicyContent:
    """Return a policy of two levels: science and tax side by side, then finance."""
    told: dict[str, Any] = {
        "title": "高新技术企业研发奖励",
        "document": "海科发〔2027〕3号",
        "issued": date(2027, 1, 4),
        "department": "science_bureau",
        "lane": Lane.SIMPLE_APPLY,
        "interpretation": "对研发投入给予奖励。",
        "guide": Guide(conditions="高新技术企业", materials="认定证书、审计报告", steps="申报、受理、审核、公示、兑现", promised_days=20,
                       section="高新科", telephone="0513-82212345"),
        "conditions": (Condition(name="高新技术企业", judged_by="machine", fact="titles", comparison="includes", value="高新技术企业"),),
        "materials": (Material(name="认定证书"), Material(name="审计报告"), Material(name="说明", required=False)),
        "grant": Grant(kind="share", share="0.1", of="research", cap="200000"),
        "reviewers": (("science_bureau", "tax_bureau"), ("finance_bureau",)),
        "matter": "研发奖励",
        "complaint_telephone": "0513-82218888",
        "payment_days": 15,
    }  # fmt: skip
    return PolicyContent.model_validate(told | changes)


class Redeeming(Stage):
    """The stage of one notice."""

    number = NOTICE

    def member(self, place: int) -> str:
        """Return an application's number."""
        return f"{self.number}-{place:06}"

    def policy(self, *contents: PolicyContent, code: str = CODE) -> list[int]:
        """Publish a policy with its versions; return the versions' ids."""
        versions = contents or (content(),)
        with transaction() as tx:
            last = versions[-1]
            policy_id = tx.add(
                insert(POLICIES).values(
                    code=code, department=last.department, title=last.title, secret=last.secret, repealed_on=None
                )
            )
            return [
                tx.add(insert(VERSIONS).values(policy_id=policy_id, number=place, since=one.issued, content=one, published_at=now()))
                for place, one in enumerate(versions, 1)
            ]  # fmt: skip

    def firms(self, count: int, *, account: bool = True, first: int = 1, **facts: Any) -> None:
        """Enter firms with their facts."""
        paid_to = {"holder": "某公司", "bank": "农业银行海门支行", "account": "10729001040012345"} if account else {}
        with transaction() as tx:
            for place in range(first, first + count):
                tx.core.execute(
                    insert(FIRMS).values(uscc=uscc(place), name=f"海门{place}号科技有限公司", town="sanxing", facts=FACTS | facts,
                                         facts_on=date(2027, 1, 1), registered_at=now(), **({"bank": ""} | paid_to))
                )  # fmt: skip

    def budget(self, amount: str = "1000000", year: int = 2027, department: str = "science_bureau") -> None:
        """Have finance approve a department's budget of the year, or another sum of it."""
        number = f"YS-{year}-001"
        case = open_case(number, process="policy_budget", subject="预算", on=now().date(), story="policy_budget/policy_budget",
                         parameters={}, status="approved")  # fmt: skip
        with transaction() as tx:
            ledger.approve(tx, department=department, year=year, approved=int(Decimal(amount) * 100), target="兑现率100%",
                           document="财〔2027〕1号", case_id=case.id)  # fmt: skip

    def go(self, opens: date = OPENS, closes: date = CLOSES, code: str = CODE) -> Any:
        """Tell the story until it parks, twice."""
        return self.tell(policy_redemption.fn, code, opens, closes)

    def launched(self, **more: Any) -> None:
        """Have the notice approved and opened."""
        assert self.go(**more) is None
        self.sign("launch")
        assert self.go(**more) is None

    def file(self, name: str, body: str = "") -> str:
        """Lay a file into the notice's inbox."""
        path = self.folder / "home" / MAILBOX / self.number / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body or f"{name}的内容", encoding="utf-8")
        return name

    def whole(self, place: int) -> str:
        """Return the list of papers of a whole application, its files laid into the inbox."""
        return "；".join(f"{material}={self.file(f'{place}-{material}.pdf')}" for material in MATERIALS)

    def send(self, form: str, rows: Sequence[Row], number: str = "") -> Intake:
        """Send a sheet to the notice."""
        return take_roster(number or self.number, form, self.roster(rows))

    def apply(self, *places: int, papers: bool = True, **more: Any) -> Intake:
        """Apply for firms, with all their papers or none."""
        rows = [
            PolicyApplicationRow(uscc=uscc(place), papers=self.whole(place) if papers else None, **more)
            for place in places
        ]
        return self.send("policy_application", rows)

    def hand_in(self, place: int, *materials: str, body: str = "补正") -> Intake:
        """Hand in papers of an application."""
        rows = [
            PolicyPaperRow(
                number=self.member(place), material=one, file=self.file(f"{place}-{one}-补.pdf", f"{body}{one}")
            )
            for one in materials
        ]
        return self.send("policy_paper", rows)

    def sign(self, point: str, place: int = 0, role: str = "", *, staff: str = "", **fields: Any) -> None:
        """Answer the open questions of a point: of one application or all, of one role or all."""
        case = self.member(place) if place else ""
        asked = [one for one in open_questions(role=role) if one.point == point and (not case or one.case == case)]
        assert asked, (point, case, [(one.case, one.point) for one in open_questions()])
        for one in asked:
            signer = staff or f"S{ROLES.index(one.role) + 1:03}"
            assert {say(f"point_{one.process}.{point}", language) for language in ("zh", "en")}
            set_clock(now() + timedelta(seconds=CODE_SECONDS))
            given = {"verdict": "approve", "reason": "按规定办理", **fields}
            decide(one.seat_id, Signature(signer, officer.code_now(signer), given, "form"))

    def act(self, role: str) -> Act:
        """Return a signed act on a question of a role."""
        set_clock(now() + timedelta(seconds=CODE_SECONDS))
        signer = f"S{ROLES.index(role) + 1:03}"
        return Act(signer, officer.code_now(signer), "按职责办理", "form")

    def told_steps(self) -> list[str]:
        """Return the steps of the notice's journal; each has its title in both languages."""
        chosen = select(ENTRIES.c.step).where(ENTRIES.c.case_id == case_id_of(self.number)).order_by(ENTRIES.c.seq)
        skipped = ("asked-", "ask-", "until-", "for-", "clock-", "received-", "rung-", "signed-", "opened", "closed")
        with reading() as connection:
            steps = [one for one in connection.execute(chosen).scalars() if not one.startswith(skipped)]
        assert all(say(f"step_policy_redemption.{one}", language) for one in steps for language in ("zh", "en"))
        return steps

    def standing(self) -> dict[int, str]:
        """Return the status of each application by its place."""
        chosen = (
            select(CASES.c.number, CASES.c.status)
            .where(CASES.c.parent_id == case_id_of(self.number))
            .order_by(CASES.c.id)
        )
        with reading() as connection:
            return {int(row.number.rpartition("-")[2]): row.status for row in connection.execute(chosen)}

    def lines(self, place: int) -> list[tuple[str, str]]:
        """Return step and status of an application's journal, without questions and clocks."""
        chosen = select(ENTRIES.c.step, ENTRIES.c.after).where(ENTRIES.c.case_id == case_id_of(self.member(place)))
        with reading() as connection:
            rows = connection.execute(chosen.order_by(ENTRIES.c.seq)).tuples().all()
        return [(step, after) for step, after in rows if not step.startswith(("asked-", "ask-", "signed-", "rung-"))]

    def last(self, place: int, step: str) -> Any:
        """Return the last outcome of a step in an application's journal."""
        chosen = select(ENTRIES.c.outcome).where(
            ENTRIES.c.case_id == case_id_of(self.member(place)), ENTRIES.c.step == step
        )
        with reading() as connection:
            return connection.execute(chosen.order_by(ENTRIES.c.seq.desc()).limit(1)).scalar_one()

    def last_turn(self) -> int:
        """Return the last turn of the notice."""
        chosen = select(func.max(ENTRIES.c.turn)).where(ENTRIES.c.case_id == case_id_of(self.number))
        with reading() as connection:
            return int(connection.execute(chosen.where(ENTRIES.c.step == "take_stock")).scalar_one())

    def clock(self, place: int, name: str, turn: int = 1) -> Any:
        """Return a clock of an application."""
        chosen = select(DEADLINES).where(
            DEADLINES.c.case_id == case_id_of(self.member(place)), DEADLINES.c.name == name
        )
        with reading() as connection:
            return connection.execute(chosen.where(DEADLINES.c.turn == turn)).one()

    def letters(self, place: int) -> list[str]:
        """Return what the firm of an application was told, each shown whole in both languages."""
        return [
            template.rpartition(".")[2]
            for who, template in self.notices(self.member(place))
            if who.startswith("party:")
        ]

    def treasury(self, *refused: int) -> Intake:
        """Confirm the open batch line by line; the accounts of some are refused."""
        chosen = (
            select(BATCHES.c.number.label("batch"), CASES.c.number, LINES.c.amount)
            .join(BATCHES, BATCHES.c.id == LINES.c.batch_id)
            .join(CASES, CASES.c.id == LINES.c.case_id)
            .where(LINES.c.status == "ordered", LINES.c.result == "")
        )
        with reading() as connection:
            lines = connection.execute(chosen).all()
        set_clock(now() + timedelta(seconds=CODE_SECONDS))
        signer = f"S{ROLES.index('finance_bureau') + 1:03}"
        rows = []
        for one in lines:
            failed = int(one.number.rpartition("-")[2]) in refused
            told: dict[str, Any] = (
                {"outcome": PaymentOutcome.ACCOUNT, "why": "账号不符"} if failed
                else {"outcome": PaymentOutcome.PAID, "paid_on": now().date(), "voucher": f"凭{one.number[-3:]}"}
            )  # fmt: skip
            rows.append(
                PaymentResultRow(batch=one.batch, number=one.number, amount=Decimal(one.amount) / 100, staff=signer,
                                 code=officer.code_now(signer), **told)
            )  # fmt: skip
        return self.send("payment_result", rows)

    def settle_reviews(self, place: int = 0) -> None:
        """Approve at both levels."""
        for role in ("science_bureau", "tax_bureau"):
            self.sign("review", place, role)
        assert self.go() is None
        self.sign("review", place, "finance_bureau")
        assert self.go() is None

    def posting_over(self) -> None:
        """Travel beyond the posting."""
        self.travel(now() + timedelta(days=12))
        assert self.go() is None


def member(place: int) -> str:
    """Return an application's number."""
    return f"{NOTICE}-{place:06}"


def moved(place: int, **values: Any) -> None:
    """Change a firm's facts in the register."""
    with transaction() as tx:
        found = tx.core.execute(select(FIRMS.c.facts).where(FIRMS.c.uscc == uscc(place))).scalar_one()
        tx.core.execute(update(FIRMS).where(FIRMS.c.uscc == uscc(place)).values(facts=found | values))


@contextmanager
def redeeming_at(
    folder: Path, patch: pytest.MonkeyPatch, moment: datetime | None = None, database: str = ""
) -> Iterator[Redeeming]:
    """Open a fresh stage for a notice."""
    patch.setenv("BANJIE_HOME", str(folder / "home"))
    patch.setenv("BANJIE_CLOCK", "simulated")
    patch.setenv("BANJIE_DATABASE_URL", database)
    forget()
    upgrade()
    set_clock(moment or at(2027, 3, 1))
    for place, role in enumerate(ROLES, 1):
        officer.enrol(f"S{place:03}", f"经办{place}", [role], date(2022, 1, 1))
    for role, staff in SPARE.items():
        officer.enrol(staff, f"经办{staff}", [role], date(2022, 1, 1))
    yield Redeeming(folder)
    patch.undo()
    forget()
