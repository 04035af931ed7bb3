"""Sealed columns, blind indexes, instants and canonical JSON."""

import hashlib
import os
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text
from sqlalchemy.dialects import postgresql, sqlite

from config.fact import Fact
from models.column import Instant, KeyMissingError, KeyRing, Sealed, canonical, key_ring, open_ring, stamp
from models.person import Person

FIRST, LAST = datetime.fromisoformat("1950-01-01"), datetime.fromisoformat("2999-01-01")
IDENTITY = "11010519491231002X"


def ring(current: int = 1, *numbers: int, index: bytes = b"i" * 32) -> KeyRing:
    return KeyRing({number: bytes([number]) * 32 for number in (current, *numbers)}, current, index, b"c" * 32)


@pytest.fixture(autouse=True)
def _closed() -> object:
    open_ring(None)
    yield
    open_ring(None)


class TestSeal:
    def test_it_opens_where_it_was_sealed(self) -> None:
        assert ring().open("persons.identity", ring().seal("persons.identity", IDENTITY)) == IDENTITY

    @pytest.mark.parametrize("place", ["persons.name", "officers.identity", "persons.identit", ""])
    def test_it_opens_nowhere_else(self, place: str) -> None:
        with pytest.raises(InvalidTag):
            ring().open(place, ring().seal("persons.identity", IDENTITY))

    def test_any_changed_bit_is_found(self) -> None:
        sealed = ring().seal("persons.identity", IDENTITY)
        for place in range(1, len(sealed)):
            broken = bytearray(sealed)
            broken[place] ^= 1
            with pytest.raises(InvalidTag):
                ring().open("persons.identity", bytes(broken))

    def test_the_same_text_is_never_sealed_alike(self) -> None:
        assert len({ring().seal("persons.identity", IDENTITY) for _ in range(50)}) == 50

    def test_after_a_rotation_the_old_opens_and_the_new_seals(self) -> None:
        old, both, new = ring(1), ring(2, 1), ring(2)
        sealed = old.seal("persons.identity", IDENTITY)
        assert both.open("persons.identity", sealed) == IDENTITY
        again = both.seal("persons.identity", IDENTITY)
        assert (sealed[0], again[0]) == (1, 2)
        assert new.open("persons.identity", again) == IDENTITY
        with pytest.raises(KeyMissingError, match=r"key 1 of persons\.identity"):
            new.open("persons.identity", sealed)

    def test_another_installations_ring_opens_nothing(self) -> None:
        stranger = KeyRing({1: os.urandom(32)}, 1, b"i" * 32, b"c" * 32)
        with pytest.raises(InvalidTag):
            stranger.open("persons.identity", ring().seal("persons.identity", IDENTITY))

    @effort(max_examples=60, deadline=None)
    @given(plain=st.text())
    def test_any_text_comes_back(self, plain: str) -> None:
        assert ring().open("a.b", ring().seal("a.b", plain)) == plain


class TestIndex:
    def test_it_is_the_same_for_the_same_and_needs_the_key(self) -> None:
        assert ring().index(IDENTITY) == ring(2).index(IDENTITY)
        assert ring().index(IDENTITY) != ring(index=b"j" * 32).index(IDENTITY)
        assert ring().index(IDENTITY) != ring().index("110105194912310021")
        assert len(ring().index(IDENTITY)) == 16

    def test_it_is_no_plain_hash(self) -> None:
        assert ring().index(IDENTITY) not in (
            hashlib.sha256(IDENTITY.encode()).digest()[:16],
            hashlib.sha256(b"i" * 32 + IDENTITY.encode()).digest()[:16],
        )


class TestColumns:
    def test_a_value_moved_to_another_column_or_table_does_not_open(self) -> None:
        open_ring(ring())
        engine = create_engine("sqlite://")
        Person.__table__.create(engine)  # type: ignore[attr-defined]
        table = Person.__table__  # type: ignore[attr-defined]
        with engine.begin() as connection:
            connection.execute(
                table.insert().values(identity_index=b"x", identity=IDENTITY, name="张三", phone=None, account=None)
            )
            assert connection.execute(select(table.c.identity, table.c.name, table.c.phone)).one() == (
                IDENTITY,
                "张三",
                None,
            )
            raw = connection.execute(text("SELECT identity, name FROM persons")).one()
            assert all(IDENTITY.encode() not in value and "张三".encode() not in value for value in raw)
            connection.execute(text("UPDATE persons SET name = identity"))
            with pytest.raises(InvalidTag):
                connection.execute(select(table.c.name)).one()

    def test_without_a_ring_nothing_is_written_in_the_open(self) -> None:
        with pytest.raises(KeyMissingError):
            key_ring()
        with pytest.raises(KeyMissingError):
            Sealed("a.b").process_bind_param(IDENTITY, sqlite.dialect())
        assert Sealed("a.b").process_bind_param(None, sqlite.dialect()) is None


class TestInstant:
    @pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])  # type: ignore[no-untyped-call]
    def test_a_naive_moment_is_refused(self, dialect: object) -> None:
        with pytest.raises(ValueError, match="needs its time zone"):
            Instant().process_bind_param(datetime(2027, 3, 1), dialect)  # type: ignore[arg-type]  # noqa: DTZ001

    @effort(max_examples=80, deadline=None)
    @given(moment=st.datetimes(FIRST, LAST), other=st.datetimes(FIRST, LAST), hours=st.integers(-12, 12))
    def test_text_sorts_as_time_and_comes_back_whatever_the_zone(
        self, moment: datetime, other: datetime, hours: int
    ) -> None:
        here, there = moment.replace(tzinfo=UTC), other.replace(tzinfo=timezone(timedelta(hours=hours)))
        assert (stamp(here) < stamp(there)) == (here < there)
        column, dialect = Instant(), sqlite.dialect()
        assert column.process_result_value(column.process_bind_param(there, dialect), dialect) == there


class Colour(StrEnum):
    RED = "red"


class Sum(Fact):
    amount: Decimal
    on: date


class TestCanonical:
    def test_one_value_has_one_text(self) -> None:
        assert canonical({"b": 1, "a": "甲"}) == canonical({"a": "甲", "b": 1}) == '{"a":"甲","b":1}'
        assert canonical({3, 1, 2}) == "[1,2,3]"
        assert canonical(Sum(amount=Decimal("1.10"), on=date(2027, 3, 1))) == '{"amount":"1.10","on":"2027-03-01"}'
        assert (
            canonical([Colour.RED, Decimal("0.1"), datetime(2027, 3, 1, tzinfo=UTC)])
            == '["red","0.1","2027-03-01T00:00:00+00:00"]'
        )

    def test_what_has_no_form_is_refused(self) -> None:
        with pytest.raises(TypeError, match="object has no canonical"):
            canonical(object())
