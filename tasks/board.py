"""Boards: pages read from our database and kept as Prefect artifacts, one a key, updated when they say something new.

An artifact keeps its id for good, so that its address can be bookmarked; the journal, not the artifact, is the history.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    ArtifactFilter,
    ArtifactFilterKey,
)
from prefect.exceptions import ObjectNotFound

from config.offices import roles
from tasks.ask import open_questions
from tasks.board_deadline import deadline_page
from tasks.board_inbox import inbox_page
from tasks.board_page import Page, local, plain, sections, word
from tasks.board_season import NO_PLACES, Places, season_page
from tasks.board_subject import board_subjects
from tasks.board_worklist import KEY, office_key, office_page, worklist_page, worklist_pages
from tasks.clock import now

DECIDE: Final = "decide/decide"
ASSIST: Final = "assist/assist"
KEPT_AFTER_CLOSING: Final = timedelta(days=2)
"""A closed instance's board is still brought to its last state; later nothing can change it."""
DIGEST: Final = "digest"
AT_ONCE: Final = 100
"""Keys asked for in one request."""


class Published(NamedTuple):
    """An artifact that is there: its id and what it says."""

    id: UUID
    digest: str


def publish_boards(client: SyncPrefectClient, places: Mapping[str, Places] | None = None) -> list[str]:
    """Bring every board up to date and return the keys of those that were created or changed.

    Args:
        client: a client of Prefect's server.
        places: quota by case number, for the instances that have one.
    """
    deployment_id, assist_id = _form(client, DECIDE), _form(client, ASSIST)
    known = places or {}
    own = worklist_pages(deployment_id, assist_id)
    own += _emptied(client, {page.key for page in own})
    changed, ids = publish_pages(client, own)
    pages = [
        worklist_page(open_questions(), deployment_id, ids, assist_id),
        deadline_page(),
        inbox_page(),
        *(season_page(number, known.get(number, NO_PLACES)) for number in board_subjects(now() - KEPT_AFTER_CLOSING)),
    ]
    return changed + publish_pages(client, pages)[0]


def publish_pages(client: SyncPrefectClient, pages: Sequence[Page]) -> tuple[list[str], dict[str, str]]:
    """Create or update the artifacts of some pages; return the keys that changed, and the artifact id of every key."""
    there = _published(client, [page.key for page in pages])
    changed, ids = [], {key: str(found.id) for key, found in there.items()}
    for page in pages:
        found = there.get(page.key)
        if found and found.digest == page.digest:
            continue
        changed.append(page.key)
        data, note = _stamped(page), {DIGEST: page.digest}
        if found:
            _update(client, found.id, ArtifactUpdate(data=data, description=page.title, metadata_=note))
        else:
            client.create_artifact(
                ArtifactCreate(key=page.key, type="markdown", description=page.title, data=data, metadata_=note)
            )
            ids[page.key] = _without_twin(client, page.key)
    return changed, ids


def _without_twin(client: SyncPrefectClient, key: str) -> str:
    """Return the id of a new board; where several runs created it in the same moment, all of them keep the first."""
    same_key = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    found = [artifact.id for artifact in client.read_artifacts(artifact_filter=same_key)]
    first, *others = sorted(found, key=str)  # the ids carry the time; whoever looks takes the same one
    for twin in others:
        with suppress(ObjectNotFound):  # another run may have been faster in this, too
            client.delete_artifact(twin)
    return str(first)


def _update(client: SyncPrefectClient, artifact_id: UUID, change: ArtifactUpdate) -> None:
    # `update_artifact` would put the whole board into Prefect's events as well, once for every change.
    body = change.model_dump(mode="json", exclude_unset=True)
    client.request("PATCH", "/artifacts/{id}", json=body, path_params={"id": artifact_id})


def _form(client: SyncPrefectClient, name: str) -> str:
    """Return the id of a deployment that a link opens; empty where there is none: boards then lack that link."""
    try:
        return str(client.read_deployment_by_name(name).id)
    except ObjectNotFound:
        return ""


def _stamped(page: Page) -> str:
    """Say at the end when the page last changed; that is no content of its own."""
    return sections(f"# {plain(page.title)}", page.body, "---", word("as_of", at=local(now())))


def _published(client: SyncPrefectClient, keys: Sequence[str]) -> dict[str, Published]:
    found: dict[str, Published] = {}
    for start in range(0, len(keys), AT_ONCE):
        found |= _latest(client, ArtifactCollectionFilterKey(any_=list(keys[start : start + AT_ONCE])))
    return found


def _latest(client: SyncPrefectClient, wanted: ArtifactCollectionFilterKey) -> dict[str, Published]:
    found = client.read_latest_artifacts(artifact_filter=ArtifactCollectionFilter(key=wanted))
    return {each.key: Published(each.latest_id, (each.metadata_ or {}).get(DIGEST, "")) for each in found}


def _emptied(client: SyncPrefectClient, current: set[str]) -> list[Page]:
    """Return the pages of offices that had questions once and have none now: they must not show old ones."""
    offices = {office_key(role.id): role.id for role in roles()}
    there = _latest(client, ArtifactCollectionFilterKey(like_=f"{KEY}-")).keys() - current
    return [office_page(offices[key], [], "") for key in sorted(there & offices.keys())]
