"""The day of a simulated installation: demo, try-outs and predictions set their clock by hand."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from models.column import Instant


class SimulatedNow(SQLModel, table=True):
    """The one moment that a simulated installation believes it is."""

    __tablename__ = "simulated_now"

    id: int = Field(default=1, primary_key=True)
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
