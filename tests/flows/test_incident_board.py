"""The board of an incident that really happened: no line without a title, none without a clause that ought to have one."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from config.incident_timeline import lane_of
from tasks.incident_response.board import incident_page
from tasks.incident_response.command_act import Event, note_event
from tasks.incident_response.duty_book import arm
from tasks.incident_response.group_report import Given, report
from tasks.incident_response.groups import direct
from tasks.incident_response.release import inform_public
from tasks.incident_response.spoken import done
from tasks.incident_response.timeline import timeline
from tasks.incident_response.view import read_view
from tasks.rung import fire_rungs
from tasks.store import transaction
from tests.flows.command_stage import minutes, once, ordered, sign, staffed
from tests.ground import Ground, settled

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(params=["sqlite"])
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody listens
    for found in settled(request, home, monkeypatch):
        staffed()
        yield found


def test_a_real_response_reads_line_by_line_under_the_plan(ground: Ground) -> None:
    case = ordered()
    with transaction():
        arm(case, "reported")
    minutes(20)
    done(
        case.number, partial(report, given=Given("rescue", "任务完成", "明火已扑灭", "rescue.fire"), signer=sign("R1"))
    )
    done(case.number, partial(note_event, given=Event("东北风三级"), signer=sign("O1")))
    minutes(200)
    fire_rungs()
    once(direct, case)
    once(inform_public, case)
    page, view = incident_page(case.number), read_view(case.number)
    rows = timeline(view)
    untitled = {row.title for row in rows if not CHINESE.search(row.title)} - {"verify_report"}  # the stage's own line
    assert not untitled
    (event,) = [row for row in rows if row.note == "东北风三级"]
    assert (event.clause, lane_of(event.clause)) == ("", "event")
    assert {"report", "law", "start", "command"} <= {row.lane for row in rows}
    assert "专业处置工作组" in page.body
    assert "明火已扑灭" in page.body
    assert "上报市应急管理局" in page.body
