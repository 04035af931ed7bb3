"""The forms of the season's sheets: what a cell may hold, what a row may say, and what it never shows."""

import logging
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from config.messages import FOLDER, fields_of, say
from config.zone import SHANGHAI
from models.identity import check_digit
from models.roster import (
    FORMS,
    AccountRow,
    ApplicationRow,
    Choice,
    DecisionRow,
    Education,
    MedicalRow,
    PoliticalRow,
    PrecheckRow,
    ReturnRow,
    Row,
    Sex,
    TrainingRow,
    columns_of,
)
from models.roster.content import is_blank, tidy

ON = date(2027, 1, 20)
BODY = "32068420060315001"
IDENTITY = BODY + check_digit(BODY)
PERSON: dict[str, Any] = {"name": "张伟", "identity": IDENTITY, "sex": "男", "born": "2006-03-15", "town": "悦来镇"}
APPLICATION = PERSON | {
    "education": "本科", "standing": "在校", "school": "南通示例大学", "science": "是", "phone": "13800138000",
    "basis": "户籍所在地", "willing": "是",
}  # fmt: skip
MEDICAL: dict[str, Any] = {
    "number": "ZB-2027H1-000123", "height": 175, "weight": "68.5kg", "naked_left": 4.9, "naked_right": "5.0",
    "systolic": 120, "diastolic": 80.0, "verdict": "合格", "examined": "2027.1.18", "doctor": "W2101", "chief": "W2001",
}  # fmt: skip


def wrongs(form: type[Row], values: dict[str, Any], on: date | None = ON) -> set[tuple[str, str]]:
    """What is refused: (field, message key)."""
    with pytest.raises(ValidationError) as caught:
        form.model_validate(values, context={"on": on})
    return {(str(one["loc"][0]), one["type"]) for one in caught.value.errors()}


def test_every_form_has_titles_cells_and_a_name() -> None:
    assert {"registration", "application", "medical", "political", "decision"} <= FORMS.keys()
    for name, form in FORMS.items():
        columns = columns_of(form)
        assert form.form == name
        assert form.sheet_title()
        assert len({column.title for column in columns}) == len(columns)
        assert any(column.required for column in columns)


@pytest.mark.parametrize("area", ["roster", "document"])
def test_both_languages_have_the_same_messages_and_facts(area: str) -> None:
    chinese, english = (yaml.safe_load((FOLDER / lang / f"{area}.yaml").read_text("utf-8")) for lang in ("zh", "en"))
    assert chinese.keys() == english.keys()
    for name in chinese:
        key = f"{area}.{name}"
        assert fields_of(key, "en") <= fields_of(key, "zh"), key


@pytest.mark.parametrize("kind", Choice.__subclasses__())
def test_every_word_of_a_vocabulary_reads_back(kind: type[Choice]) -> None:
    field = next(
        (form, column)
        for form in FORMS.values()
        for column in columns_of(form)
        if column.choices == tuple(one.word for one in kind)
    )
    read = field[1].cell.read
    for one in kind:
        assert read(one.word) is one
        assert read(one.value) is one
        assert read(f" {one.word}　") is one


def test_spellings_that_offices_use_are_read() -> None:
    row = ApplicationRow.model_validate(
        APPLICATION | {"education": "大专", "identity": IDENTITY.lower(), "phone": "138-0013-8000", "name": "张 伟"}
    )
    assert (row.education, row.phone, row.name) == (Education.JUNIOR_COLLEGE, "13800138000", "张伟")
    wide = "".join(chr(ord(c) + 0xFEE0) for c in IDENTITY)
    assert ApplicationRow.model_validate(APPLICATION | {"identity": f"\u202d{wide}\u202c "}).identity == IDENTITY
    assert ApplicationRow.model_validate(APPLICATION | {"phone": "0513－82212345"}).phone == "0513-82212345"
    assert ApplicationRow.model_validate(APPLICATION | {"name": "阿不都拉•买买提"}).name == "阿不都拉·买买提"


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ("2026-08-01", date(2026, 8, 1)), ("2026.8.1", date(2026, 8, 1)), ("2026/8/1", date(2026, 8, 1)), ("2026年8月1日", date(2026, 8, 1)),
        ("２０２６．８．１", date(2026, 8, 1)), ("20260801", date(2026, 8, 1)), (20260801, date(2026, 8, 1)), (46235.0, date(2026, 8, 1)),
        (datetime(2026, 8, 1, 9, tzinfo=SHANGHAI), date(2026, 8, 1)), ("2026-08-01 00:00:00", date(2026, 8, 1)), ("2026-02-30", None), ("26.8.1", None),
        (2026.8, None), (True, None), ("明天", None), (1e9, None),
    ],
)  # fmt: skip
def test_days_are_read_in_usual_styles_and_never_guessed(raw: Any, day: date | None) -> None:
    column = next(column for column in columns_of(MedicalRow) if column.field == "examined")
    if day:
        assert column.cell.read(raw) == day
    else:
        assert {field for field, _ in wrongs(MedicalRow, MEDICAL | {"examined": raw})} == {"examined"}


@pytest.mark.parametrize(
    ("field", "raw", "key"),
    [
        ("identity", 3.2068420060315e17, "roster.identity_is_number"),
        ("identity", "3.2068E+17", "roster.identity_is_number"),
        ("identity", IDENTITY[:-1] + ("0" if IDENTITY[-1] != "0" else "1"), "identity.checksum"),
        ("identity", "320684060315001", "identity.old_number"),
        ("identity", IDENTITY[:-2], "identity.length"),
        ("phone", 13800138000.0, "roster.phone_is_number"),
        ("phone", "1380013800", "identity.phone_wrong"),
        ("name", "Zhang", "identity.name_characters"),
        ("sex", "女", "identity.sex_differs"),
        ("born", "2006-03-16", "identity.birth_differs"),
        ("education", "学霸", "roster.choice_wrong"),
        ("willing", "也许", "roster.choice_wrong"),
        ("town", "x" * 61, "roster.cell_long"),
        ("town", "悦来\x07镇", "roster.cell_control"),
        ("applied", "2027-01-21", "roster.day_ahead"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_own_sentence(field: str, raw: Any, key: str) -> None:
    assert (field, key) in wrongs(ApplicationRow, APPLICATION | {field: raw})
    assert say(key, **dict.fromkeys(fields_of(key), "x"))


def test_someone_born_after_the_day_is_refused() -> None:
    body = "32068420350101001"
    future = APPLICATION | {"identity": body + check_digit(body), "born": "2035-01-01"}
    assert ("identity", "identity.birth_future") in wrongs(ApplicationRow, future)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("68.5kg", Decimal("68.5")), ("68.5 公斤", Decimal("68.5")), (68.5, Decimal("68.5")), ("137斤", None), ("六十八", None), (685, None),
     (68.55, None), (float("nan"), None), (float("inf"), None), (True, None), ("68,5", None)],
)  # fmt: skip
def test_a_number_takes_only_the_unit_of_its_column(raw: Any, value: Decimal | None) -> None:
    if value is not None:
        assert MedicalRow.model_validate(MEDICAL | {"weight": raw}).weight == value
    else:
        assert {field for field, _ in wrongs(MedicalRow, MEDICAL | {"weight": raw})} == {"weight"}


@pytest.mark.parametrize(
    ("form", "change", "expected"),
    [
        (MedicalRow, {"number": None}, ("number", "roster.nobody")),
        (MedicalRow, {"height": None}, ("height", "roster.medical_incomplete")),
        (MedicalRow, {"diastolic": 130}, ("diastolic", "roster.pressure_contradicts")),
        (MedicalRow, {"corrected_left": 4.7}, ("corrected_left", "roster.vision_contradicts")),
        (MedicalRow, {"outside": "示例医院"}, ("outside_on", "roster.outside_incomplete")),
        (MedicalRow, {"laser_on": "2027-01-19"}, ("laser_on", "roster.laser_contradicts")),
        (MedicalRow, {"examined": "2027-01-21"}, ("examined", "roster.day_ahead")),
        (ApplicationRow, {"school": None}, ("school", "roster.school_missing")),
        (ApplicationRow, {"evidence": "证书1号"}, ("skill", "roster.skill_missing")),
    ],
)
def test_what_cannot_be_true_together_is_refused_at_its_field(
    form: type[Row], change: dict[str, Any], expected: tuple[str, str]
) -> None:
    values = {k: v for k, v in ((MEDICAL if form is MedicalRow else APPLICATION) | change).items() if v is not None}
    assert wrongs(form, values) == {expected}


def test_a_failed_examination_may_stop_early() -> None:
    stopped = {k: v for k, v in MEDICAL.items() if k not in {"height", "weight", "systolic"}} | {"verdict": "不合格"}
    assert MedicalRow.model_validate(stopped, context={"on": ON}).height is None


def test_the_first_check_follows_from_its_parts() -> None:
    parts = dict.fromkeys(("visual", "history", "political", "schooling"), "合格")
    row = {
        "identity": IDENTITY,
        "confirmed": "2027-01-10",
        "handed_in": "是",
        "verdict": "合格",
        "staff": "Z1001",
    } | parts
    assert PrecheckRow.model_validate(row, context={"on": ON}).handed_in
    assert wrongs(PrecheckRow, row | {"history": "不合格"}) == {("verdict", "roster.precheck_contradicts")}
    assert wrongs(PrecheckRow, row | {"handed_in": "否"}) == {("verdict", "roster.precheck_contradicts")}
    assert wrongs(PrecheckRow, row | {"verdict": "不合格"}) == {("verdict", "roster.precheck_contradicts")}


def test_days_of_training_and_return_follow_each_other() -> None:
    training = {
        "number": "ZB-2027H1-000123",
        "begun": "2027-01-10",
        "ended": "2027-01-14",
        "days": 5,
        "verdict": "合格",
        "staff": "Z1001",
    }
    assert TrainingRow.model_validate(training).days == 5
    assert wrongs(TrainingRow, training | {"days": 6}) == {("days", "roster.days_exceed")}
    assert wrongs(TrainingRow, training | {"ended": "2027-01-09"}) == {("ended", "roster.days_reversed")}
    returned = {"number": "ZB-2027H1-000123", "ground": "身体原因", "arrived": "2027-01-05", "letter_on": "2027-01-15"}
    assert ReturnRow.model_validate(returned, context={"on": ON}).handed_back is None
    assert wrongs(ReturnRow, returned | {"letter_on": "2027-01-04"}) == {("letter_on", "roster.letter_before_arrival")}
    assert wrongs(ReturnRow, returned | {"handed_back": "2027-01-14"}) == {
        ("handed_back", "roster.handover_before_letter")
    }


@pytest.mark.parametrize(
    ("code", "good"), [("012345", True), (123456.0, True), (12345.0, False), ("12345", False), ("１２３４５６", True)]
)
def test_a_one_time_code_that_lost_its_zero_is_refused(code: Any, good: bool) -> None:
    row = {"question": "A-1", "staff": 10023.0, "code": code, "verdict": "同意", "reason": "符合条件"}
    if good:
        assert DecisionRow.model_validate(row).staff == "10023"
    else:
        assert wrongs(DecisionRow, row) == {("code", "roster.one_time_code_wrong")}


def test_a_decision_has_no_default() -> None:
    row = {"question": "A-1", "staff": "10023", "code": "123456"}
    assert wrongs(DecisionRow, row) == {("verdict", "missing"), ("reason", "missing")}


def test_a_card_is_checked_by_luhn_and_an_account_is_not() -> None:
    row = {
        "number": "ZB-2027H1-000123",
        "holder": "张伟",
        "relation": "父亲",
        "bank": "示例银行",
        "account": "6222020200112231",
    }
    assert wrongs(AccountRow, row) == {("account", "identity.account_luhn")}
    assert AccountRow.model_validate(row | {"account": "3206 8401 0912 3456 78"}).account == "320684010912345678"
    assert wrongs(AccountRow, row | {"account": 6.222e18}) == {("account", "roster.account_is_number")}


def test_an_area_code_of_elsewhere_only_warns() -> None:
    body = "31015120060315001"
    row = ApplicationRow.model_validate(APPLICATION | {"identity": body + check_digit(body)})
    assert [(one.field, one.key) for one in row.cautions(ON)] == [("identity", "identity.area_other_province")]
    assert not list(ApplicationRow.model_validate(APPLICATION).cautions(ON))


def test_the_political_form_has_no_place_for_content() -> None:
    assert [column.field for column in columns_of(PoliticalRow)] == [
        "number",
        "identity",
        "name",
        "verdict",
        "signer",
        "concluded",
    ]
    assert "考核内容不得录入" in say(f"roster.{PoliticalRow.closed}", file="f", sheet="s", cell="F1", title="家庭情况")


def test_a_row_shows_nothing_in_logs_and_errors(caplog: pytest.LogCaptureFixture) -> None:
    row = ApplicationRow.model_validate(APPLICATION)
    logging.getLogger("test").warning("%s %r", row, row)
    with pytest.raises(ValidationError) as caught:
        ApplicationRow.model_validate(APPLICATION | {"sex": "女", "phone": "1"})
    for text in (caplog.text, str(caught.value), repr(caught.value)):
        assert IDENTITY not in text
        assert "张伟" not in text


def test_a_stored_row_reads_back() -> None:
    row = ApplicationRow.model_validate(APPLICATION | {"preference": "烈士子女"})
    assert ApplicationRow.model_validate(row.model_dump(mode="json")) == row
    assert ApplicationRow.model_validate_json(row.model_dump_json()) == row
    assert row.sex is Sex.MALE


@given(st.text())
def test_tidy_text_stays_as_it_is(raw: str) -> None:
    once = tidy(raw)
    assert tidy(once).strip() == once.strip()
    assert is_blank(raw) == (not once)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.none()))
def test_no_content_breaks_a_cell(raw: Any) -> None:
    for form in FORMS.values():
        for column in columns_of(form):
            reason = "taken"
            try:
                column.cell.read(raw)
            except PydanticCustomError as refused:
                reason = say(refused.type, **(refused.context or {}))
            assert reason
