"""Titles of the custom-run forms: Prefect takes the parameters' Python names, officials read the message files'."""

from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse

from tasks.board_page import first_said

_PARTS: Final = (("title", ""), ("description", "_help"))


def title_form(client: SyncPrefectClient, flow: str, deployment: DeploymentResponse) -> None:
    """Give the fields of a deployment's form their titles and hints; a parameter that has no message keeps its name."""
    schema = deployment.parameter_openapi_schema or {}
    named = titled(flow, schema)
    if named != schema:
        client.update_deployment(deployment.id, DeploymentUpdate(parameter_openapi_schema=named))


def titled(flow: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter schema with titles and hints from `parameter.<name>` or `parameter.<flow>.<name>`."""
    if "properties" not in schema:
        return schema
    return schema | {"properties": {name: field | _texts(flow, name) for name, field in schema["properties"].items()}}


def _texts(flow: str, name: str) -> dict[str, str]:
    said = {
        part: first_said(f"parameter.{flow}.{name}{ending}", f"parameter.{name}{ending}", otherwise="")
        for part, ending in _PARTS
    }
    return {part: text for part, text in said.items() if text}
