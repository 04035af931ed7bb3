"""What time it is: the machine's, or the moment that a simulated installation was set to."""

from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import insert, select, update

from config.messages import Refusal
from config.settings import SHANGHAI, settings
from models.simulation import SimulatedNow
from tasks.store import reading, table, transaction

SIMULATED: Final = table(SimulatedNow)


def simulated() -> bool:
    """Say whether this installation's clock is set by hand."""
    return settings().clock == "simulated"


def now() -> datetime:
    """Return the moment, in UTC."""
    if not simulated():
        return datetime.now(UTC)
    with reading() as connection:
        at = connection.execute(select(SIMULATED.c.at)).scalar_one_or_none()
    return at or datetime.now(UTC)


def today() -> date:
    """Return the calendar day in the district."""
    return now().astimezone(SHANGHAI).date()


def local_day(moment: datetime) -> date:
    """Return the district's calendar day of a moment."""
    return moment.astimezone(SHANGHAI).date()


def set_clock(to: datetime) -> None:
    """Move a simulated clock forward; it never goes back, as journals do not.

    Raises:
        Refusal: this installation runs on the real clock.
    """
    if not simulated():
        raise Refusal("kernel.clock_is_real")
    with transaction() as tx:
        if tx.core.execute(select(SIMULATED.c.at)).scalar_one_or_none() is None:
            tx.core.execute(insert(SIMULATED).values(id=1, at=to))
        else:
            tx.core.execute(update(SIMULATED).where(SIMULATED.c.at < to).values(at=to))
