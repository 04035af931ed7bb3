"""The clock of a simulated installation: demo, try-outs and predictions are ahead of the real day."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class SimulatedClock(SQLModel, table=True):
    """How far a simulated installation is ahead of the machine's clock; it ticks like any other."""

    __tablename__ = "simulated_clock"

    id: int = Field(default=1, primary_key=True)
    ahead: int = Field(sa_type=BigInteger, description="Microseconds; may be below zero")
