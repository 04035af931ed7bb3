"""A policy for enterprises as its department publishes it: guide, conditions, materials, grant (Art. 10–14)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field as Of
from pydantic import model_validator
from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from config.fact import Fact
from config.offices import office
from models.column import CanonicalJson, Instant


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

    name: str = Of(min_length=2, max_length=60, title="条件名称")
    judged_by: Literal["machine", "person"] = Of(title="由谁判断")
    fact: FirmFact | Literal[""] = Of(default="", title="企业数据项")
    comparison: Comparison | Literal[""] = Of(default="", title="比较方式")
    value: str = Of(default="", max_length=200, title="标准", description="多个值用顿号隔开；日期写作2023-01-01")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.judged_by == "machine" and not (self.fact and self.comparison and self.value):
            raise ValueError("condition_incomplete")
        return self


class Material(Fact):
    """One paper on the checklist."""

    name: str = Of(min_length=2, max_length=60, title="材料名称")
    required: bool = Of(default=True, title="必须提交")
    note: str = Of(default="", max_length=200, title="要求")


class Grant(Fact):
    """What is granted: a sum, or a share of a figure up to a cap; in yuan."""

    kind: Literal["fixed", "share", "as_reviewed"] = Of(title="计算方式")
    amount: str = Of(default="", pattern=r"^(\d{1,10}(\.\d{1,2})?)?$", title="定额（元）")
    share: str = Of(default="", pattern=r"^(0\.\d{1,4}|1)?$", title="比例", description="例如0.1")
    of: FirmFact | Literal["", "requested"] = Of(default="", title="比例基数")
    cap: str = Of(default="", pattern=r"^(\d{1,10}(\.\d{1,2})?)?$", title="上限（元）")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = {"fixed": self.amount, "share": self.share and self.of, "as_reviewed": "-"}[self.kind]
        if not needed:
            raise ValueError("grant_incomplete")
        return self


class Guide(Fact):
    """The six things a guide must say (Art. 10)."""

    conditions: str = Of(min_length=2, title="申报条件")
    materials: str = Of(min_length=2, title="申报材料")
    steps: str = Of(min_length=2, title="办理流程")
    promised_days: int = Of(ge=1, le=250, title="承诺时限（工作日）")
    section: str = Of(min_length=2, title="责任科室")
    telephone: str = Of(min_length=7, max_length=30, title="咨询电话")


class PolicyContent(Fact):
    """One version of a policy, whole."""

    title: str = Of(min_length=4, max_length=120, title="政策名称")
    document: str = Of(min_length=4, max_length=60, title="文件文号")
    issued: date = Of(title="印发日期")
    department: str = Of(title="主管部门", description="单位代号，例如 science_bureau")
    lane: Lane = Of(title="兑现方式")
    secret: bool = Of(default=False, title="涉密不公开")
    on_site: bool = Of(default=False, title="依法须现场办理")
    interpretation: str = Of(min_length=2, title="政策解读")
    guide: Guide = Of(title="申报指南")
    conditions: tuple[Condition, ...] = Of(default=(), title="审核条件")
    materials: tuple[Material, ...] = Of(default=(), title="材料清单")
    grant: Grant = Of(title="扶持标准")
    reviewers: tuple[tuple[str, ...], ...] = Of(
        default=(), title="审核部门", description="逐级：每一级列出并联审核的单位代号；留空为主管部门一级"
    )
    matter: str = Of(min_length=2, max_length=60, title="事项", description="同一事项不重复享受")
    complaint_telephone: str = Of(min_length=7, max_length=30, title="投诉电话")
    payment_days: int = Of(ge=1, le=250, title="兑现时限（工作日）", description="公示结束至拨付")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for role in (self.department, *(role for level in self.reviewers for role in level)):
            office(role)
        return self

    @property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Return the roles that review, level by level; the department alone where none is named."""
        return self.reviewers or ((self.department,),)


class Policy(SQLModel, table=True):
    """A policy under its permanent code; what it says stands in its versions."""

    __tablename__ = "policies"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=40, description="ZC-2027-001")
    department: str = Field(max_length=60)
    title: str = Field(max_length=120)
    secret: bool = Field(default=False)
    repealed_on: date | None = Field(default=None)


class PolicyVersion(SQLModel, table=True):
    """What a policy says from a day on; an application is judged by the version in force on its day."""

    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("policy_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    policy_id: int = Field(foreign_key="policies.id")
    number: int
    since: date
    content: Any = Field(sa_column=Column(CanonicalJson, nullable=False), description="PolicyContent")
    published_at: datetime = Field(sa_column=Column(Instant, nullable=False))
