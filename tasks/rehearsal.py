"""A season rehearsed: scripted officers and invented rosters move it on, one act at a time. Test data, and says so."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from config.messages import say
from config.offices import TOWN_ROLE, office, town, towns
from config.season import season
from config.zone import SHANGHAI
from models.conscription.status import MemberStatus as M
from tasks import officer, synthetic
from tasks.ask import Question, open_questions
from tasks.clock import local_day, now, set_clock
from tasks.conscription.check import CANDIDATES
from tasks.conscription.course import FINDINGS, number_of
from tasks.conscription.intake import take_roster
from tasks.conscription.roll import EVIDENCE, OBJECTIONS, PARTIES, PERSONS, RETURNS
from tasks.door import Signature, decide
from tasks.journal import CASES, ENTRIES
from tasks.store import reading
from tasks.synthetic import Due, Made
from tasks.wait import INSTANCES

CAST: Final = (
    "conscription_office",
    "armed_forces_department",
    "leading_group",
    "planning_group",
    "physical_group",
    "vetting_group",
    "publicity_group",
    "discipline_group",
    "transport_group",
    "resettlement_group",
    "chief_physician",
    "superior",
    "finance_bureau",
    "justice_bureau",
    "district_government",
    *(f"{TOWN_ROLE}:{one.id}" for one in towns()),
)
CODE_SECONDS: Final = 31
PENDING: Final = ".pending.xlsx"
SERVED_BEFORE_RETURN: Final = timedelta(days=31)
MORNING: Final = time(9)
ANSWERS: Final[dict[str, tuple[dict[str, str], ...]]] = {
    "groups": ({"verdict": "adjusted"},),
    "publicity": ({"verdict": "approve", "document": "2027-01"},),
    "contradiction": ({"verdict": "unfit"}, {"verdict": "fit"}),
    "meeting": ({"verdict": "approve", "minutes": "2027-01"},),
    "objection": ({"verdict": "upheld"}, {"verdict": "not_upheld"}, {"verdict": "not_upheld"}),
    "transport": ({"verdict": "approve"},),
    "preparation": ({"verdict": "done"},),
    "handover": ({"verdict": "done", "receiving_unit": "73001"},),
}
"""What the scripted officers answer at each point, in turn."""


class Script(NamedTuple):
    """A rehearsal: which season, how many apply, the seed of everything invented, where its sheets go."""

    season: str
    applicants: int
    seed: int
    folder: Path


def enrol_cast(since: date) -> list[str]:
    """Enrol one scripted officer for each role of a season; return the staff numbers."""
    known = {one.staff_no for one in officer.officers()}
    staff = [(f"S{1000 + place}", role) for place, role in enumerate(CAST, 1)]
    for staff_no, role in staff:
        if staff_no not in known:
            officer.enrol(staff_no, say("synthetic.officer", office=office(role).title), [role], since)
    return [staff_no for staff_no, _ in staff]


def signer_of(role: str) -> str:
    """Return the scripted officer who holds a role."""
    return f"S{1001 + CAST.index(role)}"


def standing(script: Script) -> Any:
    """Return where the rehearsed season stands: status, what it waits for, and whether it is closed."""
    chosen = (
        select(
            CASES.c.id,
            CASES.c.status,
            CASES.c.closed_at,
            INSTANCES.c.waiting_on,
            INSTANCES.c.wake_at,
            INSTANCES.c.run_id,
        )
        .join(INSTANCES, INSTANCES.c.case_id == CASES.c.id)
        .where(CASES.c.number == number_of(script.season))
    )
    with reading() as connection:
        return connection.execute(chosen).one_or_none()


def act(script: Script) -> str:
    """Do the one thing that a waiting season needs next; return what was done, or nothing where it needs nothing."""
    now_at = standing(script)
    if now_at is None or now_at.closed_at or not now_at.waiting_on:
        return ""
    for path in sorted(script.folder.glob(f"*{PENDING}")):  # the last rehearsal ended while it was being taken in
        return _take(script, path)
    number = number_of(script.season)
    asked = open_questions(case=number)
    if asked:
        return answer(asked[0])
    prepare = PREPARED.get(now_at.waiting_on)
    if prepare and (done := prepare(script, now_at.id)):
        return done
    if now_at.wake_at is None:
        return ""
    set_clock(max(now(), now_at.wake_at) + timedelta(seconds=1))
    return say("synthetic.day_moved", day=local_day(now()))


def answer(question: Question) -> str:
    """Answer a question as the script says, with the officer's one-time code."""
    set_clock(now() + timedelta(seconds=CODE_SECONDS))  # a code is good once, and this officer may have just signed
    signer = signer_of(question.role)
    lines = ANSWERS[question.point]
    place = int(question.case.rpartition("-")[2]) if question.case.count("-") > 1 else 0
    given = lines[place % len(lines)] | {"reason": say("synthetic.reason")}
    decide(question.seat_id, Signature(signer, officer.code_now(signer), given, "rehearsal"))
    return say("synthetic.answered", title=question.title, case=question.case, officer=signer)


def _people(season_id: int, statuses: Sequence[M], without: str = "") -> list[Due]:
    chosen = (
        select(CASES.c.number, PERSONS.c.identity, PERSONS.c.name, CASES.c.unit)
        .join(PARTIES, PARTIES.c.case_id == CASES.c.id)
        .join(PERSONS, PERSONS.c.id == PARTIES.c.person_id)
        .where(CASES.c.parent_id == season_id, CASES.c.status.in_(statuses))
        .order_by(CASES.c.number)
    )
    if without:
        found = select(FINDINGS.c.id).where(FINDINGS.c.case_id == CASES.c.id, FINDINGS.c.kind == without)
        chosen = chosen.where(~found.exists())
    with reading() as connection:
        return [Due(row.number, row.identity, row.name, town(row.unit).title) for row in connection.execute(chosen)]


def _count(counted: Any, column: str, season_id: int) -> int:
    chosen = select(func.count()).select_from(counted)
    if column == "season_id":
        chosen = chosen.where(counted.c.season_id == season_id)
    else:
        chosen = chosen.join(CASES, CASES.c.id == counted.c.case_id).where(CASES.c.parent_id == season_id)
    with reading() as connection:
        return int(connection.execute(chosen).scalar_one())


def _send(script: Script, form: str, write: Callable[[Path, float], Made], *, mended: bool = False) -> str:
    """Write a sheet and take it in; what comes back is mended once, as an office would."""
    script.folder.mkdir(parents=True, exist_ok=True)
    path = script.folder / f"{form}-{len(list(script.folder.glob(f'{form}-*.xlsx'))) + 1}{PENDING}"
    write(path, 0.0 if mended else 0.01)
    return _take(script, path)


def _take(script: Script, path: Path) -> str:
    """Take a sheet in that lies in the folder; only then it is no longer pending."""
    form = path.name.partition("-")[0]
    taken = take_roster(number_of(script.season), form, path)
    path.rename(path.with_name(path.name.replace(PENDING, ".xlsx")))
    return say("synthetic.sent", form=form, accepted=taken.accepted, rejected=taken.rejected)


def _applications(script: Script, season_id: int) -> str:
    if _count(CANDIDATES, "season_id", season_id):
        return ""
    on = local_day(now())
    names = [one.title for one in towns()]
    people = synthetic.candidates(
        script.applicants, seed=script.seed, on=season(script.season).approval.day, towns=names
    )
    people = [one.model_copy(update={"applied": on}) for one in people]
    return _send(
        script,
        "application",
        lambda path, flaws: synthetic.application_sheet(path, people, seed=script.seed, on=on, flaws=flaws),
    )


def _findings(form: str, statuses: Sequence[M], make: Callable[..., Made]) -> Callable[[Script, int], str]:
    def prepare(script: Script, season_id: int) -> str:
        missing = _people(season_id, statuses, without=form)
        if not missing:
            return ""
        on = local_day(now())
        mended = len(missing) < script.applicants // 10
        return _send(
            script, form, lambda path, flaws: make(path, missing, seed=script.seed, on=on, flaws=flaws), mended=mended
        )

    return prepare


def _recheck(script: Script, season_id: int) -> str:
    done = _people(season_id, [M.PHYSICAL_PASSED], without="recheck")
    drawn = _drawn(season_id)
    missing = [one for one in done if one.number in drawn]
    if not missing:
        return ""
    on = _last_examined(season_id) + timedelta(days=1)  # a second examination is of another day than the first
    _not_before(on)
    return _send(
        script,
        "medical",
        lambda path, _: synthetic.medical_sheet(path, missing, seed=script.seed, on=on, flaws=0, contradictions=0),
    )


def _not_before(day: date) -> None:
    if (morning := datetime.combine(day, MORNING, SHANGHAI)) > now():
        set_clock(morning)


def _last_examined(season_id: int) -> date:
    found = (
        select(func.max(FINDINGS.c.on_day))
        .join(CASES, CASES.c.id == FINDINGS.c.case_id)
        .where(CASES.c.parent_id == season_id, FINDINGS.c.kind.in_(("medical", "recheck")))
    )
    with reading() as connection:
        day: date = connection.execute(found).scalar_one()
    return day


def _drawn(season_id: int) -> set[str]:
    from_journal = select(ENTRIES.c.outcome).where(ENTRIES.c.case_id == season_id, ENTRIES.c.step == "draw_sample")
    with reading() as connection:
        return {case for outcome in connection.execute(from_journal).scalars() for case in outcome["cases"]}


def _evidence(script: Script, season_id: int) -> str:
    if _count(EVIDENCE, "case_id", season_id):
        return ""
    on, card = local_day(now()), season(script.season).scorecard.card
    items = [
        (item.title, item.evidence, list(item.choices) if item.choices else [str(item.cap // 2), str(item.cap)])
        for item in card.items.values()
    ]
    people = _people(season_id, [M.EDUCATED])
    return _send(
        script, "evidence", lambda path, _: synthetic.evidence_sheet(path, people, seed=script.seed, on=on, items=items)
    )


def _objections(script: Script, season_id: int) -> str:
    if _count(OBJECTIONS, "season_id", season_id):
        return ""
    on = local_day(now())
    people = _people(season_id, [M.POSTED])
    return (
        _send(script, "objection", lambda path, _: synthetic.objection_sheet(path, people, seed=script.seed, on=on))
        if people
        else ""
    )


def _returns(script: Script, season_id: int) -> str:
    people = _people(season_id, [M.IN_SERVICE])
    if _count(RETURNS, "case_id", season_id) or not people:
        return ""
    on = season(script.season).windows.departure.start + SERVED_BEFORE_RETURN
    _not_before(on)
    return _send(script, "return", lambda path, _: synthetic.return_sheet(path, people, seed=script.seed, on=on))


PREPARED: Final[dict[str, Callable[[Script, int], str]]] = {
    "applications": _applications,
    "precheck": _findings("precheck", [M.APPLIED_ONLINE], synthetic.precheck_sheet),
    "medical": _findings("medical", [M.PRECHECK_PASSED], synthetic.medical_sheet),
    "recheck": _recheck,
    "political": _findings("political", [M.PHYSICAL_PASSED], synthetic.political_sheet),
    "training": _findings("training", [M.DOUBLE_QUALIFIED], synthetic.training_sheet),
    "posting": _evidence,
    "posted": _objections,
    "returns": _returns,
}
"""What is sent while the season waits at a point."""
