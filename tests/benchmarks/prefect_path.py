"""Goals 4 and 7 through Prefect: an answered form to the next recorded step, and what Prefect adds to each phase of a season.

A server on the embedded PostgreSQL and a warm runner, as `banjie up` has them, in a folder of their own. The form is
answered as the browser does it: one request to the server.
"""

import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import select

from config.messages import say
from config.settings import ROOT
from tasks import officer, rehearsal, store
from tasks.ask import Question, open_questions
from tasks.child import Child
from tasks.conscription.course import number_of
from tasks.deploy import deploy, ensure_pool
from tasks.door import Signature, decide
from tasks.form import choices
from tasks.journal import CASES, ENTRIES
from tasks.postgres import Postgres
from tasks.runner import COMMAND
from tasks.server import DATABASE, Server, client_environment
from tasks.store import reading
from tasks.wait import INSTANCES, Parked, count_nudge
from tasks.worklist import wake
from tests.benchmarks import season as bare
from tests.benchmarks.measure import Line, p50, p95, simulated

T = TypeVar("T")
LIMIT: Final = 0.5
PHASE_EXTRA: Final = 0.3
PHASE_RATIO: Final = 1.1
PATIENCE: Final = 60.0
LOOK: Final = 0.005
ROLE: Final = "leading_group"
WORST: Final = 5
"""How many phases are shown: those nearest to their limit, or furthest over it."""
STORY: Final = """
from datetime import date
from models.conscription.answer import GroupAdjustment
from tasks.ask import ask
from tasks.case import open_case
from tasks.conscription.course import adjust_groups
from tasks.story import story

@story(name="bench", run_name="bench/{number}".format)
def bench(number: str = "") -> str:
    case = open_case(number, process="conscription", subject="bench", on=date(2027, 1, 4), story="bench/bench",
                     parameters={"number": number}, status="open")
    while True:
        answer = ask(GroupAdjustment, case, "groups", of="leading_group", text="bench")
        adjust_groups(case, answer.verdict)
        case = case.again()
"""


@contextmanager
def engine_room(folder: Path, root: Path, command: Sequence[str] = COMMAND) -> Iterator[SyncPrefectClient]:
    """Start a server and a runner on a checkout, warm unless another is given, and end them."""
    cluster, server = Postgres(folder / "postgres"), Server(folder, "", embedded=True)
    runner: Child | None = None
    try:
        cluster.start()
        cluster.create(DATABASE, durable=False)
        server.database_url = cluster.url(DATABASE, "asyncpg")
        server.start()
        env = {**os.environ, **client_environment(folder, server.address), "BANJIE_ROOT": str(root)}
        runner = Child("runner", command, log=folder / "runner.log", env=env, cwd=root)
        with temporary_settings({PREFECT_API_URL: server.api}), get_client(sync_client=True) as client:
            os.environ["BANJIE_ADDRESS"] = server.address
            store.forget()
            ensure_pool(client, "banjie", root)
            runner.start()
            try:
                yield client
            except TimeoutError as error:
                raise TimeoutError(
                    f"{error}; the runner says: {(folder / 'runner.log').read_text()[-2000:]}"
                ) from error
    finally:
        if runner:
            runner.stop()
        server.stop()
        cluster.stop()


def _wait(look: Callable[[], T | None], what: str) -> T:
    end = time.monotonic() + PATIENCE
    while (found := look()) is None:
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(LOOK)
    return found


def answered_form(answers: int) -> list[Line]:
    """Answer one question after another by its form; then the same bare, to see what part is Prefect's."""
    with simulated() as on:
        os.environ["BANJIE_CLOCK"] = "real"
        store.forget()
        root = on.folder / "checkout"
        (root / "flows").mkdir(parents=True)
        (root / "flows" / "bench.py").write_text(STORY)
        shutil.copy(ROOT / "flows" / "decide.py", root / "flows")
        staff = [f"S{place}" for place in range(answers)]  # a code is good once: each answers with another's
        for one in staff:
            officer.enrol(one, "测试", [ROLE], date(2020, 1, 1))
        with engine_room(on.folder, root) as client:
            for flow, file in (("question", "decide"), ("bench", "bench")):
                client.create_deployment(
                    flow_id=client.create_flow_from_name(flow),
                    name=flow,
                    work_pool_name="banjie",
                    work_queue_name="default",
                    entrypoint=f"flows/{file}.py:{flow}",
                    parameter_openapi_schema={"type": "object", "properties": {}},
                )
            deployment = client.read_deployment_by_name("bench/bench")
            client.create_flow_run_from_deployment(deployment.id, parameters={"number": "B"})
            seen = 0
            whole: list[float] = []
            door: list[float] = []
            for one in staff:
                question = _wait(lambda seen=seen: _shown(client, seen), "a question")  # type: ignore[misc]
                begun = datetime.now(UTC)
                client.resume_flow_run(UUID(question.run_id), _filled(question, one))
                turn = len(whole) + 1
                at = _wait(lambda turn=turn: _at(turn, "adjust_groups"), "the next step")  # type: ignore[misc]
                answered = _at(turn, "ask-groups")
                assert answered is not None
                whole.append((at - begun).total_seconds())
                door.append((answered - begun).total_seconds())
                seen = question.seat_id
        alone = _bare(answers)
    note = (
        f"p50 {p50(whole):.3f} s; to the door p50 {p50(door):.3f}; "
        f"bare p50 {p50(alone):.3f} s, so {1 - p50(alone) / p50(whole):.0%} is Prefect's"
    )
    return [Line("4", f"answered form to next step, p95 of {answers}", p95(whole), LIMIT, "s", note)]


def _shown(client: SyncPrefectClient, seen: int) -> Question | None:
    """Return the open question once its form is up and its case's run is parked."""
    found = [one for one in open_questions() if one.run_id and one.seat_id > seen]
    if not found:
        return None
    chosen = select(INSTANCES.c.run_id, INSTANCES.c.waiting_on).join(CASES, CASES.c.id == INSTANCES.c.case_id)
    with reading() as connection:
        row = connection.execute(chosen.where(CASES.c.number == found[0].case)).one()
    states = [client.read_flow_run(UUID(run)).state for run in (found[0].run_id, row.run_id)]
    parked = all(state is not None and (state.is_paused() or state.is_scheduled()) for state in states)
    return found[0] if row.waiting_on and parked else None


def _filled(question: Question, staff_no: str) -> dict[str, str]:
    label = next(iter(choices(question.form, "verdict")))
    given = {"verdict": label, "reason": "bench", "staff_no": staff_no, "code": officer.code_now(staff_no)}
    return {say(f"form.{name}"): value for name, value in given.items()}


def _at(turn: int, step_name: str) -> datetime | None:
    with reading() as connection:
        found = connection.execute(select(ENTRIES.c.at).where(ENTRIES.c.step == step_name, ENTRIES.c.turn == turn))
        return found.scalar_one_or_none()


def _bare(answers: int) -> list[float]:
    """Do without Prefect what an answer does: the door, the replay, the next step and the next question."""
    space: dict[str, Any] = {}
    exec(STORY, space)  # noqa: S102 -- our own text above
    staff = [f"T{place}" for place in range(answers)]
    for one in staff:
        officer.enrol(one, "测试", [ROLE], date(2020, 1, 1))
    taken = []
    with suppress(Parked):
        space["bench"].fn("C")
    for one in staff:
        question = open_questions(case="C")[0]
        value = next(iter(choices(question.form, "verdict").values()))
        given = Signature(one, officer.code_now(one), {"verdict": value, "reason": "bench"}, "form")
        begun = time.perf_counter()
        decide(question.seat_id, given)
        with suppress(Parked):
            space["bench"].fn("C")
        taken.append(time.perf_counter() - begun)
    return taken


def phases(applicants: int) -> list[Line]:
    """Tell a season bare and then under Prefect, with the same people, and compare each phase."""
    with simulated() as on:
        alone, _ = bare.phases(bare.begin(on.folder, applicants))
    with simulated() as on:
        script = bare.begin(on.folder, applicants)
        with engine_room(on.folder, ROOT) as client:
            deploy(ROOT)
            told = _told(client, script)
    lines = []
    for point, taken in told.items():
        limit = PHASE_EXTRA + PHASE_RATIO * alone.get(point, 0.0)
        lines.append(
            (
                taken - limit,
                Line("7", f"season of {applicants:,}, up to {point}", taken, limit, "s", f"bare {alone[point]:.2f} s"),
            )
        )
    lines.sort(key=lambda one: one[0], reverse=True)
    within = sum(over <= 0 for over, _ in lines)
    shown = [line._replace(limit=round(line.limit or 0, 2)) for _, line in lines[:WORST]]
    return [*shown, Line("7", f"phases within the limit, of {len(lines)}", within, unit="")]


def _told(client: SyncPrefectClient, script: rehearsal.Script) -> dict[str, float]:
    spent: defaultdict[str, float] = defaultdict(float)
    deployment = client.read_deployment_by_name("conscription/conscription")
    begun = time.perf_counter()
    client.create_flow_run_from_deployment(deployment.id, parameters={"season": script.season})
    while True:
        row = _wait(lambda: _parked(script), "the season parks")
        spent[row.waiting_on or "closed"] += time.perf_counter() - begun
        if not row.waiting_on:
            return dict(spent)
        if not rehearsal.act(script):
            raise AssertionError(f"the season stands still: {rehearsal.standing(script)}")
        count_nudge(row.case_id)
        begun = time.perf_counter()
        wake(client, row.run_id)


def _parked(script: rehearsal.Script) -> Any:
    chosen = (
        select(INSTANCES, CASES.c.closed_at)
        .join(CASES, CASES.c.id == INSTANCES.c.case_id)
        .where(CASES.c.number == number_of(script.season))
    )
    with reading() as connection:
        row = connection.execute(chosen).one_or_none()
    done = row is not None and (row.closed_at or (row.waiting_on and row.seen >= row.nudges))
    return row if done else None


def measure(answers: int, applicants: int) -> list[Line]:
    """Measure both ways through Prefect."""
    return answered_form(answers) + phases(applicants)
