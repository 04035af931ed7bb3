"""The house as a whole: brought up on one machine, and tried out with a small season."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

import httpx

from config.engine import Engine, engine
from config.messages import Refusal, say
from config.season import season
from config.settings import ACK_PORT_OFFSET, ROOT, settings
from config.zone import SHANGHAI
from tasks import ack_server, public_server, rehearsal, store
from tasks.case import instances_open
from tasks.clock import now, set_clock
from tasks.conscription.course import number_of, open_season
from tasks.database import upgrade
from tasks.incident_response import cast as accident
from tasks.policy_redemption import try_out as redemption
from tasks.policy_redemption.try_out import Stories
from tasks.reach import prefect
from tasks.server import free_port, require_port
from tasks.supervise import Supervisor
from tasks.wait import count_nudge
from tasks.worklist import wake

SENDER: Final = (sys.executable, "-c", "from tasks.post_office import main; main()")
TRY_OUT_SEASON: Final = "2027H1"
RESCUE: Final = "rescue/rescue"


def up(*, try_out: Stories | None, tell: Callable[[str], None]) -> None:
    """Run the installation in the foreground until Ctrl-C.

    Args:
        try_out: on an empty home, prepare a small season and a small redemption (told by these stories) with scripted
            officers, on a clock that is moved by hand; None prepares nothing.
        tell: takes each line for the person at the terminal.

    Raises:
        Refusal: it is up already, a port is taken, or a part does not start.
    """
    if try_out:
        _choose_simulated()
    upgrade()
    if try_out:
        _prepare_try_out(try_out)

    how = engine()
    port, ack_port = _site_port(how), _ack_port(how)
    if "ack_address" not in settings().model_fields_set:  # every part says it in its notices
        os.environ["BANJIE_ACK_ADDRESS"] = f"http://{how.host}:{ack_port}"
    companions = {
        "sender": SENDER,
        "site": (*public_server.COMMAND, how.host, str(port)),
        "acknowledgements": (*ack_server.COMMAND, how.host, str(ack_port)),
    }

    def ready(address: str) -> None:
        first_rescue(address)
        tell(say("site.ready", address=f"{address.rpartition(':')[0]}:{port}"))
        tell(say("incident_call.page_ready", address=f"{address.rpartition(':')[0]}:{ack_port}"))
        if try_out:
            for line in _how_to_go_on(address):
                tell(line)

    Supervisor(settings().home, companions, tell, ready=ready).run()


def _site_port(how: Engine) -> int:
    """Return the port of the public site: the one that was set, or the next after Prefect's where it is free.

    Raises:
        Refusal: another program listens at the port that was set.
    """
    return _port(how, how.site_port, 1)


def _ack_port(how: Engine) -> int:
    """Return the port of the page for acknowledgements: the one that was set, or two after Prefect's where it is free.

    Raises:
        Refusal: another program listens at the port that was set.
    """
    return _port(how, how.ack_port, ACK_PORT_OFFSET)


def _port(how: Engine, given: int | None, offset: int) -> int:
    if given is not None:
        return require_port(how.host, given)
    try:
        return require_port(how.host, how.port + offset if how.port else 0)
    except Refusal:
        return free_port(how.host)


def first_rescue(address: str) -> None:
    """Take up every open case at once, instead of at the next minute."""
    with prefect(address) as client:
        client.create_flow_run_from_deployment(client.read_deployment_by_name(RESCUE).id)


def _choose_simulated() -> None:
    """Set the try-out's clock in the installation's own file, so that every later command agrees."""
    path = ROOT / "var" / "banjie.env"
    if "BANJIE_CLOCK" not in os.environ and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("BANJIE_CLOCK=simulated\n", encoding="utf-8")
        store.forget()


def _prepare_try_out(stories: Stories) -> None:
    """Enrol the casts; open season and redemption where they are not yet. The first rescue gives each its run."""
    empty = not instances_open()
    if empty:
        set_clock(datetime.now(UTC))
    since, treasurer = date(now().astimezone(SHANGHAI).year - 1, 1, 1), rehearsal.signer_of("finance_bureau")
    rehearsal.enrol_cast(since)
    accident.enrol_cast(since)
    if empty:
        open_season(season(TRY_OUT_SEASON))
    if not redemption.notice_number():
        redemption.enrol_cast(since, treasurer)
        redemption.prepare(stories, treasurer)


def _how_to_go_on(address: str) -> list[str]:
    number = number_of(TRY_OUT_SEASON)
    return say(
        "cli.how_to_go_on",
        address=address,
        number=number,
        officer=rehearsal.signer_of("leading_group"),
        notice=redemption.notice_number(),
        manager=redemption.signer_of("science_bureau"),
        tax=redemption.signer_of("tax_bureau"),
        commander=accident.COMMANDER,
        others=accident.OFFICE,
    ).splitlines()


def wake_all() -> None:
    """Wake every open case, after a simulated day was moved; where the server is away, the rescue does it later."""
    for one in instances_open():
        count_nudge(one.id)
    try:
        with prefect() as client:
            for one in instances_open():
                wake(client, one.run_id)
    except httpx.HTTPError:
        return
