"""Sheets from the physical examination to the approval (海政办发〔2023〕20号, Art. 14–16)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from models.roster.cell import (
    CaseNumber,
    Cell,
    Choice,
    Day,
    Days,
    Degrees,
    Glucose,
    Height,
    LongText,
    Name,
    OneTimeCode,
    Percent,
    Pressure,
    QuestionNumber,
    StaffNumber,
    Text,
    Town,
    Vision,
    Weight,
    choice,
)
from models.roster.form import AboutCandidate, Remark, Row
from models.roster.intake import OfVerdict, Verdict


class MedicalRow(AboutCandidate):
    """体格检查结果表. Range and standard are judged elsewhere, by dated rules; the verdict is the chief physician's."""

    form: ClassVar[str] = "medical"

    height: Height | None = Field(default=None, title="身高（cm）")
    weight: Weight | None = Field(default=None, title="体重（kg）")
    naked_left: Vision | None = Field(default=None, title="左眼裸眼视力", description="五分记录，如4.8")
    naked_right: Vision | None = Field(default=None, title="右眼裸眼视力", description="五分记录，如4.8")
    corrected_left: Vision | None = Field(default=None, title="左眼矫正视力")
    corrected_right: Vision | None = Field(default=None, title="右眼矫正视力")
    degrees_left: Degrees | None = Field(default=None, title="左眼矫正度数")
    degrees_right: Degrees | None = Field(default=None, title="右眼矫正度数")
    systolic: Pressure | None = Field(default=None, title="收缩压（mmHg）")
    diastolic: Pressure | None = Field(default=None, title="舒张压（mmHg）")
    glucose: Glucose | None = Field(default=None, title="空腹血糖（mmol/L）")
    hba1c: Percent | None = Field(default=None, title="糖化血红蛋白（%）", description="未检的留空")
    laser_on: Day | None = Field(default=None, title="近视激光手术日期", description="未做的留空")
    verdict: OfVerdict = Field(title="体检结论")
    examined: Day = Field(title="体检日期")
    doctor: StaffNumber = Field(title="体检医师工号")
    chief: StaffNumber = Field(title="主检医师工号", description="主检医师签名")
    outside: Text | None = Field(default=None, title="外院名称", description="采用外院结果的填写")
    outside_on: Day | None = Field(default=None, title="外院体检日期")

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """A pass needs its measurements, arithmetic must hold, and an outside result has source and date."""
        yield from super().contradictions(on)
        if self.verdict is Verdict.PASSED:
            for field in ("height", "weight", "naked_left", "naked_right", "systolic", "diastolic"):
                if getattr(self, field) is None:
                    yield Remark(field, "medical_incomplete")
        if self.systolic and self.diastolic and self.systolic <= self.diastolic:
            yield Remark("diastolic", "pressure_contradicts")
        for eye in ("left", "right"):
            naked, corrected = getattr(self, f"naked_{eye}"), getattr(self, f"corrected_{eye}")
            if naked and corrected and corrected < naked:
                yield Remark(f"corrected_{eye}", "vision_contradicts")
        if bool(self.outside) != bool(self.outside_on):
            yield Remark("outside_on" if self.outside else "outside", "outside_incomplete")
        if self.laser_on and self.laser_on > self.examined:
            yield Remark("laser_on", "laser_contradicts")
        if on and self.examined > on:
            yield Remark("examined", "day_ahead", {"on": on.isoformat()})


class PoliticalRow(AboutCandidate):
    """政治考核结论表: conclusion, signer and date, and nothing else: the content must not be stored."""

    form: ClassVar[str] = "political"
    closed: ClassVar[str] = "column_political"

    verdict: OfVerdict = Field(title="政治考核结论")
    signer: StaffNumber = Field(title="签字人工号")
    concluded: Day = Field(title="考核日期")

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """A conclusion is not dated ahead."""
        yield from super().contradictions(on)
        if on and self.concluded > on:
            yield Remark("concluded", "day_ahead", {"on": on.isoformat()})


class TrainingRow(AboutCandidate):
    """役前教育情况表: pre-service education, due before the final selection (征兵工作条例 2023, Art. 26)."""

    form: ClassVar[str] = "training"

    begun: Day = Field(title="开始日期")
    ended: Day = Field(title="结束日期")
    days: Days = Field(title="参训天数")
    verdict: OfVerdict = Field(title="役前教育结论")
    staff: StaffNumber = Field(title="经办人工号")

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """The days attended lie between first and last day."""
        yield from super().contradictions(on)
        if self.ended < self.begun:
            yield Remark("ended", "days_reversed")
        elif self.days > (self.ended - self.begun).days + 1:
            yield Remark("days", "days_exceed")


class EvidenceRow(AboutCandidate):
    """量化评分证明表: one item of the scorecard with the value claimed and its evidence (Art. 16)."""

    form: ClassVar[str] = "evidence"

    item: Text = Field(title="评分项目", description="与评分办法的项目名称一致")
    value: Text = Field(title="取值", description="等级或分值")
    evidence_type: Text = Field(title="证明材料类型")
    evidence_number: Text | None = Field(default=None, title="证明材料编号")
    verified: Day | None = Field(default=None, title="核验日期")
    staff: StaffNumber = Field(title="核验人工号")

    def key(self) -> tuple[str, ...]:
        """One row an item and person."""
        return (*super().key(), self.item)


class Channel(Choice):
    """How an objection came in."""

    PHONE = "phone"
    LETTER = "letter"
    VISIT = "visit"
    ONLINE = "online"


class ObjectionRow(Row):
    """公示异议登记表: about someone on the posted list, who may be named as the list does, by name and town."""

    form: ClassVar[str] = "objection"

    receipt: QuestionNumber = Field(title="受理编号", description="如YY-001")
    number: CaseNumber | None = Field(default=None, title="应征编号", description="知道的填写")
    name: Name = Field(title="被反映人姓名")
    town: Town = Field(title="镇街")
    received: Day = Field(title="收到日期")
    channel: Annotated[Channel, Cell(choice(Channel), "choice", 10)] = Field(title="反映途径")
    summary: LongText = Field(title="反映内容")
    staff: StaffNumber = Field(title="受理人工号")

    def key(self) -> tuple[str, ...]:
        """One row a receipt."""
        return (self.receipt,)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """An objection is not dated ahead."""
        yield from super().contradictions(on)
        if on and self.received > on:
            yield Remark("received", "day_ahead", {"on": on.isoformat()})


class DecisionRow(Row):
    """决定表: many questions answered on one sheet; each row is signed with a staff number and a one-time code."""

    form: ClassVar[str] = "decision"

    question: QuestionNumber = Field(title="编号", description="待办编号，勿改")
    staff: StaffNumber = Field(title="工号")
    code: OneTimeCode = Field(title="动态口令", description="6位，按文本填写")
    verdict: Text = Field(title="决定", description="待办列出的意见，如同意、退回、不同意")
    reason: LongText = Field(title="理由", description="必填")
    details: LongText | None = Field(
        default=None, title="其他栏目", description="待办另外要求的，写作“栏目=内容”，用分号隔开；没有的留空"
    )
    case: Text | None = Field(default=None, title="事项", description="供核对，可不填")
    content: LongText | None = Field(default=None, title="内容", description="供参阅，可不填")

    def key(self) -> tuple[str, ...]:
        """One row a question and officer."""
        return (self.question, self.staff)
