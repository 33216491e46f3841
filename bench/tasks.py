"""The task queue: how soon a job runs, how many run in a second, and what drawing costs requests.

`python -m bench.tasks` prints the figures of docs/decisions/0019-task-queue.md. The second part draws the
pictures of the demo's maps while another client reads pages; `python -m bench.tasks pages` prints that alone.
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

from bench.servers import DATA, Running, running
from config import embedded

PORT = 8477
PICTURES = 120
addresses = (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(1))


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.001)


# ---- The queue ----------------------------------------------------------------------------------


def measure_queue() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with embedded.running():
        django.setup()
        from django.core.management import call_command
        from procrastinate.contrib.django.models import ProcrastinateJob

        from config.ops import tasks
        from maps.previews.cleanup import delete_unused

        def is_empty() -> bool:
            return not ProcrastinateJob.objects.filter(
                queue_name=tasks.PICTURES_IN_ADVANCE
            ).exists()

        call_command("migrate", verbosity=0)
        empty: list[dict[str, Any]] = [{"contents": []} for _ in range(1000)]
        delete_unused.batch_defer(*empty)
        loop = asyncio.new_event_loop()
        workers = loop.create_task(tasks.run_workers())
        begun = time.perf_counter()
        thread = threading.Thread(target=run_until_cancelled, args=(loop, workers))
        thread.start()
        until(is_empty)
        print(f"{1000 / (time.perf_counter() - begun):.0f} empty jobs a second, by one worker")
        times = []
        for _ in range(200):
            begun = time.perf_counter()
            delete_unused.defer(contents=[])
            until(is_empty)
            times.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.02)
        middle, worst = percentile(times, 0.5), percentile(times, 0.99)
        print(f"added, run and deleted after {middle:.1f} ms, p99 {worst:.1f} ms")
        loop.call_soon_threadsafe(workers.cancel)
        thread.join()


def run_until_cancelled(loop: asyncio.AbstractEventLoop, workers: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(workers)


# ---- Requests while pictures are drawn ----------------------------------------------------------


def read_pages(site: Running, ids: list[str], is_over: Callable[[], bool]) -> list[float]:
    times: list[float] = []
    client = httpx.Client(base_url=site.url, timeout=60)
    for n in itertools.count():
        if is_over():
            return times
        path = (f"/maps/{ids[n % len(ids)]}/", f"/api/v1/maps?q={n}")[n % 2]
        begun = time.perf_counter()
        answer = client.get(path, headers={"X-Forwarded-For": next(addresses)})
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, path
        time.sleep(0.01)
    return times


def draw(site: Running, left: list[tuple[str, str]], waits: list[float]) -> None:
    client = httpx.Client(base_url=site.url, timeout=60)
    while left:
        map_id, size = left.pop()
        begun = time.perf_counter()
        status = 503
        while status == 503:
            path = f"/api/v1/maps/{map_id}/preview?size={size}"
            status = client.get(path, headers={"X-Forwarded-For": next(addresses)}).status_code
        waits.append(time.perf_counter() - begun)


def seconds_of_processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_pages(site: Running) -> None:
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"sort": "new", "page_size": "50"} | ({"cursor": cursor} if cursor else {})
        headers = {"X-Forwarded-For": next(addresses)}
        page = httpx.get(f"{site.url}/api/v1/maps", params=query, headers=headers).json()
        ids += [one["id"] for one in page["results"]]
        cursor = page["next"]
    time.sleep(3)
    used = seconds_of_processor(site.pid)
    time.sleep(20)
    idle = (seconds_of_processor(site.pid) - used) / 20
    print(f"idle: {idle:.2%} of a processor, {site.memory():.0f} MB")
    end = time.perf_counter() + 10
    report("quiet", read_pages(site, ids, lambda: time.perf_counter() > end))
    left = [(i, size) for i in ids for size in ("card", "page")][:PICTURES]
    waits: list[float] = []
    clients = [threading.Thread(target=draw, args=(site, left, waits)) for _ in range(6)]
    begun = time.perf_counter()
    for client in clients:
        client.start()
    times = read_pages(site, ids, lambda: not any(client.is_alive() for client in clients))
    report(f"while {PICTURES} pictures are drawn", times)
    took = time.perf_counter() - begun
    print(f"drawn in {took:.0f} s; whoever asked waited {percentile(waits, 0.5):.1f} s,", end=" ")
    print(f"p99 {percentile(waits, 0.99):.1f} s; memory of the server {site.memory():.0f} MB")


def report(when: str, times: list[float]) -> None:
    middle, worst = percentile(times, 0.5), percentile(times, 0.99)
    print(f"{when}: {middle:.0f} ms, p99 {worst:.0f} ms, of {len(times)} requests")


if __name__ == "__main__":
    if "pages" not in sys.argv:
        measure_queue()
    for file in (DATA / "media").rglob("*.webp"):
        file.unlink()
    with running(PORT, "manage.py", "serve", PORT=str(PORT), TRUSTED_PROXIES="1") as running_site:
        measure_pages(running_site)
