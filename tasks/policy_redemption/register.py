"""The register of policies: which version is in force on a day, and what it says (Art. 10, 11)."""

from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from config.messages import Refusal
from models.column import canonical
from models.policy_redemption.policy import Policy, PolicyContent, PolicyVersion
from tasks.store import reading, table

POLICIES: Final = table(Policy)
VERSIONS: Final = table(PolicyVersion)
_READ: Final = select(
    *(VERSIONS.c[name] for name in ("id", "policy_id", "number", "since", "content")),
    *(POLICIES.c[name] for name in ("code", "repealed_on")),
).join(POLICIES, POLICIES.c.id == VERSIONS.c.policy_id)


class Version(NamedTuple):
    """One version of a policy: immutable once it is published."""

    id: int
    policy_id: int
    number: int
    code: str
    since: date
    content: PolicyContent


def _version(row: Any) -> Version:
    return Version(row.id, row.policy_id, row.number, row.code, row.since, _content(canonical(row.content)))


@lru_cache(maxsize=128)
def _content(text: str) -> PolicyContent:
    """Return a stored content as the policy it is; by its text, so that two databases never share one."""
    return PolicyContent.model_validate_json(text)


def version_on(code: str, day: date) -> Version:
    """Return the version of a policy that is in force on a day: what an application of that day is judged by.

    A version is in force from its `since` until a later one; on the day of its repeal a policy is over.

    Raises:
        Refusal: no policy has the code, none of its versions is in force yet, or it is repealed.
    """
    with reading() as connection:
        rows = connection.execute(_READ.where(POLICIES.c.code == code).order_by(VERSIONS.c.number)).all()
    if not rows:
        raise Refusal("policy_publication.no_such_policy", code=code)
    repealed = rows[0].repealed_on
    if repealed is not None and repealed <= day:
        raise Refusal("policy_publication.repealed", code=code, day=repealed.isoformat())
    held = [row for row in rows if row.since <= day]
    if not held:
        raise Refusal("policy_publication.not_in_force", code=code, since=rows[0].since.isoformat())
    return _version(max(held, key=lambda row: (row.since, row.number)))


def version_by_id(version_id: int) -> Version:
    """Return a version that an application refers to, whether or not it is still in force.

    Raises:
        LookupError: there is none.
    """
    with reading() as connection:
        row = connection.execute(_READ.where(VERSIONS.c.id == version_id)).one_or_none()
    if row is None:
        raise LookupError(version_id)
    return _version(row)


def policy_codes() -> tuple[str, ...]:
    """Return the codes of all policies, repealed ones included, in order."""
    with reading() as connection:
        return tuple(connection.execute(select(POLICIES.c.code).order_by(POLICIES.c.code)).scalars())
