"""Which database under Prefect's server: SQLite, or the embedded PostgreSQL? Errors and seconds with several clients.

Each client creates flow runs and takes each through four states, by plain HTTP with retries off, as a browser would.
Run: python tests/benchmarks/prefect_database.py [--runs 60] [--clients 1 4 8]
"""

import argparse
import concurrent.futures
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from tasks.postgres import Postgres
from tasks.server import DATABASE, Server

LOST = 599  # no answer at all: the connection was cut
STATES = ("PENDING", "RUNNING", "SCHEDULED", "PENDING", "RUNNING", "COMPLETED")


def one_client(api: str, flow_id: str, runs: int) -> tuple[Counter[int], list[float]]:
    answers: Counter[int] = Counter()
    seconds: list[float] = []
    with httpx.Client(base_url=api, timeout=120) as client:

        def post(path: str, body: dict[str, object]) -> httpx.Response:
            begun = time.perf_counter()
            try:
                response = client.post(path, json=body)
            except httpx.TransportError:
                response = httpx.Response(LOST)
            seconds.append(time.perf_counter() - begun)
            answers[response.status_code] += 1
            return response

        for _ in range(runs):
            response = post("/flow_runs/", {"flow_id": flow_id, "state": {"type": "SCHEDULED"}})
            if response.is_error:
                continue
            run_id = response.json()["id"]
            for state in STATES:
                post(f"/flow_runs/{run_id}/set_state", {"state": {"type": state}, "force": True})
    return answers, seconds


def measure(name: str, server: Server, clients: int, runs: int) -> None:
    flow_id = httpx.post(f"{server.api}/flows/", json={"name": "benchmark"}, timeout=60).json()["id"]
    begun = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(lambda _: one_client(server.api, flow_id, runs // clients), range(clients)))
    elapsed = time.perf_counter() - begun
    answers: Counter[int] = sum((answer for answer, _ in results), Counter())
    seconds = sorted(second for _, times in results for second in times)
    refused = sum(count for status, count in answers.items() if status >= httpx.codes.BAD_REQUEST)
    print(  # noqa: T201 -- a benchmark prints
        f"{name:10} clients {clients}  requests {answers.total():5}  errors {refused:4} {dict(answers)}  "
        f"{elapsed:6.1f} s  p50 {statistics.median(seconds) * 1000:5.0f} ms  "
        f"p95 {seconds[int(len(seconds) * 0.95)] * 1000:5.0f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 8])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="banjie-benchmark-") as folder:
        home = Path(folder)
        postgres = Postgres(home / "postgres")
        postgres.start()
        postgres.create(DATABASE, durable=False)
        servers = {
            "SQLite": Server(home / "sqlite", f"sqlite+aiosqlite:///{home / 'prefect.db'}"),
            "PostgreSQL": Server(home / "pg", postgres.url(DATABASE, "asyncpg"), embedded=True),
        }
        try:
            for server in servers.values():
                server.home.mkdir(exist_ok=True)
                server.start()
            for clients in options.clients:
                for name, server in servers.items():
                    measure(name, server, clients, options.runs)
        finally:
            for server in servers.values():
                server.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
