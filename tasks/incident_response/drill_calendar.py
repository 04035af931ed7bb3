"""The calendar of drills: which were held, which are due, by whom and when (Order 708 Art. 8; plan 6.2)."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from config.messages import Refusal, say
from config.rulebook import cited, rule
from models.personal import personal_numbers
from tasks.clock import now, today
from tasks.incident_response.drill import LEADERS, START
from tasks.incident_response.incident import INCIDENTS, PROCESS, rule_of, signed
from tasks.incident_response.spoken import Signer, tidy
from tasks.journal import CASES, ENTRIES, lock, write_entry
from tasks.notify import tellings
from tasks.step import SYSTEM, read_dossier
from tasks.store import Transaction, reading, transaction
from tasks.yearly import open_register

UNIT_DRILL: Final = "unit_drill"
REMINDED: Final = "remind_drills"
REGISTER: Final = "YL"
MONTHS: Final = 12


class Held(NamedTuple):
    """A drill that was held: whose, on which day, of which kind, and how it went."""

    owner: str
    on: date
    number: str
    kind: str
    title: str
    result: str


class Due(NamedTuple):
    """A drill that is to be held: by whom, by which day, under which rule, and when the last was."""

    owner: str
    by: date | None
    last: date | None
    rule: str

    def overdue(self, on: date) -> bool:
        """Say whether its day has passed, or none was ever held."""
        return self.by is None or self.by < on


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of a shorter month."""
    year, month = divmod(day.year * MONTHS + day.month - 1 + months, MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def held() -> list[Held]:
    """Return the district's own drills that ended with a score, and the registered ones of units, the latest first."""
    started = select(CASES.c.number, CASES.c.on_day, ENTRIES.c.step, ENTRIES.c.outcome, INCIDENTS.c.exercise).join(
        CASES, CASES.c.id == ENTRIES.c.case_id
    ).join(INCIDENTS, INCIDENTS.c.case_id == CASES.c.id).where(
        CASES.c.drill, CASES.c.closed_at.is_not(None), ENTRIES.c.step.in_([START, "score_drill"])
    ).order_by(ENTRIES.c.id)  # fmt: skip
    registered = select(CASES.c.number, ENTRIES.c.outcome).join(CASES, CASES.c.id == ENTRIES.c.case_id)
    registered = registered.where(ENTRIES.c.step == UNIT_DRILL).order_by(ENTRIES.c.id)
    with reading() as connection:
        lines = connection.execute(started).all()
        units = [row.outcome for row in connection.execute(registered)]
    titles = {row.number: row.outcome["title"] for row in lines if row.step == START}
    found = [
        Held("district", row.on_day, row.number, say(f"drill.kind_{row.exercise}"), titles.get(row.number, ""),
             row.outcome["grade_text"])
        for row in lines if row.step == "score_drill"
    ]  # fmt: skip
    found += [Held(one["unit"], date.fromisoformat(one["on"]), one["file"], one["kind"], one["title"], one["result"])
              for one in units]  # fmt: skip
    return sorted(found, key=lambda one: (one.on, one.number), reverse=True)


def calendar(on: date | None = None) -> list[Due]:
    """Return which drills are due when: the district's (yearly; by law every two years), and each dealer's."""
    day, drills = on or today(), held()
    own = max((one.on for one in drills if one.owner == "district"), default=None)
    office, government = (cited(f"{PROCESS}.{name}", day) for name in ("drill_office_years", "drill_government_years"))
    due = [
        Due(say("drill.owner_office"), months_after(own, MONTHS * office.value) if own else None, own, office.label),
        Due(say("drill.owner_government"), months_after(own, MONTHS * government.value) if own else None, own,
            government.label),
    ]  # fmt: skip
    dealer = cited(f"{PROCESS}.drill_dealer_months", day)
    last: dict[str, date] = {}
    for one in drills:
        if one.owner != "district":
            last[one.owner] = max(one.on, last.get(one.owner, one.on))
    due += [Due(unit, months_after(held_on, dealer.value), held_on, dealer.label) for unit, held_on in last.items()]
    return sorted(due, key=lambda one: (one.by or date.min, one.owner))


class UnitDrill(NamedTuple):
    """A drill that a dealer held itself, as the form brings it."""

    unit: str
    on: str
    kind: str
    title: str
    result: str
    file: str = ""


def register(given: UnitDrill, signer: Signer, mark: bytes) -> str:
    """Register a dealer's own drill in the year's register (Order 708 Art. 8); return what is said of it.

    Raises:
        Refusal: a field is not as it should be, the day lies ahead, or the signature does not hold.
    """
    fields = {"unit": 80, "title": 60, "result": 200}
    said = {name: tidy(getattr(given, name), name, longest=most) for name, most in fields.items()}
    day, file = _day(given.on), " ".join(given.file.split())[:60]
    if personal_numbers(file):
        raise Refusal("incident_command.personal")
    by = signed(signer.staff_no.strip(), signer.code, LEADERS)
    outcome = {"on": day.isoformat(), "kind": given.kind, "file": file, "mark": mark.hex()} | said
    with transaction() as tx:
        case_id = open_register(REGISTER, today().year)
        standing = lock(tx, case_id)
        if not any(row.outcome.get("mark") == outcome["mark"] for row in _lines(tx, case_id)):
            dossier = read_dossier(standing.number)
            write_entry(tx, standing, UNIT_DRILL, standing.seq + 1, actor=by.actor, at=now(), outcome=outcome,
                        rule=rule_of("drill_dealer_months")(dossier), substance=False)  # fmt: skip
    dealer = int(rule(f"{PROCESS}.drill_dealer_months", today()))
    return say("drill.registered", unit=said["unit"], next=months_after(day, dealer).isoformat())


def _lines(tx: Transaction, case_id: int) -> Iterable[Any]:
    mine = (ENTRIES.c.case_id == case_id) & (ENTRIES.c.step == UNIT_DRILL)
    return tx.core.execute(select(ENTRIES.c.outcome).where(mine)).all()


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("drill.day_wrong", value=text.strip()[:20]) from None
    if day > today():
        raise Refusal("drill.day_ahead", value=day.isoformat())
    return day


def remind() -> int:
    """Remind the command office of the drills that are due soon or overdue, once a month; return how many there are."""
    day = today()
    until = day + timedelta(days=int(rule(f"{PROCESS}.drill_remind_days", day)))
    due = [one for one in calendar(day) if one.by is None or one.by <= until]
    with transaction() as tx:
        case_id = open_register(REGISTER, day.year)
        standing = lock(tx, case_id)
        dossier = read_dossier(standing.number)
        if due and (REMINDED, day.month) not in dossier.journal:
            listed = "；".join(
                say("drill.due_line", owner=one.owner, by=one.by or say("drill.never_held")) for one in due
            )
            facts = {"subject": dossier.subject, "count": len(due), "listed": listed[:400]}
            told = tellings(tx, LEADERS[:2], f"notice_{PROCESS}.{REMINDED}", facts, now(), drill=False)
            write_entry(tx, standing, REMINDED, day.month, actor=SYSTEM, at=now(), outcome={"due": len(due)},
                        rule=rule_of("drill_government_years")(dossier), tellings=told, substance=False)  # fmt: skip
    return len(due)
