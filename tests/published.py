"""Policies, firms and applications as rows, for the tests of what is posted; nothing here runs a story."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from models.column import canonical
from models.policy_redemption.application import Application, Firm
from models.policy_redemption.policy import Grant, Guide, Lane, PolicyContent
from tasks.clock import now
from tasks.journal import CASES
from tasks.policy_redemption.publicity import POLICIES, PUBLICATIONS, VERSIONS
from tasks.step import Dossier
from tasks.store import reading, table, transaction
from tests.ground import opened, with_members

FIRMS, APPLICATIONS = table(Firm), table(Application)
POSTING = (date(2027, 3, 1), date(2027, 3, 8))
PLANNED = date(2027, 3, 29)


def content(**more: Any) -> PolicyContent:
    """Return a policy as its department writes it."""
    given: dict[str, Any] = {
        "title": "高新技术企业认定奖励",
        "document": "海科发〔2027〕1号",
        "issued": date(2027, 1, 4),
        "department": "science_bureau",
        "lane": Lane.SIMPLE_APPLY,
        "interpretation": "首次认定的高新技术企业一次性奖励，\n已获同类奖励的不重复享受。",
        "guide": Guide(conditions="当年首次认定", materials="申请表；认定证书", steps="网上申报、审核、公示、兑现", promised_days=20,
                       section="高新科", telephone="0513-82100001"),
        "grant": Grant(kind="fixed", amount="50000"),
        "matter": "高企认定奖励",
        "complaint_telephone": "0513-82100002",
        "payment_days": 15,
    }  # fmt: skip
    return PolicyContent.model_validate(given | more)


def policy(code: str = "ZC-2027-001", *contents: PolicyContent, secret: bool = False) -> list[int]:
    """Write a policy with its versions; return the versions' ids."""
    versions = contents or (content(secret=secret),)
    with transaction() as tx:
        last = versions[-1]
        policy_id = tx.add(insert(POLICIES).values(code=code, department=last.department, title=last.title, secret=secret, repealed_on=None))  # fmt: skip
        return [
            tx.add(insert(VERSIONS).values(policy_id=policy_id, number=place, since=one.issued, content=one, published_at=now()))
            for place, one in enumerate(versions, 1)
        ]  # fmt: skip


def firm(place: int, name: str = "", uscc: str = "") -> int:
    """Write a firm with sealed columns full of what must never be seen; return its id."""
    secret = {"contact": "王小明", "phone": "13812345678", "holder": "王小明", "account": "6222021234567890123"}
    code = uscc or f"9132068400000{place:05d}"
    with transaction() as tx:
        return tx.add(insert(FIRMS).values(uscc=code, name=name or f"海门{place}号科技有限公司", town="haimen", facts={}, facts_on=date(2027, 1, 1),
                                           registered_at=now(), bank="海门农商银行", **secret))  # fmt: skip


def applications(version_id: int, firm_ids: Sequence[int], *, number: str = "DX-2027-0001", assessed: int | None = 5_000_000, drill: bool = False) -> tuple[Dossier, list[int]]:  # fmt: skip
    """Write one application for each firm; return the notice and the applications' case ids."""
    notice = opened(number, process="policy_redemption", status="open", drill=drill)
    with_members(notice, len(firm_ids), "approved")
    with transaction() as tx:
        ids = list(
            tx.core.execute(select(CASES.c.id).where(CASES.c.parent_id == notice.id).order_by(CASES.c.id)).scalars()
        )
        tx.core.execute(insert(APPLICATIONS), [
            {"case_id": case_id, "notice_id": notice.id, "firm_id": firm_id, "version_id": version_id, "matter": "高企认定奖励", "channel": "sheet",
             "requested": None, "figures": {}, "assessed": assessed, "level": 0, "corrections": 0, "received_at": now()}
            for case_id, firm_id in zip(ids, firm_ids, strict=True)
        ])  # fmt: skip
    return notice, ids


def posted() -> list[Any]:
    """Return every line of the publicity module."""
    with reading() as connection:
        return list(connection.execute(select(PUBLICATIONS).order_by(PUBLICATIONS.c.id)).all())


def said() -> str:
    """Return everything that stands in the records, as one text."""
    return canonical([row.record for row in posted()])
