"""An accident in the fireworks trade, from the first report to the last lesson (海政办发〔2023〕31号).

Approvals gate the start, a release and the end; no report up waits for one (突发事件应对法 Art. 61): they go on beside.
"""

from config.messages import say
from tasks.alongside import gather, meanwhile
from tasks.incident_response import (
    activation,
    aftermath,
    closing,
    drill,
    duty,
    ending,
    expansion,
    grading,
    groups,
    incident,
    investigation,
    lessons,
    recovery,
    release,
    scope,
    situation,
    summary,
)
from tasks.step import Dossier
from tasks.story import story


@story(name="incident_response", run_name=incident.run_name, description=say("incident_response.description"))
def incident_response(number: str) -> str:
    """Answer one accident.

    Args:
        number: the incident's, for example SG-2027-001.
    """
    case = incident.take_up(number)
    beside = (scope.verify, duty.report_up, situation.keep_reporting, release.inform_public, grading.follow_facts)
    if meanwhile(case, drill.unless_stopped(respond), *beside, drill.play):
        meanwhile(case, look_after, release.inform_public, grading.follow_facts, scope.verify)
    elif not scope.called_off(case):
        meanwhile(case, drill.unless_stopped(account_for), grading.follow_facts, scope.verify, drill.play)
        drill.conclude(case)
    closing.close(case)
    return case.number


def respond(case: Dossier) -> bool:
    """Start the plan, direct the groups, and end the emergency (4.1–4.6)."""
    if not scope.establish(case):  # 1.4: an accident, of a licensed unit, or handled although it is not
        return False
    if not activation.activate(case):  # 4.1, 4.2: the commander, from level III the district government as well
        return False
    groups.order_groups(case)  # 2.5, 2.6: every group at once
    meanwhile(case, ending.end_emergency, groups.direct, expansion.expand)  # 4.3–4.6
    return True


def look_after(case: Dossier) -> None:
    """Restore readiness, investigate, settle what is left, and learn (4.7, 5.2–5.4); a drill is scored (6.2)."""
    if case.drill:
        drill.conclude(case)
        return
    gather(case, recovery.restore, investigation.investigate, learn, duty.report_up)


def account_for(case: Dossier) -> None:
    """Report and investigate what no plan was started for: the law asks for it all the same (Order 493 Art. 9–32)."""
    if not case.drill:  # a drill that starts nothing has nothing to account for
        gather(case, investigation.investigate, duty.report_up)


def learn(case: Dossier) -> None:
    """Settle, sum up, and follow every lesson until it is done (5.3, 5.4)."""
    aftermath.settle(case)  # 5.3, 2.5 (10)
    summary.summarise(case)  # 5.4
    lessons.follow_up(case)  # 5.4, 7.2
