"""A policy for enterprises as its department publishes it: guide, conditions, materials, grant (Art. 10–14)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema, core_schema

from config.fact import Fact
from config.messages import Refusal, say
from config.offices import OfficeUnknownError, named, office
from models.personal import OFFICE_TELEPHONE

OFFICE: Final = "带区号的办公电话、400电话或12345等热线；将公开，不得填个人手机"
IN_WORDS: Final = "in_words"


def role_named(given: str) -> str:
    """Return the role id of a body that a form names, by its id or by any of its names.

    Raises:
        config.offices.OfficeUnknownError: there is none.
    """
    try:
        return office(given.strip()).id
    except OfficeUnknownError:
        return named(given).id


@dataclass(frozen=True, slots=True)
class Worded:
    """A vocabulary that a form shows in Chinese words; the identifier is read as well, and is what is stored."""

    stem: str
    """Words stand under `policy_judgement.<stem>_<identifier>`; nothing chosen is an empty word."""
    values: tuple[str, ...]

    def word(self, value: str) -> str:
        """Return the word of an identifier."""
        return say(f"policy_judgement.{self.stem}_{value}") if value else ""

    def read(self, given: Any) -> Any:
        """Return the identifier of a word; anything else is left to the field itself."""
        return next((value for value in self.values if given == self.word(value)), given)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read words and identifiers; write words only where a form's parameters are written (`in_words`)."""
        show = core_schema.plain_serializer_function_ser_schema(
            lambda value, info: self.word(value) if (info.context or {}).get(IN_WORDS) else str(value), info_arg=True
        )
        return core_schema.no_info_before_validator_function(self.read, handler(source), serialization=show)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Offer the words to choose from."""
        del schema, handler
        return {"type": "string", "enum": [self.word(value) for value in self.values]}


class Lane(StrEnum):
    """How a benefit is had (Art. 13–14)."""

    APPLY_FREE = "apply_free"
    """免申即享: the department starts, no application."""
    SIMPLE_APPLY = "simple_apply"
    """简申快享."""
    GENERAL = "general"
    """The general lane: as simple, in the promised days of its guide (POL-A3)."""


class FirmFact(StrEnum):
    """What is known of a firm and may be a condition: a closed vocabulary, each a column of the firms' sheet."""

    TOWN = "town"
    INDUSTRY = "industry"
    ABOVE_SCALE = "above_scale"
    REGISTERED_ON = "registered_on"
    EMPLOYEES = "employees"
    REVENUE = "revenue"
    RESEARCH = "research"
    TAX = "tax"
    INVESTMENT = "investment"
    CREDIT = "credit"
    TITLES = "titles"
    """What it was recognised as: 高新技术企业 and the like, several words."""


FIGURES: Final = (FirmFact.REVENUE, FirmFact.RESEARCH, FirmFact.TAX, FirmFact.INVESTMENT, FirmFact.EMPLOYEES)
"""Facts that a share may be taken of."""


class Comparison(StrEnum):
    """How a fact is held against a condition's value."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EQUALS = "equals"
    ONE_OF = "one_of"
    INCLUDES = "includes"
    EXCLUDES = "excludes"


class Condition(Fact):
    """One declared condition. What no fact can tell is for a person to judge."""

    name: str = Field(min_length=2, max_length=60, title="条件名称")
    judged_by: Annotated[Literal["machine", "person"], Worded("judged_by", ("machine", "person"))] = Field(
        title="由谁判断"
    )
    fact: Annotated[FirmFact | Literal[""], Worded("fact", ("", *FirmFact))] = Field(default="", title="企业数据项")
    comparison: Annotated[Comparison | Literal[""], Worded("comparison", ("", *Comparison))] = Field(
        default="", title="比较方式"
    )
    value: str = Field(default="", max_length=200, title="标准", description="多个值用顿号隔开；日期写作2023-01-01")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.judged_by == "machine" and not (self.fact and self.comparison and self.value):
            raise Refusal("policy_judgement.condition_incomplete", condition=self.name)
        return self


class Material(Fact):
    """One paper on the checklist."""

    name: str = Field(min_length=2, max_length=60, title="材料名称")
    required: bool = Field(default=True, title="必须提交")
    note: str = Field(default="", max_length=200, title="要求")


class Grant(Fact):
    """What is granted: a sum, or a share of a figure up to a cap; in yuan."""

    kind: Annotated[Literal["fixed", "share", "as_reviewed"], Worded("grant", ("fixed", "share", "as_reviewed"))] = (
        Field(title="计算方式")
    )
    amount: str = Field(default="", pattern=r"^(\d{1,10}(\.\d{1,2})?)?$", title="定额（元）")
    share: str = Field(default="", pattern=r"^(0\.\d{1,4}|1)?$", title="比例", description="例如0.1")
    of: Annotated[FirmFact | Literal["", "requested"], Worded("fact", ("", "requested", *FIGURES))] = Field(
        default="", title="比例基数"
    )
    cap: str = Field(default="", pattern=r"^(\d{1,10}(\.\d{1,2})?)?$", title="上限（元）")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {"fixed": self.amount, "share": self.share and self.of in {*FIGURES, "requested"}, "as_reviewed": "-"}[
            self.kind
        ]
        if not needed:
            raise Refusal("policy_judgement.grant_incomplete", kind=say(f"policy_judgement.grant_{self.kind}"))
        return self


class Guide(Fact):
    """The six things a guide must say (Art. 10)."""

    conditions: str = Field(min_length=2, title="申报条件")
    materials: str = Field(min_length=2, title="申报材料")
    steps: str = Field(min_length=2, title="办理流程")
    promised_days: int = Field(ge=1, le=250, title="承诺时限（工作日）")
    section: str = Field(min_length=2, title="责任科室")
    telephone: str = Field(pattern=OFFICE_TELEPHONE, title="咨询电话", description=OFFICE)


class PolicyContent(Fact):
    """One version of a policy, whole."""

    title: str = Field(min_length=4, max_length=120, title="政策名称")
    document: str = Field(min_length=4, max_length=60, title="文件文号")
    issued: date = Field(title="印发日期")
    effective: date | None = Field(default=None, title="施行日期", description="留空为自印发之日起施行")
    department: str = Field(title="主管部门", description="单位名称或代号，例如 区科学技术局")
    lane: Annotated[Lane, Worded("lane", tuple(Lane))] = Field(title="兑现方式")
    secret: bool = Field(default=False, title="涉密不公开")
    on_site: bool = Field(default=False, title="依法须现场办理")
    interpretation: str = Field(min_length=2, title="政策解读")
    guide: Guide = Field(title="申报指南")
    conditions: tuple[Condition, ...] = Field(default=(), title="审核条件")
    materials: tuple[Material, ...] = Field(default=(), title="材料清单")
    grant: Grant = Field(title="扶持标准")
    reviewers: tuple[tuple[str, ...], ...] = Field(
        default=(), title="审核部门", description="逐级：每一级列出并联审核的单位；留空为主管部门一级"
    )
    matter: str = Field(min_length=2, max_length=60, title="事项", description="同一事项不重复享受")
    complaint_telephone: str = Field(pattern=OFFICE_TELEPHONE, title="投诉电话", description=OFFICE)
    payment_days: int = Field(ge=1, le=250, title="兑现时限（工作日）", description="公示结束至拨付")

    @field_validator("department", mode="before")
    @classmethod
    def _role(cls, given: Any) -> Any:
        return role_named(given) if isinstance(given, str) else given

    @field_validator("reviewers", mode="before")
    @classmethod
    def _roles(cls, given: Any) -> Any:
        if not isinstance(given, list | tuple):
            return given
        return [
            [role_named(one) if isinstance(one, str) else one for one in level]
            if isinstance(level, list | tuple)
            else level
            for level in given
        ]

    def in_words(self) -> dict[str, Any]:
        """Return the policy as its form takes it, so that a run can be started again with it."""
        return self.model_dump(mode="json", context={IN_WORDS: True})

    @property
    def since(self) -> date:
        """Return the day from which the version is in force: of its effect, or of its issue."""
        return self.effective or self.issued

    @property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Return the roles that review, level by level; the department alone where none is named."""
        return self.reviewers or ((self.department,),)
