"""Drills of the plan: started with a scenario, fed with injects, stopped, turned real, and scored at the end (6.2).

A drill runs the same story as an accident. That it cannot be taken for one is enforced below: its notices leave by
drill channels with the mark (`tasks.notice_text`, `tasks.courier`), and nobody outside is told (`tasks.journal`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple

from config.drill_scenarios import Scenario, scenario_of, scenarios
from config.emergency_plan import EmergencyPlan, emergency_plan
from config.fact import Fact
from config.messages import Refusal, say
from config.rulebook import rule
from config.zone import SHANGHAI
from models.incident_response.status import IncidentStatus as S
from tasks.case import close_case
from tasks.clock import now
from tasks.incident_response import call, drill_score, duty_book
from tasks.incident_response.call_record import CALLS
from tasks.incident_response.incident import PROCESS, incident_of, plan_of, present, put, rule_of, signed
from tasks.incident_response.intake import DUTY_ROOM, Given, Lodged, follow_up, open_report
from tasks.incident_response.report_form import read_changes, read_full
from tasks.incident_response.spoken import Signer, tidy, write_line
from tasks.journal import lock, write_entry
from tasks.notify import tellings
from tasks.pose import withdraw_questions
from tasks.rescue import start_run
from tasks.step import SYSTEM, Dossier, read_dossier, step
from tasks.store import transaction
from tasks.wait import wait_until

LEADERS: Final = ("command_office", "emergency_bureau", "head:emergency_bureau", "incident_commander")
KINDS: Final = ("tabletop", "live")
SPEEDS: Final = (1, 2, 5, 10)
START: Final = "start_drill"
STOP: Final = "stop_drill"
STOPPED: Final = "stopped"


class Start(NamedTuple):
    """How a drill is to be held: kind, scenario (title), groups that take part (none: all), and its speed."""

    kind: str
    scenario: str
    groups: tuple[str, ...] = ()
    speed: int = 1


def everybody(plan: EmergencyPlan) -> tuple[str, ...]:
    """Return every role that takes part in an accident or drill under a plan."""
    groups = [role for one in plan.groups for role in (one.head, one.lead, *one.members)]
    roles = (plan.commander, *plan.deputies, plan.office, DUTY_ROOM, *plan.members, *groups)
    return tuple(dict.fromkeys(roles))


def start(given: Start, signer: Signer, mark: bytes) -> str:
    """Start a drill: opened as an accident is, under a number of its own series; return what is said of it.

    Raises:
        Refusal: there is no such scenario or group, or the signature does not hold.
    """
    scenario = scenarios().get(given.scenario.strip())
    if scenario is None or given.kind not in KINDS or given.speed not in SPEEDS:
        raise Refusal("drill.no_scenario", known="、".join(scenarios()))
    groups = _groups(given.groups)
    if given.speed > 1 and given.kind != "tabletop":
        raise Refusal("drill.speed_live")
    by = signed(signer.staff_no.strip(), signer.code, LEADERS)
    lodged = begin(given, scenario, groups, by.actor, mark)
    start_run(lodged.number)
    return say("drill.started", number=lodged.number, title=scenario.title)


def _groups(given: tuple[str, ...]) -> tuple[str, ...]:
    known = {word: one.code for one in emergency_plan().groups for word in (one.code, one.zh)}
    wrong = [name for name in given if name not in known]
    if wrong:
        raise Refusal("drill.no_group", name=wrong[0])
    return tuple(dict.fromkeys(known[name] for name in given))


def begin(given: Start, scenario: Scenario, groups: tuple[str, ...], by: str, mark: bytes) -> Lodged:
    """Open a drill with its first report, in one transaction; the same mark opens it once."""
    at = now()
    happened = at - timedelta(minutes=scenario.before_minutes)
    fields = {"occurred": happened.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")} | scenario.report
    report = read_full(fields, at).report
    with transaction() as tx:
        lodged = open_report(Given(report, say("drill.source", "zh"), mark, apart=True, by=by), given.kind)
        case = read_dossier(lodged.number)
        if (START, 1) in case.journal:
            return lodged
        plan = emergency_plan().for_town(present(case.id).town)
        if groups:
            plan = limited(plan, groups)
            put(tx, case.id, plan=plan.model_dump(mode="json"))
        hours = int(rule(f"{PROCESS}.drill_expiry_hours", case.on))
        outcome = {
            "kind": say(f"drill.kind_{given.kind}", "zh"), "scenario": scenario.code, "title": scenario.title,
            "groups": list(groups), "speed": given.speed, "at": at.isoformat(), "hours": hours,
            "ends_at": (at + timedelta(hours=hours)).isoformat(), "by": by,
        }  # fmt: skip
        write_line(
            tx, case, START, outcome, by=by, rule=rule_of("drill_office_years")(case), tells=everybody(plan), turn=1
        )
    return lodged


def limited(plan: EmergencyPlan, groups: tuple[str, ...]) -> EmergencyPlan:
    """Return a plan with some of its groups only; what their tasks would wait for elsewhere is taken as done."""
    kept = [one for one in plan.groups if one.code in groups]
    codes = {task.code for one in kept for task in one.tasks}
    left = tuple(
        one.model_copy(
            update={
                "tasks": tuple(
                    task.model_copy(update={"after": tuple(code for code in task.after if code in codes)})
                    for task in one.tasks
                )
            }
        )
        for one in kept
    )
    return plan.model_copy(update={"groups": left})


def stop(number: str, reason: str, signer: Signer) -> str:
    """Stop a drill; everybody of it is told; return what is said of it.

    Raises:
        Refusal: it is no drill or over, or the signature does not hold.
    """
    case, why = _drill(number), tidy(reason, "reason")
    by = signed(signer.staff_no.strip(), signer.code, LEADERS)
    with transaction() as tx:
        lock(tx, case.id)
        if (STOP, 1) not in read_dossier(case.number).journal:
            silence(case)
            outcome = {"why": why, "real": "", "by": by.actor}
            write_line(tx, case, STOP, outcome, by=by.actor, rule="", tells=everybody(plan_of(case)), turn=1)
    return say("drill.stopped", number=case.number)


def turn_real(number: str, given: Given, signer: Signer) -> str:
    """Stop a drill because of a real accident, which is opened under a real number and told to everybody of the drill.

    Args:
        number: the drill's.
        given: the first report of the real accident.
        signer: who says so.

    Raises:
        Refusal: it is no drill or over, or the signature does not hold.
    """
    case = _drill(number)
    by = signed(signer.staff_no.strip(), signer.code, LEADERS)
    with transaction() as tx:
        lodged = open_report(given._replace(apart=True, by=by.actor))
        lock(tx, case.id)
        if (STOP, 1) not in read_dossier(case.number).journal:
            silence(case)
            outcome = {"why": say("drill.turned_real", "zh"), "real": lodged.number, "by": by.actor}
            write_line(tx, case, STOP, outcome, by=by.actor, rule="", turn=1)
            real = read_dossier(lodged.number)
            facts = {"subject": real.subject, "number": lodged.number, "drill": case.number}
            # told as the real accident tells: by real channels, without the mark, once
            told = tellings(tx, everybody(plan_of(case)), f"notice_{PROCESS}.turned_real", facts, now(), drill=False)
            write_entry(tx, lock(tx, real.id), "turned_real", 1, actor=by.actor, at=now(),
                        outcome={"drill": case.number}, tellings=told, substance=False)  # fmt: skip
    start_run(lodged.number)
    return say("drill.real", number=case.number, real=lodged.number)


def _drill(number: str) -> Dossier:
    case = incident_of(number.strip().upper())
    if not case.drill:
        raise Refusal("drill.none", number=case.number)
    return case


def unless_stopped(main: Callable[[Dossier], Any]) -> Callable[[Dossier], Any]:
    """Make a part of the story end at once, with `STOPPED`, when its case is a drill that was stopped or expired."""

    def part(case: Dossier) -> Any:
        return STOPPED if (STOP, 1) in case.journal else main(case)

    part.__name__ = getattr(main, "__name__", "part")
    return part


def play(case: Dossier) -> None:
    """Bring the injects of a drill in their time, and end it when its hours are over; nothing for a real accident.

    Raises:
        Parked: the next is still to come.
    """
    begun = case.journal.get((START, 1))
    if begun is None or (STOP, 1) in case.journal:
        return
    ends, began = datetime.fromisoformat(begun["ends_at"]), datetime.fromisoformat(begun["at"])
    for turn, inject in enumerate(scenario_of(begun["scenario"]).injects, 1):
        when = began + timedelta(minutes=inject.minute) / begun["speed"]
        this = case.at_turn(turn)
        if when >= ends or ("play_inject", turn) in case.journal:
            continue
        wait_until(this, "inject", min(when, ends))
        report = read_changes(inject.changes, now()).report
        mark = sha256(f"{case.number}|inject|{turn}".encode()).digest()
        lodged = follow_up(case, Given(report, say("drill.source", "zh"), mark, by=SYSTEM))
        play_inject(this, lodged.report)
    wait_until(case.at_turn(1), "drill_end", ends)
    with transaction() as tx:
        outcome = {"why": say("drill.expired", "zh", hours=begun["hours"]), "real": "", "by": SYSTEM}
        write_line(tx, case, STOP, outcome, by=SYSTEM, rule=rule_of("drill_expiry_hours")(case),
                   tells=everybody(plan_of(case)), turn=1)  # fmt: skip


class Played(Fact):
    """Which report an inject became."""

    report: int


@step(rule=rule_of("drill_office_years"))
def play_inject(case: Dossier, report: int) -> Played:  # noqa: ARG001 -- a step takes its dossier
    """Record that an inject was played."""
    return Played(report=report)


def conclude(case: Dossier) -> None:
    """End a drill: nothing is owed or asked any more, it is scored, lessons are entered, the case is closed."""
    if not case.drill:
        return
    this = case.at_turn(1)
    scored = score_drill(this)
    silence(this)
    duty_book.conclude(this, SYSTEM)
    with transaction() as tx:
        withdraw_questions(tx, [case.id])
    close_case(this, S.CLOSED, {"grade": scored.grade, "percent": scored.percent}, rule_of("drill_grades")(case))


def silence(case: Dossier) -> None:
    """End every call of a drill and take back what has not left: at its stop already, Prefect's server there or not."""
    for purpose in dict.fromkeys(row.purpose for row in drill_score.rows(CALLS, case.id) if row.ended_at is None):
        call.stand_down(case, purpose)


@step(reaches=S.SUMMARISED, tells=lambda found: found.tells, rule=rule_of("drill_grades"))
def score_drill(case: Dossier) -> drill_score.Score:
    """Score a drill and enter its lessons: who acknowledged when, which task, duty and situation report was late."""
    scored = drill_score.score(case, everybody(plan_of(case)))
    with transaction() as tx:
        drill_score.enter_lessons(tx, case, scored.points)
    return scored
