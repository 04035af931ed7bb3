"""The form of every `banjie explain` answer: one JSON object out, one sentence for bad input, exit code 2."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer
from typer._click.core import Context
from typer._click.exceptions import BadParameter, ClickException, MissingParameter, NoSuchOption
from typer.core import TyperGroup

from config.messages import LANGUAGES, Refusal, say
from config.rulebook import Reading, Source, cited
from config.zone import SHANGHAI
from models.judgement import Bench, Judged

BAD_INPUT: Final = 2
Answer = TypeVar("Answer")


class OneSentence(TyperGroup):
    """Tell bad input in one sentence on standard error and end with 2, instead of a usage page."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any
    ) -> Context:
        """Parse the group's own arguments."""
        return self._told(lambda: TyperGroup.make_context(self, info_name, args, parent, **extra))

    def invoke(self, ctx: Context) -> Any:
        """Parse and run the sub-command."""
        return self._told(lambda: TyperGroup.invoke(self, ctx))

    @staticmethod
    def _told(act: Callable[[], Answer]) -> Answer:
        try:
            return act()
        except Refusal as refusal:
            _refuse(str(refusal))
        except ClickException as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help page, asked for by giving nothing
                raise
            _refuse(_sentence(error))


def _refuse(sentence: str) -> NoReturn:
    sys.stderr.write(" ".join(sentence.split()) + "\n")
    raise typer.Exit(BAD_INPUT)


def _sentence(error: ClickException) -> str:
    match error:
        case NoSuchOption():
            return say("explain.no_option", option=error.option_name)
        case MissingParameter():
            return say("explain.missing", option=_option(error))
        case BadParameter():
            # typer keeps the choices in its message only
            options = error.message.partition("is not one of ")[2].rstrip(".").replace("'", "").replace(", ", "、")
            return say(
                "explain.wrong_choice" if options else "explain.wrong_value", option=_option(error), options=options
            )
    return say("explain.bad_input", problem=error.format_message())


def _option(error: BadParameter) -> str:
    names = [*error.param.opts] if error.param else []
    return names[0] if names else "-"


On = Annotated[str | None, typer.Option("--on", help="按哪一日的规则（YYYY-MM-DD），默认今天")]
Readings = Annotated[list[str] | None, typer.Option("--reading", help="另取口径，写作 规则名=选项，可重复")]
Language = Annotated[str, typer.Option("--language", help="zh 或 en")]


def day_given(text: str) -> date:
    """Return an ISO day from the command line.

    Raises:
        Refusal: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("explain.day_wrong", value=text) from None


def on_day(text: str | None) -> date:
    """Return the day whose rules apply: today in Shanghai unless one is given."""
    return day_given(text) if text else datetime.now(SHANGHAI).date()


def money_given(text: str) -> Decimal:
    """Return an amount of yuan above zero from the command line.

    Raises:
        Refusal: it is none.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Refusal("explain.money_wrong", value=text) from None
    if not amount.is_finite() or amount <= 0:
        raise Refusal("explain.money_wrong", value=text)
    return amount


def readings_given(process: str, given: Sequence[str] | None, on: date) -> dict[str, str]:
    """Return the readings of `rule=option` arguments; a short rule name is one of the process.

    Raises:
        Refusal: not of that form, or none of the rule's options.
    """
    chosen = {}
    for text in given or ():
        name, parting, option = text.partition("=")
        if not parting:
            raise Refusal("explain.reading_wrong", value=text)
        path = name if "." in name else f"{process}.{name}"
        cited(path, on, {path: option})  # an option the rule does not have is refused even where it would not be used
        chosen[path] = option
    return chosen


def language_given(text: str) -> str:
    """Return a language we speak.

    Raises:
        Refusal: it is another.
    """
    if text not in LANGUAGES:
        raise Refusal("explain.language_unknown", value=text)
    return text


def tell(answer: Mapping[str, Any]) -> None:
    """Write one JSON object to standard output."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    """Return money as a JSON number of the same digits, and days as text."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date():
            return value.isoformat()
    raise TypeError(type(value).__name__)


def tell_judged(result: Mapping[str, Any], judged: Judged | Bench, language: str) -> None:
    """Write a judgement: its result, working, readings taken and articles."""
    grounds = Judged(working=judged.working, grounds=judged.grounds)
    tell(
        {
            "result": result,
            "working": [line.text(language) for line in grounds.working],
            "reading": {path: reading_told(reading) for path, reading in grounds.readings.items()} or None,
            "source": [source_told(source) for source in grounds.sources],
        }
    )


def reading_told(reading: Reading) -> dict[str, Any]:
    """Return a reading as JSON."""
    return {"value": reading.value, "options": list(reading.options), "basis": reading.basis}


def source_told(source: Source) -> dict[str, str]:
    """Return a citation as JSON."""
    return {"document": source.document, "article": source.article}
