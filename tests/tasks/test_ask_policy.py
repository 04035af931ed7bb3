"""Every answer at the door against a policy worked out apart."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from config.messages import Refusal
from config.zone import SHANGHAI
from models.answer import Approval
from models.office import Delegation, Post
from tasks import officer
from tasks.ask import ask
from tasks.clock import local_day, now, set_clock
from tasks.journal import verify
from tasks.step import Dossier, step
from tasks.store import table, transaction
from tasks.wait import Parked
from tests.ground import (
    BOTH,
    OFFICERS,
    SEATS,
    Ground,
    about,
    answer,
    hire,
    opened,
    rows_of,
    seats_open,
    settled,
)

IDENTITY, OTHER = "11010519491231002X", "440524188001010014"
POSTS, DELEGATIONS = table(Post), table(Delegation)


@step(reaches="changed")
def change(dossier: Dossier) -> bool:
    del dossier
    return True


@pytest.fixture(params=BOTH)
def ground(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    yield from settled(request, home, monkeypatch)


pytestmark = pytest.mark.usefixtures("ground")


class TestPolicy:
    """Every answer at the door against a policy worked out here, from lists and not from tables."""

    ROLES = ("leading_group", "planning_group", "vetting_group")
    STAFF = tuple(f"S{number}" for number in range(1, 9))
    TRIES = 500  # on each of the two databases

    def test_nobody_is_let_in_who_may_not(self) -> None:
        dice = random.Random(20270104)
        first = local_day(now())
        posts = [(staff, role, first + timedelta(days=dice.randrange(15)), dice.randrange(5, 30)) for staff in self.STAFF for role in self.ROLES
                 if dice.random() < 0.6]  # fmt: skip
        active = {staff: staff != self.STAFF[-1] for staff in self.STAFF}
        identities = {staff: f"ID{staff}" for staff in self.STAFF if dice.random() < 0.5}
        for staff in self.STAFF:
            hire(staff, "chief_physician", identity=identities.get(staff))
        with transaction() as tx:
            ids = {row.staff_no: row.id for row in tx.core.execute(OFFICERS.select())}
            for staff, role, since, days in posts:
                tx.core.execute(
                    POSTS.insert().values(
                        officer_id=ids[staff], role=role, since=since, until=since + timedelta(days=days)
                    )
                )
            for staff in self.STAFF:
                tx.core.execute(OFFICERS.update().where(OFFICERS.c.id == ids[staff]).values(active=active[staff]))
        lent: list[tuple[str, str, str, date, date]] = []
        for _ in range(40):
            chief, deputy = dice.sample(self.STAFF, 2)
            role, since = dice.choice(self.ROLES), first + timedelta(days=dice.randrange(25))
            until = since + timedelta(days=dice.randrange(6))
            try:
                officer.delegate(chief, deputy, role, since, until)
            except Refusal:
                assert not self.holds(posts, chief, role, since)
            else:
                assert self.holds(posts, chief, role, since)
                lent.append((chief, deputy, role, since, until))
        cases = [opened(f"ZB-{place}") for place in range(6)]
        parties: dict[str, str] = {}
        for case, staff in zip(cases, identities, strict=False):
            about(case.number, identities[staff])
            parties[case.number] = staff

        let_in = turned_away = wrongly_away = 0
        refusals: set[str] = set()
        tries = sorted(first + timedelta(days=dice.randrange(1, 30)) for _ in range(self.TRIES))
        for turn, day in enumerate(tries, 2):
            morning = datetime.combine(day, time(8), SHANGHAI)
            set_clock(max(morning, now() + timedelta(seconds=1)))
            assert local_day(now()) == day
            case, role, staff = dice.choice(cases), dice.choice(self.ROLES), dice.choice(self.STAFF)
            excluded = dice.sample(self.STAFF, 1) if dice.random() < 0.2 else []
            with pytest.raises(Parked):
                ask(Approval, case.at_turn(turn), "groups", of=role, text="", excluded=excluded)
            seat = seats_open()[-1]
            barred = {*excluded, *([parties[case.number]] if case.number in parties else [])}
            chiefs = [chief for chief, deputy, of, since, until in lent if deputy == staff and of == role and since <= day <= until
                      and active[chief] and self.holds(posts, chief, role, day)]  # fmt: skip
            in_person = self.holds(posts, staff, role, day)
            may = active[staff] and staff not in barred and (in_person or any(chief not in barred for chief in chiefs))
            try:
                answer(seat, staff)
            except Refusal as refusal:
                refusals.add(refusal.key)
                turned_away += 1
                certain = in_person or len(set(chiefs)) <= 1
                wrongly_away += may and certain
                with transaction() as tx:
                    tx.core.execute(SEATS.update().where(SEATS.c.id == seat).values(status="withdrawn"))
            else:
                let_in += 1
                assert may, (staff, role, day, case.number, excluded)
                signed = rows_of(SEATS, id=seat)[0]
                assert signed.signed_for == "" if in_person else signed.signed_for in set(chiefs) - barred
        assert wrongly_away == 0
        assert refusals == {"kernel.role_not_held", "kernel.own_case", "kernel.no_such_officer"}
        assert let_in > 50
        assert turned_away > 100
        assert list(verify()) == []

    @staticmethod
    def holds(posts: list[tuple[str, str, date, int]], staff: str, role: str, day: date) -> bool:
        return any(
            one == staff and of == role and since <= day <= since + timedelta(days=days)
            for one, of, since, days in posts
        )
