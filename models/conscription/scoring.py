"""The quantified-points ranking, Art. 16: points by the card, ties by its order, sealed so that it can be replayed."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby

from pydantic import Field

from config.fact import Fact
from config.messages import Refusal
from config.rulebook import Readings
from config.standard import CardItem, DatedScorecard
from models.column import canonical
from models.judgement import Bench, Judged, Line

NOTHING = Decimal(0)


class Mark(Fact):
    """What one item of the card was given for a candidate: a choice's name or points, with the evidence shown."""

    choice: str = ""
    points: Decimal | None = Field(default=None, ge=0)
    evidence: str = ""


class Candidate(Fact):
    """A double-qualified citizen as the ranking sees him: a case number, no name."""

    case: str = Field(min_length=1)
    marks: Mapping[str, Mark]
    preferences: Mapping[str, str] = Field(default_factory=dict, description="Preference to the evidence shown")


class Rank(Fact):
    """A place in the ranking with the points of each item."""

    place: int
    case: str
    points: Decimal
    items: Mapping[str, Decimal]
    preferred: tuple[str, ...]
    unproven: tuple[str, ...]
    """Items and preferences claimed without evidence: they count nothing."""
    tied: bool
    """Equal to a neighbour in all that the card compares: in the order of case numbers until the meeting rules."""


class Ranking(Judged):
    """A frozen ranking; the seal covers the card and every candidate as they were."""

    card: str
    order: tuple[Rank, ...]
    seal: str

    def of(self, case: str) -> Rank:
        """Return the place of a case.

        Raises:
            Refusal: the case is not in the ranking.
        """
        for rank in self.order:
            if rank.case == case:
                return rank
        raise Refusal("recruit.not_ranked", case=case)


def seal_of(candidates: Iterable[Candidate], card: DatedScorecard, preference: str) -> str:
    """Return the SHA-256 of the card and the candidates in one canonical text."""
    inputs = {
        "version": card.version,
        "card": card.card,
        "preference": preference,
        "candidates": sorted(
            (candidate.model_dump(mode="json") for candidate in candidates), key=lambda row: row["case"]
        ),
    }
    return hashlib.sha256(canonical(inputs).encode()).hexdigest()


def rank(candidates: Iterable[Candidate], card: DatedScorecard, on: date, readings: Readings | None = None) -> Ranking:
    """Rank the double-qualified by points, then by the card's tie-breakers; the science priority is an item or nothing.

    Raises:
        Refusal: a case twice, an item or choice the card does not have, or a preference it does not name.
    """
    bench = Bench("conscription", on, readings)
    preference = bench.reading("preference_effect")
    pool = tuple(candidates)
    if len({candidate.case for candidate in pool}) != len(pool):
        raise Refusal("recruit.case_twice")
    scored = [_score(candidate, card) for candidate in pool]
    keyed = sorted(((_standing(row, card, preference), row.case, row) for row in scored), key=lambda key: key[:2])
    order: list[Rank] = []
    for _, group in groupby(keyed, key=lambda key: key[0]):
        rows = [row for _, _, row in group]
        first = len(order) + 1
        order += [row.model_copy(update={"place": first + n, "tied": len(rows) > 1}) for n, row in enumerate(rows)]
    bench.note("recruit.ranked", count=len(order), card=card.version)
    return Ranking(
        card=card.version,
        order=tuple(order),
        seal=seal_of(pool, card, preference),
        working=bench.working,
        grounds=(card.ground, *bench.grounds),
    )


def replays(
    ranking: Ranking, candidates: Iterable[Candidate], card: DatedScorecard, on: date, readings: Readings | None = None
) -> bool:
    """Say whether the same candidates and card give the same ranking, byte for byte."""
    again = rank(candidates, card, on, readings)
    return again.seal == ranking.seal and canonical(again) == canonical(ranking)


def why(ranking: Ranking, card: DatedScorecard, first: str, second: str) -> tuple[Line, ...]:
    """Say why one case stands above the other, in the order the card compares them.

    Raises:
        Refusal: a case is not in the ranking.
    """
    above, below = sorted((ranking.of(first), ranking.of(second)), key=lambda row: row.place)
    lines = [
        Line(
            key="recruit.why_places",
            facts={"above": above.case, "place": above.place, "below": below.case, "other": below.place},
        )
    ]
    effect = ranking.readings["conscription.preference_effect"].value
    compared = [("points", ""), *(("item", item) for item in card.card.tie_breakers)]
    compared.insert(0 if effect == "first" else 1, ("preference", ""))
    for kind, item in compared:
        line, decided = _compare(above, below, kind, item, card)
        lines.append(line)
        if decided:
            lines.extend(_by_item(above, below, card) if kind == "points" else ())
            return tuple(lines)
    return (*lines, Line(key="recruit.why_tied"))


def _compare(above: Rank, below: Rank, kind: str, item: str, card: DatedScorecard) -> tuple[Line, bool]:
    if kind == "preference":
        key = "recruit.why_preferred" if above.preferred and not below.preferred else "recruit.why_preference_equal"
        return Line(key=key), bool(above.preferred) != bool(below.preferred)
    title = card.card.items[item].title if item else Line(key="recruit.total")
    one, other = (above.items[item], below.items[item]) if item else (above.points, below.points)
    key = "recruit.why_more" if one != other else "recruit.why_equal"
    return Line(key=key, facts={"item": title, "above": str(one), "below": str(other)}), one != other


def _by_item(above: Rank, below: Rank, card: DatedScorecard) -> tuple[Line, ...]:
    return tuple(
        Line(
            key="recruit.why_item",
            facts={"item": row.title, "above": str(above.items[item]), "below": str(below.items[item])},
        )
        for item, row in card.card.items.items()
        if above.items[item] != below.items[item]
    )


def _score(candidate: Candidate, card: DatedScorecard) -> Rank:
    items, unproven = {}, []
    unknown = sorted({*candidate.marks} - {*card.card.items} | {*candidate.preferences} - {*card.card.preferences})
    if unknown:
        raise Refusal("recruit.item_unknown", case=candidate.case, item=unknown[0])
    for name, item in card.card.items.items():
        mark = candidate.marks.get(name, Mark())
        points = _points(candidate.case, item, mark)
        if points and not mark.evidence:
            unproven.append(name)
            points = NOTHING
        items[name] = points
    preferred = tuple(sorted(name for name, evidence in candidate.preferences.items() if evidence))
    unproven.extend(sorted(name for name, evidence in candidate.preferences.items() if not evidence))
    return Rank(
        place=0,
        case=candidate.case,
        points=sum(items.values(), NOTHING),
        items=items,
        preferred=preferred,
        unproven=tuple(unproven),
        tied=False,
    )


def _points(case: str, item: CardItem, mark: Mark) -> Decimal:
    if item.choices is None:
        if mark.choice:
            raise Refusal("recruit.choice_unknown", case=case, item=item.title, choice=mark.choice)
        return min(mark.points or NOTHING, item.cap)
    if mark.points is not None or (mark.choice and mark.choice not in item.choices):
        raise Refusal("recruit.choice_unknown", case=case, item=item.title, choice=mark.choice or str(mark.points))
    return item.choices[mark.choice] if mark.choice else NOTHING


def _standing(row: Rank, card: DatedScorecard, preference: str) -> tuple[Decimal | int, ...]:
    """Return what is compared, in order; smaller stands higher."""
    points, preferred = -row.points, -int(bool(row.preferred))
    head = (preferred, points) if preference == "first" else (points, preferred)
    return (*head, *(-row.items[item] for item in card.card.tie_breakers))
