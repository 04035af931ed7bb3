"""Forms of the end, the recovery, the releases and the aftermath (4.6, 4.7, 5, 7.2)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from config.messages import Refusal, say
from config.zone import SHANGHAI
from models.answer import Answer
from models.incident_response.lesson import read_items
from models.personal import personal_numbers


def without_numbers(*texts: str) -> Refusal | None:
    """Refuse texts with somebody's identity number, mobile telephone or card: what is answered stands unsealed."""
    found = tuple(
        dict.fromkeys(kind for text in texts for kind in personal_numbers(text, "identity", "mobile", "card"))
    )
    what = "、".join(say(f"demand.number_{kind}") for kind in found)
    return Refusal("incident_aftermath.personal", what=what) if found else None


def _words(answer: Answer) -> Refusal | None:
    return without_numbers(*(value for value in answer.model_dump().values() if isinstance(value, str)))


def read_moment(text: str) -> datetime:
    """Return a moment written as 2027-01-31 09:30, in the district's time.

    Raises:
        Refusal: it is written otherwise.
    """
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Refusal("incident_aftermath.moment_wrong", given=text.strip()[:40]) from None


def read_day(text: str) -> date:
    """Return a day written as 2027-01-31.

    Raises:
        Refusal: it is written otherwise.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("incident_aftermath.day_wrong", given=text.strip()[:40]) from None


class EndCondition(Answer):
    """Attest a condition of the end with what shows it, or say that it is not there yet."""

    verdict: Literal["met", "not_met"]
    evidence: str = Field(default="", max_length=300)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse a condition without evidence, and personal numbers."""
        if self.verdict == "met" and len(self.evidence.strip()) <= 1:
            return Refusal("incident_aftermath.evidence_missing")
        return _words(self)


class EndConfirmation(Answer):
    """Confirm on the scene that all three conditions are there, or say which one is not."""

    verdict: Literal["confirm_end", "scene_lost", "environment_lost", "secondary_lost"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse personal numbers."""
        return _words(self)


class SuperiorEnd(Answer):
    """Enter that the superior command declared the end: its document, and when it was declared."""

    verdict: Literal["declared_end"]
    superior_document: str = Field(min_length=2, max_length=120)
    declared_at: str = Field(default="", max_length=16)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse a moment that is none, or lies before the activation."""
        if self.declared_at.strip():
            try:
                moment = read_moment(self.declared_at)
            except Refusal as refusal:
                return refusal
            since = str(shown.get("since", ""))
            if since and moment < datetime.fromisoformat(since):
                return Refusal("incident_aftermath.moment_early", given=self.declared_at)
        return _words(self)


class ResidentsReturn(Answer):
    """Acknowledge that the evacuated residents are back, or that nobody had been evacuated."""

    verdict: Literal["returned_home", "nobody_evacuated"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse personal numbers."""
        return _words(self)


class ReadinessAttestation(Answer):
    """Attest what was used up and restocked, and what is outstanding with the day on which it comes."""

    verdict: Literal["all_restored", "restored_with_gaps"]
    used_up: str = Field(min_length=1, max_length=500)
    restocked: str = Field(min_length=1, max_length=500)
    outstanding: str = Field(default="", max_length=500)
    comes_on: str = Field(default="", max_length=10)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse a gap without its day, and a gap where everything is said to be restored."""
        return gaps_wrong(self.verdict == "restored_with_gaps", self.outstanding, self.comes_on) or _words(self)


def gaps_wrong(gaps: bool, outstanding: str, comes_on: str) -> Refusal | None:
    """Refuse what is outstanding without the day on which it comes, and the other way round."""
    if not gaps:
        return Refusal("incident_aftermath.gaps_unsaid") if outstanding.strip() or comes_on.strip() else None
    if not outstanding.strip() or not comes_on.strip():
        return Refusal("incident_aftermath.gaps_missing")
    try:
        read_day(comes_on)
    except Refusal as refusal:
        return refusal
    return None


class ReleaseApproval(Answer):
    """Approve a text for the public, return it for a new version, or stop it."""

    verdict: Literal["approve", "return", "reject"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse personal numbers."""
        return _words(self)


class ReleaseAct(Answer):
    """Say that an approved text was released, and where; a drill's never leaves."""

    verdict: Literal["released_text"]
    released_where: str = Field(min_length=2, max_length=200)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse personal numbers."""
        return _words(self)


class InvestigationGroup(Answer):
    """Authorise the investigation group: the document, and who takes part besides those who must."""

    verdict: Literal["authorise"]
    group_document: str = Field(min_length=2, max_length=120)
    group_members: str = Field(default="", max_length=300)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse personal numbers."""
        return _words(self)


class InvestigationPaper(Answer):
    """Enter a paper of the investigation by its number: handed over, or submitted."""

    verdict: Literal["done"]
    paper_document: str = Field(min_length=2, max_length=120)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse personal numbers."""
        return _words(self)


class InvestigationReply(Answer):
    """Approve the investigation's report with a document, or return it."""

    verdict: Literal["approve", "return"]
    paper_document: str = Field(default="", max_length=120)
    rectification: str = Field(default="", max_length=2000)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse an approval without its number, and lines that are no items."""
        if self.verdict == "approve" and not self.paper_document.strip():
            return Refusal("incident_aftermath.document_missing")
        return items_wrong(self.rectification, shown) or _words(self)


class Settlement(Answer):
    """Say that a matter of the aftermath is settled, or that there was none."""

    verdict: Literal["settled", "nothing_to_settle"]

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:  # noqa: ARG002 -- nothing is held against it
        """Refuse personal numbers."""
        return _words(self)


class SummaryReport(Answer):
    """Submit the summary to the command: experience, lessons, and items to be followed up, one a line."""

    verdict: Literal["submit"]
    experience: str = Field(min_length=2, max_length=2000)
    shortcomings: str = Field(min_length=2, max_length=2000)
    improvements: str = Field(default="", max_length=2000)
    amendments: str = Field(default="", max_length=2000)

    def objection(self, shown: Mapping[str, Any]) -> Refusal | None:
        """Refuse lines that are no items."""
        wrong = items_wrong(self.improvements, shown) or items_wrong(self.amendments, shown, amendments=True)
        return wrong or _words(self)


def items_wrong(text: str, shown: Mapping[str, Any], *, amendments: bool = False) -> Refusal | None:
    """Say which line is no item (`office；day；what`); None where all are."""
    try:
        since = date.fromisoformat(shown["today"]) if "today" in shown else None
        read_items(text, since, amendments=amendments)
    except Refusal as refusal:
        return refusal
    return None


class LessonCheck(Answer):
    """Check that what was reported as done is done."""

    verdict: Literal["done", "not_done"]


class AmendmentDecision(Answer):
    """Take a proposal up when the plan is revised, or decline it with the reason (7.2)."""

    verdict: Literal["accept", "decline_proposal"]
