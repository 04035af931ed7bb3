"""Summary report: drafted from the journal, completed with its lessons, signed, and sent to the command (5.4)."""

from datetime import datetime
from typing import Final

from config.fact import Fact
from config.messages import say
from config.rulebook import cited
from models.deadline import Clock
from models.incident_response.aftermath_answer import SummaryReport
from models.incident_response.lesson import LessonKind, read_items
from models.incident_response.status import IncidentStatus as S
from tasks.ask import ask
from tasks.clock import local_day
from tasks.deadline import Owed, meet_clock, start_clock
from tasks.incident_response import incident, lessons
from tasks.incident_response.question import moment_of, signed_at
from tasks.incident_response.summary_paper import Words, write_summary
from tasks.step import Dossier, step
from tasks.store import transaction

CLOCK: Final = "summary"
RUNGS: Final = ("half", "before:3", "last_day", "breach")


class Drafted(Fact):
    """Where the draft lies, and the day whose facts it holds."""

    file: str
    at: datetime


class Summarised(Fact):
    """The report as it was submitted: where it lies, who signed it, how many items follow from it."""

    file: str
    by: str
    items: int


def summarise(case: Dossier) -> None:
    """Have the summary written within its days, from the end of the aftermath.

    Raises:
        Parked: it is not signed yet.
    """
    plan, found = incident.plan_of(case), cited("incident_response.summary_days", case.on)
    anchor = moment_of(case, "close_aftermath")
    start_clock(case, Owed(CLOCK, Clock.DAYS, budget=found.value, anchor=anchor, office=plan.office, rule=found.label,
                           rungs=RUNGS, escalation={"breach": [plan.commander]}))  # fmt: skip
    draft = draft_summary(case)
    text = say("question_incident_response.summary", file=draft.file)
    word = ask(SummaryReport, case, "summary", of=plan.office, text=text, bound=False,
               shown={"today": str(local_day(draft.at))})  # fmt: skip
    submit_summary(case, word)
    meet_clock(case, CLOCK)


@step(rule=incident.rule_of("summary_days"))
def draft_summary(case: Dossier) -> Drafted:
    """Draft the report from the journal: times, grades, orders, acknowledgements, tasks, duties, casualties."""
    written = write_summary(case, "summary-draft.docx", None)
    return Drafted(file=written.file, at=written.at)


@step(reaches=S.SUMMARISED, tells=("incident_commander", "command_office"), rule=incident.rule_of("summary_days"))
def submit_summary(case: Dossier, word: SummaryReport) -> Summarised:
    """Submit the signed report to the command; its lessons become items that are followed up."""
    signed = signed_at(case, "summary")
    by = signed.actor if signed else ""
    actions, amendments = read_items(word.improvements), read_items(word.amendments, amendments=True)
    with transaction() as tx:
        lessons.add_items(tx, case.id, LessonKind.ACTION, actions, source="summary", by=by)
        lessons.add_items(tx, case.id, LessonKind.AMENDMENT, amendments, source="summary", by=by)
        said = Words(experience=word.experience, shortcomings=word.shortcomings, by=by)
        written = write_summary(case, "summary.docx", said)
    return Summarised(file=written.file, by=by, items=len(actions) + len(amendments))
