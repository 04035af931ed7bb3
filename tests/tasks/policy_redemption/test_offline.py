"""What was handled offline is posted on the platform all the same (Art. 16)."""

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pydantic import ValidationError

from models.identity import credit_check
from models.roster import OfflineResultRow
from tasks.intake import Intake
from tasks.mailbox import take_roster
from tasks.policy_redemption.edition import public_lines, public_policies
from tasks.policy_redemption.publicity import verify_publications
from tasks.policy_redemption.site import build
from tasks.roster import read_roster
from tasks.synthetic.sheet import write_sheet
from tests.ground import BOTH, Ground, opened, settled
from tests.published import content, policy, posted, said

FIRM = "913206840000000" + "01"
USCC = FIRM + credit_check(FIRM)
PERSON = "92320684MA1XYU123"
ROW = {
    "code": "ZC-2027-001", "name": "海门线下纺织有限公司", "uscc": USCC, "reference": "海科发〔2027〕9号", "planned": date(2027, 1, 20),
    "amount": 30000, "status": "审核通过", "decided": date(2027, 1, 4),
}  # fmt: skip


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


@pytest.fixture
def notice(ground: Ground) -> str:
    return opened("DX-2027-0001", process="policy_redemption", status="open").number


def take(notice: str, folder: Path, *rows: dict[str, Any], name: str = "a") -> Intake:
    path = folder / f"{name}.xlsx"
    write_sheet(path, OfflineResultRow, rows, random.Random(0))
    return take_roster(notice, "offline_result", path)


def test_T_POL_13_a_benefit_handled_offline_is_posted(notice: str, tmp_path: Path) -> None:
    policy()
    assert take(notice, tmp_path, ROW).accepted == 1
    (row,) = posted()
    assert row.kind == "offline"
    assert row.record | {"number": ""} == {
        "number": "", "code": "ZC-2027-001", "policy": "高新技术企业认定奖励", "department": "science_bureau", "enterprise": "海门线下纺织有限公司",
        "uscc": USCC, "planned_on": "2027-01-20", "result": "拟兑现资金30,000.00元", "amount": "30000.00", "status": "posted", "channel": "offline",
        "complaint_telephone": "0513-82100002", "on": "2027-01-04", "posted_from": None, "posted_until": None,
    }  # fmt: skip
    assert verify_publications() is None
    page = build(public_lines(), public_policies())["results/1.html"].decode()
    assert "海门线下纺织有限公司" in page
    assert "线下办理" in page


def test_the_same_row_again_changes_nothing_and_another_status_is_a_further_line(notice: str, tmp_path: Path) -> None:
    policy()
    take(notice, tmp_path, ROW)
    take(notice, tmp_path, ROW, ROW | {"reference": "另一笔"}, name="b")
    take(notice, tmp_path, ROW | {"status": "已兑现"}, name="c")
    assert [row.record["status"] for row in posted()] == ["posted", "posted", "paid"]
    assert posted()[0].number == posted()[2].number != posted()[1].number


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"planned": None}, "拟兑现时间"),
        ({"name": None}, "企业名称"),
        ({"amount": None}, "拟兑现金额和拟兑现结果至少填一项"),
        ({"amount": None, "result": "请联系13812345678"}, "不能公示"),
        ({"telephone": "13812345678"}, "不得使用个人手机"),
        ({"code": "ZC-2027-009"}, "请先发布政策"),
        ({"decided": date(2027, 1, 5)}, "日期晚于"),
        ({"decided": date(2026, 12, 1)}, "请先发布政策"),
    ],
)
def test_T_POL_12_a_row_that_is_not_whole_goes_back_with_its_reason(
    notice: str, tmp_path: Path, change: dict[str, Any], why: str
) -> None:
    policy()
    taken = take(notice, tmp_path, ROW, ROW | {"reference": "二"} | change)
    assert (taken.accepted, taken.rejected, len(posted())) == (1, 1, 1)
    assert taken.returned
    back = read_roster(taken.returned, OfflineResultRow, on=date(2027, 1, 4))
    assert len(back.rejected) + len(back.accepted) == 1
    assert why in " ".join(_texts(taken.returned))


def _texts(path: Path) -> list[str]:
    return [str(cell) for line in openpyxl.load_workbook(path).worksheets[0].values for cell in line if cell]


def test_a_secret_policy_and_an_individual_stay_what_they_are(notice: str, tmp_path: Path) -> None:
    policy()
    policy("ZC-2027-002", secret=True)
    person = {"name": "海门区李小明家纺店", "uscc": PERSON + credit_check(PERSON)}
    take(notice, tmp_path, ROW | person, ROW | {"code": "ZC-2027-002"})
    assert [row.kind for row in posted()] == ["offline", "exempt"]
    assert posted()[0].record["enterprise"] == "海门区＊＊＊店"
    for secret in ("李小明", PERSON, USCC):
        assert secret not in said()


def test_a_policy_with_a_mobile_for_complaints_never_comes_onto_the_platform() -> None:
    for field in ("complaint_telephone", "guide"):
        given = (
            {"complaint_telephone": "13812345678"}
            if field != "guide"
            else {"guide": content().guide.model_dump() | {"telephone": "13812345678"}}
        )
        with pytest.raises(ValidationError):
            content(**given)
    assert content(complaint_telephone="12345").complaint_telephone == "12345"
