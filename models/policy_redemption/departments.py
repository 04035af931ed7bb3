"""The bodies that may handle demands, hold activities and offer services (海政办发〔2023〕27号, Art. 3)."""

from datetime import date
from functools import cache

from config.messages import Refusal
from config.offices import Office, office
from config.rulebook import rule


@cache
def departments(on: date) -> tuple[Office, ...]:
    """Return the bodies in the order of the rule of a day; raises as `rule` does."""
    return tuple(office(role) for role in rule("policy_redemption.demand_departments", on))


@cache
def _by_name(on: date) -> dict[str, str]:
    return {name: body.id for body in departments(on) for name in (body.id, *body.names)}


def department_named(name: str, on: date) -> str:
    """Return the role of the body with this id or any of its names.

    Raises:
        Refusal: there is none among them.
    """
    try:
        return _by_name(on)[name.strip()]
    except KeyError:
        raise Refusal("demand.department_unknown", department=name) from None
