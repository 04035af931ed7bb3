"""The throw-away world of a simulation: a home of its own, a policy, a budget, firms on the register, officers."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, insert

from config.messages import say
from models.identity import credit_check
from models.policy_redemption.application import Firm
from models.policy_redemption.money import fen
from models.policy_redemption.policy import Condition, Grant, Guide, Lane, Material, PolicyContent
from tasks import officer
from tasks.case import open_case
from tasks.clock import now, set_clock
from tasks.database import upgrade
from tasks.policy_redemption.ledger import approve
from tasks.policy_redemption.register import POLICIES, VERSIONS
from tasks.policy_redemption.simulation.scenario import DAY, Scenario, moment
from tasks.store import engine, forget, table, transaction

FIRMS: Final = table(Firm)
CODE: Final = "ZC-0000-001"
DEPARTMENT: Final = "science_bureau"
TREASURER: Final = "M9999"
PAPER: Final = "paper.pdf"
MORNING: Final = 8
TELEPHONE: Final = "0513-82100000"
SPARE: Final = 2


@contextmanager
def world(scenario: Scenario) -> Iterator[Path]:
    """Make a world on the eve of the window, and leave nothing of it behind."""
    before = {name: value for name, value in os.environ.items() if name.startswith("BANJIE_")}
    with tempfile.TemporaryDirectory(prefix="banjie-what-if-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        mine = {
            "HOME": home,
            "DATABASE_URL": f"sqlite:///{home / 'banjie.db'}",
            "KEY_FILE": home / "keys.json",
            "CLOCK": "simulated",
        }
        _change(before, {f"BANJIE_{name}": str(value) for name, value in mine.items()})
        try:
            _make(scenario)
            yield home
        finally:
            _change(mine_names(mine), before)


def mine_names(mine: Mapping[str, object]) -> dict[str, str]:
    """Return the variables that a world sets."""
    return {f"BANJIE_{name}": "" for name in mine}


def _change(old: Mapping[str, str], new: Mapping[str, str]) -> None:
    forget()
    for name in old:
        os.environ.pop(name, None)
    os.environ.update(new)
    forget()


def _make(scenario: Scenario) -> None:
    event.listen(engine(), "connect", _carelessly)
    upgrade()
    set_clock(moment(scenario.from_day - DAY, MORNING), back=True)
    content = policy(scenario)
    for place in range(1, scenario.officers + 1):
        officer.enrol(staff_of(place), say("simulation.officer", place=place), [DEPARTMENT], scenario.from_day - DAY)
    officer.enrol(TREASURER, say("simulation.officer", place=0), ["finance_bureau"], scenario.from_day - DAY)
    year = scenario.from_day.year
    with transaction() as tx:
        policy_id = tx.add(
            insert(POLICIES).values(
                code=CODE, department=DEPARTMENT, title=content.title, secret=False, repealed_on=None
            )
        )
        tx.core.execute(
            insert(VERSIONS).values(
                policy_id=policy_id, number=1, since=content.issued, content=content, published_at=now()
            )
        )
        budget = open_case(f"YS-{year}-001", process="policy_budget", subject="", on=scenario.from_day,
                           story="policy_budget/policy_budget", parameters={}, status="approved")  # fmt: skip
        enough = fen(Decimal(content.grant.amount)) * SPARE * scenario.applications
        for one in sorted({year, scenario.last_day.year}):
            approve(tx, department=DEPARTMENT, year=one, approved=enough, target="-", document="-", case_id=budget.id)
        tx.core.execute(insert(FIRMS), [_firm(place, scenario) for place in range(1, scenario.applications + 1)])


def _carelessly(driver: Any, _record: object) -> None:
    driver.execute("PRAGMA synchronous=OFF")  # nothing of this world outlives the process


def staff_of(place: int) -> str:
    """Return an officer's staff number."""
    return f"M{place:04}"


def uscc_of(place: int) -> str:
    """Return a firm's credit code, valid by its check characters."""
    body = f"91320684MA{place:07}"
    return body + credit_check(body)


def _firm(place: int, scenario: Scenario) -> dict[str, Any]:
    return {
        "uscc": uscc_of(place),
        "name": say("simulation.firm", place=place),
        "town": "haimen_zone",
        "facts": {},
        "facts_on": scenario.from_day - timedelta(days=30),
        "registered_at": now(),
        "contact": None,
        "phone": None,
        "holder": "-",
        "bank": "-",
        "account": "1000000000000001",
    }


def policy(scenario: Scenario) -> PolicyContent:
    """Return the policy that is applied for: one paper, one condition that only a person can judge, a fixed sum."""
    given = scenario.assumed.policy
    word = say("simulation.word")
    return PolicyContent(
        title=say("simulation.policy"),
        document=word,
        issued=scenario.from_day - timedelta(days=60),
        department=DEPARTMENT,
        lane=Lane.SIMPLE_APPLY,
        interpretation=word,
        guide=Guide(
            conditions=word,
            materials=word,
            steps=word,
            promised_days=given.promised_days,
            section=word,
            telephone=TELEPHONE,
        ),
        conditions=(Condition(name=say("simulation.condition"), judged_by="person"),),
        materials=(Material(name=say("simulation.material")),),
        grant=Grant(kind="fixed", amount=given.amount),
        matter=word,
        complaint_telephone=TELEPHONE,
        payment_days=given.payment_days,
    )


def lay_paper(home: Path, notice: str) -> None:
    """Lay the one paper that every firm hands in into the notice's inbox."""
    folder = home / "mailbox" / notice / "files"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAPER).write_bytes(b"%PDF-1.4 what-if")
