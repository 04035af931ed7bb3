"""The ranking: caps, evidence, ties, preferences, the seal, and why one stands above the other."""

import random
import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.messages import Refusal
from config.standard import scorecard
from models.column import canonical
from models.conscription.scoring import Candidate, Mark, Ranking, rank, replays, why

ON = date(2027, 2, 19)
CARD = scorecard(ON)


def mark(value: str, evidence: str = "材料") -> Mark:
    return (
        Mark(points=Decimal(value), evidence=evidence) if value[0].isdigit() else Mark(choice=value, evidence=evidence)
    )


def candidate(case: str, preferences: dict[str, str] | None = None, **marks: str) -> Candidate:
    return Candidate(
        case=case, marks={item: mark(value) for item, value in marks.items()}, preferences=preferences or {}
    )


def order(*candidates: Candidate, **readings: str) -> list[str]:
    taken = {f"conscription.{name}": value for name, value in readings.items()}
    return [row.case for row in rank(candidates, CARD, ON, taken).order]


def told(ranking: Ranking, first: str, second: str) -> str:
    return "\n".join(line.text() for line in why(ranking, CARD, first, second))


def test_t_cons_47_points_decide_and_science_only_by_its_item() -> None:
    arts = candidate("A", adaptability="40", physique="15", education="bachelor", skill="10", honours="municipal")
    engineer = candidate(
        "B",
        adaptability="40",
        physique="14",
        education="bachelor",
        skill="10",
        party="league_member",
        veteran_child="2",
        science="1",
    )
    ranking = rank([engineer, arts], CARD, ON)
    assert [(row.case, row.points) for row in ranking.order] == [("A", 82), ("B", 79)]
    preferred = engineer.model_copy(update={"preferences": {"re_enlisting": "退役证"}})
    assert order(preferred, arts) == ["A", "B"]


def test_points_stop_at_the_cap() -> None:
    found = rank([candidate("A", skill="99", adaptability="40.5")], CARD, ON).order[0]
    assert (found.items["skill"], found.items["adaptability"], found.points) == (10, 40, 50)


def test_a_claim_without_evidence_counts_nothing_and_is_named() -> None:
    bare = Candidate(case="A", marks={"skill": Mark(points=Decimal(5))}, preferences={"martyr_child": ""})
    found = rank([bare], CARD, ON).order[0]
    assert (found.points, found.unproven, found.preferred) == (0, ("skill", "martyr_child"), ())


def test_ties_go_by_the_order_of_the_card() -> None:
    degree = candidate("B", education="bachelor", skill="2")
    skilled = candidate("A", education="junior_college", skill="4")
    ranking = rank([skilled, degree], CARD, ON)
    assert [row.case for row in ranking.order] == ["B", "A"]
    assert not ranking.order[0].tied
    assert "“总分”均为 12，比较下一项" in told(ranking, "A", "B")
    assert "“文化程度”10 高于 8，由此排前" in told(ranking, "A", "B")


def test_a_full_tie_is_left_to_the_meeting() -> None:
    ranking = rank([candidate("B", skill="4"), candidate("A", skill="4"), candidate("C", skill="3")], CARD, ON)
    assert [(row.case, row.place, row.tied) for row in ranking.order] == [
        ("A", 1, True),
        ("B", 2, True),
        ("C", 3, False),
    ]
    assert told(ranking, "A", "B").endswith("由审批会议决定")


def test_a_preference_counts_under_equal_conditions() -> None:
    plain, preferred = candidate("A", skill="4"), candidate("B", {"serving_child": "证件"}, skill="4")
    assert order(plain, preferred) == ["B", "A"]
    assert order(candidate("A", skill="5"), preferred) == ["A", "B"]
    assert order(candidate("A", skill="5"), preferred, preference_effect="first") == ["B", "A"]
    ranking = rank([plain, preferred], CARD, ON)
    assert "同等条件下优先" in told(ranking, "A", "B")


def test_why_names_the_items_that_differ() -> None:
    ranking = rank([candidate("A", skill="5", physique="3"), candidate("B", skill="4", physique="3")], CARD, ON)
    assert told(ranking, "B", "A").splitlines() == [
        "编号 A 列第 1 名，编号 B 列第 2 名",
        "“总分”8 高于 7，由此排前",
        "其中“职业技能”5 对 4",
    ]
    with pytest.raises(Refusal, match="编号 Z 不在排序之内"):
        why(ranking, CARD, "A", "Z")


def test_what_the_card_does_not_know_is_refused() -> None:
    for wrong in (
        candidate("A", charm="5"),
        candidate("A", education="doctorate"),
        candidate("A", education="7"),
        candidate("A", skill="good"),
        candidate("A", {"friend": "证"}),
    ):
        with pytest.raises(Refusal, match="编号 A"):
            rank([wrong], CARD, ON)
    with pytest.raises(Refusal, match="出现两次"):
        rank([candidate("A"), candidate("A")], CARD, ON)


def people(number: int) -> list[Candidate]:
    draw = random.Random(7)
    return [
        candidate(
            f"ZB-2027H1-{case:06d}", {"martyr_child": "证书"} if draw.random() < 0.02 else None,
            education=draw.choice(["senior_middle", "junior_college", "bachelor"]), adaptability=str(draw.randint(20, 40)),
            skill=str(draw.randint(0, 10)), physique=str(draw.randint(8, 15)),
        )
        for case in range(number)
    ]  # fmt: skip


def test_a_ranking_replays_byte_for_byte() -> None:
    pool = people(300)
    ranking = rank(pool, CARD, ON)
    assert canonical(rank(pool[::-1], CARD, ON)) == canonical(ranking)
    assert replays(ranking, pool, CARD, ON)
    assert Ranking.model_validate_json(canonical(ranking)).seal == ranking.seal
    assert not replays(ranking, pool[1:], CARD, ON)
    assert not replays(ranking, pool, CARD, ON, {"conscription.preference_effect": "first"})
    changed = CARD.model_copy(update={"card": CARD.card.model_copy(update={"tie_breakers": ("skill",)})})
    assert rank(pool, changed, ON).seal != ranking.seal


def test_the_seal_covers_evidence_and_card_version() -> None:
    one = rank([candidate("A", skill="4")], CARD, ON)
    other = rank([Candidate(case="A", marks={"skill": mark("4", "另一份材料")})], CARD, ON)
    assert one.order == other.order
    assert one.seal != other.seal
    assert one.card == "示例量化赋分表@2023-05-12"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), min_size=2, max_size=8), st.randoms())
def test_more_points_never_stand_lower(points: list[tuple[int, int]], shuffle: random.Random) -> None:
    pool = [candidate(f"C{number}", adaptability=str(one), skill=str(two)) for number, (one, two) in enumerate(points)]
    shuffle.shuffle(pool)
    found = rank(pool, CARD, ON).order
    assert [row.points for row in found] == sorted((row.points for row in found), reverse=True)
    assert [row.place for row in found] == list(range(1, len(pool) + 1))


def test_ten_thousand_are_ranked(capsys: pytest.CaptureFixture[str]) -> None:
    pool = people(10_000)
    begin = time.perf_counter()
    assert len(rank(pool, CARD, ON).order) == 10_000
    with capsys.disabled():
        print(f"\n[measured] rank 10,000 candidates: {time.perf_counter() - begin:.2f} s")  # noqa: T201 -- a measurement to read
