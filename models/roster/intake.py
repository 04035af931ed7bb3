"""Sheets of registration, application and first check (海政办发〔2023〕20号, Art. 12–13)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from models.roster.cell import (
    BirthDay,
    Cell,
    Choice,
    Day,
    Identity,
    LongText,
    Name,
    Phone,
    StaffNumber,
    Text,
    Town,
    YesNo,
    choice,
)
from models.roster.content import identity_told
from models.roster.form import AboutCandidate, Remark, Row


class Sex(Choice):
    """Sex, as the identity number tells it."""

    MALE = "male"
    FEMALE = "female"


class Education(Choice):
    """Highest level of education, finished or under way."""

    JUNIOR_MIDDLE = "junior_middle"
    SENIOR_MIDDLE = "senior_middle"
    SECONDARY_VOCATIONAL = "secondary_vocational"
    JUNIOR_COLLEGE = "junior_college"
    BACHELOR = "bachelor"
    MASTER = "master"
    DOCTOR = "doctor"


class Standing(Choice):
    """Where a person stands in that education: the reward differs for students and graduates."""

    STUDENT = "student"
    FINAL_YEAR = "final_year"
    FRESH_GRADUATE = "fresh_graduate"
    GRADUATE = "graduate"
    NEW_ENTRANT = "new_entrant"


class ApplicationBasis(Choice):
    """Why someone applies here (征兵工作条例 2023, Art. 15)."""

    HOUSEHOLD = "household"
    RESIDENCE = "residence"
    HOUSEHOLD_BEFORE_STUDY = "household_before_study"
    SCHOOL = "school"


class Preference(Choice):
    """Preference in selection (征兵工作条例 2023, Art. 28–29)."""

    MARTYR_CHILD = "martyr_child"
    SERVING_CHILD = "serving_child"
    RE_ENLISTING = "re_enlisting"


class RegistrationResult(Choice):
    """Result of registration for military service (征兵工作条例 2023, Art. 12)."""

    LIABLE = "liable"
    EXEMPT = "exempt"
    BARRED = "barred"


class Verdict(Choice):
    """The conclusion of a check."""

    PASSED = "passed"
    FAILED = "failed"


OfSex = Annotated[Sex, Cell(choice(Sex), "choice", 8)]
OfEducation = Annotated[Education, Cell(choice(Education), "choice", 12)]
OfStanding = Annotated[Standing, Cell(choice(Standing), "choice", 12)]
OfVerdict = Annotated[Verdict, Cell(choice(Verdict), "choice", 10)]


class PersonRow(Row):
    """A row that brings a person in: number, sex and birth date must tell the same."""

    name: Name = Field(title="姓名")
    identity: Identity = Field(title="公民身份号码", description="18位，按文本填写")
    sex: OfSex = Field(title="性别")
    born: BirthDay = Field(title="出生日期", description="如2008-03-15")
    town: Town = Field(title="镇街", description="所属镇、街道或园区")

    def key(self) -> tuple[str, ...]:
        """One row a person."""
        return (self.identity,)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """Compare sex and birth date with the number."""
        yield from super().contradictions(on)
        told = identity_told(self.identity)
        if told.sex != self.sex.value:
            yield Remark("sex", "identity.sex_differs")
        if told.born != self.born:
            yield Remark("born", "identity.birth_differs")
        if on and told.born and told.born > on:
            yield Remark("identity", "identity.birth_future", {"on": on.isoformat()})

    def cautions(self, on: date | None) -> Iterator[Remark]:
        """Point at area codes that are not the district's: people keep their number when they move."""
        yield from super().cautions(on)
        yield from (Remark("identity", one.key, dict(one.facts)) for one in identity_told(self.identity).warnings)


class RegistrationRow(PersonRow):
    """兵役登记名册: men who turn 18 by 31 December of the year (Art. 12)."""

    form: ClassVar[str] = "registration"

    education: OfEducation | None = Field(default=None, title="文化程度")
    school: Text | None = Field(default=None, title="学校或单位")
    phone: Phone | None = Field(default=None, title="联系电话", description="手机号或带区号的固定电话，按文本填写")
    registered: Day | None = Field(default=None, title="登记日期", description="未登记的留空")
    result: Annotated[RegistrationResult, Cell(choice(RegistrationResult), "choice", 10)] | None = Field(
        default=None, title="登记结果"
    )

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """A result needs its day; who must register is a rule, judged by the season."""
        yield from super().contradictions(on)
        if self.result and not self.registered:
            yield Remark("registered", "result_without_day")
        if on and self.registered and self.registered > on:
            yield Remark("registered", "day_ahead", {"on": on.isoformat()})


class ApplicationRow(PersonRow):
    """应征报名名册: those who applied online, as taken over by the town (Art. 13)."""

    form: ClassVar[str] = "application"

    education: OfEducation = Field(title="文化程度")
    standing: OfStanding = Field(title="学业情况")
    school: Text | None = Field(default=None, title="学校", description="高中毕业后未升学的可不填")
    science: YesNo = Field(title="理工类专业")
    phone: Phone = Field(title="联系电话", description="手机号或带区号的固定电话，按文本填写")
    basis: Annotated[ApplicationBasis, Cell(choice(ApplicationBasis), "choice", 14)] = Field(title="应征地依据")
    willing: YesNo = Field(title="本人自愿")
    consent: YesNo | None = Field(default=None, title="未满18周岁本人同意", description="年满18周岁的留空")
    preference: Annotated[Preference, Cell(choice(Preference), "choice", 14)] | None = Field(
        default=None, title="优先情形", description="没有的留空"
    )
    skill: Text | None = Field(default=None, title="技能特长", description="没有的留空")
    evidence: Text | None = Field(default=None, title="技能证明", description="证书名称和编号")
    applied: Day | None = Field(default=None, title="报名日期")

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """A study needs its school; a skill that counts needs its evidence."""
        yield from super().contradictions(on)
        if not self.school and self.standing in {Standing.STUDENT, Standing.FINAL_YEAR, Standing.NEW_ENTRANT}:
            yield Remark("school", "school_missing", {"standing": self.standing.word})
        if self.evidence and not self.skill:
            yield Remark("skill", "skill_missing")
        if on and self.applied and self.applied > on:
            yield Remark("applied", "day_ahead", {"on": on.isoformat()})


class PrecheckRow(AboutCandidate):
    """现场确认和初检结果表: confirmation on site, visual check, history, first reviews (Art. 13)."""

    form: ClassVar[str] = "precheck"

    confirmed: Day = Field(title="现场确认日期")
    handed_in: YesNo = Field(title="入伍申请书", description="是否递交")
    visual: OfVerdict = Field(title="体格目测")
    history: OfVerdict = Field(title="病史调查")
    political: OfVerdict = Field(title="政治初审")
    schooling: OfVerdict = Field(title="学历初审")
    verdict: OfVerdict = Field(title="初检结论")
    outside: Text | None = Field(default=None, title="外院预检医院", description="未在外院预检的留空")
    outside_on: Day | None = Field(default=None, title="外院预检日期")
    staff: StaffNumber = Field(title="经办人工号")
    remark: LongText | None = Field(default=None, title="备注")

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """The conclusion follows from its parts, and an outside result has source and date (条例 Art. 16)."""
        yield from super().contradictions(on)
        parts = (self.visual, self.history, self.political, self.schooling)
        failed = Verdict.FAILED in parts or not self.handed_in
        if failed != (self.verdict is Verdict.FAILED):
            yield Remark("verdict", "precheck_contradicts")
        if bool(self.outside) != bool(self.outside_on):
            yield Remark("outside_on" if self.outside else "outside", "outside_incomplete")
        if on and self.confirmed > on:
            yield Remark("confirmed", "day_ahead", {"on": on.isoformat()})
