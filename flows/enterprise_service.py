"""Activities and service resources for enterprises (海政办发〔2023〕27号, Art. 17–18)."""

from datetime import date, datetime
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.answer import Approval
from models.personal import open_field
from models.policy_redemption.departments import departments
from models.policy_redemption.service import ActivityKind, ActivityStatus, ServiceStatus
from models.policy_redemption.service_answer import ActivitySummary, ServiceFollowUp, ServiceReply
from models.roster.demand import EnrolmentWish
from tasks.ask import ask
from tasks.case import close_case
from tasks.policy_redemption import activity as activities
from tasks.policy_redemption import activity_places, resource
from tasks.policy_redemption.demand_clock import CENTRE, ask_by
from tasks.story import story
from tasks.wait import wait_until

Department = Annotated[str, Field(json_schema_extra={"enum": [body.title for body in departments(date.max)]})]
Kind = Annotated[str, Field(json_schema_extra={"enum": [kind.word for kind in ActivityKind]})]
Wish = Annotated[str, Field(json_schema_extra={"enum": [wish.word for wish in EnrolmentWish]})]
Heading = Annotated[str, Field(json_schema_extra=open_field(60))]
Words = Annotated[str, Field(json_schema_extra=open_field(500))]
Places = Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": activities.MOST})]


@story(name="activity", run_name=activities.run_name, description=say("activity.description"))
def activity(  # noqa: PLR0917 -- the fields of the form
    department: Department, kind: Kind, title: Heading, venue: Heading, starts: datetime, closes: datetime,
    capacity: Places, about: Words,
) -> str:  # fmt: skip
    """Take one activity from its announcement to its summary.

    Args:
        department: who holds it.
        kind: what it is.
        title: its name.
        venue: where.
        starts: when it begins.
        closes: last moment of enrolment.
        capacity: places.
        about: what it is about.
    """
    plan = activities.Plan(department=department, kind=kind, title=title, venue=venue, starts=starts, closes=closes,
                           capacity=capacity, about=about)  # fmt: skip
    case = activities.open_activity(plan)
    shown = activities.text(case, "publication")
    if ask(Approval, case, "publication", of=activities.publishes(case), text=shown).verdict == "reject":
        close_case(case, ActivityStatus.CANCELLED)
        return case.number
    activities.publish_activity(case)  # Art. 17: open to small enterprises, online
    found = activities.about(case)
    wait_until(case, "enrolment", found.closes_at)
    activities.close_enrolment(case)
    wait_until(case, "start", found.starts_at)
    due = activities.await_summary(case)
    word = ask_by(ActivitySummary, case, "summary", of=found.department, text=activities.text(case, "summary"),
                  due_at=due)  # fmt: skip
    result = activities.conclude(case, word.verdict, word.event_summary)
    close_case(case, ActivityStatus.CLOSED if result.held else ActivityStatus.CANCELLED, result)
    return case.number


@flow(name="enrol", description=say("activity.enrol_form"), persist_result=False)
def enrol(number: str, firm: str, name: Heading, wish: Wish) -> State[str]:
    """Enrol an enterprise in an activity, or cancel its enrolment.

    Args:
        number: the activity's, for example HD-2027-001.
        firm: the enterprise's credit code.
        name: the enterprise's name.
        wish: to enrol or to cancel.
    """
    return activity_places.enrol_by_form(number, firm, name, wish)


@flow(name="request_service", description=say("service_request.request_form"), persist_result=False)
def request_service(code: str, firm: str, name: Heading, wish: Words) -> State[str]:
    """Ask for a service of the catalogue.

    Args:
        code: the resource's, for example ZY-001.
        firm: the enterprise's credit code.
        name: the enterprise's name.
        wish: what is asked for.
    """
    return resource.request_by_form(code, firm, name, wish)


@story(name="service_request", run_name=resource.run_name, description=say("service_request.description"))
def service_request(number: str) -> str:
    """Take one request for a service from its receipt to its follow-up (Art. 18).

    Args:
        number: the request's, for example FW-2027-001.
    """
    case = resource.take_up(number)
    while True:
        due = resource.await_answer(case)
        department = resource.department_of(case)
        word = ask_by(ServiceReply, case, "service_answer", of=department, text=resource.text(case, "service_answer"),
                      due_at=due)  # fmt: skip
        reply = resource.answer(case, word.verdict)
        if not reply.provided:
            close_case(case, ServiceStatus.DECLINED)
            return case.number
        wait_until(case, "follow_up", reply.follow_up)
        said = ask(ServiceFollowUp, case, "follow_up", of=CENTRE, text=resource.text(case, "follow_up"))
        resource.follow_up_service(case, said.verdict)
        if said.verdict != "again":
            close_case(case, ServiceStatus.CLOSED)
            return case.number
        case = case.again()
