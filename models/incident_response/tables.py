"""Every table of an incident."""

from models.incident_response.aftermath import (
    IncidentCondition,
    IncidentHandover,
    IncidentLesson,
    IncidentReadiness,
    IncidentRelease,
)
from models.incident_response.calling import IncidentAck, IncidentCall, IncidentCallStep, IncidentWrongCode
from models.incident_response.clock import IncidentDuty
from models.incident_response.command import IncidentGroup, IncidentOrder, IncidentTask
from models.incident_response.record import Incident, IncidentContact, IncidentReport

TABLES = (
    Incident, IncidentReport, IncidentContact, IncidentDuty, IncidentOrder, IncidentGroup, IncidentTask,
    IncidentCall, IncidentCallStep, IncidentAck, IncidentWrongCode, IncidentCondition, IncidentRelease,
    IncidentReadiness, IncidentLesson, IncidentHandover,
)  # fmt: skip
