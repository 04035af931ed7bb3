"""Every table of ours, so that migrations and tests see them all."""

from models.case import Anchor, Case, Deadline, Decision, Entry, Instance, Notice, Progress, Received, Rung, Seat
from models.conscription import service_roll
from models.conscription.roll import Benefit, Candidate, Evidence, Finding, Objection, Ranked, Returned
from models.incident_response import tables as incident
from models.office import Delegation, Officer, Post
from models.person import Party, Person
from models.policy_redemption import money
from models.policy_redemption.application import Application, Deficiency, Firm, Paper, PolicyObjection, Redemption
from models.policy_redemption.change import ManagerChange, PolicyChange, PolicyDraft
from models.policy_redemption.demand import Demand
from models.policy_redemption.policy import Policy, PolicyVersion
from models.policy_redemption.publicity import Publication, Visits
from models.policy_redemption.service import Activity, Enrolment, Resource, ServiceRequest
from models.simulation import SimulatedClock

TABLES = (
    Anchor, Benefit, Candidate, Case, Deadline, Decision, Delegation, Entry, Evidence, Finding, Instance, Notice,
    Objection, Officer, Party, Person, Post, Progress, Ranked, Received, Returned, Rung, Seat, SimulatedClock,
    Application, Deficiency, Firm, ManagerChange, Paper, Policy, PolicyChange, PolicyDraft,
    PolicyObjection, PolicyVersion, Redemption,
    Publication, Visits, *money.TABLES, *service_roll.TABLES,
    Activity, Demand, Enrolment, Resource, ServiceRequest, *incident.TABLES,
)  # fmt: skip
