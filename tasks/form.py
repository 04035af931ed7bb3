"""The forms of questions, as the Prefect UI shows them: JSON Schema with titles and choices from the message files."""

from typing import Any, Final, Literal, get_args, get_origin

from config.messages import say
from models.every_answer import FORMS
from models.policy_redemption.departments import departments
from tasks.clock import today

STAFF_NO: Final = "staff_no"
CODE: Final = "code"
DEPARTMENTS: Final = "departments"
"""A field with `json_schema_extra={"choices": "departments"}` offers the bodies that handle demands."""
_SCHEMA_FORMATS: Final = (
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "pattern",
)


def choices(form: str, field: str) -> dict[str, str]:
    """Return a field's choices as label -> value; empty for a field without fixed choices."""
    info = FORMS[form].model_fields[field]
    annotation = info.annotation
    if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("choices") == DEPARTMENTS:
        nobody = {} if info.is_required() else {say("form.no_department"): ""}
        return nobody | {body.title: body.id for body in departments(today())}
    if get_origin(annotation) is not Literal:
        return {}
    return {say(f"form.{field}_{value}"): value for value in get_args(annotation)}


def form_schema(form: str) -> dict[str, Any]:
    """Return the JSON Schema of a question's form: its fields, then staff number and one-time code.

    The properties carry their Chinese names, because the server names a missing one to the operator.
    """
    model = FORMS[form]
    plain = model.model_json_schema()
    properties: dict[str, Any] = {}
    required: list[str] = []
    for position, name in enumerate(model.model_fields):
        title = say(f"form.{name}")
        labels = choices(form, name)
        given: dict[str, Any] = plain["properties"][name]
        shape = {"type": "string", "enum": list(labels)} if labels else {"type": given.get("type", "string")}
        shape |= {key: given[key] for key in _SCHEMA_FORMATS if key in given}
        properties[title] = {"title": title, "position": position} | shape
        if model.model_fields[name].is_required():
            required.append(title)
        else:
            default = model.model_fields[name].default
            properties[title]["default"] = next((label for label, value in labels.items() if value == default), default)
    for name, pattern in ((STAFF_NO, r"^\S{1,20}$"), (CODE, r"^\s*\d{3}\s?\d{3}\s*$")):
        title = say(f"form.{name}")
        properties[title] = {"title": title, "type": "string", "pattern": pattern, "position": len(properties)}
        required.append(title)
    return {
        "title": say("form.title"),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def other_fields(form: str) -> list[str]:
    """Return the titles of what a form asks for beyond verdict and reason."""
    return [say(f"form.{name}") for name in FORMS[form].model_fields if name not in ("verdict", "reason")]


def verdict_labels() -> list[str]:
    """Return every verdict that any question lists, the common ones first."""
    return list(dict.fromkeys(label for form in FORMS for label in choices(form, "verdict")))


def read_form(form: str, response: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Return (staff number, code, answer's fields by their own names) of a filled form; labels become values again."""
    by_title = {say(f"form.{name}"): name for name in (*FORMS[form].model_fields, STAFF_NO, CODE)}
    given = {by_title.get(title, title): value for title, value in response.items()}
    staff_no, code = str(given.pop(STAFF_NO, "")).strip(), str(given.pop(CODE, ""))
    return staff_no, code, {name: to_value(form, name, value) for name, value in given.items()}


def to_value(form: str, field: str, given: Any) -> Any:
    """Return the value behind a choice's label, or behind the one label that begins so; anything else stays."""
    if field not in FORMS[form].model_fields:
        return given
    labels, word = choices(form, field), str(given).strip()
    begun = [value for label, value in labels.items() if word and label.startswith(word)]
    return labels.get(word, begun[0] if len(begun) == 1 else given)
