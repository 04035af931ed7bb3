"""Results in public (Art. 15–16): what a posted result must say, what it must never say, and where it is kept."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ValidationError
from pydantic import Field as Of
from sqlalchemy import Column, Index, LargeBinary, String
from sqlmodel import Field, SQLModel

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import towns
from config.rulebook import reading, rule
from models.column import CanonicalJson, Instant
from models.personal import is_office_telephone, personal_numbers

FIELDS: Final = "policy_redemption_publicity.fields"
_ACCOUNT: Final = re.compile(r"(?<!\d)\d{12,19}(?!\d)")
_LONG: Final = re.compile(r"\d[\d\s-]{9,}[\dXx]")
HIDDEN: Final = "＊＊＊"


class ResultKind(StrEnum):
    """Why a result is posted."""

    APPROVED = "approved"
    PAID = "paid"
    REFUSED_AFTER_OBJECTION = "refused_after_objection"
    WITHDRAWN = "withdrawn"
    RECOVERED = "recovered"
    OFFLINE = "offline"
    """A benefit that was handled off the platform is posted on it all the same (Art. 16)."""
    EXEMPT = "exempt"
    """A result of a secret policy: recorded, and never shown."""


class PublicStatus(StrEnum):
    """Where a posted result stands, as the public reads it."""

    POSTED = "posted"
    PAID = "paid"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    RECOVERED = "recovered"

    @property
    def text(self) -> str:
        """The status in Chinese: the site speaks the language of the district."""
        return say(f"publicity.status_{self.value}", "zh")


STATUS_OF: Final[Mapping[ResultKind, PublicStatus]] = {
    ResultKind.APPROVED: PublicStatus.POSTED,
    ResultKind.PAID: PublicStatus.PAID,
    ResultKind.REFUSED_AFTER_OBJECTION: PublicStatus.REFUSED,
    ResultKind.WITHDRAWN: PublicStatus.WITHDRAWN,
    ResultKind.RECOVERED: PublicStatus.RECOVERED,
}


def tells_of_a_person(text: str) -> bool:
    """Say whether a text holds what looks like a mobile, an identity number or an account."""
    found = personal_numbers(text, "identity", "mobile", "card")
    return bool(found) or _ACCOUNT.search(unicodedata.normalize("NFKC", text)) is not None


def without_persons(text: str) -> str:
    """Return a text with every long number hidden in the lines that tell of a person."""
    return "\n".join(_LONG.sub(HIDDEN, line) if tells_of_a_person(line) else line for line in text.splitlines())


def _office_telephone(text: str) -> str:
    if not is_office_telephone(text):
        raise ValueError("telephone")
    return text


def _impersonal(text: str) -> str:
    if tells_of_a_person(text):
        raise ValueError("personal")
    return text


Public = Annotated[str, AfterValidator(_impersonal)]


class PublicResult(Fact):
    """One posted result, as everybody may read it."""

    number: str = Of(min_length=1, max_length=80)
    code: str = Of(min_length=1, description="The policy's permanent code")
    policy: Public = Of(min_length=2, title="政策名称")
    department: str = Of(min_length=2, description="Role id")
    enterprise: Public = Of(min_length=2, title="企业名称")
    uscc: str = Of(default="", max_length=18, description="Empty where the name is masked")
    planned_on: date = Of(title="拟兑现时间")
    result: Public = Of(min_length=2, max_length=200, title="拟兑现结果")
    amount: str = Of(default="", pattern=r"^(\d+\.\d{2})?$", description="yuan")
    status: PublicStatus
    channel: Literal["platform", "offline"] = "platform"
    complaint_telephone: Annotated[str, AfterValidator(_office_telephone)] = Of(title="投诉电话")
    on: date = Of(description="Day of what is told")
    posted_from: date | None = None
    posted_until: date | None = Of(default=None, description="Last day of the posting")


def public_result(facts: Mapping[str, Any], on: date) -> PublicResult:
    """Return a result as it may be posted.

    Raises:
        Refusal: one of the four fields or the complaint telephone is missing (Art. 15), the telephone is not an
            office's, or a text tells of a person.
    """
    number = str(facts.get("number", ""))
    names: Mapping[str, str] = {name: PublicResult.model_fields[name].title or name for name in rule(FIELDS, on)}
    if missing := [title for name, title in names.items() if facts.get(name) in (None, "")]:
        raise Refusal("publicity.incomplete", number=number, missing="、".join(missing))
    try:
        return PublicResult.model_validate({name: value for name, value in facts.items() if value is not None})
    except ValidationError as error:
        wrong = str(error.errors()[0]["loc"][0])
        title = PublicResult.model_fields[wrong].title or wrong
        raise Refusal("publicity.field_wrong", number=number, field=title) from None


def public_name(name: str, uscc: str, on: date) -> tuple[str, bool]:
    """Return an enterprise's name as it may be posted, and whether it was masked.

    The business name of an individual (个体工商户) often holds the person's name: of it stay the place in front and the
    declared number of characters at the end.
    """
    individual = rule("policy_redemption_publicity.individual_business", on)
    if not uscc.startswith(tuple(individual["prefixes"])):
        return name, False
    if reading("policy_redemption_publicity.individual_business", on) == "whole":
        return name, False
    front, rest = after_place(name, on)
    keep = min(int(individual["kept"]), max(0, len(rest) - int(individual["hidden"])))
    return f"{front}{individual['mask']}{rest[len(rest) - keep :]}", True


def after_place(name: str, on: date) -> tuple[str, str]:
    """Return the place that an enterprise's name begins with, and what follows it."""
    front, rest = "", name
    while found := next((place for place in _places(on) if rest.startswith(place) and rest != place), ""):
        front, rest = front + found, rest[len(found) :]
    return front, rest


@lru_cache(maxsize=8)
def _places(on: date) -> tuple[str, ...]:
    declared = rule("policy_redemption_publicity.individual_business", on)["places"]
    return tuple(
        sorted({*declared, *(place for town in towns() for place in town.names)}, key=lambda one: (-len(one), one))
    )


class Publication(SQLModel, table=True):
    """One line of the publicity module: append-only, gapless, hash chained."""

    __tablename__ = "publications"
    __table_args__ = (Index("ix_publications_number", "number", "id"),)

    id: int | None = Field(
        default=None, primary_key=True, sa_column_kwargs={"autoincrement": False}, description="1, 2, … without a gap"
    )
    kind: ResultKind = Field(sa_type=String(30))
    number: str = Field(max_length=80, description="Of the result: the application's, or made for an offline one")
    case_id: int = Field(foreign_key="cases.id", description="The application, or the case whose sheet brought it")
    policy_id: int = Field(foreign_key="policies.id")
    drill: bool = Field(default=False, description="Recorded, and never shown")
    record: Any = Field(sa_column=Column(CanonicalJson, nullable=False), description="PublicResult")
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Visits(SQLModel, table=True):
    """How often a kind of page of the public site was asked for on a day; nothing about who asked (Art. 21)."""

    __tablename__ = "visits"

    day: date = Field(primary_key=True)
    path_kind: str = Field(primary_key=True, max_length=20, description="home, policies, results, data, feed")
    visits: int = Field(default=0)
