"""Hold what is known of a firm against a policy's declared conditions: in or out, with a reason for each (Art. 14)."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, Literal

from config.messages import Refusal, say
from config.offices import OfficeUnknownError, town
from config.rulebook import Readings
from models.judgement import Bench, Judged, Line
from models.policy_redemption.content import Comparison, Condition, FirmFact

Value = Decimal | date | str | bool | frozenset[str]
_PARTING: Final = re.compile(r"[、，,;；\n]+")
_SUMS: Final = (FirmFact.REVENUE, FirmFact.RESEARCH, FirmFact.TAX, FirmFact.INVESTMENT)
_ORDERED: Final = (Comparison.AT_LEAST, Comparison.AT_MOST, Comparison.EQUALS, Comparison.ONE_OF, Comparison.EXCLUDES)
_NAMED: Final = (Comparison.EQUALS, Comparison.ONE_OF, Comparison.EXCLUDES)
COMPARISONS: Final[Mapping[FirmFact, Sequence[Comparison]]] = {
    FirmFact.TOWN: _NAMED,
    FirmFact.INDUSTRY: (*_NAMED, Comparison.INCLUDES),
    FirmFact.ABOVE_SCALE: (Comparison.EQUALS,),
    FirmFact.REGISTERED_ON: _ORDERED,
    FirmFact.EMPLOYEES: _ORDERED,
    **dict.fromkeys(_SUMS, _ORDERED),
    FirmFact.CREDIT: _ORDERED,
    FirmFact.TITLES: (Comparison.INCLUDES, Comparison.ONE_OF, Comparison.EXCLUDES),
}
"""Which comparisons make sense for which fact."""


class Matched(Judged):
    """Whether a firm meets the conditions; None where only a person can say. One reason for each condition."""

    fits: bool | None
    reasons: tuple[Line, ...]

    def because(self, *endings: Literal["fits", "fails", "unknown", "for_person"]) -> tuple[Line, ...]:
        """Return the reasons of these kinds."""
        return tuple(line for line in self.reasons if _ending(line) in endings)


def _ending(line: Line) -> str:
    return line.key.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class _Check:
    """One condition made ready: how it reads a firm's fact and whether that holds."""

    condition: Condition
    told: Mapping[str, Any]
    read: Callable[[Any], Value]
    show: Callable[[Any], str]
    holds: Callable[[Value], bool]


def match(
    facts: Mapping[str, Any], conditions: Iterable[Condition], on: date, readings: Readings | None = None
) -> Matched:
    """Hold a firm's facts against the conditions of a policy, under the rules of a day.

    Every condition is looked at, also after one has failed: whoever is out learns each reason. A condition that a
    person must judge, and a fact that is not on file, leave it open (reading `missing_fact`).

    Args:
        facts: by `FirmFact`; sums as yuan in decimal text, days in ISO, a town by id, titles as a list.
        conditions: as the policy declares them.
        on: the day whose rules apply.
        readings: readings other than the installation's.

    Raises:
        Refusal: a condition can be held against nothing; `check_conditions` finds it before a policy is published.
        config.rulebook.NotInForceError: the day is before the rules.
    """
    bench = Bench("policy_redemption", on, readings)
    bench.cite("declared_conditions")
    declared = tuple(conditions)
    lines = tuple(_held(check, facts, bench) for check in _ready(declared, on))
    outcomes = {_ending(line) for line in lines}
    fits = False if "fails" in outcomes else None if outcomes & {"unknown", "for_person"} else True
    return Matched(fits=fits, reasons=lines, working=lines, grounds=bench.grounds)


def check_conditions(conditions: Iterable[Condition], on: date) -> None:
    """See that every condition can be held against a firm's facts.

    Raises:
        Refusal: the first one that cannot: its comparison does not suit the fact, or its value cannot be read.
    """
    _ready(tuple(conditions), on)


def shown_fact(fact: FirmFact, value: Any) -> str:
    """Return a firm's fact as a person reads it."""
    match fact:
        case FirmFact.TOWN:
            return _town_title(str(value))
        case FirmFact.ABOVE_SCALE:
            return say("roster.yes" if value else "roster.no")
        case FirmFact.TITLES:
            return "、".join(value) or say("policy_judgement.no_title")
    return str(value)


def _held(check: _Check, facts: Mapping[str, Any], bench: Bench) -> Line:
    condition = check.condition
    if condition.judged_by == "person":
        return Line(key="policy_judgement.for_person", facts=check.told)
    value = _value(check, facts)
    if value is None:
        ending = "fails" if bench.reading("missing_fact") == "unfit" else "unknown"
        given = Line(key="policy_judgement.not_on_file")
        return Line(key=f"policy_judgement.{ending}", facts={**check.told, "given": given})
    ending = "fits" if check.holds(value) else "fails"
    return Line(key=f"policy_judgement.{ending}", facts={**check.told, "given": check.show(facts[str(condition.fact)])})


def _value(check: _Check, facts: Mapping[str, Any]) -> Value | None:
    """Return a firm's fact as the condition reads it; None where it is not on file, or is no such thing."""
    given = facts.get(str(check.condition.fact))
    if given is None or given == "":
        return None
    try:
        return check.read(given)
    except (Refusal, ValueError, InvalidOperation):
        return None


@lru_cache(maxsize=256)
def _ready(conditions: tuple[Condition, ...], on: date) -> tuple[_Check, ...]:
    return tuple(_checked(condition, on) for condition in conditions)


def _checked(condition: Condition, on: date) -> _Check:
    if condition.judged_by == "person" or not condition.fact or not condition.comparison:
        return _Check(condition, {"condition": condition.name}, str, str, bool)
    fact, comparison = FirmFact(condition.fact), Comparison(condition.comparison)
    if comparison not in COMPARISONS[fact]:
        suited = "、".join(say(f"policy_judgement.comparison_{one}") for one in COMPARISONS[fact])
        raise Refusal("policy_judgement.comparison_wrong", condition=condition.name, suited=suited)
    read, words = _reader(fact, on), [word.strip() for word in _PARTING.split(condition.value) if word.strip()]
    try:
        wanted = [read([word] if fact is FirmFact.TITLES else word) for word in words]
    except (Refusal, ValueError, InvalidOperation):
        wanted = []
    if not wanted or (len(wanted) > 1 and comparison in _ORDERED[:3]):
        raise Refusal("policy_judgement.value_wrong", condition=condition.name, value=condition.value)
    asked = "、".join(shown_fact(fact, [word] if fact is FirmFact.TITLES else _as_given(fact, word)) for word in words)
    told = {
        "condition": condition.name,
        "fact": Line(key=f"policy_judgement.fact_{fact}"),
        "comparison": Line(key=f"policy_judgement.comparison_{comparison}"),
        "asked": asked,
    }
    return _Check(condition, told, read, lambda given: shown_fact(fact, given), _test(fact, comparison, wanted))


def _as_given(fact: FirmFact, word: str) -> Any:
    return _truth(word) if fact is FirmFact.ABOVE_SCALE else word


def _reader(fact: FirmFact, on: date) -> Callable[[Any], Value]:
    if fact is FirmFact.CREDIT:
        grades = tuple(Bench("policy_redemption", on).rule("credit_grades"))
        return lambda given: Decimal(len(grades) - grades.index(str(given).strip().upper()))
    return _READERS.get(fact, _number)


def _day(given: Any) -> date:
    return given if isinstance(given, date) else date.fromisoformat(str(given))


def _text(given: Any) -> str:
    return str(given).strip()


def _titles(given: Any) -> frozenset[str]:
    return frozenset(str(one).strip() for one in given)


def _number(given: Any) -> Decimal:
    number = Decimal(str(given))
    if not number.is_finite():
        raise InvalidOperation
    return number


@lru_cache(maxsize=512)
def _town_id(given: str) -> str:
    return town(given).id


@lru_cache(maxsize=512)
def _town_title(given: str) -> str:
    try:
        return town(given).title
    except OfficeUnknownError:
        return given


def _truth(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    words = {say("roster.yes"): True, say("roster.no"): False, "true": True, "false": False}
    try:
        return words[str(given).strip().lower()]
    except KeyError:
        raise ValueError(given) from None


_READERS: Final[Mapping[FirmFact, Callable[[Any], Value]]] = {
    FirmFact.TOWN: _town_id,
    FirmFact.ABOVE_SCALE: _truth,
    FirmFact.REGISTERED_ON: _day,
    FirmFact.INDUSTRY: _text,
    FirmFact.TITLES: _titles,
}


def _test(fact: FirmFact, comparison: Comparison, wanted: Sequence[Any]) -> Callable[[Any], bool]:
    """Return the test of a value against what the condition asks; a list is tested as the words it holds."""
    first = wanted[0]
    if fact is FirmFact.TITLES:
        words = frozenset[str]().union(*wanted)
        tests: Mapping[Comparison, Callable[[Any], bool]] = {
            Comparison.INCLUDES: lambda held: words <= held,
            Comparison.ONE_OF: lambda held: bool(words & held),
            Comparison.EXCLUDES: lambda held: not words & held,
        }
    else:
        tests = {
            Comparison.AT_LEAST: lambda held: held >= first,
            Comparison.AT_MOST: lambda held: held <= first,
            Comparison.EQUALS: lambda held: held == first,
            Comparison.ONE_OF: lambda held: held in wanted,
            Comparison.EXCLUDES: lambda held: held not in wanted,
            Comparison.INCLUDES: lambda held: all(word in held for word in wanted),
        }
    return tests[comparison]


__all__ = ["COMPARISONS", "Matched", "check_conditions", "match", "shown_fact"]
