"""Examine an application once and whole: what is missing, what fails, what a person must judge (Art. 14)."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, Final, Literal

from config.fact import Fact
from config.messages import say
from config.rulebook import Readings
from models.judgement import Bench, Judged, Line
from models.policy_redemption.content import PolicyContent
from models.policy_redemption.matching import match

ACCOUNT: Final = "account"
"""The item that is no paper: the account to pay into."""
Outcome = Literal["complete", "deficient", "unfit", "to_judge"]


class Missing(Fact):
    """One thing that a correction notice lists: a paper by its name on the checklist, or the account."""

    item: str
    why: Line

    @property
    def title(self) -> str:
        """What it is called in a notice."""
        return say("policy_judgement.account") if self.item == ACCOUNT else self.item


class Examination(Judged):
    """What came of an examination: accept it, tell once what is missing, refuse it, or let the section judge.

    `to_judge` keeps what is missing beside what a person must judge, so that the one notice can list everything.
    """

    missing: tuple[Missing, ...]
    failed: tuple[Line, ...]
    for_person: tuple[str, ...]
    """Names of the conditions that only a person can judge."""
    outcome: Outcome


class SecondLook(Judged):
    """What may be said to a firm that sent its papers again: an item visible the first time is not asked for anew."""

    may_ask: tuple[Missing, ...]
    """Could not have been seen the first time: a further notice may list it."""
    owed: tuple[Missing, ...]
    """Was told and is still missing: no further notice, the first one stands."""
    barred: tuple[Missing, ...]
    """Could have been seen the first time and was not told: may not be asked for any more."""
    ends: bool
    """Whether what is still owed ends the application (reading `uncorrected_items`)."""

    @property
    def refused(self) -> bool:
        """Say whether a notice that lists any of the barred items is to be refused by the system."""
        return bool(self.barred)


def examine(
    content: PolicyContent,
    facts: Mapping[str, Any],
    papers: Collection[str],
    has_account: bool,
    on: date,
    *,
    readings: Readings | None = None,
) -> Examination:
    """Examine an application against the checklist and the conditions of its version, under the rules of a day.

    Args:
        content: the version in force on the day of the application.
        facts: what is known of the firm, as `match` takes it.
        papers: names of the papers handed in, as on the checklist.
        has_account: whether an account to pay into is on file.
        on: the day whose rules apply.
        readings: readings other than the installation's.

    Raises:
        config.rulebook.NotInForceError: the day is before the rules.
    """
    bench = Bench("policy_redemption", on, readings)
    bench.cite("told_once")
    matched = match(facts, content.conditions, on, readings)
    bench.take(matched)
    missing = tuple(_missing(content, set(papers), has_account))
    for one in missing:
        bench.note(one.why.key, **one.why.facts)
    if not missing:
        bench.note("policy_judgement.all_present")
    failed = matched.because("fails")
    open_ = tuple(str(line.facts["condition"]) for line in matched.because("unknown", "for_person"))
    return Examination(
        missing=missing,
        failed=failed,
        for_person=open_,
        outcome=_outcome(bench, bool(failed), bool(missing), bool(open_)),
        working=bench.working,
        grounds=bench.grounds,
    )


def _missing(content: PolicyContent, papers: set[str], has_account: bool) -> Iterable[Missing]:
    for material in content.materials:
        if material.required and material.name not in papers:
            key = "policy_judgement.missing_material" + ("_note" if material.note else "")
            told = {"item": material.name} | ({"note": material.note} if material.note else {})
            yield Missing(item=material.name, why=Line(key=key, facts=told))
    if not has_account:
        yield Missing(item=ACCOUNT, why=Line(key="policy_judgement.missing_account"))


def _outcome(bench: Bench, failed: bool, missing: bool, for_person: bool) -> Outcome:
    if failed:
        return "unfit"
    if for_person and (not missing or bench.reading("notice_waits_for_person") == "person_first"):
        return "to_judge"
    return "deficient" if missing else "complete"


def second_notice(
    missing: Iterable[Missing],
    told: Collection[str],
    present_then: Collection[str],
    on: date,
    readings: Readings | None = None,
) -> SecondLook:
    """Judge what a firm that sent its papers again may still be asked for (Art. 14: told once, and all of it).

    Args:
        missing: what the new examination finds.
        told: items of the earlier notice.
        present_then: items that were there and sound when the earlier notice was written.
        on: the day whose rules apply.
        readings: readings other than the installation's.
    """
    bench = Bench("policy_redemption", on, readings)
    bench.cite("told_once")
    ends = bench.reading("uncorrected_items") == "not_accepted"
    may_ask, owed, barred = [], [], []
    for one in missing:
        if one.item in told:
            owed.append(one)
            bench.note("policy_judgement.not_corrected" if ends else "policy_judgement.still_owed", item=one.title)
        elif one.item in present_then:
            may_ask.append(one)
            bench.note("policy_judgement.asked_again", item=one.title)
        else:
            barred.append(one)
            bench.note("policy_judgement.barred", item=one.title)
    return SecondLook(
        may_ask=tuple(may_ask),
        owed=tuple(owed),
        barred=tuple(barred),
        ends=bool(owed) and ends,
        working=bench.working,
        grounds=bench.grounds,
    )
