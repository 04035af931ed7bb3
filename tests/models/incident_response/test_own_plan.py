"""A dealer's own plan (1.3(4))."""

from datetime import date

import pytest

from models.incident_response.own_plan import Dealer, own_plan_missing

ON = date(2026, 11, 25)


@pytest.mark.parametrize("document", ["", "  "])
def test_T_INC_37_a_wholesale_firm_without_a_plan_is_flagged(document: str) -> None:
    found = own_plan_missing(Dealer.WHOLESALE, document, None, ON)
    assert (found.required, found.missing, found.flagged) == (True, True, True)
    assert found.label == "海政办发〔2023〕31号 1.3（4）"


def test_a_retail_dealer_is_not_asked_by_this_clause() -> None:
    found = own_plan_missing(Dealer.RETAIL, "", None, ON)
    assert (found.required, found.missing, found.flagged) == (False, False, False)


@pytest.mark.parametrize(
    ("revised", "due", "overdue"),
    [
        (date(2023, 11, 24), date(2026, 11, 24), True),
        (date(2023, 11, 25), date(2026, 11, 25), False),
        (date(2024, 2, 29), date(2027, 2, 28), False),
        (None, None, False),
    ],
)
def test_its_review_falls_due_every_three_years(revised: date | None, due: date | None, overdue: bool) -> None:
    found = own_plan_missing(Dealer.WHOLESALE, "预案〔2023〕1号", revised, ON)
    assert (found.missing, found.review_due, found.review_overdue, found.flagged) == (False, due, overdue, overdue)
    assert all(line.text(language) for line in found.working for language in ("zh", "en"))
