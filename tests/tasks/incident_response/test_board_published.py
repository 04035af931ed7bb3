"""Boards of incidents on a real Prefect: published once, brought up by an arrival, linked to the group's form."""

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey

from tasks.board import publish_pages
from tasks.incident_response.board import GROUP_FORM, forms_of, incident_pages, refresh
from tests.ground import Ground, later
from tests.tasks.incident_response import staged

KEYS = ["incident-sg-2027-001", "incident-yl-2027-001", "incidents"]


def texts(client: SyncPrefectClient) -> dict[str, str]:
    wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=KEYS))
    return {str(one.key): str(one.data) for one in client.read_latest_artifacts(artifact_filter=wanted)}


@pytest.mark.server
def test_boards_are_published_once_and_brought_up_after_an_arrival(
    floor: Ground, prefect_client: SyncPrefectClient
) -> None:
    flow, name = GROUP_FORM.split("/")
    flow_id = prefect_client._client.post("/flows/", json={"name": flow}).json()["id"]
    made = prefect_client._client.post("/deployments/", json={"name": name, "flow_id": flow_id}).json()["id"]
    assert forms_of(prefect_client).group == made
    assert incident_pages(prefect_client) == []
    case = staged.responding()
    staged.reported("tabletop", mark=b"two")
    pages = incident_pages(prefect_client)
    assert {page.key for page in pages} == set(KEYS)
    assert set(publish_pages(prefect_client, pages)[0]) == set(KEYS)
    assert publish_pages(prefect_client, pages)[0] == []
    assert f"/deployment/{made}/run?parameters=" in texts(prefect_client)[KEYS[0]]
    staged.after(case)
    later(minutes=1)
    refresh(case.number)
    assert "## 信息发布" in texts(prefect_client)[KEYS[0]]


def test_a_board_that_cannot_be_shown_spoils_nothing(floor: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nobody listens
    refresh(staged.reported().number)
    refresh("SG-2027-999")
