"""One-time codes: the standard's own vector, once each, and a lock after five failures."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from config.messages import Refusal
from tasks import officer
from tasks.store import transaction
from tests.ground import BOTH, OFFICERS, Ground, hire, later, race, rows_of, settled

RFC_6238_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890" in base 32
RFC_6238 = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}
NOON = datetime(2027, 1, 4, 4, 0, 10, tzinfo=UTC)


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


def check(code: str, at: datetime, staff_no: str = "S1") -> str:
    """Return the key of the refusal, or "good"."""
    with transaction() as tx:
        found = officer.check_code(tx, staff_no, code, at)
    return found.key if isinstance(found, Refusal) else "good"


def code_at(at: datetime, staff_no: str = "S1") -> str:
    row = rows_of(OFFICERS, staff_no=staff_no)[0]
    return pyotp.TOTP(row.secret).at(at)


def wrong(at: datetime) -> str:
    near = {code_at(at + timedelta(seconds=30 * step)) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)


@pytest.mark.parametrize(("seconds", "code"), RFC_6238.items())
def test_the_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    hire("S1", "leading_group")
    with transaction() as tx:
        tx.core.execute(OFFICERS.update().values(secret=RFC_6238_SECRET))
    at = datetime.fromtimestamp(seconds, UTC)
    assert code_at(at) == code
    assert check(code, at) == "good"
    assert check(code, at) == "kernel.code_used"


def test_a_code_is_good_one_step_early_or_late_and_no_more() -> None:
    hire("S1", "leading_group")
    for steps, expected in ((-2, "kernel.code_wrong"), (2, "kernel.code_wrong"), (-1, "good"), (1, "good")):
        assert check(code_at(NOON + timedelta(seconds=30 * steps)), NOON) == expected


def test_a_code_is_good_once_and_no_older_one_after_it() -> None:
    hire("S1", "leading_group")
    assert check(code_at(NOON), NOON) == "good"
    assert check(code_at(NOON), NOON + timedelta(seconds=20)) == "kernel.code_used"
    assert check(code_at(NOON - timedelta(seconds=30)), NOON) == "kernel.code_used"
    assert check(code_at(NOON + timedelta(seconds=30)), NOON) == "good"


def test_of_two_uses_of_one_code_at_once_one_is_good() -> None:
    hire("S1", "leading_group")
    code = code_at(NOON)
    found = race(*[lambda: check(code, NOON)] * 4)
    assert sorted(str(one) for one in found) == ["good", *["kernel.code_used"] * 3]


def test_a_code_may_be_typed_as_it_is_shown() -> None:
    hire("S1", "leading_group")
    code = code_at(NOON)
    assert check(f" {code[:3]} {code[3:]} ", NOON) == "good"


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "12 34 5"])
def test_what_is_no_code_is_a_wrong_code(given: str) -> None:
    hire("S1", "leading_group")
    assert check(given, NOON) == "kernel.code_wrong"


def test_five_failures_lock_for_a_quarter_of_an_hour_even_for_the_right_code() -> None:
    hire("S1", "leading_group")
    assert [check(wrong(NOON), NOON) for _ in range(5)] == ["kernel.code_wrong"] * 4 + ["kernel.officer_locked"]
    assert rows_of(OFFICERS)[0].locked_until == NOON + timedelta(minutes=15)
    for late in (timedelta(0), timedelta(minutes=14, seconds=59)):
        assert check(code_at(NOON + late), NOON + late) == "kernel.officer_locked"
    after = NOON + timedelta(minutes=15)
    assert check(code_at(after), after) == "good"
    assert (rows_of(OFFICERS)[0].failures, rows_of(OFFICERS)[0].locked_until) == (0, None)


def test_a_good_code_forgets_the_failures_before_it() -> None:
    hire("S1", "leading_group")
    for minutes in (0, 2):
        at = NOON + timedelta(minutes=minutes)
        assert [check(wrong(at), at) for _ in range(4)] == ["kernel.code_wrong"] * 4
        assert check(code_at(at), at) == "good"


def test_failures_at_once_are_each_counted() -> None:
    hire("S1", "leading_group")
    bad = wrong(NOON)
    found = race(*[lambda: check(bad, NOON)] * 5)
    assert sorted(str(one) for one in found) == ["kernel.code_wrong"] * 4 + ["kernel.officer_locked"]


def test_a_new_secret_ends_the_old_one_and_the_lock() -> None:
    hire("S1", "leading_group")
    old = code_at(NOON)
    for _ in range(5):
        check(wrong(NOON), NOON)
    assert officer.rotate("S1").provisioning_uri.startswith("otpauth://totp/banjie:S1?secret=")
    assert check(old, NOON) == "kernel.code_wrong"
    assert check(code_at(NOON), NOON) == "good"


def test_officers_are_listed_with_what_they_hold_today() -> None:
    hire("S2", "planning_group", "leading_group")
    hire("S1", "vetting_group", since=date(2027, 1, 5))
    at = later(seconds=1)
    assert [(one.staff_no, one.name, one.roles, one.active, one.locked) for one in officer.officers()] == [
        ("S1", "人员S1", [], True, False),
        ("S2", "人员S2", ["leading_group", "planning_group"], True, False),
    ]
    for _ in range(5):
        check(wrong(at), at)
    assert [one.locked for one in officer.officers()] == [True, False]


def test_names_and_secrets_lie_sealed(ground: Ground) -> None:
    hire("S1", "leading_group", identity="11010519491231002X")
    secret = rows_of(OFFICERS)[0].secret
    if ground.kind == "sqlite":
        content = b"".join(path.read_bytes() for path in ground.home.glob("banjie.db*"))
        assert "人员S1".encode() not in content
        assert secret.encode() not in content
        assert b"11010519491231002X" not in content


@pytest.mark.parametrize(
    "act",
    [lambda: officer.enrol("S1", "某", [], date(2026, 1, 1)), lambda: officer.rotate("S9"), lambda: officer.code_now("S9"),
     lambda: officer.delegate("S9", "S1", "leading_group", date(2027, 1, 1), date(2027, 1, 2)),
     lambda: officer.delegate("S1", "S9", "leading_group", date(2027, 1, 1), date(2027, 1, 2)),
     lambda: officer.delegate("S1", "S2", "vetting_group", date(2027, 1, 1), date(2027, 1, 2))],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence_and_changes_nothing(act: object) -> None:
    hire("S1", "leading_group")
    hire("S2", "leading_group")
    before = rows_of(OFFICERS), rows_of(officer.DELEGATIONS)
    with pytest.raises(Refusal) as error:
        act()  # type: ignore[operator]
    assert str(error.value).endswith("。")
    assert (rows_of(OFFICERS), rows_of(officer.DELEGATIONS)) == before
