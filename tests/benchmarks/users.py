"""Many people at once over real HTTP, on PostgreSQL: firms that apply and officers who sign, each at a moment of their own.

Open loop: everybody comes when the dice say, whether or not those before have been served, and waits from that moment.
Each reads back what the call did, from the database as the next person would, and by calling once more.
"""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Final, NamedTuple

import httpx
from prefect.client.orchestration import SyncPrefectClient
from sqlalchemy import select

from config.settings import ROOT, settings
from tasks import officer
from tasks.ask import SEATS, Question, open_questions
from tasks.deploy import deploy
from tasks.policy_redemption.roll import APPLICATIONS, FIRMS
from tasks.store import reading
from tests.benchmarks.measure import Line, cluster, ground, p50, p95
from tests.benchmarks.notice import DEPARTMENT, Notice, prepare
from tests.benchmarks.prefect_path import engine_room
from tests.flows.redemption_stage import uscc

LOOK: Final = 0.1
PATIENCE: Final = 120.0
OVER: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


class Served(NamedTuple):
    """What became of one person: seconds from the moment they came, and whether it was kept and read back."""

    kind: str
    seconds: float
    done: bool
    read_back: bool
    said: str


class House:
    """The server as the people see it: an address. One look a moment asks for everybody who waits."""

    def __init__(self, api: str, client: SyncPrefectClient) -> None:
        self._http = httpx.Client(base_url=api, timeout=60, limits=httpx.Limits(max_connections=64))
        self._ids = {name: str(client.read_deployment_by_name(f"{name}/{name}").id) for name in ("apply", "decide")}
        self._waiting: dict[str, queue.SimpleQueue[dict[str, str]]] = {}
        threading.Thread(target=self._look, daemon=True).start()

    def call(self, name: str, **parameters: str) -> tuple[bool, str]:
        """Do something and wait for its end; say whether it was done, and what was said."""
        made = self._http.post(f"/deployments/{self._ids[name]}/create_flow_run", json={"parameters": parameters})
        made.raise_for_status()
        answer: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._waiting[made.json()["id"]] = answer
        try:
            state = answer.get(timeout=PATIENCE)
        except queue.Empty:
            return False, "timeout"
        return state["type"] == "COMPLETED", state["message"] or ""

    def _look(self) -> None:
        while True:
            time.sleep(LOOK)
            if not (ids := list(self._waiting)):
                continue
            asked = {"flow_runs": {"id": {"any_": ids}, "state": {"type": {"any_": sorted(OVER)}}}, "limit": 200}
            for run in self._http.post("/flow_runs/filter", json=asked).json():
                self._waiting.pop(run["id"]).put(run["state"])


class Done(NamedTuple):
    """What came of one person's call: when it returned, whether it was done and read back, and what was said."""

    returned: float
    done: bool
    read_back: bool
    said: str


def apply(house: House, notice: Notice, place: int) -> Done:
    """Apply for a firm; look whether it is on file, and whether applying again says the same."""
    done, said = house.call("apply", notice=notice.number, uscc=uscc(place))
    returned = time.monotonic()
    chosen = select(APPLICATIONS.c.case_id).join(FIRMS, FIRMS.c.id == APPLICATIONS.c.firm_id)
    with reading() as connection:
        there = connection.execute(chosen.where(FIRMS.c.uscc == uscc(place))).all()
    again = house.call("apply", notice=notice.number, uscc=uscc(place))
    return Done(returned, done, len(there) == 1 and again == (done, said), said)


def sign(house: House, question: Question, staff_no: str) -> Done:
    """Sign a question; look whether it is signed so, and whether it is closed to whoever comes next."""
    given = {"number": question.number, "verdict": "同意", "reason": "符合规定", "staff_no": staff_no}
    done, said = house.call("decide", **given, code=officer.code_now(staff_no))
    returned = time.monotonic()
    with reading() as connection:
        signed = connection.execute(select(SEATS.c.signed_by).where(SEATS.c.id == question.seat_id)).scalar_one()
    again, _ = house.call("decide", **given, code="000000")
    return Done(returned, done, signed == staff_no and not again, said)


def measure(people: int, each_second: float) -> list[Line]:
    """Let so many people come, half of them firms and half officers.

    Args:
        people: how many.
        each_second: how many a second, on average.
    """
    half = people // 2
    with cluster() as ours, ground("postgresql", ours, "simulated") as on:
        prepare(people)
        staff = [f"U{place:04}" for place in range(half)]
        for one in staff:
            officer.enrol(one, "经办", [DEPARTMENT], date(2022, 1, 1))
        notice = Notice(on.folder)
        notice.launch()
        notice.take("policy_application", notice.sheet(half))
        notice.tell()
        asked = open_questions(role=DEPARTMENT)
        assert len(asked) == half
        with engine_room(on.folder, ROOT) as client:
            deploy(ROOT)
            house = House(f"{settings().address}/api", client)
            acts: list[tuple[str, Callable[[], Done]]] = []
            for place, (one, question) in enumerate(zip(staff, asked, strict=True), half + 1):
                acts += [
                    ("apply", lambda place=place: apply(house, notice, place)),  # type: ignore[misc]
                    ("sign", lambda one=one, question=question: sign(house, question, one)),  # type: ignore[misc]
                ]
            served = _open_loop(acts, each_second)
    lines = []
    for kind in ("apply", "sign"):
        mine = [one for one in served if one.kind == kind]
        times = [one.seconds for one in mine]
        note = f"p50 {p50(times):.2f} s; {sum(one.done and one.read_back for one in mine)} of {len(mine)} done, read back, and seen by their next call"
        what = f"{kind} over HTTP, p95 of {len(mine)}, {each_second:g} people a second"
        lines.append(Line("-", what, p95(times), unit="s", note=note))
    said = Counter(one.said for one in served if not (one.done and one.read_back))
    lost = sum(not (one.done and one.read_back) for one in served)
    return [
        *lines,
        Line(
            "-", f"of {len(served)} people, not done or not read back", lost, 0, unit="", note=str(said.most_common(2))
        ),
    ]


def _open_loop(acts: list[tuple[str, Callable[[], Done]]], each_second: float) -> list[Served]:
    dice, at = random.Random(1), 0.0
    plan = []
    for kind, act in acts:
        at += dice.expovariate(each_second)
        plan.append((kind, at, act))
    begun = time.monotonic()

    def one(kind: str, comes: float, act: Callable[[], Done]) -> Served:
        time.sleep(max(0.0, begun + comes - time.monotonic()))
        came = act()
        return Served(kind, came.returned - begun - comes, came.done, came.read_back, came.said)

    with ThreadPoolExecutor(len(plan)) as pool:
        return [each.result() for each in [pool.submit(one, *given) for given in plan]]
