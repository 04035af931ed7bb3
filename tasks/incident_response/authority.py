"""Who may decide: the commander and whoever stood in, and the others that must agree from a level on (INC-A2)."""

from sqlalchemy import select

from config.rulebook import rule
from tasks.ask import SEATS
from tasks.incident_response.incident import PROCESS, plan_of
from tasks.incident_response.order import LEVELS, rank
from tasks.step import Dossier
from tasks.store import reading

ACTIVATE = "activate"


def decided_by(at: Dossier, point: str) -> tuple[str, str]:
    """Return (role, staff number as the journal names it) of whoever answered a point."""
    seat = at.journal[f"ask-{point}", at.turn]["seat"]
    with reading() as connection:
        row = connection.execute(select(SEATS).where(SEATS.c.id == seat)).one()
    return row.role, f"{row.signed_by}/{row.signed_for}" if row.signed_for else row.signed_by


def agreeing(at: Dossier, level: str) -> list[str]:
    """Return the roles that must agree to a level besides the commander, or whoever stands in."""
    plan = plan_of(at)
    return [role for role in plan.levels[level].approvers if role not in (plan.commander, *plan.deputies)]


def judged_levels(at: Dossier) -> list[str]:
    """Return the levels at which the commander says whether the accident is beyond the district (INC-A12)."""
    return list(LEVELS[rank(rule(f"{PROCESS}.command_beyond_district", at.on)) - 1 :])


def commanding(at: Dossier) -> list[str]:
    """Return the roles that may decide for the command: the commander, and the deputy who stood in at the start."""
    plan = plan_of(at)
    turns = [turn for name, turn in at.journal if name == "stand_in_for_commander"]
    stood_in = [at.journal["stand_in_for_commander", turn]["role"] for turn in turns]
    return list(dict.fromkeys((plan.commander, *stood_in)))
