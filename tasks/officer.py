"""Officers: enrolment, posts, deputies, and the one-time code that ties a decision to a person."""

from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

import pyotp
from sqlalchemy import insert, or_, select, update

from config.messages import Refusal
from config.rulebook import rule
from config.zone import SHANGHAI
from models.column import key_ring
from models.office import Delegation, Officer, Post
from tasks.clock import local_day, now
from tasks.store import Transaction, reading, table, transaction

OFFICERS: Final = table(Officer)
POSTS: Final = table(Post)
DELEGATIONS: Final = table(Delegation)
CODE_STEP_SECONDS: Final = 30
ISSUER: Final = "banjie"


class Enrolled(NamedTuple):
    """A new officer's staff number and the address to scan into an authenticator, shown once."""

    staff_no: str
    provisioning_uri: str


class Listed(NamedTuple):
    """An officer as listed."""

    staff_no: str
    name: str
    roles: list[str]
    active: bool
    locked: bool


def enrol(staff_no: str, name: str, roles: list[str], since: date, identity: str | None = None) -> Enrolled:
    """Add an officer who holds roles from a day on; of an identity number only the blind index is kept (回避).

    Raises:
        Refusal: the staff number is taken.
    """
    secret = pyotp.random_base32()
    with transaction() as tx:
        if tx.core.execute(select(OFFICERS.c.id).where(OFFICERS.c.staff_no == staff_no)).first():
            raise Refusal("kernel.officer_exists", staff_no=staff_no)
        made = tx.add(
            insert(OFFICERS).values(
                staff_no=staff_no,
                name=name,
                secret=secret,
                last_step=0,
                failures=0,
                active=True,
                identity_index=key_ring().index(identity) if identity else None,
            )
        )
        officer_id = made
        tx.core.execute(
            insert(POSTS), [{"officer_id": officer_id, "role": role, "since": since, "until": None} for role in roles]
        )
    return Enrolled(staff_no, pyotp.TOTP(secret).provisioning_uri(name=staff_no, issuer_name=ISSUER))


def rotate(staff_no: str) -> Enrolled:
    """Give an officer a new secret; the old codes stop working at once, and a lock is lifted.

    Raises:
        Refusal: there is no such officer.
    """
    secret = pyotp.random_base32()
    with transaction() as tx:
        _officer(tx, staff_no)
        tx.core.execute(
            update(OFFICERS)
            .where(OFFICERS.c.staff_no == staff_no)
            .values(secret=secret, last_step=0, failures=0, locked_until=None)
        )
    return Enrolled(staff_no, pyotp.TOTP(secret).provisioning_uri(name=staff_no, issuer_name=ISSUER))


def code_now(staff_no: str) -> str:
    """Return an officer's code of this moment, for local try-outs: whoever can call this can sign as anybody.

    Raises:
        Refusal: there is no such officer.
    """
    with transaction() as tx:
        return pyotp.TOTP(_officer(tx, staff_no).secret).at(now())


def officers() -> list[Listed]:
    """List the officers with the roles they hold today."""
    at = now()
    day = local_day(at)
    with reading() as connection:
        rows = connection.execute(select(OFFICERS).order_by(OFFICERS.c.staff_no)).all()
        held: dict[int, list[str]] = {}
        current = select(POSTS).where(POSTS.c.since <= day, or_(POSTS.c.until.is_(None), POSTS.c.until >= day))
        for post in connection.execute(current.order_by(POSTS.c.role)):
            held.setdefault(post.officer_id, []).append(post.role)
    return [
        Listed(
            row.staff_no, row.name, held.get(row.id, []), row.active, bool(row.locked_until and row.locked_until > at)
        )
        for row in rows
    ]


def delegate(staff_no: str, deputy: str, role: str, since: date, until: date) -> None:
    """Let a deputy sign for an officer in one role between two days, both included.

    Raises:
        Refusal: an officer is unknown, or the officer does not hold the role (a delegation cannot be passed on).
    """
    with transaction() as tx:
        chief, second = _officer(tx, staff_no), _officer(tx, deputy)
        if role not in roles_held(tx, chief.id, since):
            raise Refusal("kernel.role_not_held", staff_no=staff_no, role=role)
        tx.core.execute(
            insert(DELEGATIONS).values(officer_id=chief.id, deputy_id=second.id, role=role, since=since, until=until)
        )


def _officer(tx: Transaction, staff_no: str) -> Any:
    found = tx.core.execute(select(OFFICERS).where(OFFICERS.c.staff_no == staff_no)).one_or_none()
    if found is None:
        raise Refusal("kernel.no_such_officer", staff_no=staff_no)
    return found


def roles_held(tx: Transaction, officer_id: int, day: date) -> set[str]:
    """Return the roles an officer holds in person on a day."""
    held = select(POSTS.c.role).where(
        POSTS.c.officer_id == officer_id, POSTS.c.since <= day, or_(POSTS.c.until.is_(None), POSTS.c.until >= day)
    )
    return set(tx.core.execute(held).scalars())


def represents(tx: Transaction, deputy_id: int, role: str, day: date) -> tuple[int, str] | None:
    """Return (id, staff number) of the officer whom a deputy may represent in a role on a day, if any."""
    standing_in = (
        select(OFFICERS.c.id, OFFICERS.c.staff_no)
        .join(DELEGATIONS, DELEGATIONS.c.officer_id == OFFICERS.c.id)
        .where(DELEGATIONS.c.deputy_id == deputy_id, DELEGATIONS.c.role == role)
        .where(DELEGATIONS.c.since <= day, DELEGATIONS.c.until >= day, OFFICERS.c.active.is_(True))
        .order_by(OFFICERS.c.id)
    )
    for row in tx.core.execute(standing_in):
        if role in roles_held(tx, row.id, day):
            return row.id, row.staff_no
    return None


def _locked(staff_no: str, until: datetime) -> Refusal:
    return Refusal("kernel.officer_locked", staff_no=staff_no, until=until.astimezone(SHANGHAI).strftime("%H:%M"))


def check_code(tx: Transaction, staff_no: str, code: str, at: datetime) -> Any | Refusal:
    """Check a one-time code: the officer's row when it is good, else the refusal (returned, so that the count commits).

    A code is good once: the last time step used is stored. Five failures lock the officer for a while.
    """
    found = tx.core.execute(select(OFFICERS).where(OFFICERS.c.staff_no == staff_no).with_for_update()).one_or_none()
    if found is None or not found.active:
        return Refusal("kernel.no_such_officer", staff_no=staff_no)
    if found.locked_until and found.locked_until > at:
        return _locked(staff_no, found.locked_until)
    given = code.strip().replace(" ", "")
    this = int(at.timestamp()) // CODE_STEP_SECONDS
    totp = pyotp.TOTP(found.secret)
    good = [s for s in (this - 1, this, this + 1) if pyotp.utils.strings_equal(totp.generate_otp(s), given)]
    mine = update(OFFICERS).where(OFFICERS.c.id == found.id)
    if good and good[-1] <= found.last_step:
        return Refusal("kernel.code_used", staff_no=staff_no)
    if not good:
        failures = found.failures + 1
        locked = failures >= rule("kernel.code_failures", local_day(at))
        until = at + timedelta(minutes=rule("kernel.lock_minutes", local_day(at))) if locked else None
        tx.core.execute(mine.values(failures=0 if locked else failures, locked_until=until))
        return _locked(staff_no, until) if until else Refusal("kernel.code_wrong")
    tx.core.execute(mine.values(last_step=good[-1], failures=0, locked_until=None))
    return found
