"""An accident in the fireworks trade, from the first report to the last lesson (海政办发〔2023〕31号).

Approvals gate the start, a release and the end; no report up waits for one (突发事件应对法 Art. 61): they go on beside.
"""

from config.messages import say
from tasks.alongside import meanwhile
from tasks.incident_response import activation, duty, groups, incident
from tasks.step import Dossier
from tasks.story import story


@story(name="incident_response", run_name=incident.run_name, description=say("incident_response.description"))
def incident_response(number: str) -> str:
    """Answer one accident.

    Args:
        number: the incident's, for example SG-2027-001.
    """
    case = incident.take_up(number)
    meanwhile(case, respond, duty.report_up)
    return case.number


def respond(case: Dossier) -> bool:
    """Start the plan and direct the groups (4.1–4.6)."""
    if not activation.activate(case):  # 4.1, 4.2: the commander, from level III the district government as well
        return False
    groups.order_groups(case)  # 2.5, 2.6: every group at once
    groups.direct(case)  # 4.3–4.5
    return True
