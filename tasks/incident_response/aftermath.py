"""Aftermath: insurers settle, the zone closes the aftermath, relief is given (5.3, 2.5(10), 2.4(8))."""

from functools import partial
from typing import Final

from config.fact import Fact
from config.messages import say
from models.incident_response.aftermath_answer import Settlement
from tasks.alongside import gather
from tasks.ask import ask
from tasks.incident_response import incident
from tasks.step import Dossier, step

MATTERS: Final = {"insurance": "insurers", "aftermath": "group_head:aftermath", "relief": "civil_affairs_bureau"}
"""Matters of the aftermath, and who says that each is settled."""


class Settled(Fact):
    """How each matter of the aftermath ended: settled, or there was none."""

    insurance: str
    aftermath: str
    relief: str


def settle(case: Dossier) -> None:
    """Have every matter of the aftermath settled, side by side.

    Raises:
        Parked: one is not.
    """
    gather(case, *(partial(_settled, matter) for matter in MATTERS))
    close_aftermath(case)


def _settled(matter: str, case: Dossier) -> str:
    text = say(f"question_incident_response.settle_{matter}")
    return ask(Settlement, case, f"settle.{matter}", of=MATTERS[matter], text=text, bound=False).verdict


@step(tells=("command_office",), rule=incident.rule_of("aftermath_settlement"))
def close_aftermath(case: Dossier) -> Settled:
    """Record that the aftermath is settled; from here the summary is due (5.4)."""
    said = {matter: str(case.journal[f"ask-settle.{matter}", case.turn]["answer"]["verdict"]) for matter in MATTERS}
    return Settled(**said)
