"""The numbers of 海政办发〔2023〕27号, each with its article; what the measure leaves open is marked as ours."""

from datetime import date, timedelta

import pytest

from config.rulebook import NotInForceError, cited, rules

BEGIN = date(2023, 6, 27)
GAZETTE = {
    "manager_change_days": (3, "第十条"),
    "manager_change_recipient": ("approval_bureau", "第十条"),
    "publication_days": (5, "第十一条"),
    "guide_fields": (("conditions", "materials", "steps", "promised_days", "section", "telephone"), "第十条"),
    "publication_exempt": (("secret",), "第十条"),
    "online_exempt": (("secret", "on_site"), "第十三条"),
    "feedback_days": (2, "第十四条"),
    "told_once": (1, "第十四条"),
    "failings": (("not_published", "not_online", "not_paid_online", "not_handled"), "第二十二条"),
    "bulletin_cycle": (3, "第二十一条"),
    "bulletin_issuer": ("business_environment_office", "第二十一条"),
}
OURS = {
    "publicity_days": 5,
    "correction_days": 10,
    "offer_days": 10,
    "objection_days": 5,
    "bulletin_day": 15,
    "statistics_cycle": 1,
}
READINGS = {
    "validity": "until_repealed",  # POL-A8
    "publication_anchor": "issue",  # POL-A2
    "superior_anchor": "receipt",  # POL-A2
    "decision_limit": "promised_days",  # POL-A3
    "payment_limit": "policy_payment_days",  # POL-A4
    "feedback_covers": "every_outcome",  # POL-A5
    "resubmission_clock": "restart",  # POL-A6
    "duplicate_subsidies": "once_a_year",
    "reviewed_sums": "lowest",
}


@pytest.mark.parametrize("name", GAZETTE)
def test_what_the_gazette_says_is_cited_by_its_article(name: str) -> None:
    value, article = GAZETTE[name]
    found = cited(f"policy_redemption.{name}", BEGIN)
    assert (found.value, found.source.article, found.certainty) == (value, article, "gazette")
    assert found.source.document == "海政办发〔2023〕27号"
    with pytest.raises(NotInForceError):
        cited(f"policy_redemption.{name}", BEGIN - timedelta(days=1))


@pytest.mark.parametrize("name", OURS)
def test_what_it_leaves_open_is_marked_as_configured(name: str) -> None:
    found = cited(f"policy_redemption.{name}", BEGIN)
    assert (found.value, found.certainty) == (OURS[name], "configured")
    assert "27号" not in found.source.document


@pytest.mark.parametrize("name", READINGS)
def test_an_ambiguity_is_a_reading_with_its_alternative_and_its_reason(name: str) -> None:
    reading = cited(f"policy_redemption.{name}", BEGIN).reading
    assert reading is not None
    assert reading.value == READINGS[name]
    assert len(reading.options) >= 2
    assert reading.basis


def test_nothing_is_in_force_before_the_measure() -> None:
    assert min(version.since for one in rules("policy_redemption").values() for version in one.versions) == BEGIN
