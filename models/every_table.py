"""Every table of ours, so that migrations and tests see them all."""

from models.case import Anchor, Case, Deadline, Decision, Entry, Instance, Notice, Progress, Rung, Seat
from models.office import Delegation, Officer, Post
from models.person import Party, Person
from models.simulation import SimulatedNow

TABLES = (
    Anchor, Case, Deadline, Decision, Delegation, Entry, Instance, Notice, Officer, Party, Person, Post, Progress, Rung, Seat,
    SimulatedNow,
)  # fmt: skip
