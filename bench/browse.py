"""`make bench`: requests a second of the browse page and its API at 100,000 maps.

Beside each figure stands its ratio to bench/reference.py, which answers the same JSON from the same
database. The three take turns in short rounds, so that a noisy machine disturbs them alike; the
medians count. Requests come from many addresses, so that the limit of each is counted, not reached.
Needs wrk. The first run invents the maps, which takes minutes; they stay in TRIBEHOLD_DATA
(.data-bench unless told).
"""

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

os.environ.setdefault("TRIBEHOLD_DATA", str(Path(__file__).parent.parent / ".data-bench"))

from config import embedded

ROOT = Path(__file__).parent.parent
MAPS, PLAYERS = 100_000, 20_000
ROUNDS, SECONDS, CONNECTIONS = 5, 4, 16
OURS, THEIRS = 8481, 8482
ADDRESSES = str(Path(__file__).parent / "addresses.lua")


def manage(*command: str) -> None:
    subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True)


def fill() -> None:
    """Make sure that there are as many maps as we claim."""
    import psycopg

    manage("migrate", "--verbosity", "0")
    with psycopg.connect(
        host=str(embedded.socket_folder()), user="tribehold", dbname="tribehold"
    ) as connection:
        row = connection.execute("SELECT count(*) FROM maps").fetchone()
    missing = MAPS - (row[0] if row else 0)
    if missing > 0:
        manage("seed", "--maps", str(missing), "--players", str(PLAYERS))


@contextlib.contextmanager
def running(port: int, *command: str, **more: str) -> Iterator[str]:
    """A server that answers on a port while the block runs."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=os.environ | more, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url + "/api/v1/maps").status_code == 200:
                    break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def requests_a_second(url: str) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", ADDRESSES, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def measure() -> None:
    reference = ("-m", "uvicorn", "bench.reference:app", "--port", str(THEIRS), "--no-access-log")
    with (
        running(
            OURS, "manage.py", "serve", "--no-demo", PORT=str(OURS), TRUSTED_PROXIES="1"
        ) as ours,
        running(THEIRS, *reference, PGHOST=str(embedded.socket_folder())) as theirs,
    ):
        same = [httpx.get(url + "/api/v1/maps").json() for url in (ours, theirs)]
        assert same[0] == same[1], "the reference answers something else"
        urls = {
            "reference /api/v1/maps": theirs + "/api/v1/maps",
            "/api/v1/maps": ours + "/api/v1/maps",
            "/maps/": ours + "/maps/",
        }
        figures: dict[str, list[float]] = {name: [] for name in urls}
        for url in urls.values():
            requests_a_second(url)  # warm
        for _ in range(ROUNDS):
            for name, url in urls.items():
                figures[name].append(requests_a_second(url))
    base = statistics.median(figures["reference /api/v1/maps"])
    print(f"\n{MAPS:,} maps, {CONNECTIONS} connections, median of {ROUNDS} rounds of {SECONDS} s\n")
    print("| | requests/s | ratio |\n| --- | ---: | ---: |")
    for name, rounds in figures.items():
        median = statistics.median(rounds)
        print(f"| `{name}` | {median:,.0f} | {median / base:.3f} |")


if __name__ == "__main__":
    if not shutil.which("wrk"):
        sys.exit("The benchmark needs wrk: apt install wrk, or brew install wrk.")
    with embedded.running():
        fill()
        measure()
