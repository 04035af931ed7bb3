"""The forms of questions as JSON Schema: nothing decides by itself, and everything reads in Chinese."""

import re
from typing import Any, Literal, get_args, get_origin

import pytest

from config.messages import LANGUAGES, say
from models.every_answer import FORMS
from tasks.form import CODE, STAFF_NO, choices, form_schema, read_form, to_value

ALL = sorted(FORMS)


def filled(form: str) -> dict[str, Any]:
    """Return a form filled as the UI sends it: by titles, choices by their labels."""
    schema = form_schema(form)
    samples = {"string": "情况属实", "number": 1, "integer": 1, "boolean": True}
    return {title: (shape["enum"][0] if "enum" in shape else samples.get(shape.get("type", "string"), "情况属实"))
            for title, shape in schema["properties"].items()} | {say("form.staff_no"): " S1 ", say("form.code"): "123 456"}  # fmt: skip


@pytest.mark.parametrize("form", ALL)
class TestSchema:
    def test_nothing_that_decides_has_a_default(self, form: str) -> None:
        schema = form_schema(form)
        for name in ("verdict", "reason", STAFF_NO, CODE):
            shape = schema["properties"][say(f"form.{name}")]
            assert "default" not in shape
            assert say(f"form.{name}") in schema["required"]
        for title in schema["required"]:
            assert "default" not in schema["properties"][title]
        assert FORMS[form].model_fields["verdict"].is_required()

    def test_no_verdict_is_a_yes_or_no(self, form: str) -> None:
        verdict = form_schema(form)["properties"][say("form.verdict")]
        assert verdict["type"] == "string"
        assert get_origin(FORMS[form].model_fields["verdict"].annotation) is Literal

    def test_titles_and_choices_are_chinese(self, form: str) -> None:
        schema = form_schema(form)
        chinese = re.compile(r"[\u4e00-\u9fff]")
        assert chinese.search(schema["title"])
        for title, shape in schema["properties"].items():
            assert shape["title"] == title
            assert chinese.search(title)
            assert all(chinese.search(label) for label in shape.get("enum", ()))
        positions = [shape["position"] for shape in schema["properties"].values()]
        assert positions == list(range(len(positions)))
        assert schema["additionalProperties"] is False

    def test_every_word_is_there_in_both_languages(self, form: str) -> None:
        for language in LANGUAGES:
            for name, field in FORMS[form].model_fields.items():
                assert say(f"form.{name}", language)
                values = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
                labels = [say(f"form.{name}_{value}", language) for value in values]
                assert len(set(labels)) == len(labels)

    def test_what_the_ui_sends_comes_back_by_its_own_names(self, form: str) -> None:
        staff_no, code, given = read_form(form, filled(form))
        assert (staff_no, code) == ("S1", "123 456")
        assert set(given) == set(FORMS[form].model_fields)
        assert given["verdict"] in get_args(FORMS[form].model_fields["verdict"].annotation)

    def test_an_empty_click_decides_nothing(self, form: str) -> None:
        staff_no, code, given = read_form(form, {})
        assert (staff_no, code, given) == ("", "", {})

    def test_each_label_means_one_value(self, form: str) -> None:
        for name in FORMS[form].model_fields:
            for label, value in choices(form, name).items():
                assert to_value(form, name, f" {label} ") == value
                assert to_value(form, name, value) == value
            assert to_value(form, name, "别的") == "别的"


def test_the_code_field_takes_codes_as_they_are_shown() -> None:
    pattern = form_schema("Determination")["properties"][say("form.code")]["pattern"]
    assert all(re.search(pattern, code) for code in ("123456", "123 456", " 123456 "))
    assert not any(re.search(pattern, code) for code in ("", "12345", "1234567", "abcdef"))


def test_there_are_forms_to_look_at() -> None:
    assert {"Determination", "Approval", "Confirmation", "Meeting", "Handover", "Fitness"} <= set(ALL)
