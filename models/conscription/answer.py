"""Forms of the season's decision points."""

from typing import Literal

from pydantic import Field

from models.answer import Answer


class GroupAdjustment(Answer):
    """Members of the seven working groups for the year (Art. 4): confirmed, or to be adjusted once more."""

    verdict: Literal["adjusted", "unchanged"]


class PublicityPlan(Answer):
    """The publicity plan of the season (Art. 7)."""

    verdict: Literal["approve", "return"]
    document: str = Field(default="", max_length=60)


class Fitness(Answer):
    """The chief physician's word on a value that is out of range though the sheet says fit (Art. 14)."""

    verdict: Literal["fit", "unfit"]


class ObjectionFinding(Answer):
    """What an investigation of an objection found (征兵工作条例 2023, Art. 30)."""

    verdict: Literal["upheld", "not_upheld"]


class Meeting(Answer):
    """The meeting that approves the recruits, minutes kept (Art. 16)."""

    verdict: Literal["approve", "return"]
    minutes: str = Field(min_length=2, max_length=60)


class Handover(Answer):
    """Handover of the recruits to the receiving unit."""

    verdict: Literal["done"]
    receiving_unit: str = Field(min_length=2, max_length=60)
