"""A policy and a firm to judge, changed by the tests where they ask."""

from datetime import date
from typing import Any

from models.policy_redemption.content import Condition, Grant, Guide, Lane, Material, PolicyContent

DAY = date(2027, 3, 1)
FACTS: dict[str, Any] = {
    "town": "sanxing",
    "industry": "家纺制造",
    "above_scale": True,
    "registered_on": "2018-05-06",
    "employees": 42,
    "revenue": "31500000.50",
    "research": "1234567.85",
    "tax": "800000",
    "investment": "0",
    "credit": "A",
    "titles": ["高新技术企业", "专精特新"],
}
GUIDE = Guide(
    conditions="在本区登记的高新技术企业",
    materials="证书、审计报告",
    steps="申报、受理、审核、公示、兑现",
    promised_days=10,
    section="高新科",
    telephone="0513-82212345",
)


def condition(name: str, fact: str, comparison: str, value: str) -> Condition:
    return Condition.model_validate(
        {"name": name, "judged_by": "machine", "fact": fact, "comparison": comparison, "value": value}
    )


def content(**changes: Any) -> PolicyContent:
    told: dict[str, Any] = {
        "title": "高新技术企业研发奖励",
        "document": "海科发〔2027〕3号",
        "issued": date(2027, 2, 1),
        "department": "science_bureau",
        "lane": Lane.SIMPLE_APPLY,
        "interpretation": "对研发投入给予奖励。",
        "guide": GUIDE,
        "conditions": (condition("高新技术企业", "titles", "includes", "高新技术企业"),),
        "materials": (
            Material(name="高新技术企业证书"),
            Material(name="审计报告"),
            Material(name="说明", required=False),
        ),
        "grant": Grant(kind="share", share="0.1", of="research", cap="200000"),
        "matter": "研发奖励",
        "complaint_telephone": "0513-82218888",
        "payment_days": 15,
    }
    return PolicyContent.model_validate(told | changes)
