"""Every table of an incident."""

from models.incident_response.aftermath import IncidentHandover, IncidentLesson, IncidentReadiness, IncidentRelease
from models.incident_response.calling import IncidentAck, IncidentCall, IncidentCallStep
from models.incident_response.clock import IncidentDuty
from models.incident_response.command import IncidentGroup, IncidentOrder, IncidentTask
from models.incident_response.record import Incident, IncidentReport

TABLES = (
    Incident, IncidentReport, IncidentDuty, IncidentOrder, IncidentGroup, IncidentTask, IncidentCall, IncidentCallStep,
    IncidentAck, IncidentRelease, IncidentReadiness, IncidentLesson, IncidentHandover,
)  # fmt: skip
