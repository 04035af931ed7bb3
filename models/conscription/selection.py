"""The preliminary plan, Art. 16: who is proposed within the quotas, and who moves up when one is struck off."""

from collections.abc import Iterable, Mapping
from datetime import date

from config.fact import Fact
from config.messages import Refusal
from config.rulebook import Readings
from config.season import Quota
from config.standard import Sex
from models.conscription.scoring import Ranking
from models.judgement import Bench, Judged

WOMEN = "women"


class Contender(Fact):
    """Where a ranked case competes: men for the places of their town, women for the district's."""

    case: str
    town: str
    sex: Sex

    @property
    def pool(self) -> str:
        """The list of places."""
        return WOMEN if self.sex == "female" else self.town


class Place(Fact):
    """A place of the plan, the case proposed for it and, for one who moved up, whom he replaces."""

    pool: str
    case: str
    replaces: str = ""


class Plan(Judged):
    """The preliminary plan: places in the order of the ranking, the reserve behind them, places nobody can fill."""

    seal: str
    """Seal of the ranking that it was made from."""
    places: tuple[Place, ...]
    reserve: tuple[str, ...]
    struck_off: tuple[str, ...] = ()
    empty: Mapping[str, int]


def propose(
    ranking: Ranking, contenders: Iterable[Contender], quota: Quota, on: date, readings: Readings | None = None
) -> Plan:
    """Fill each town's places, and the women's, in the order of the ranking; then what a town could not fill.

    Raises:
        Refusal: a ranked case has no contender, or its town has no quota.
    """
    bench = Bench("conscription", on, readings)
    unfilled = bench.reading("unfilled_places")
    by_case = {contender.case: contender for contender in contenders}
    left = {**quota.by_town, WOMEN: quota.women}
    places: list[Place] = []
    reserve: list[str] = []
    for row in ranking.order:
        pool = _pool(by_case, row.case, left)
        if left[pool] > 0:
            left[pool] -= 1
            places.append(Place(pool=pool, case=row.case))
        else:
            reserve.append(row.case)
    if unfilled == "district":
        places, reserve = _fill_from_district(places, reserve, by_case, left)
    order = {row.case: row.place for row in ranking.order}
    places.sort(key=lambda place: order[place.case])
    empty = {pool: count for pool, count in left.items() if count}
    bench.note("recruit.proposed", count=len(places), reserve=len(reserve), empty=sum(empty.values()))
    return Plan(
        seal=ranking.seal,
        places=tuple(places),
        reserve=tuple(reserve),
        empty=empty,
        working=bench.working,
        grounds=bench.grounds,
    )


def _pool(by_case: Mapping[str, Contender], case: str, left: Mapping[str, int]) -> str:
    contender = by_case.get(case)
    if contender is None or contender.pool not in left:
        raise Refusal("recruit.no_pool", case=case)
    return contender.pool


def _fill_from_district(
    places: list[Place], reserve: list[str], by_case: Mapping[str, Contender], left: dict[str, int]
) -> tuple[list[Place], list[str]]:
    """Give places that a town's own list cannot fill to the next men of the district's list; not the women's."""
    waiting = []
    for case in reserve:
        pool = next((pool for pool, count in left.items() if count and pool != WOMEN), "")
        if pool and by_case[case].sex == "male":
            left[pool] -= 1
            places.append(Place(pool=pool, case=case))
        else:
            waiting.append(case)
    return places, waiting


def strike_off(
    plan: Plan, case: str, contenders: Iterable[Contender], on: date, readings: Readings | None = None
) -> Plan:
    """Take a case off the plan and move the next of the list up into its place (征兵工作条例 Art. 30).

    One struck off the reserve simply leaves it.

    Raises:
        Refusal: the case is neither in the plan nor in its reserve.
    """
    bench = Bench("conscription", on, readings)
    same_town = bench.reading("substitution") == "same_town_first"
    freed = next((place for place in plan.places if place.case == case), None)
    if freed is None:
        if case not in plan.reserve:
            raise Refusal("recruit.not_proposed", case=case)
        reserve = tuple(name for name in plan.reserve if name != case)
        return plan.model_copy(update={"reserve": reserve, "struck_off": (*plan.struck_off, case)})
    by_case = {contender.case: contender for contender in contenders}
    sexed = [name for name in plan.reserve if (by_case[name].pool == WOMEN) == (freed.pool == WOMEN)]
    own = [name for name in sexed if by_case[name].pool == freed.pool]
    queue = [*own, *sexed] if same_town else sexed
    places = [place for place in plan.places if place is not freed]
    empty = dict(plan.empty)
    if queue:
        places.append(Place(pool=freed.pool, case=queue[0], replaces=case))
        bench.note("recruit.moved_up", case=queue[0], struck=case)
    else:
        empty[freed.pool] = empty.get(freed.pool, 0) + 1
        bench.note("recruit.nobody_moves_up", struck=case)
    taken = queue[:1]
    return Plan(
        seal=plan.seal,
        places=tuple(places),
        reserve=tuple(name for name in plan.reserve if name not in taken),
        struck_off=(*plan.struck_off, case),
        empty=empty,
        working=(*plan.working, *bench.working),
        grounds=tuple(dict.fromkeys((*plan.grounds, *bench.grounds))),
    )
