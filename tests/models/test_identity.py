"""Validators: the standards' own examples, what other checkers get wrong, and properties over made-up numbers."""

from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.messages import FOLDER, fields_of
from models.identity import (
    Checked,
    check_account,
    check_credit_code,
    check_digit,
    check_document_number,
    check_identity,
    check_name,
    credit_check,
    luhn_digit,
    mask_account,
    mask_name,
    mask_number,
    mask_phone,
    organisation_check,
)
from models.phone import check_phone

ON = date(2026, 11, 23)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def names(found: Checked) -> tuple[list[str], list[str]]:
    def short(key: str) -> str:
        return key.removeprefix("identity.")

    return [short(finding.key) for finding in found.errors], [short(finding.key) for finding in found.warnings]


@pytest.mark.parametrize(
    ("number", "errors", "warnings"),
    [
        ("11010519491231002X", [], ["area_other_province"]),
        ("11010519491231002x", [], ["area_other_province"]),
        (" １１０１０５１９４９１２３１００２ｘ ", [], ["area_other_province"]),
        ("440524188001010014", ["birth_too_early"], ["area_other_province"]),
        ("320684200501010014", [], []),
        ("320614200501010015", [], ["area_not_yet"]),
        ("320684199001010012", [], ["area_not_yet"]),
        ("320681203512310017", ["birth_future"], ["area_other_county"]),
        ("11010519490231002X", ["birth_impossible", "checksum"], ["area_other_province"]),
        ("110105194912310021", ["checksum"], ["area_other_province"]),
        ("320684050101001", ["old_number"], []),
        ("", ["length"], []),
        ("32068420050101001", ["length"], []),
        ("3.2068420050101e+17", ["length"], []),
        ("32068420050101001A", ["characters"], []),
        ("3206842005010100X4", ["characters"], []),
        ("٣٢٠٦٨٤٢٠٠٥٠١٠١٠٠١٤", ["characters"], []),
    ],
)
def test_identity_numbers(number: str, errors: list[str], warnings: list[str]) -> None:
    found = check_identity(number, ON)
    assert names(found) == (errors, warnings)
    assert found.valid is not bool(errors)


def test_what_an_identity_number_tells() -> None:
    found = check_identity("11010519491231002x", ON)
    assert (found.value, found.born, found.sex, found.area) == (
        "11010519491231002X",
        date(1949, 12, 31),
        "female",
        "110105",
    )
    assert check_identity("320684200501010014", None).sex == "male"
    assert check_identity("320684", ON).born is None


def with_check(body: str) -> str:
    return body + check_digit(body)


@pytest.mark.parametrize(
    ("body", "warnings"),
    [
        ("32062519900101001", []),
        ("32062519940101001", []),
        ("32062519950101001", ["area_no_longer"]),
        ("32068419940101001", []),
        ("32068420200101001", []),
        ("32068420210101001", ["area_no_longer"]),
        ("32061420200101001", []),
        ("32061420190101001", ["area_not_yet"]),
        ("32058320000101001", ["area_other_county"]),
        ("81000019940101001", ["area_other_province"]),
        ("99000019940101001", ["area_unknown"]),
    ],
)
def test_an_area_code_only_warns(body: str, warnings: list[str]) -> None:
    assert names(check_identity(with_check(body), ON)) == ([], warnings)


def test_the_form_must_agree_with_the_number() -> None:
    number = "320684200501010014"
    assert check_identity(number, ON, sex="male", born=date(2005, 1, 1)).valid
    assert names(check_identity(number, ON, sex="female"))[0] == ["sex_differs"]
    assert names(check_identity(number, ON, born=date(2005, 1, 2)))[0] == ["birth_differs"]


def test_a_birth_on_the_day_itself_is_not_in_the_future() -> None:
    number = with_check("32061420261123001")
    assert check_identity(number, date(2026, 11, 23)).valid
    assert names(check_identity(number, date(2026, 11, 22)))[0] == ["birth_future"]
    assert check_identity(number, None).valid


def test_findings_read_in_chinese_and_never_hold_the_number() -> None:
    for number in (
        "320681203512310017",
        "11010519490231002X",
        "320684050101001",
        "32061420190101001X",
        "990000199401010011",
    ):
        found = check_identity(number, ON, sex="female", born=date(1990, 1, 1))
        for finding in (*found.errors, *found.warnings):
            assert number not in finding.text()
            assert number[6:14] not in finding.text()
            assert finding.text("en") != finding.text()
    assert check_identity("320681203512310017", ON).errors[0].text() == "身份证号中的出生日期晚于 2026-11-23"


born = st.dates(date(1900, 1, 1), ON)
bodies = st.tuples(st.sampled_from(["320684", "320614", "110105"]), born, st.integers(0, 999)).map(
    lambda p: f"{p[0]}{p[1]:%Y%m%d}{p[2]:03d}"
)


@given(bodies)
def test_a_number_with_its_check_digit_passes_and_tells_its_facts(body: str) -> None:
    found = check_identity(with_check(body), ON)
    assert found.valid
    assert f"{found.born:%Y%m%d}" == body[6:14]
    assert (found.sex == "male") == (body[16] in "13579")


@given(bodies, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(body: str, place: int, step: int) -> None:
    number = with_check(body)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert not check_identity(wrong, ON).valid


@given(bodies, st.integers(0, 15))
def test_swapped_neighbours_are_always_found(body: str, place: int) -> None:
    number = with_check(body)
    assume(number[place] != number[place + 1])
    assert not check_identity(number[:place] + number[place + 1] + number[place] + number[place + 2 :], ON).valid


@given(st.text(max_size=30))
def test_any_text_gets_an_answer(text: str) -> None:
    for found in (check_identity(text, ON), check_credit_code(text), check_account(text, personal=True), check_name(text), check_phone(text), check_document_number(text)):  # fmt: skip
        for finding in (*found.errors, *found.warnings):
            assert finding.text()


# --- unified social credit code


@pytest.mark.parametrize(
    ("code", "errors", "warnings"),
    [
        ("91110000600037341L", [], []),
        (" 91110000600037341l", [], []),
        ("91110000600037342L", ["uscc_checksum"], ["uscc_inner"]),
        ("9111000060003734IL", ["uscc_character"], []),
        ("91110000600037342P", [], ["uscc_inner"]),
        ("91999999MA1234560M", [], ["uscc_inner", "uscc_area_unknown"]),
        ("9111000060003734L", ["uscc_length"], []),
        ("91A10000600037341L", ["uscc_area_form"], []),
    ],
)
def test_credit_codes(code: str, errors: list[str], warnings: list[str]) -> None:
    assert names(check_credit_code(code)) == (errors, warnings)


def test_a_wrong_character_is_named_with_its_place() -> None:
    (error,) = check_credit_code("9111000060003734IL").errors
    assert "第 17 位“I”" in error.text()
    assert check_credit_code("91110000600037341L").area == "110000"


@given(st.text(ALPHABET, min_size=8, max_size=8), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_of_a_code_is_always_found(organisation: str, place: int, other: str) -> None:
    body = f"91320684{organisation}"
    code = body + organisation_check(organisation)
    code += credit_check(code)
    assert names(check_credit_code(code)) == ([], [])
    assume(code[place] != other)
    assert not check_credit_code(code[:place] + other + code[place + 1 :]).valid


# --- telephone, name, account, document number


@pytest.mark.parametrize(
    ("number", "value", "mobile", "errors", "warnings"),
    [
        ("13800138000", "+8613800138000", True, [], []),
        ("19200000000", "+8619200000000", True, [], []),
        ("+86 138-0013-8000", "+8613800138000", True, [], []),
        ("１３８００１３８０００", "+8613800138000", True, [], []),
        ("0513-82212345", "+8651382212345", False, [], []),
        ("（0513）82212345", "+8651382212345", False, [], []),
        ("14912345678", "+8614912345678", True, [], ["phone_unknown"]),
        ("12345678901", "12345678901", False, ["phone_wrong"], []),
        ("82212345", "82212345", False, ["phone_no_area"], []),
        ("+14155552671", "+14155552671", False, ["phone_wrong"], []),
        ("", "", False, ["phone_wrong"], []),
        ("张三", "张三", False, ["phone_wrong"], []),
    ],
)
def test_telephone_numbers(number: str, value: str, mobile: bool, errors: list[str], warnings: list[str]) -> None:
    found = check_phone(number)
    assert (found.value, found.mobile) == (value, mobile)
    assert names(found) == (errors, warnings)


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("王伟", []), ("阿不都拉·买买提", []), ("𠮷野", []), ("㐂田", []), ("王〇", []), ("王" * 25, []),
        ("Zhang", ["name_characters"]), ("张三 ", ["name_space"]), ("张 三", ["name_space"]), ("王·", ["name_dot"]),
        ("·王", ["name_dot"]), ("阿··买", ["name_dot"]), ("阿•买", ["name_dot"]), ("李", ["name_short"]),
        ("王" * 26, ["name_long"]), ("", ["name_characters"]), ("王1", ["name_characters"]),
    ],
)  # fmt: skip
def test_names(name: str, errors: list[str]) -> None:
    assert names(check_name(name)) == (errors, [])


@pytest.mark.parametrize(
    ("account", "personal", "errors"),
    [
        ("6222021234567895", True, ["account_luhn"]),
        ("6222021234567895", False, []),
        ("32050164713600000123", True, []),
        ("1102 0210 0900 0123 456", True, []),
        ("6.22202123456e+18", True, ["account_characters"]),
        ("1234567", True, ["account_length"]),
        ("1" * 33, False, ["account_length"]),
    ],
)
def test_accounts(account: str, personal: bool, errors: list[str]) -> None:
    assert names(check_account(account, personal=personal)) == (errors, [])


def test_luhn_digit() -> None:
    assert luhn_digit("7992739871") == "3"


@given(
    st.integers(16, 19).flatmap(lambda length: st.text("0123456789", min_size=length - 3, max_size=length - 3)),
    st.integers(2, 14),
    st.integers(1, 9),
)
def test_one_wrong_digit_of_a_card_is_always_found(rest: str, place: int, step: int) -> None:
    body = f"62{rest}"
    card = body + luhn_digit(body)
    assert check_account(card, personal=True).valid
    wrong = card[:place] + str((int(card[place]) + step) % 10) + card[place + 1 :]
    assert not check_account(wrong, personal=True).valid
    assert check_account(wrong, personal=False).valid


def test_t_gaz_01_document_numbers() -> None:
    found = check_document_number("海政办发〔2023〕20号")
    assert (found.series, found.year, found.serial, found.valid) == ("海政办发", 2023, 20, True)


@pytest.mark.parametrize(
    "text",
    ["海政办发[2023]20号", "海政办发（2023）20号", "海政办发【2023】20号", "海政办发〔2023〕020号", "海政办发〔2023〕第20号", "海政办发〔23〕20号",
     "比例参照海政办发〔2021〕20号之规定", "海政办发〔2023〕20号\n", "〔2023〕20号", "海政办发〔２０２３〕20号"],
)  # fmt: skip
def test_what_is_no_document_number(text: str) -> None:
    assert names(check_document_number(text))[0] == ["document_wrong"]


def test_masks_hide() -> None:
    assert mask_number("320684200501010014") == "****************14"
    assert mask_number("12") == "**"
    assert mask_phone("13800138000") == "138******00"
    assert mask_phone("8221234") == "*****34"
    assert mask_account("6222021234567890123") == "***************0123"
    assert mask_account("1234") == "**34"
    assert mask_name("阿不都拉·买买提") == "阿***·***"
    assert mask_name("王伟") == "王*"
    assert mask_name("") == ""


# --- results and messages


def test_a_result_is_frozen_and_closed() -> None:
    found = check_identity("320684200501010014", ON)
    with pytest.raises(ValidationError):
        found.value = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Checked.model_validate({"value": "x", "colour": "red"})


@pytest.mark.parametrize("area", ["identity", "calendar"])
def test_both_languages_have_the_same_texts_with_the_same_facts(area: str) -> None:
    texts: dict[str, dict[str, Any]] = {
        language: yaml.safe_load((FOLDER / language / f"{area}.yaml").read_text(encoding="utf-8"))
        for language in ("zh", "en")
    }
    assert list(texts["zh"]) == list(texts["en"])
    for name in texts["zh"]:
        assert fields_of(f"{area}.{name}", "zh") == fields_of(f"{area}.{name}", "en")
