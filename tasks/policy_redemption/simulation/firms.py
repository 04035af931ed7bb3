"""The firms of a simulation: each files once, mends what it was told, and some are objected to."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from config.messages import say
from models.policy_redemption.status import ApplicationStatus as A
from tasks.journal import CASES
from tasks.policy_redemption.arrival import object_to
from tasks.policy_redemption.intake import Filing, file_applications
from tasks.policy_redemption.payment_roll import APPLICATIONS
from tasks.policy_redemption.simulation.scenario import DAY, Scenario
from tasks.policy_redemption.simulation.world import FIRMS, PAPER, uscc_of
from tasks.store import reading, transaction
from tasks.wait import count_nudge


class Firms:
    """The firms: each files once, mends what it was told, and some are objected to."""

    def __init__(self, scenario: Scenario, notice_id: int) -> None:
        self.scenario, self.notice_id = scenario, notice_id
        self._mending: dict[datetime, list[str]] = defaultdict(list)
        self._told: set[str] = set()
        self._watched: set[str] = set()

    def file(self, firms: list[int]) -> None:
        """File the applications of an hour."""
        share = self.scenario.assumed.shares.incomplete
        filings = [
            self._filing(firm, complete=self.scenario.chance("papers", firm).random() >= share) for firm in firms
        ]
        self._take(filings)

    def _filing(self, firm: int, *, complete: bool, again: bool = False) -> Filing:
        papers = [(say("simulation.material"), PAPER)] if complete else []
        return Filing(uscc_of(firm), None, {}, papers, None, "online", f"{firm}{'-again' if again else ''}")

    def _take(self, filings: list[Filing]) -> None:
        with transaction() as tx:
            for result in file_applications(tx, self.notice_id, filings):
                if not isinstance(result, str):
                    raise result.refusal()
            count_nudge(self.notice_id)

    def plan_mending(self, at: datetime) -> None:
        """Let each firm that was told what is missing mend it some days later, or never."""
        for row in self._standing(A.CORRECTION):
            if row.number in self._told:
                continue
            self._told.add(row.number)
            dice = self.scenario.chance("mending", row.uscc)
            if dice.random() >= self.scenario.assumed.shares.abandoned:
                self._mending[at + DAY * dice.randint(*self.scenario.assumed.mends_after)].append(row.uscc)

    def mend(self, at: datetime) -> bool:
        """Mend what is due by a moment; say whether anything was."""
        due = sorted(when for when in self._mending if when <= at)
        usccs = [uscc for when in due for uscc in self._mending.pop(when)]
        by_uscc = {uscc_of(place): place for place in range(1, self.scenario.applications + 1)} if usccs else {}
        if usccs:
            self._take([self._filing(by_uscc[uscc], complete=True, again=True) for uscc in usccs])
        return bool(usccs)

    def object(self) -> bool:
        """Object to some of the results that are posted; say whether anybody did."""
        done = False
        for row in self._standing(A.POSTED):
            if row.number in self._watched:
                continue
            self._watched.add(row.number)
            if self.scenario.chance("objection", row.uscc).random() < self.scenario.assumed.shares.objected:
                object_to(row.number, "W-1", "other")
                done = True
        return done

    def _standing(self, status: A) -> list[Any]:
        """Return the applications at a status, with their firms' codes."""
        chosen = (
            select(CASES.c.number, FIRMS.c.uscc)
            .join(APPLICATIONS, APPLICATIONS.c.case_id == CASES.c.id)
            .join(FIRMS, FIRMS.c.id == APPLICATIONS.c.firm_id)
            .where(CASES.c.parent_id == self.notice_id, CASES.c.status == status)
            .order_by(CASES.c.id)
        )
        with reading() as connection:
            return list(connection.execute(chosen))
