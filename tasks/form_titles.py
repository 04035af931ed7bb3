"""Titles of the custom-run forms: Prefect takes the parameters' Python names, officials read those of the message files."""

from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse

from tasks.board_page import first_said

_HELP: Final = "_help"


def title_form(client: SyncPrefectClient, flow: str, deployment: DeploymentResponse) -> None:
    """Give the fields of a deployment's form their titles and hints; a parameter that has no message keeps its name."""
    schema = deployment.parameter_openapi_schema or {}
    named = titled(flow, schema)
    if named != schema:
        change = DeploymentUpdate(parameter_openapi_schema=named)  # type: ignore[arg-type] -- Prefect validates it
        client.update_deployment(deployment.id, change)


def titled(flow: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter schema with titles and hints from `parameter.<name>` or `parameter.<flow>.<name>`."""
    fields = {
        name: field
        | {"title": _said(flow, name, field["title"]), "description": _said(flow, name + _HELP, _hint(field))}
        for name, field in schema.get("properties", {}).items()
    }
    return schema | ({"properties": fields} if fields else {})


def _hint(field: dict[str, Any]) -> str:
    return str(field.get("description") or "")


def _said(flow: str, name: str, otherwise: str) -> str:
    return first_said(f"parameter.{flow}.{name}", f"parameter.{name}", otherwise=otherwise)
