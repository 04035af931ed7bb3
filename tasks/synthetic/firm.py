"""Invented firms for try-outs, benchmarks and what-ifs: valid credit codes, facts within what is possible."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from config.messages import say
from config.offices import towns
from models.identity import credit_check, organisation_check
from models.roster.firm import CreditGrade, FirmRow

AREA: Final = "320684"
_BORN: Final = date(2000, 1, 1)


def credit_code(serial: int) -> str:
    """Return the valid unified social credit code of an invented firm; each serial has its own."""
    inner = f"{serial:08}"
    body = f"91{AREA}{inner}{organisation_check(inner)}"
    body = body.replace("X", "0") if body[16] == "X" else body  # X is a check character of the organisation code only
    return body + credit_check(body)


def firm_rows(count: int, seed: int, on: date, *, start: int = 1, accounts: bool = True) -> Iterator[FirmRow]:
    """Yield invented firms, the same for the same seed.

    Args:
        count: how many.
        seed: seed of everything invented.
        on: the day that the facts are of.
        start: serial of the first.
        accounts: whether accounts to pay into are known.
    """
    dice = random.Random(seed)  # noqa: S311 -- inventing needs no secrecy
    words = {name: say(f"synthetic.firm_{name}").split("、") for name in ("names", "industries", "titles", "kinds")}
    places = [one.title for one in towns()]
    for serial in range(start, start + count):
        industry = dice.choice(words["industries"])
        revenue = Decimal(dice.randrange(10**7, 10**11)) / 100
        row = {
            "uscc": credit_code(serial),
            "name": f"{dice.choice(words['names'])}{serial:05}{industry}{dice.choice(words['kinds'])}",
            "facts_on": on,
            "town": dice.choice(places),
            "industry": industry,
            "above_scale": revenue > 20_000_000,  # noqa: PLR2004 -- invented
            "registered_on": _BORN + timedelta(days=dice.randrange((on - _BORN).days)),
            "employees": dice.randrange(1, 900),
            "revenue": revenue,
            "research": (revenue * dice.randrange(0, 12) / 100).quantize(Decimal("0.01")),
            "tax": (revenue * dice.randrange(0, 9) / 100).quantize(Decimal("0.01")),
            "investment": Decimal(dice.randrange(0, 10**9)) / 100,
            "credit": dice.choices(list(CreditGrade), (50, 25, 15, 6, 4))[0],
            "titles": "、".join(sorted(dice.sample(words["titles"], dice.randrange(0, 3)))) or None,
        }
        if accounts:
            row |= {"holder": row["name"], "bank": say("synthetic.firm_bank"), "account": f"3205{serial:012}"}
        yield FirmRow.model_validate(row)
