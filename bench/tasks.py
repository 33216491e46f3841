"""The task queue: how fast a job starts, how many run per second, and how much drawing slows requests down.

`python -m bench.tasks` prints the figures of docs/decisions/0019-task-queue.md. The second part draws the
previews of the demo's maps while another client reads pages; `python -m bench.tasks pages` prints only that
part.
"""

import asyncio
import contextlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bench.servers import DATA, RunningServer, run_server
from config import embedded

PORT = 8477
MAX_PREVIEWS = 120
addresses = (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(1))


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.001)


# ---- The queue ----------------------------------------------------------------------------------


def measure_queue() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with embedded.running():
        django.setup()
        from django.core.management import call_command
        from procrastinate.contrib.django.models import ProcrastinateJob

        from config.ops import task_queue
        from maps.previews.cleanup import delete_unused

        def is_empty() -> bool:
            return not ProcrastinateJob.objects.filter(
                queue_name=task_queue.PICTURES_IN_ADVANCE
            ).exists()

        call_command("migrate", verbosity=0)
        jobs: list[dict[str, Any]] = [{"contents": []} for _ in range(1000)]
        delete_unused.batch_defer(*jobs)
        loop = asyncio.new_event_loop()
        workers = loop.create_task(task_queue.run_workers())
        started = time.perf_counter()
        thread = threading.Thread(target=run_until_cancelled, args=(loop, workers))
        thread.start()
        wait_until(is_empty)
        print(f"{1000 / (time.perf_counter() - started):.0f} empty jobs per second by one worker")
        times = []
        for _ in range(200):
            started = time.perf_counter()
            delete_unused.defer(contents=[])
            wait_until(is_empty)
            times.append((time.perf_counter() - started) * 1000)
            time.sleep(0.02)
        median, p99 = percentile(times, 0.5), percentile(times, 0.99)
        print(f"added, run and deleted after {median:.1f} ms, p99 {p99:.1f} ms")
        loop.call_soon_threadsafe(workers.cancel)
        thread.join()


def run_until_cancelled(loop: asyncio.AbstractEventLoop, workers: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(workers)


# ---- Requests while previews are drawn ----------------------------------------------------------


def read_pages(site: RunningServer, ids: list[str], is_over: Callable[[], bool]) -> list[float]:
    times: list[float] = []
    client = httpx.Client(base_url=site.url, timeout=60)
    for n in itertools.count():
        if is_over():
            return times
        path = (f"/maps/{ids[n % len(ids)]}/", f"/api/v1/maps?q={n}")[n % 2]
        started = time.perf_counter()
        response = client.get(path, headers={"X-Forwarded-For": next(addresses)})
        times.append((time.perf_counter() - started) * 1000)
        assert response.status_code == 200, path
        time.sleep(0.01)
    return times


def request_previews(
    site: RunningServer, missing: list[tuple[str, str]], waits: list[float]
) -> None:
    client = httpx.Client(base_url=site.url, timeout=60)
    while missing:
        map_id, size = missing.pop()
        started = time.perf_counter()
        status = 503
        while status == 503:
            path = f"/api/v1/maps/{map_id}/preview?size={size}"
            status = client.get(path, headers={"X-Forwarded-For": next(addresses)}).status_code
        waits.append(time.perf_counter() - started)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_pages(site: RunningServer) -> None:
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"sort": "new", "page_size": "50"} | ({"cursor": cursor} if cursor else {})
        headers = {"X-Forwarded-For": next(addresses)}
        page = httpx.get(f"{site.url}/api/v1/maps", params=query, headers=headers).json()
        ids += [one["id"] for one in page["results"]]
        cursor = page["next"]
    time.sleep(3)
    before = cpu_seconds(site.pid)
    time.sleep(20)
    idle = (cpu_seconds(site.pid) - before) / 20
    print(f"idle: {idle:.2%} CPU, {site.memory():.0f} MB")
    end = time.perf_counter() + 10
    report("no previews are drawn", read_pages(site, ids, lambda: time.perf_counter() > end))
    missing = [(i, size) for i in ids for size in ("card", "page")][:MAX_PREVIEWS]
    waits: list[float] = []
    clients = [
        threading.Thread(target=request_previews, args=(site, missing, waits)) for _ in range(6)
    ]
    started = time.perf_counter()
    for client in clients:
        client.start()
    times = read_pages(site, ids, lambda: not any(client.is_alive() for client in clients))
    report(f"{MAX_PREVIEWS} previews are drawn", times)
    duration = time.perf_counter() - started
    print(
        f"drawn in {duration:.0f} s; each request waited {percentile(waits, 0.5):.1f} s,", end=" "
    )
    print(f"p99 {percentile(waits, 0.99):.1f} s; memory of the server {site.memory():.0f} MB")


def report(label: str, times: list[float]) -> None:
    median, p99 = percentile(times, 0.5), percentile(times, 0.99)
    print(f"{label}: {median:.0f} ms, p99 {p99:.0f} ms, of {len(times)} requests")


if __name__ == "__main__":
    if "pages" not in sys.argv:
        measure_queue()
    for file in (DATA / "media").rglob("*.webp"):
        file.unlink()
    with run_server(
        PORT, "manage.py", "serve", PORT=str(PORT), TRUSTED_PROXIES="1"
    ) as running_site:
        measure_pages(running_site)
