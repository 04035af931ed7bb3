"""A conscription season, in the order of 海政办发〔2023〕20号: publicity, checks, selection, dispatch, returns."""

from functools import partial

from config.messages import say
from config.season import Season
from models.answer import Determination
from models.conscription.answer import Fitness, GroupAdjustment, Handover, Meeting, ObjectionFinding, PublicityPlan
from models.conscription.status import MemberStatus as M
from models.conscription.status import SeasonStatus as S
from tasks.ask import ask
from tasks.ask_members import ask_each
from tasks.case import close_case
from tasks.conscription import check, course, paper, selection, service
from tasks.conscription.text import text
from tasks.members import count_members
from tasks.step import Dossier
from tasks.story import story
from tasks.wait import wait_for, wait_until


@story(name="conscription", run_name=say("conscription.run_name", season="{season}"), description=say("conscription.description"))
def conscription(season: str = "") -> str:
    """Take one season from the group adjustment to its close.

    Args:
        season: the season's file, for example 2027H1; empty takes the intake that is due now (Art. 3).
    """
    plan = course.read_plan(season)
    case = course.open_season(plan)
    prepare(case, plan)
    examine(case, plan)
    approved = select(case, plan)
    dispatch(approved, plan)
    take_back(approved, plan)
    paper.write_circular(approved, service.assess_towns(approved, plan))            # Art. 21-23
    close_case(approved, S.CLOSED)
    return approved.number


def prepare(case: Dossier, plan: Season) -> None:
    """Groups, publicity, applications and the first check (Art. 4, 7-9, 13)."""
    if plan.half == 1:                                                              # Art. 4: every January
        groups = ask(GroupAdjustment, case, "groups", of="leading_group", text=text("groups", plan))
        course.adjust_groups(case, groups.verdict)
    publicity = ask(PublicityPlan, case, "publicity", of="publicity_group", text=text("publicity", plan))
    course.run_publicity(case, publicity.document)                                  # Art. 7-8
    men = plan.windows.application["male"]
    course.open_applications(case, men.opens, men.closes_at)                        # Art. 9
    wait_until(case, "applications", men.closes_at)
    check.judge_applications(case, plan)                                            # 兵役法 Art. 20
    site = plan.windows.site_confirmation
    course.keep_window(case, "precheck", opens=site.start, closes=site.until, office="conscription_office",
                       lagging=[M.APPLIED_ONLINE], arrived=lambda: not count_members(case, [M.APPLIED_ONLINE]))  # fmt: skip
    check.close_precheck(case)                                                      # Art. 13


def examine(case: Dossier, plan: Season) -> None:
    """Body, conduct and training, to double qualification (Art. 14-15)."""
    body = plan.windows.medical
    course.keep_window(case, "medical", opens=body.start, closes=body.until, office="physical_group",
                       lagging=[M.PRECHECK_PASSED], arrived=lambda: not course.unchecked(case, "medical", M.PRECHECK_PASSED))  # fmt: skip
    check.judge_examinations(case)                                                  # Art. 14
    words = ask_each(Fitness, case, "contradiction", members=check.contradictions(case), of="chief_physician",
                     text=lambda number: text("contradiction", plan, number=number))  # fmt: skip
    check.conclude_contradictions(case, {number: word.verdict for number, word in words.items()})
    again = case
    while True:
        sample = check.draw_sample(again)                                           # 征兵工作条例 Art. 22
        wait_for(again, "recheck", partial(check.all_rechecked, again, sample), course.after(plan.windows.political.until))
        check.judge_recheck(again)
        if not check.weigh_recheck(again, sample):
            break
        again = again.again()
    conduct = plan.windows.political
    course.keep_window(case, "political", opens=conduct.start, closes=conduct.until, office="vetting_group",
                       lagging=[M.PHYSICAL_PASSED], arrived=lambda: not course.unchecked(case, "political", M.PHYSICAL_PASSED))  # fmt: skip
    check.conclude_reviews(case)                                                    # Art. 15
    training = plan.windows.education
    course.keep_window(case, "training", opens=training.start, closes=training.until, office="conscription_office",
                       lagging=[M.DOUBLE_QUALIFIED], arrived=lambda: not course.unchecked(case, "training", M.DOUBLE_QUALIFIED))  # fmt: skip
    check.conclude_education(case, plan.education.days)                             # 征兵工作条例 Art. 26


def select(case: Dossier, plan: Season) -> Dossier:
    """Score, rank, propose, decide in meeting, post, and approve (Art. 16)."""
    wait_until(case, "posting", course.morning(plan.windows.posting.start))
    selection.seal_ranking(case, plan)
    selection.record_ranks(case)
    places = selection.propose_plan(case, plan)
    meeting = ask(Meeting, case, "meeting", of="leading_group", text=text("meeting", plan, places=places))
    while meeting.verdict == "return":
        selection.return_plan(case, meeting.reason)
        case = case.again()
        places = selection.propose_plan(case, plan)
        meeting = ask(Meeting, case, "meeting", of="leading_group", text=text("meeting", plan, places=places))
    while True:
        selection.post_list(case, places)                                           # 征兵工作条例 Art. 30
        selection.post_substitutes(case)
        ends = selection.start_posting(case)
        paper.write_posting(case, ends)
        selection.end_posting(case, ends)
        findings = ask_each(ObjectionFinding, case, "objection", members=selection.objections(case), of="discipline_group",
                            text=lambda number: text("objection", plan, number=number))  # fmt: skip
        selection.conclude_objections(case, {number: found.verdict for number, found in findings.items()})
        struck = selection.note_struck_off(case, places)
        wait_until(case, "approval", course.morning(plan.approval.day))
        selection.approve_recruits(case)                                            # Art. 3 and 16
        if not struck:
            break
        places = selection.substitute(case, places, struck)
        case = case.again()
    selection.release_reserve(case)
    paper.write_enlistment(case, plan)
    return case


def dispatch(case: Dossier, plan: Season) -> None:
    """Transport plan, the superior's approval, handover (Art. 17)."""
    transport = service.draft_transport(case, plan)
    paper.write_transport(case, plan, transport)
    reply = ask(Determination, case, "transport", of="superior", text=text("transport", plan, transport=transport))
    while reply.verdict != "approve":
        case = case.again()
        transport = service.draft_transport(case, plan)
        reply = ask(Determination, case, "transport", of="superior", text=text("transport", plan, transport=transport))
    service.order_transport(case, transport.departs)
    wait_until(case, "departure", course.morning(transport.departs))
    handover = ask(Handover, case, "handover", of="transport_group", text=text("handover", plan, transport=transport))
    service.hand_over(case, handover.receiving_unit)
    paper.write_dispatch(case, handover.receiving_unit)
    service.begin_service(case, transport.departs)


def take_back(case: Dossier, plan: Season) -> None:
    """Recruits sent back within the unit's 45 days (Art. 18)."""
    ends = service.open_return_window(case, plan.windows.departure.start)
    while wait_for(case, "returns", lambda: bool(service.returned(case)), ends):
        service.deregister(case)
        service.settle_returns(case)
        paper.write_deregistrations(case)
        case = case.again()
