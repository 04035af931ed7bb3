"""Climbing: what each step of a ladder does, whoever comes next when it ends, and what becomes of a lapsed answer."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select

from config.channels import INBOX, channels
from config.emergency_plan import EmergencyPlan
from config.messages import say
from config.rulebook import rule
from models.incident_response.command import IncidentGroup
from models.incident_response.ladder import Ack, climb
from tasks.clock import local_day
from tasks.incident_response.call_record import (
    ACKS,
    CALLS,
    STEPS,
    Matter,
    change,
    end_call,
    note_call,
    one_by_one,
    people_of,
    plan_for,
    recipient_of,
    role_title,
)
from tasks.journal import Page, Standing, Telling, lock, write_pages
from tasks.notify import recipients
from tasks.step import SYSTEM, Dossier
from tasks.store import Transaction, table

GROUPS: Final = table(IncidentGroup)
WATCHERS: Final = ("command_office", "emergency_duty")
"""Who hears that somebody cannot be reached."""
OPERATORS: Final = ("emergency_duty",)
"""Who telephones."""
GROUP: Final = "group:"
MOST_NAMED: Final = 10
"""People that one notice to whoever watches names; the call sheet names all."""


def alternate_of(plan: EmergencyPlan, role: str) -> str:
    """Return who is called where the holders of a role do not answer: the next deputy, or a group's alternate."""
    order = (plan.commander, *plan.deputies)
    if role in order:
        return (*order[1:], "")[order.index(role)]
    return next((group.alternate for group in plan.groups if role in (group.head, group.lead)), "")


class Caller:
    """Calls people in one transaction, each call with a line of its own in the journal; `write` writes them."""

    def __init__(self, tx: Transaction, dossier: Dossier, at: datetime) -> None:
        self.tx, self.dossier, self.at = tx, dossier, at
        self.plan = plan_for(dossier)
        self._pages: list[Page] = []
        self._silent: dict[str, list[Any]] = {}
        """Whom to telephone, who was given up, who is unable: whoever watches hears of all of them at once."""
        self._case: Standing | None = None

    def line(self, name: str, turn: int, outcome: Any, told: Sequence[Telling] = (), actor: str = SYSTEM) -> None:
        """Add a line of the journal; its own number in the case is the turn of one that has none."""
        if self._case is None:
            self._case = lock(self.tx, self.dossier.id)
        page = Page(self.tx, name, turn or self._case.seq + 1, actor, self.at)
        self._case = page.add(self._case, None, outcome, "", told, substance=False)
        self._pages.append(page)

    def write(self) -> None:
        """Tell whoever watches, and write every line; another may follow."""
        for text, rows in self._silent.items():
            called = {"calls": [row.id for row in rows]}
            self.line(f"{text}-told", 0, called, list(self._told(text, rows)))
        self._silent = {}
        write_pages(self.tx, self._pages)
        self._pages, self._case = [], None

    # -- calling ------------------------------------------------------------------------------------------------------

    def call(self, matter: Matter, roles: Sequence[str], *, climbs: bool = True) -> int:
        """Call everybody of the roles who was not called about it yet; return how many more.

        Somebody who holds two of the roles has two rows and one ladder, so that one answer serves both.
        """
        more = 0
        for role in one_by_one(roles):
            people = people_of(self.tx, role, self.at, drill=self.dossier.drill)
            for staff_no in people:
                known = self._called(matter)  # looked up anew: a ladder without a way out calls an alternate at once
                if (role, staff_no) in known:
                    continue
                row = note_call(self.tx, self.dossier, matter, (role, staff_no), self.at)
                more += 1
                if not staff_no or staff_no not in {one for _, one in known}:
                    self._open(row, climbs=climbs and (bool(staff_no) or len(people) == 1))
        return more

    def _called(self, matter: Matter) -> set[tuple[str, str]]:
        asked = select(CALLS.c.role, CALLS.c.staff_no).where(
            CALLS.c.case_id == self.dossier.id,
            CALLS.c.purpose == matter.purpose,
            CALLS.c.occasion == matter.occasion,
        )
        return {(row.role, row.staff_no) for row in self.tx.core.execute(asked)}

    def _open(self, row: Any, *, climbs: bool) -> None:
        """Tell somebody in the inbox, and take the steps that are due at once."""
        inbox = Telling(recipient_of(row), INBOX.name, row.template, row.facts)
        if climbs:
            self.climb(row, [inbox], f"call-{row.id}")
            return
        first = channels().outward(recipient_of(row), drill=self.dossier.drill)[:1]
        told = [inbox, *(Telling(recipient_of(row), channel, row.template, row.facts) for channel in first)]
        self.line(f"call-{row.id}", 1, self._facts(row), told)

    def _facts(self, row: Any) -> dict[str, Any]:
        """Return what the journal says of a call: never its code."""
        return {"purpose": row.purpose, "occasion": row.occasion, "role": row.role, "staff_no": row.staff_no}

    # -- climbing -----------------------------------------------------------------------------------------------------

    def climb(self, row: Any, told: Sequence[Telling] = (), name: str = "") -> None:
        """Take every step of a ladder that is due; at its end the call is given up, loudly."""
        patience = timedelta(minutes=rule("incident_response.call_patience_minutes", self.dossier.on))
        since = row.step - row.opened_step
        found = climb(
            self.plan.ladder, since, row.opened_at, self.at, usable=lambda by: self._usable(row, by), patience=patience
        )
        notices, taken = list(told), []
        for move in found.moves:
            number = row.opened_step + move.place + 1
            channel, telling = self._take(row, move.by) if move.taken else ("", [])
            claimed = {"call_id": row.id, "step": number, "kind": move.by, "channel": channel, "at": self.at}
            self.tx.core.execute(insert(STEPS).values(claimed))
            notices += telling
            taken.append({"step": number, "by": move.by, "taken": move.taken, "channel": channel})
        step = row.step + len(found.moves)
        change(self.tx, row.id, step=step, next_at=found.next_at)
        if name or taken:
            self.line(name or f"climb-{row.id}", max(step, 1), self._facts(row) | {"steps": taken}, notices)
        if found.exhausted:
            self._give_up(row, step)

    def _usable(self, row: Any, by: str) -> bool:
        kind, _, place = by.partition(":")
        if kind == "channel":
            return len(channels().outward(recipient_of(row), drill=self.dossier.drill)) >= int(place)
        return kind == "voice" or bool(self._others(row))

    def _others(self, row: Any) -> str:
        """Return the alternate of a call's role, where there is anybody to call who was not called yet."""
        role = alternate_of(self.plan, row.role)
        if not role:
            return ""
        asked = select(CALLS.c.id).where(
            CALLS.c.case_id == row.case_id, CALLS.c.purpose == row.purpose, CALLS.c.occasion == row.occasion
        )
        known = self.tx.core.execute(asked.where(CALLS.c.role.in_(one_by_one([role])))).first()
        return "" if known else role

    def _take(self, row: Any, by: str) -> tuple[str, list[Telling]]:
        """Take one step: return the channel it goes by, and the notices."""
        kind, _, place = by.partition(":")
        who, drill = recipient_of(row), self.dossier.drill
        if kind == "channel":
            channel = channels().outward(who, drill=drill)[int(place) - 1]
            return channel, [Telling(who, channel, row.template, row.facts)]
        if kind == "voice":
            numbers = channels().numbers(who, drill=drill)[:1]
            on_the_sheet = [Telling(who, one.channel, row.template, row.facts) for one in numbers]
            self._silent.setdefault("voice", []).append(row)
            return "".join(one.channel for one in numbers), on_the_sheet
        self.call_alternate(row)
        return "", []

    def call_alternate(self, row: Any) -> bool:
        """Call whoever stands in for the role of a call; say whether there is anybody."""
        role = self._others(row)
        facts = {name: value for name, value in row.facts.items() if name not in ("code", "where")}
        return bool(role and self.call(Matter(row.purpose, row.occasion, row.template, facts), [role]))

    def _told(self, text: str, rows: Sequence[Any]) -> Iterator[Telling]:
        """Tell who is silent: the duty room whom to telephone, the command office, too, who was given up."""
        named = [f"{role_title(row.role)}（{row.staff_no or '-'}，{row.code}）" for row in rows[:MOST_NAMED]]
        more = say("incident_call.and_more", count=len(rows)) if len(rows) > MOST_NAMED else ""
        facts = {"subject": self.dossier.subject, "number": self.dossier.number, "who": "、".join(named) + more}
        roles = OPERATORS if text == "voice" else WATCHERS
        for who, channel in recipients(self.tx, roles, local_day(self.at), drill=self.dossier.drill):
            yield Telling(who, channel, f"incident_call.{text}", facts)

    def _give_up(self, row: Any, step: int) -> None:
        """End a ladder without an answer: never silently."""
        change(self.tx, row.id, ended_at=self.at, ended_why="exhausted", next_at=None)
        self.line(f"exhausted-{row.id}", max(step, 1), self._facts(row))
        self._silent.setdefault("exhausted", []).append(row)

    # -- answers ------------------------------------------------------------------------------------------------------

    def declined(self, row: Any) -> None:
        """Go on to the alternate at once; where there is none, whoever watches hears it."""
        end_call(self.tx, row, Ack.UNABLE.value, self.at)
        if not self.call_alternate(row):
            self._silent.setdefault("unable", []).append(row)

    def lapse(self, row: Any) -> None:
        """Open a ladder again whose acknowledgement no longer holds; one whose task has moved holds on."""
        if (until := self._moved_until(row)) is not None:
            change(self.tx, row.id, holds_until=until, next_at=until)
            return
        opened = {"answer": "", "holds_until": None, "opened_at": self.at, "opened_step": row.step}
        change(self.tx, row.id, **opened)
        said = self.tx.core.execute(select(func.max(ACKS.c.id)).where(ACKS.c.case_id == row.case_id)).scalar_one()
        self.line(f"lapsed-{row.id}", said or 1, self._facts(row) | {"answer": row.answer})
        self.climb(self.tx.core.execute(select(CALLS).where(CALLS.c.id == row.id)).one())

    def _moved_until(self, row: Any) -> datetime | None:
        """Return until when a working group's last word carries its head's acknowledgement on."""
        if not row.purpose.startswith(GROUP):
            return None
        code = row.purpose.removeprefix(GROUP)
        heard = select(GROUPS.c.heard_at).where(GROUPS.c.case_id == row.case_id, GROUPS.c.code == code)
        heard_at: datetime | None = self.tx.core.execute(heard).scalar_one_or_none()
        if heard_at is None:
            return None
        until = heard_at + timedelta(minutes=self.plan.ack_minutes[Ack.RECEIVED.value])
        return until if until > self.at else None
