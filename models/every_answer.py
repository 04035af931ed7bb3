"""Every form that a decision may ask for, so that the one door knows them all."""

from models.answer import Answer
from models.conscription import answer as conscription
from models.conscription import service_answer as service
from models.incident_response import aftermath_answer as incident_aftermath
from models.incident_response import command_answer as incident_command
from models.incident_response import duty_answer as incident_duty
from models.incident_response import report_answer as incident_report
from models.policy_redemption import answer as policy_redemption
from models.policy_redemption import bulletin
from models.policy_redemption import change as policy_change
from models.policy_redemption import demand_answer as demand
from models.policy_redemption import money_answer as policy_money
from models.policy_redemption import service_answer as enterprise_service

FORMS = Answer.forms
PROCESSES = (
    conscription, service, policy_redemption, bulletin, policy_change, demand, policy_money, enterprise_service,
    incident_aftermath,
    incident_command,
    incident_duty,
    incident_report,
)  # fmt: skip
