"""The way to Prefect's server: the one this process was given, else the installation's own; never a temporary one."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.context import SyncClientContext
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE, temporary_settings

from config.settings import settings


@contextmanager
def prefect(address: str = "") -> Iterator[SyncPrefectClient]:
    """Open a client of the server.

    Args:
        address: the server's address; by default the one of this process, or of the installation.
    """
    here = SyncClientContext.get()
    if here is not None and not address:  # a runner's thread keeps one open; making another costs more than a request
        yield here.client
        return
    given = f"{address}/api" if address else PREFECT_API_URL.value() or f"{settings().address}/api"
    wanted = {PREFECT_API_URL: given, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False}
    with temporary_settings(wanted), get_client(sync_client=True) as client:
        yield client
