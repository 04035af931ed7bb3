"""Goal 10: from the report of an accident to the commander's message, and to all ten groups ordered, through Prefect.

A server on the embedded PostgreSQL and a warm runner, as `banjie up` has them. The report comes by its form; the order
is signed the moment its question stands in the Prefect UI, by the form as the browser sends it. What people take is left
out: the figure is what they wait for. The same is done bare, without Prefect, to see whose part is whose.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from sqlalchemy import func, select, update

from config.messages import say
from config.settings import ROOT
from flows.incident_response import incident_response
from tasks import officer, store
from tasks.ask import Question, open_questions
from tasks.deploy import deploy
from tasks.door import Signature, decide
from tasks.incident_response.incident import GROUPS, INCIDENTS
from tasks.journal import CASES, ENTRIES, NOTICES
from tasks.officer import OFFICERS
from tasks.runner import COMMAND
from tasks.store import reading, transaction
from tasks.wait import Parked
from tests.benchmarks.measure import Line, p50, p95, simulated
from tests.benchmarks.prefect_path import engine_room
from tests.reported import SMALL, answer_of, cast, form_of, lodge, report_parameters

T = TypeVar("T")
LIMIT: Final = 2.0
PATIENCE: Final = 60.0
LOOK: Final = 0.005
ALL: Final = 10
PROCESS: Final = (sys.executable, "-m", "prefect", "worker", "start", "--pool", "banjie", "--type", "process")


class Round(NamedTuple):
    """One accident: seconds from the report to the first message, to the open question, from the answer to the groups."""

    message: float
    question: float
    ordered: float

    @property
    def whole(self) -> float:
        """What people wait for in all."""
        return self.question + self.ordered


def _wait(look: Callable[[], T | None], what: str) -> T:
    end = time.monotonic() + PATIENCE
    while (found := look()) is None:
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(LOOK)
    return found


def _first_message(place: int) -> datetime | None:
    """Return when the first notice to the commander was queued for the n-th accident."""
    chosen = (
        select(func.min(NOTICES.c.created_at))
        .join(INCIDENTS, INCIDENTS.c.case_id == NOTICES.c.case_id)
        .where(INCIDENTS.c.place == place, NOTICES.c.recipient.like("officer:%"))
    )
    with reading() as connection:
        return connection.execute(chosen).scalar_one_or_none()


def _shown(number: str) -> Question | None:
    found = [one for one in open_questions(case=number) if one.point == "activate" and one.run_id]
    return found[0] if found else None


def _number(place: int) -> str | None:
    chosen = select(CASES.c.number).join(INCIDENTS, INCIDENTS.c.case_id == CASES.c.id)
    with reading() as connection:
        return connection.execute(chosen.where(INCIDENTS.c.place == place)).scalar_one_or_none()


def _ordered(number: str) -> datetime | None:
    """Return when all ten groups stood ordered."""
    counted = select(func.count()).select_from(GROUPS).join(CASES, CASES.c.id == GROUPS.c.case_id)
    line = select(ENTRIES.c.at).join(CASES, CASES.c.id == ENTRIES.c.case_id)
    with reading() as connection:
        if connection.execute(counted.where(CASES.c.number == number)).scalar_one() < ALL:
            return None
        return connection.execute(
            line.where(CASES.c.number == number, ENTRIES.c.step == "order_groups")
        ).scalar_one_or_none()


def _one(client: SyncPrefectClient, place: int) -> Round:
    deployment = client.read_deployment_by_name("report_accident/报告事故")
    signer = _enrol(place)
    begun = datetime.now(UTC)
    client.create_flow_run_from_deployment(deployment.id, parameters=report_parameters(place, **SMALL))
    number = _wait(lambda: _number(place), "the accident is opened")
    question = _wait(lambda: _shown(number), "the order is asked")
    shown = datetime.now(UTC)
    _wait(lambda: _suspended(client, question), "the form is shown")
    given = _filled(question, signer)
    answered = datetime.now(UTC)
    client.resume_flow_run(UUID(question.run_id), given)
    ordered = _wait(lambda: _ordered(number), "the groups are ordered")
    seen = datetime.now(UTC)
    message = _wait(lambda: _first_message(place), "the first message")
    assert ordered <= seen
    return Round((message - begun).total_seconds(), (shown - begun).total_seconds(), (seen - answered).total_seconds())


def _suspended(client: SyncPrefectClient, question: Question) -> bool | None:
    state = client.read_flow_run(UUID(question.run_id)).state
    return True if state is not None and state.is_paused() else None


def _answer(question: Question) -> dict[str, Any]:
    return answer_of(question) | {"response_level": "IV"}


def _filled(question: Question, signer: str) -> dict[str, str]:
    signed = {say("form.staff_no"): signer, say("form.code"): officer.code_now(signer)}
    return form_of(question, _answer(question)) | signed


def _bare(places: range) -> list[Round]:
    """Do the same without Prefect: what our own part takes."""
    taken = []
    for place in places:
        signer = _enrol(place)
        begun = time.perf_counter()
        number = lodge(place, **SMALL)
        message = time.perf_counter() - begun
        with suppress(Parked):
            incident_response.fn(number)
        question = time.perf_counter() - begun
        asked = next(one for one in open_questions(case=number) if one.point == "activate")
        given = Signature(signer, officer.code_now(signer), _answer(asked), "form")
        begun = time.perf_counter()
        decide(asked.seat_id, given)
        with suppress(Parked):
            incident_response.fn(number)
        assert _ordered(number)
        taken.append(Round(message, question, time.perf_counter() - begun))
    return taken


def _enrol(place: int) -> str:
    """Give the accident a commander of its own, for a code is good once; there is one at a time. Return who it is."""
    with transaction() as tx:
        tx.core.execute(update(OFFICERS).where(OFFICERS.c.staff_no.like("C%")).values(active=False))
    return cast(place, enrol=date(2020, 1, 1))


def _through(command: Any, accidents: int) -> list[Round]:
    with simulated() as on:
        os.environ["BANJIE_CLOCK"] = "real"
        store.forget()
        with engine_room(on.folder, ROOT, command) as client:
            deploy(ROOT)
            rounds = [_one(client, place) for place in range(1, accidents + 2)]
    return rounds[1:]  # the first loads the flows


def measure(accidents: int) -> list[Line]:
    """Measure both ways to run a flow, and what is left without Prefect."""
    with simulated():
        os.environ["BANJIE_CLOCK"] = "real"
        store.forget()
        bare = _bare(range(1, accidents + 2))[1:]
    warm = _through(COMMAND, accidents)
    own = _through(PROCESS, max(2, accidents // 8))
    whole, alone = [one.whole for one in warm], p50([one.whole for one in bare])
    slow = p50([one.whole for one in own])
    note = (
        f"p50 {p50(whole):.2f} s, of it {alone:.2f} s our own; question shown p50 {p50([one.question for one in warm]):.2f}, "
        f"answer to groups p50 {p50([one.ordered for one in warm]):.2f}"
    )
    processes = f"of it {slow - p50(whole):.1f} s starting processes, which the warm runner does not"
    return [
        Line("10", f"report to ten groups ordered, p95 of {accidents}", p95(whole), LIMIT, "s", note),
        Line("10", "report to the commander's message, p95", p95([one.message for one in warm]), LIMIT, "s",
             f"p50 {p50([one.message for one in warm]):.2f} s; bare {p50([one.message for one in bare]):.3f} s"),
        Line("10", f"the same with Prefect's process worker, p50 of {len(own)}", slow, unit="s", note=processes),
    ]  # fmt: skip
