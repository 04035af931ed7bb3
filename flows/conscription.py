"""A conscription season, in the order of 海政办发〔2023〕20号: publicity, checks, selection, dispatch, returns."""

from functools import partial

from config.messages import say
from config.season import Season
from models.answer import Confirmation, Determination
from models.conscription.answer import Fitness, GroupAdjustment, Handover, Meeting, ObjectionFinding, PublicityPlan
from models.conscription.selection import Plan
from models.conscription.status import SeasonStatus
from tasks.ask import ask
from tasks.ask_members import ask_each
from tasks.case import close_case
from tasks.conscription import check, course, paper, selection, service
from tasks.conscription.text import text
from tasks.step import Dossier
from tasks.story import story
from tasks.wait import wait_for, wait_until


@story(
    name="conscription",
    run_name=course.run_name,
    description=say("conscription.description"),
)
def conscription(season: str = "") -> str:
    """Take one season from the group adjustment to its close.

    Args:
        season: the season's file, for example 2027H1; empty takes the intake that is due now (Art. 3).
    """
    plan = course.read_plan(season)
    case = course.open_season(plan)
    prepare(case, plan)
    examine(case, plan)
    case, places = decide(case, plan)
    case = approve(case, plan, places)
    dispatch(case, plan)
    take_back(case, plan)
    paper.write_circular(case, service.assess_towns(case, plan))  # Art. 21-23
    close_case(case, SeasonStatus.CLOSED)
    return case.number


def prepare(case: Dossier, plan: Season) -> None:
    """Groups, publicity, applications and the first check."""
    if plan.half == 1:  # Art. 4: every January
        groups = ask(
            GroupAdjustment, case, "groups", of="leading_group", text=text("groups", plan), due=course.groups_due(plan)
        )
        course.adjust_groups(case, groups.verdict)
    publicity = plan_publicity(case, plan)
    course.run_publicity(case, publicity.document)  # Art. 7-8
    course.open_applications(case, plan.windows.application["male"].opens, course.applications_close(plan))  # Art. 9
    wait_until(case, "applications", course.applications_close(plan))
    check.judge_applications(case, plan)  # 兵役法 Art. 20
    course.keep_window(case, plan, course.PRECHECK)  # Art. 13
    check.close_precheck(case)


def plan_publicity(case: Dossier, plan: Season) -> PublicityPlan:
    """Have the publicity plan written until it is approved (Art. 7)."""
    while True:
        shown, due = text("publicity", plan), course.publicity_due(plan)
        word = ask(PublicityPlan, case, "publicity", of="publicity_group", text=shown, due=due)
        if word.verdict == "approve":
            return word
        case = case.again()


def examine(case: Dossier, plan: Season) -> None:
    """Body, conduct and training, to double qualification."""
    course.keep_window(case, plan, course.MEDICAL)  # Art. 14
    check.judge_examinations(case)
    strange = check.contradictions(case)
    shown = partial(text, "contradiction", plan)
    words = ask_each(Fitness, case, "contradiction", members=strange, of="chief_physician", text=shown)
    check.conclude_contradictions(case, {number: word.verdict for number, word in words.items()})
    recheck(case, plan)
    course.keep_window(case, plan, course.POLITICAL)  # Art. 15
    check.conclude_reviews(case)
    course.keep_window(case, plan, course.TRAINING)  # 征兵工作条例 Art. 26
    check.conclude_education(case, plan.education.days)


def recheck(case: Dossier, plan: Season) -> None:
    """Examine a sample again, and everyone when too many of it fail (征兵工作条例 Art. 22)."""
    ends = course.after(plan.windows.political.until)
    while True:
        sample = check.draw_sample(case)
        wait_for(case, "recheck", partial(check.all_rechecked, case, sample), ends)
        check.judge_recheck(case)
        if not check.weigh_recheck(case, sample):
            return
        case = case.again()


def decide(case: Dossier, plan: Season) -> tuple[Dossier, Plan]:
    """Score, rank, propose a plan, and decide on it in meeting until it is approved (Art. 16)."""
    wait_until(case, "posting", course.morning(plan.windows.posting.start))
    selection.seal_ranking(case, plan)
    selection.record_ranks(case)
    while True:
        places = selection.propose_plan(case, plan)
        shown = text("meeting", plan, places=places)
        meeting = ask(Meeting, case, "meeting", of="leading_group", text=shown, due=course.morning(plan.approval.day))
        if meeting.verdict == "approve":
            return case, places
        selection.return_plan(case, meeting.reason)
        case = case.again()


def approve(case: Dossier, plan: Season, places: Plan) -> Dossier:
    """Post the list, hear objections, substitute in list order, approve on the day (Art. 16, 征兵工作条例 Art. 30)."""
    while True:
        selection.post_list(case, places)
        selection.post_substitutes(case)
        ends = selection.start_posting(case)
        paper.write_posting(case, ends)
        selection.end_posting(case, ends)
        doubted = selection.objections(case)
        shown = partial(text, "objection", plan)
        found = ask_each(ObjectionFinding, case, "objection", members=doubted, of="discipline_group", text=shown)
        selection.conclude_objections(case, {number: one.verdict for number, one in found.items()})
        struck = selection.note_struck_off(case, places)
        wait_until(case, "approval", course.morning(plan.approval.day))  # Art. 3
        selection.approve_recruits(case)
        if not struck:
            break
        places = selection.substitute(case, places, struck)
        case = case.again()
    selection.release_reserve(case)
    paper.write_enlistment(case, plan)
    return case


def dispatch(case: Dossier, plan: Season) -> None:
    """Transport plan, the superior's approval, handover (Art. 17)."""
    while True:
        transport = service.draft_transport(case, plan)
        paper.write_transport(case, transport)
        shown = text("transport", plan, transport=transport)
        reply = ask(Determination, case, "transport", of="superior", text=shown, due=course.morning(transport.departs))
        if reply.verdict == "approve":
            break
        case = case.again()
    service.order_transport(case, transport.departs)
    make_ready(case, plan, transport)
    wait_until(case, "departure", course.morning(transport.departs))
    shown = text("handover", plan, transport=transport)
    handover = ask(Handover, case, "handover", of="transport_group", text=shown, due=course.morning(transport.until))
    service.meet_handover(case)
    service.hand_over(case, handover.receiving_unit)
    paper.write_dispatch(case, handover.receiving_unit)
    service.begin_service(case, transport.departs)


def make_ready(case: Dossier, plan: Season, transport: service.Transport) -> None:
    """Receiving staff there, archives checked, by the days counted back (征兵工作条例 Art. 39-43)."""
    asked, due = case, course.morning(service.prepared_by(case, transport.departs))
    shown = text("preparation", plan, transport=transport)
    while ask(Confirmation, asked, "preparation", of="transport_group", text=shown, due=due).verdict == "not_done":
        asked = asked.again()
    service.confirm_preparations(case)


def take_back(case: Dossier, plan: Season) -> None:
    """Recruits sent back within the unit's 45 days (Art. 18)."""
    opened, ends = case, service.open_return_window(case, plan.windows.departure.start)
    while wait_for(case, "returns", partial(service.any_returned, case), ends):
        service.deregister(case)
        service.settle_returns(case)
        paper.write_deregistrations(case)
        case = case.again()
    service.end_return_window(opened)
