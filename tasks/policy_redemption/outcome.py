"""What becomes of applications in one chunk of a set step: each its line, and for all of them clocks and rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, update

from models.policy_redemption.status import ApplicationStatus as A
from tasks.clock import now
from tasks.deadline_set import meet_clocks, pause_clocks, start_clocks
from tasks.journal import Telling
from tasks.members import Member, Moved
from tasks.notify import PARTY_CHANNEL
from tasks.policy_redemption import duty
from tasks.policy_redemption.duty import FEEDBACK, PROMISE
from tasks.policy_redemption.roll import APPLICATIONS, DEFICIENCIES, PROCESS, Filed, title_of
from tasks.step import Dossier
from tasks.store import Transaction

_SET: Final = {
    name: update(APPLICATIONS).where(APPLICATIONS.c.case_id == bindparam("of")).values({name: bindparam("value")})
    for name in ("level", "corrections", "assessed", "wish", "stirred_at")
}


def to_firm(number: str, template: str, subject: str, **facts: Any) -> Telling:
    """Return a letter to the firm of an application; it holds no personal data."""
    return Telling(
        f"party:{number}", PARTY_CHANNEL, f"notice_{PROCESS}.{template}", {"subject": subject, "number": number} | facts
    )


class Outcomes:
    """Gathers what a chunk of applications needs besides its journal lines, and writes it once."""

    def __init__(self, tx: Transaction, dossier: Dossier) -> None:
        self.tx, self.dossier, self.at = tx, dossier, now()
        self._values: dict[str, list[dict[str, Any]]] = {}
        self._fed: list[int] = []
        self._decided: list[int] = []
        self._told: dict[int, Filed] = {}
        self._deficiencies: list[dict[str, Any]] = []

    def set(self, case_id: int, **values: Any) -> None:
        """Set columns of an application."""
        for name, value in values.items():
            self._values.setdefault(name, []).append({"of": case_id, "value": value})

    def accept(self, member: Member, file: Filed, outcome: Mapping[str, Any], rule: str) -> Moved:
        """Accept an application: feedback is given, and the first level reviews it."""
        self._fed.append(member.id)
        self.set(member.id, level=1, stirred_at=None)
        told = [to_firm(file.number, "accepted", self.dossier.subject)]
        return Moved(member, A.REVIEWING, {**outcome, "level": 1}, told, rule)

    def correct(
        self, member: Member, file: Filed, items: Sequence[tuple[str, str]], outcome: Mapping[str, Any], rule: str
    ) -> Moved:
        """Tell the firm once and whole what to mend; the promised days stand still until it has (Art. 14).

        Args:
            member: the application.
            file: as it is judged.
            items: item and why, all of them.
            outcome: what the line says besides.
            rule: what it rests on.
        """
        place = file.corrections + 1
        self._fed.append(member.id)
        self._told[member.id] = file
        self.set(member.id, corrections=place, level=0, stirred_at=None)
        self._deficiencies += [
            {"case_id": member.id, "notice": place, "item": item, "why": why[:200], "told_at": self.at}
            for item, why in items
        ]
        listed = [{"item": item, "why": why} for item, why in items]
        names = "、".join(title_of(item) for item, _ in items)
        told = [
            to_firm(file.number, "correction", self.dossier.subject, items=names, why="；".join(w for _, w in items))
        ]
        return Moved(member, A.CORRECTION, {**outcome, "notice": place, "missing": listed}, told, rule)

    def end(
        self, member: Member, file: Filed, status: A, outcome: Mapping[str, Any], rule: str, *, reason: str
    ) -> Moved:
        """End an application against the firm, with the reason it is told."""
        self._fed.append(member.id)
        self._decided.append(member.id)
        self.set(member.id, wish="", stirred_at=None)
        told = [to_firm(file.number, status.value, self.dossier.subject, reason=reason)]
        return Moved(member, status, {**outcome, "reason": reason}, told, rule)

    def decided(self, case_id: int) -> None:
        """Note that the promised decision was made."""
        self._decided.append(case_id)

    def write(self) -> None:
        """Write rows and clocks of everything gathered."""
        for name, rows in self._values.items():
            self.tx.core.execute(_SET[name], rows)
        if self._deficiencies:
            self.tx.core.execute(insert(DEFICIENCIES), self._deficiencies)
        if self._fed:
            meet_clocks(self.tx, FEEDBACK, self._fed)
        if self._decided:
            meet_clocks(self.tx, PROMISE, self._decided)
        if self._told:
            pause_clocks(self.tx, PROMISE, self._told)
            places = {case_id: file.corrections + 1 for case_id, file in self._told.items()}
            anchors: dict[int, datetime] = dict.fromkeys(self._told, self.at)
            start_clocks(self.tx, duty.correction(self.dossier.on), places, anchors)
