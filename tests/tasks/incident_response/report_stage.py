"""An accident as reports make it, for tests of what follows them: brought, answered, told part by part."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from tasks.ask import open_questions
from tasks.incident_response.intake import Lodged
from tasks.incident_response.report_lodging import Brings, lodge_follow_up, lodge_full, lodge_quick
from tasks.step import Dossier, read_dossier
from tasks.wait import Parked
from tests.ground import NOTICES, answer, fresh_code, hire, rows_of

NUMBER = "SG-2027-001"
QUICK = {
    "unit": "红星烟花店",
    "place": "三星镇人民路100号",
    "kind": "爆炸",
    "when": "10分钟前",
    "casualties": "死亡2人，失联1人",
}
FULL = {
    "unit": "红星烟花店", "address": "三星镇人民路100号", "licensed": "持有经营许可证", "occurred": "08:40",
    "place": "三星镇人民路100号", "town": "三星镇", "situation": "明火未灭", "kind": "爆炸并起火", "course": "未知",
    "dead": "2", "injured": "未知", "missing": "1", "trapped": "无", "loss": "未知", "reach": "附近居民区",
    "measures": "已疏散", "controllable": "未知", "aid": "无", "contact_office": "区应急管理局",
    "contact_telephone": "0513-82210000",
}  # fmt: skip
OFFICERS = {"S1": "emergency_duty", "S2": "emergency_bureau", "S3": "incident_commander", "S4": "command_office"}


class _Bare(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    do_POST = do_GET  # noqa: N815 -- the library's names

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@contextmanager
def nobody_listens() -> Iterator[None]:
    """Have a server of Prefect's that knows no deployment yet: the rescue would start the runs later.

    A port where nobody listens would do as well, but the client tries it for two seconds each time.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bare)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/api"
    with temporary_settings({PREFECT_API_URL: address, PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield
    server.shutdown()
    server.server_close()


def staff() -> None:
    """Enrol who answers."""
    for staff_no, role in OFFICERS.items():
        hire(staff_no, role)


def quick(mark: str = "1", **changes: str) -> Lodged:
    """Bring a quick report."""
    return lodge_quick(QUICK | changes, Brings(mark.encode()))


def full(mark: str = "1", **changes: str) -> Lodged:
    """Bring a full report."""
    return lodge_full(FULL | changes, Brings(mark.encode()))


def followed(mark: str = "f", number: str = NUMBER, **changes: str) -> Lodged:
    """Bring a follow-up, signed by the duty room."""
    return lodge_follow_up(number, changes, Brings(mark.encode(), "S1", fresh_code("S1")))


def told(template: str) -> set[str]:
    """Return who got a notice."""
    return {row.recipient for row in rows_of(NOTICES) if row.template == f"notice_incident_response.{template}"}


def tell(part: Callable[[Dossier], Any], number: str = NUMBER) -> Any:
    """Tell a part of the story as a run that has just woken does; None where it waits."""
    try:
        return part(read_dossier(number))
    except Parked:
        return None


def say_of(point: str, staff_no: str, verdict: str, number: str = NUMBER, **more: Any) -> None:
    """Answer a question of an incident by one of the seats."""
    role = OFFICERS[staff_no]
    seat = next(one for one in open_questions() if (one.point, one.case, one.role) == (point, number, role))
    answer(seat.seat_id, staff_no, verdict, **more)
