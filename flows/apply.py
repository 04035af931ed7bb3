"""What firms and the public bring without a sheet: an application, an objection, a withdrawal (Art. 13–15)."""

from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from config.messages import say
from models.roster.redemption import ObjectionGround
from tasks.policy_redemption.online import apply_by_form, object_by_form, withdraw_by_form

Ground = Annotated[str, Field(json_schema_extra={"enum": [one.word for one in ObjectionGround]})]


@flow(
    name="apply",
    description=say("policy_redemption.apply_form"),
    flow_run_name=say("policy_redemption.apply_run", notice="{notice}", uscc="{uscc}"),
    persist_result=False,
)
def apply(  # noqa: PLR0917 -- the fields of the form
    notice: str,
    uscc: str,
    requested: str = "",
    figures: str = "",
    materials: str = "",
    channel: Literal["online", "window"] = "online",
) -> State[str]:
    """Apply for one firm under a redemption notice.

    Args:
        notice: number of the notice, for example DX-2027-0001.
        uscc: the firm's credit code.
        requested: yuan.
        figures: what the firm declares, a line each.
        materials: a line each: material=file.
        channel: online or window.
    """
    return apply_by_form(notice, uscc, requested, figures, materials, channel)


@flow(
    name="objection",
    description=say("policy_redemption.objection_form"),
    flow_run_name=say("policy_redemption.objection_run", number="{number}"),
    persist_result=False,
)
def objection(number: str, receipt: str, ground: Ground) -> State[str]:
    """Object to a posted result; it holds its case.

    Args:
        number: the application's number, as it is posted.
        receipt: number of the objection's receipt.
        ground: what the objection says.
    """
    return object_by_form(number, receipt, ground)


@flow(
    name="withdrawal",
    description=say("policy_redemption.withdrawal_form"),
    flow_run_name=say("policy_redemption.withdrawal_run", number="{number}"),
    persist_result=False,
)
def withdrawal(number: str, reason: str) -> State[str]:
    """Withdraw an application for its firm.

    Args:
        number: the application's number.
        reason: kept with it.
    """
    return withdraw_by_form(number, reason)
