"""Sheets of demands, activities and service resources (海政办发〔2023〕27号, Art. 17–19)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from models.personal import personal_numbers
from models.roster.cell import CaseNumber, Cell, Choice, Day, Days, LongText, Name, Phone, YesNo, choice
from models.roster.content import TEXT, text_reader
from models.roster.form import Remark, Row
from models.roster.redemption import FirmName, Uscc

PublicText = Annotated[str, Cell(text_reader(500), "text", 40)]
Heading = Annotated[str, Cell(text_reader(TEXT), "text", 24)]
Code = Annotated[str, Cell(text_reader(20), "code", 14)]


class DemandKind(Choice):
    """What a demand asks for; its clock follows from it."""

    INQUIRY = "inquiry"
    HELP = "help"
    SUGGESTION = "suggestion"
    COMPLAINT = "complaint"
    REPORT = "report"
    PRAISE = "praise"

    def wants_answer(self) -> bool:
        """Say whether somebody must be told the answer; a suggestion, a report or praise may be anonymous."""
        return self in (DemandKind.INQUIRY, DemandKind.HELP, DemandKind.COMPLAINT)


class DemandChannel(Choice):
    """How a demand came in."""

    ONLINE = "online"
    WINDOW = "window"
    TELEPHONE = "telephone"
    LETTER = "letter"


class DemandRow(Row):
    """诉求登记表: demands received at the window, by telephone or by letter, with whom to call back."""

    form: ClassVar[str] = "demand"

    kind: Annotated[DemandKind, Cell(choice(DemandKind), "choice", 10)] = Field(title="诉求类别")
    channel: Annotated[DemandChannel, Cell(choice(DemandChannel), "choice", 10)] = Field(title="渠道")
    received: Day = Field(title="收到日期")
    title: Heading = Field(title="诉求标题", description="不写姓名、证件号码、电话号码")
    content: LongText = Field(title="诉求内容")
    uscc: Uscc | None = Field(default=None, title="统一社会信用代码", description="企业提出的填写")
    contact: Name | None = Field(default=None, title="联系人", description="加密保存")
    phone: Phone | None = Field(default=None, title="联系电话", description="加密保存，用于回访")
    earlier: CaseNumber | None = Field(
        default=None, title="前次诉求编号", description="要求重新办理的填写，例如SQ-2027-000123"
    )

    def key(self) -> tuple[str, ...]:
        """One row a demand."""
        return (self.title, self.content, self.phone or "", self.uscc or "", self.received.isoformat())

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """A heading names nobody; whoever wants an answer can be reached; nothing is received ahead of its day."""
        yield from super().contradictions(on)
        if personal_numbers(self.title):
            yield Remark("title", "demand_title_personal")
        if self.kind.wants_answer() and not (self.phone or self.uscc):
            yield Remark("phone", "demand_contact_missing")
        if on and self.received > on:
            yield Remark("received", "day_ahead", {"on": on.isoformat()})


class EnrolmentWish(Choice):
    """What a row of the enrolment sheet asks for."""

    ENROL = "enrol"
    CANCEL = "cancel"


class EnrolmentRow(Row):
    """活动报名表: one row an enterprise."""

    form: ClassVar[str] = "enrolment"

    uscc: Uscc = Field(title="统一社会信用代码")
    firm: FirmName = Field(title="企业名称")
    wish: Annotated[EnrolmentWish, Cell(choice(EnrolmentWish), "choice", 10)] = Field(title="报名或取消")
    contact: Name | None = Field(default=None, title="参会人", description="加密保存")
    phone: Phone | None = Field(default=None, title="联系电话", description="加密保存")

    def key(self) -> tuple[str, ...]:
        """One row an enterprise."""
        return (self.uscc,)


class AttendanceRow(Row):
    """活动签到表."""

    form: ClassVar[str] = "attendance"

    uscc: Uscc = Field(title="统一社会信用代码")
    came: YesNo = Field(title="是否到场")

    def key(self) -> tuple[str, ...]:
        """One row an enterprise."""
        return (self.uscc,)


class ResourceRow(Row):
    """服务资源目录: what departments offer to enterprises; the row of a known code replaces it."""

    form: ClassVar[str] = "resource"

    code: Code = Field(title="资源编号", description="例如ZY-001")
    department: Heading = Field(title="提供单位")
    title: Heading = Field(title="资源名称")
    about: PublicText = Field(title="服务内容", description="对外公开，不写个人信息")
    promised: Days | None = Field(default=None, title="承诺时限（工作日）", description="未承诺的留空")
    offered: YesNo = Field(title="是否提供")

    def key(self) -> tuple[str, ...]:
        """One row a resource."""
        return (self.code,)

    def contradictions(self, on: date | None) -> Iterator[Remark]:
        """What the public reads names nobody."""
        yield from super().contradictions(on)
        for field in ("title", "about"):
            if personal_numbers(getattr(self, field), "identity", "mobile", "card"):
                yield Remark(field, "demand_title_personal")
