"""All benchmarks: ratios against a floor measured in the same run. Nothing here passes or fails; the table says ok or OVER.

Run: python -m tests.benchmarks [NAME …] [--scale small|full]
"""

import argparse
from collections.abc import Callable
from typing import Final

from rich.console import Console

from tests.benchmarks import (
    growth,
    incident,
    old_cases,
    one_case,
    prefect_path,
    redemption,
    replay,
    season,
    set_steps,
    sweep,
    users,
    waiting,
)
from tests.benchmarks.measure import Ground, Line, cluster, ground, show

Benchmark = Callable[[Ground, bool], list[Line]]
BARE: Final[dict[str, Benchmark]] = {
    "set": lambda on, full: set_steps.measure(on, 10_000, 3) + (set_steps.measure(on, 100_000, 1) if full else []),
    "chain": lambda on, full: set_steps.chain(on, 10_000, 3 if full else 2),
    "one": lambda on, full: one_case.measure(on, 1_000 if full else 300),
    "waiting": lambda on, _full: waiting.measure(on, 10_000),
    "sweep": lambda on, full: sweep.measure(on, 10_000 if full else 1_000, 100_000, 10_000),
    "replay": lambda on, _full: replay.measure(on),
    "growth": lambda on, full: growth.measure(on, 1_000_000 if full else 100_000),
    "redemption": lambda on, full: redemption.phases(on, 10_000 if full else 2_000),
    "matching": lambda on, full: redemption.matching(on, 50_000 if full else 5_000),
    "old": lambda on, full: old_cases.measure(on, 1_000_000 if full else 20_000),
    "decisions": lambda on, full: redemption.decisions(on, 10_000 if full else 1_000),
}
"""Those that need a database alone, on SQLite and on PostgreSQL."""
SIMULATED: Final = frozenset({"redemption", "matching", "old", "decisions"})
"""Those of them whose clock is moved by hand."""
ALONE: Final[dict[str, Callable[[bool], list[Line]]]] = {
    "cold": lambda _full: replay.cold(),
    "season": lambda full: season.both(3_000, 30_000 if full else 0),
    "users": lambda full: users.measure(400 if full else 40, 2.0 if full else 1.0),
    "incident": lambda full: incident.measure(40 if full else 20),
    "prefect": lambda full: prefect_path.measure(60 if full else 20, 3_000),
}


def main() -> None:
    """Run the named benchmarks, or all, and print one table."""
    names = [*BARE, *ALONE]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(names)}; all without one")
    parser.add_argument("--scale", choices=("small", "full"), default="small", help="full: up to a million cases")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), nargs="*", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    if unknown := set(given.name) - set(names):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    full, chosen = given.scale == "full", given.name or names
    told, lines = Console(stderr=True), list[Line]()
    with cluster() as postgres:
        for name in (one for one in BARE if one in chosen):
            for kind in given.on:
                told.print(f"{name} on {kind} …")
                clock = "simulated" if name in SIMULATED else "real"
                with ground(kind, postgres if kind == "postgresql" else None, clock) as on:
                    lines += BARE[name](on, full)
    for name in (one for one in ALONE if one in chosen):
        told.print(f"{name} …")
        lines += ALONE[name](full)
    show(sorted(lines, key=lambda line: (line.goal == "-", line.goal)))


if __name__ == "__main__":
    main()
