"""The duties of an accident as the command line lists them: each with its margin, what satisfied it, and its rule."""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from config.calendar import calendar
from config.messages import say
from config.rulebook import cited
from config.settings import settings
from models.deadline import due
from models.incident_response.duty import BY_NAME, PROCESS, switched_off
from tasks.board_deadline import time_left
from tasks.clock import now
from tasks.deadline import terms_of
from tasks.filing import FOLDER
from tasks.incident_response.duty import office_title
from tasks.incident_response.duty_book import SITUATION, rows_of, title
from tasks.incident_response.duty_clock import clock_of
from tasks.incident_response.duty_paper import write_papers
from tasks.incident_response.incident import incident_of
from tasks.incident_response.situation import next_due
from tasks.step import read_dossier
from tasks.store import Transaction, transaction
from tasks.yearly import local


class DutyLine(NamedTuple):
    """One duty: where it stands, when it is due, what is left, and the rule it rests on."""

    name: str
    title: str
    turn: int
    state: str
    due: str
    left: str
    owes: str
    rule: str
    certainty: str
    evidence: str = ""
    late: bool = False
    late_reason: str = ""

    @property
    def text(self) -> str:
        """Say it in one line, and the reason of a delay in another."""
        line = say("incident_duty.list_line", mark="✗" if self.late else "·", name=self.title, state=self.state,
                   due=self.due, left=self.left, owes=self.owes, rule=self.rule,
                   certainty=say(f"incident_duty.certainty_{self.certainty}"))  # fmt: skip
        if not self.late:
            return line
        said = self.late_reason
        why = say("incident_duty.list_reason", reason=said) if said else say("incident_duty.list_no_reason")
        return f"{line}\n{why}"


def duties_of(number: str) -> list[DutyLine]:
    """Return an accident's duties in the order of their arming, the next situation report, and what is switched off.

    Raises:
        LookupError: there is no such accident.
    """
    case, at = read_dossier(number.strip().upper()), now()
    with transaction() as tx:
        found = [_line(tx, row, at) for row in rows_of(case.id)]
    upcoming = next_due(case.id)
    if upcoming is not None:
        late = at > upcoming
        found.append(
            DutyLine(SITUATION, title(SITUATION), 0, say("incident_duty.list_open"), local(upcoming), "",
                     office_title("command_office"), "", "configured", late=late)
        )  # fmt: skip
    for name in sorted(switched_off(case.on) & BY_NAME.keys()):
        basis = cited(f"{PROCESS}.{BY_NAME[name].rule}", case.on)
        found.append(
            DutyLine(name, title(name), 0, say("incident_duty.list_off"), "", "", office_title(BY_NAME[name].owes),
                     basis.label, basis.certainty)
        )  # fmt: skip
    return found


def papers_of(number: str) -> list[Path]:
    """Write the reports of an accident that are not written yet; return where they all lie.

    Raises:
        Refusal: there is no such accident, or it is over.
    """
    case = incident_of(number.strip().upper())
    write_papers(case)
    return sorted((settings().home / FOLDER / case.number).glob("report-*.docx"))


def _line(tx: Transaction, row: Any, at: datetime) -> DutyLine:
    clock = clock_of(tx, row.case_id, row.name, row.turn)
    due_text, left, overdue = "", "", False
    if clock is None:
        due_text = say("incident_duty.at_once")
    else:
        terms = terms_of(clock)
        ends = due(terms, calendar())
        due_text = local(ends.due_at) if ends.due_at else say("incident_duty.list_paused")
        if row.satisfied_at is None and not row.superseded_by:
            left, overdue = time_left(terms, ends, at, calendar()), ends.overdue(at)
    state = say("incident_duty.list_open")
    if row.superseded_by:
        state = say("incident_duty.list_superseded", by=row.superseded_by)
    elif row.satisfied_at is not None:
        state = say("incident_duty.list_done", at=local(row.satisfied_at))
    return DutyLine(row.name, title(row.name), row.turn, state, due_text, left, office_title(row.owes), row.rule,
                    row.certainty, row.satisfied_by, row.late or overdue, row.late_reason)  # fmt: skip
