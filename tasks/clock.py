"""What time it is: the machine's, or that of a simulated installation, which is ahead of it and ticks on."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import insert, select, update

from config.messages import Refusal
from config.settings import settings
from config.zone import SHANGHAI
from models.simulation import SimulatedClock
from tasks.store import reading, table, transaction

CLOCK: Final = table(SimulatedClock)
MICROSECOND: Final = timedelta(microseconds=1)


def simulated() -> bool:
    """Say whether this installation's clock is set by hand."""
    return settings().clock == "simulated"


def now() -> datetime:
    """Return the moment, in UTC."""
    moment = datetime.now(UTC)
    if not simulated():
        return moment
    with reading() as connection:
        ahead = connection.execute(select(CLOCK.c.ahead)).scalar_one_or_none()
    return moment + timedelta(microseconds=ahead or 0)


def today() -> date:
    """Return the calendar day in the district."""
    return local_day(now())


def local_day(moment: datetime) -> date:
    """Return the district's calendar day of a moment."""
    return moment.astimezone(SHANGHAI).date()


def set_clock(to: datetime, *, back: bool = False) -> None:
    """Move a simulated clock forward; it never goes back while cases are open, as their journals do not.

    Args:
        to: the moment that it is from now on.
        back: allow an earlier moment, for an installation without cases.

    Raises:
        Refusal: this installation runs on the real clock, or the moment is past.
    """
    if not simulated():
        raise Refusal("kernel.clock_is_real")
    with transaction() as tx:
        found = tx.core.execute(select(CLOCK.c.ahead)).scalar_one_or_none()
        ahead = (to - datetime.now(UTC)) // MICROSECOND
        if found is None:
            tx.core.execute(insert(CLOCK).values(id=1, ahead=ahead))
        elif ahead >= found or back:
            tx.core.execute(update(CLOCK).values(ahead=ahead))
        else:
            raise Refusal("kernel.clock_goes_forward", to=to.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))


def morning(day: date) -> datetime:
    """Return the first moment of a day in the district."""
    return datetime.combine(day, time(0), SHANGHAI)


def after(day: date) -> datetime:
    """Return the first moment after a day in the district."""
    return morning(day + timedelta(days=1))
