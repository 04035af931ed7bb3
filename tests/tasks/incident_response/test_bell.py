"""The bell: ladders climbed in time, by whichever bell comes first, once, whatever is killed or hangs."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import ROOT
from models.deadline import Clock
from models.incident_response.ladder import Ack
from tasks.case import close_case
from tasks.clock import now
from tasks.deadline import Owed, start_clock
from tasks.incident_response import bell
from tasks.incident_response.call import awaited_until, heard
from tasks.incident_response.call_record import CALLS, STEPS
from tasks.incident_response.incident import GROUPS
from tasks.journal import verify
from tasks.store import transaction
from tasks.wait import INSTANCES
from tests.ground import BOTH, NOTICES, RUNGS, Ground, hire, journal, later, race, rows_of, settled
from tests.tasks.incident_response.calling_stage import BOOK, accident, ack, alert, calls, furnish, told


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    furnish(home, monkeypatch)
    yield from settled(request, home, monkeypatch)


def taken(call_id: int) -> list[tuple[int, str, str]]:
    return [(row.step, row.kind, row.channel) for row in rows_of(STEPS, call_id=call_id)]


def after(minutes: float) -> list[str]:
    later(minutes=minutes)
    return bell.ring()


def test_a_silent_person_is_called_by_every_way_then_the_next_deputy_then_it_is_loud(ground: Ground) -> None:
    hire("C1", "incident_commander")
    hire("A1", "deputy_commander_a")
    case = accident()
    alert(case, "incident_commander")
    assert after(1) == []
    assert after(1.1) == []
    assert set(told("officer:C1")) == {"inbox", "app", "sms"}
    after(2)
    assert set(told("officer:C1")) == {"inbox", "app", "sms", "call"}
    assert set(told("role:emergency_duty", "incident_call.voice")) == {"inbox", "app"}
    after(4)
    assert set(told("officer:A1")) == {"inbox", "app"}
    (row,) = calls(staff_no="C1")
    assert taken(row.id) == [
        (1, "channel:1", "app"),
        (2, "channel:2", "sms"),
        (3, "voice", "call"),
        (4, "alternate", ""),
    ]
    assert after(5.1) == [case.number]
    assert calls(staff_no="C1")[0].ended_why == "exhausted"
    assert "inbox" in told("role:command_office", "incident_call.exhausted")
    assert rows_of(INSTANCES, case_id=case.id)[0].nudges > 0
    assert list(verify()) == []
    assert ack("C1", Ack.ON_THE_WAY, 20).until is not None
    assert calls(staff_no="C1")[0].ended_at is None


def test_somebody_without_a_channel_is_telephoned_at_once(ground: Ground) -> None:
    hire("N1", "incident_commander")
    alert(accident(), "incident_commander")
    assert [kind for _, kind, _ in taken(calls()[0].id)] == ["channel:1", "channel:2", "voice"]
    assert set(told("officer:N1")) == {"inbox"}


def test_an_answer_stops_every_channel_until_it_lapses_and_the_ladder_begins_anew(ground: Ground) -> None:
    hire("C1", "incident_commander")
    case = accident()
    alert(case, "incident_commander")
    ack("C1")
    assert after(14) == []
    assert [kind for _, kind, _ in taken(calls()[0].id)] == ["channel:1"]
    assert after(1.1) == [case.number]
    assert heard(case, "alert", "incident_commander") == ""
    assert taken(calls()[0].id) == [(1, "channel:1", "app"), (2, "channel:1", "app")]
    after(2.1)
    assert taken(calls()[0].id)[-1] == (3, "channel:2", "sms")
    ack("C1", Ack.ON_SITE)
    assert after(200) == []
    assert after(41) == [case.number]
    assert taken(calls()[0].id)[-1] == (4, "channel:1", "app")


def test_a_groups_word_carries_its_heads_answer_on(ground: Ground) -> None:
    hire("A1", "group_head:rescue")
    case = accident()
    alert(case, "group_head:rescue", purpose="group:rescue")
    ack("A1")
    later(minutes=10)
    with transaction() as tx:
        tx.core.execute(GROUPS.insert().values(case_id=case.id, code="rescue", lead="fire_brigade", head="group_head:rescue",
                                               status="working", ordered_at=now(), heard_at=now(), turn=1))  # fmt: skip
    assert after(6) == []
    assert heard(case, "group:rescue", "group_head:rescue") == "received"
    assert after(10) == [case.number]


def test_two_bells_at_the_same_time_take_each_step_once(ground: Ground) -> None:
    case = accident()
    for place in range(12):
        hire(f"P{place}", "command_office")
    alert(case, "command_office")
    later(minutes=20)
    assert not [one for one in race(*[bell.ring] * 4) if isinstance(one, Exception)]
    bell.ring()
    steps = Counter((row.call_id, row.step) for row in rows_of(STEPS))
    assert max(steps.values()) == 1
    assert len(steps) == 12 * 4
    lines = [step for step, *_ in journal(case.number) if step.startswith("climb-")]
    assert len(lines) == 12
    assert list(verify()) == []


def test_a_call_that_fails_keeps_no_other_waiting(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    for place in range(3):
        hire(f"P{place}", "command_office")
    alert(accident(), "command_office")
    first, *others = [row.id for row in calls()]
    with transaction() as tx:  # its second step cannot be written
        tx.core.execute(
            STEPS.insert().values(call_id=first, step=calls()[0].step + 1, kind="voice", channel="", at=now())
        )
    later(minutes=20)
    bell.ring()
    assert all(len(taken(one)) == 4 for one in others)
    assert "IntegrityError" in caplog.text


def test_a_closed_incident_calls_nobody(ground: Ground) -> None:
    case = accident()
    alert(case, "command_office")
    close_case(case, "closed")
    assert after(30) == []
    assert calls()[0].ended_why == "stood_down"


def test_the_bell_fires_the_clocks_of_incidents_without_any_sweep(ground: Ground) -> None:
    case = accident()
    start_clock(case, Owed("heartbeat", Clock.HOURS, 1, office="command_office", rungs=("half", "breach")))
    after(31)
    assert [row.rung for row in rows_of(RUNGS)] == ["half"]
    after(30)
    assert [row.rung for row in rows_of(RUNGS)] == ["breach", "half"]


def test_with_nobody_heard_a_deputy_is_due_at_the_stand_in_time(ground: Ground) -> None:
    case = accident()
    alert(case, "incident_commander")
    assert awaited_until(case, "alert", "incident_commander") == calls()[0].called_at + timedelta(minutes=10)


HOUSE = "from tasks.post_office import main; main()"
DYING = """
import os, signal
from tasks.incident_response.call_step import Caller
from tasks.post_office import main

write, written = Caller.write, []

def dies_at_the_third(caller):
    write(caller)
    written.append(caller)
    if len(written) == 3:  # steps and notices are written, and not committed
        os.kill(os.getpid(), signal.SIGKILL)

Caller.write = dies_at_the_third
main()
"""
PEOPLE = 50


def _house(env: dict[str, str], code: str = HOUSE) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=env, start_new_session=True,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


def test_killed_in_the_middle_of_fifty_ladders_no_step_is_lost_and_none_taken_twice(
    home: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, provider_server: Any,
    eventually: Callable[..., object],
) -> None:  # fmt: skip
    hook = f"json://{provider_server.place}"
    book = BOOK | {"channels": {"inbox": {"kind": "inbox"}, "app": {"url": f"{hook}/app", "lanes": 1},
                                "sms": {"url": f"{hook}/sms", "lanes": 1}, "stuck": {"url": f"{hook}/stuck", "lanes": 1, "deadline": 2}},
                   "officers": {f"P{n}": ["app" if n else "stuck", "sms"] for n in range(PEOPLE)}, "book": {}}  # fmt: skip
    furnish(home, monkeypatch, book)
    request.param = "sqlite"
    provider_server.hang("/stuck")  # the first person's channel: it delays nobody, not even that person's next one
    house = settled(request, home, monkeypatch)
    next(house)
    case = accident()
    for place in range(PEOPLE):
        hire(f"P{place}", "command_office")
    alert(case, "command_office")
    later(minutes=9)  # by now three steps of each ladder are overdue
    env = os.environ | {"BANJIE_HOME": str(home), "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    assert _house(env, DYING).wait(60) == -signal.SIGKILL
    assert len(rows_of(STEPS)) == PEOPLE + 2 * bell.TOGETHER * 3, "two lots were climbed, the third was lost"
    again = _house(env)
    started = time.monotonic()
    try:
        eventually(lambda: len(rows_of(STEPS)) == PEOPLE * 4, seconds=30)
        took = time.monotonic() - started
        waiting = ("pending", "sending")
        outward = ("app", "sms")
        eventually(
            lambda: not [row for row in rows_of(NOTICES) if row.channel in outward and row.status in waiting],
            seconds=60,
        )
    finally:
        again.kill()
        again.wait()
    assert took < 5, took
    assert Counter(row.call_id for row in rows_of(STEPS)) == dict.fromkeys((row.id for row in rows_of(CALLS)), 4)
    sent = Counter(one.json["message"] for one in provider_server.received if one.path in {"/app", "/sms"})
    assert sum(1 for one in provider_server.received if one.path == "/sms") >= PEOPLE
    repeated = sum(count - 1 for count in sent.values())
    assert repeated <= 2, "at most what each channel's one lane had under way"
    next(house, None)
