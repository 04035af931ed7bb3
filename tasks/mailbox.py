"""The inbox folder: rosters laid into it are taken in, and moved on to where their result says."""

import fcntl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from config.messages import Refusal
from config.settings import settings
from models.roster import FORMS
from tasks.conscription.benefit_intake import TAKERS as BENEFIT
from tasks.conscription.intake import TAKERS as SEASON
from tasks.conscription.registration_intake import TAKERS as REGISTRATION
from tasks.decision_sheet import answer_sheet
from tasks.intake import MAILBOX, Intake, Taker, take_in
from tasks.policy_redemption import activity_places, demand_lodging, firm, resource
from tasks.policy_redemption.arrival import TAKERS as REDEMPTION
from tasks.policy_redemption.offline import TAKERS as OFFLINE
from tasks.policy_redemption.payment_intake import TAKERS as MONEY
from tasks.yearly import prepare_register, this_register

FOLDER: Final = MAILBOX
LOCK: Final = ".lock"
DONE: Final = "done"
REFUSED: Final = "refused"
SHEETS: Final = (".xlsx", ".xls", ".ods", ".csv")
TAKERS: Final[Mapping[str, Mapping[str, Taker]]] = {
    "ZB": SEASON,
    "DJ": REGISTRATION,
    "YD": BENEFIT,
    "DX": {**REDEMPTION, **OFFLINE, **MONEY},
    "ZC": OFFLINE,
    "QY": firm.TAKERS,
    "SQ": demand_lodging.TAKERS,
    "HD": activity_places.TAKERS,
    "FW": resource.TAKERS,
}
"""Which process takes which forms in: a case number says what it is."""
OPENERS: Final[Mapping[str, Callable[[str], None]]] = {
    "QY": firm.open_register,
    "SQ": prepare_register,
    "FW": prepare_register,
}
"""Whose cases are only kept: the first sheet opens them."""
HOMES: Final[Mapping[str, Callable[[], str]]] = {
    "firm": firm.this_register,
    "demand": partial(this_register, demand_lodging.PREFIX),
    "resource": partial(this_register, resource.PREFIX),
}
"""Where a form goes that belongs to no case of its own."""
NAMED: Final = sorted({*(form for forms in TAKERS.values() for form in forms), "decision"}, key=len, reverse=True)
"""Every form, the longer names first: `firm_account` is not a `firm`."""


def take_roster(case: str, form: str, path: Path) -> Intake:
    """Take a roster into the case it is for; one that belongs to none goes into this year's register.

    Raises:
        Refusal: the case's process has no such form, or the file as a whole cannot be taken.
    """
    case = case or (HOMES[form]() if form in HOMES else "")
    kind = case.partition("-")[0]
    forms = TAKERS.get(kind, {})
    if form not in forms:
        raise Refusal("kernel.no_such_form", form=form)
    if kind in OPENERS:
        OPENERS[kind](case)
    return take_in(case, form, path, forms[form])


def take_mailbox() -> list[Intake]:
    """Take in every sheet of the inbox folder, named `<case>/<form>….xlsx`; return what became of each.

    A file that cannot be taken is moved aside with the reason in a text file beside it. While another sweep is at it,
    nothing is left to do.
    """
    root = settings().home / FOLDER
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (root / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with its holder, however that ends
        except BlockingIOError:
            return []
        return _take_all(root)


def _take_all(root: Path) -> list[Intake]:
    taken = []
    for path in sorted(
        one for one in root.glob("*/*") if one.suffix.lower() in SHEETS and not one.name.startswith("~")
    ):
        try:
            taken.append(_take(path))
        except Refusal as refusal:
            aside = _move(path, REFUSED)
            aside.with_suffix(".txt").write_text(str(refusal), encoding="utf-8")
        else:
            _move(path, DONE)
    return taken


def _take(path: Path) -> Intake:
    case, form = path.parent.name, _form_of(path.stem)
    return answer_sheet(path) if form == "decision" else take_roster(case, form, path)


def _form_of(stem: str) -> str:
    for form in NAMED:
        if stem.startswith((form, FORMS[form].sheet_title())):
            return form
    raise Refusal(
        "kernel.file_unnamed", file=stem, forms="、".join(FORMS[form].sheet_title() for form in sorted(NAMED))
    )


def _move(path: Path, where: str) -> Path:
    folder = settings().home / where / path.parent.name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target, place = folder / path.name, 1
    while target.exists():
        target, place = folder / f"{path.stem}-{place}{path.suffix}", place + 1
    return path.rename(target)
