"""`make bench`: browsing a million maps, beside a bare server on the same database.

Throughput is told as a ratio to bench/reference.py: the servers take turns in short rounds, so that a
noisy machine disturbs them alike, and medians count. Requests come from many addresses, so that the
limit of each is counted, not reached. Needs wrk. The first run invents the maps, which takes minutes and
thirty gigabytes; they stay in TRIBEHOLD_DATA (.data-bench unless told).
"""

import asyncio
import contextlib
import shutil
import statistics
import sys
import time
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote

import httpx

from bench.figures import in_turns, table, with_ratios
from bench.servers import DATA, Running, manage, median_time, ours, running
from config import embedded

MAPS, PLAYERS = 1_000_000, 100_000
SMALL_MAPS = 10_000
ROUNDS = 5
SEARCHES = 9  # rounds of three hundred
PORTS = range(8481, 8485)
ORDERS = ("hot", "top", "new", "plays", "random")
FACETS = (
    "rating>4",
    "size<50",
    "plays>=100",
    "terrain:lava",
    "-terrain:water",
    "author:amberadder",
)
PAIRS = ("ember ridge", "crater jackdaw", "silent lane", "grey fields", "molten gate", "last ford")
DEEP = 5_000  # pages
SIGNED_IN = 20  # players with tokens
MIXED = "bench/mixed.lua"
MIXED_REQUESTS = 100_000
OF_A_MAP = (
    "/api/v1/maps/{id}",
    "/api/v1/maps/{id}/terrain",
    "/api/v1/maps/{id}/preview",
    "{preview}",
)
PAGES_OF_A_MAP = ("/maps/{id}/", "/players/{author[username]}/")  # slower: of one map alone


def fill(maps: int, players: int, **more: str) -> None:
    """Make sure that there are as many maps as we claim, and one of 100 × 100 cells."""
    manage("migrate", "--verbosity", "0", **more)
    manage("shell", "-v0", "-c", f"import bench.world; bench.world.fill({maps}, {players})", **more)


def throughput(servers: dict[str, Running], wanted: Mapping[str, tuple[str, ...]]) -> None:
    """Requests a second for each `name: (server, path, tokens...)`, with the ratio to the first."""

    def ask(server: str, path: str, *tokens: str, seconds: int = 3) -> float:
        # Apart, no two requests are the same, so that none can share another's answer.
        words = [*tokens, *(["apart"] if server == "nothing kept" else [])]
        return servers[server].requests_a_second(path, seconds, words=words)

    for place in wanted.values():
        ask(*place, seconds=2)  # warm
    calls = {name: partial(ask, *place) for name, place in wanted.items()}
    rows = with_ratios(in_turns(calls, ROUNDS), 0)
    table(f"Throughput, median of {ROUNDS} rounds", "| requests/s | ratio", rows)


def depth(server: Running) -> None:
    """The time of page 5,000 beside that of page 1."""
    with httpx.Client(base_url=server.url) as client:
        first = path = "/api/v1/maps?sort=new"
        for n in range(DEEP - 1):
            answer = client.get(path, headers={"X-Forwarded-For": f"10.0.{n // 250}.{n % 250}"})
            path = f"{first}&cursor={answer.json()['next']}"
        pairs = [
            (median_time(client, first, 40)[20], median_time(client, path, 40)[20])
            for _ in range(9)
        ]
    one, deep = (statistics.median(times) for times in zip(*pairs, strict=True))
    rows = [
        ("page 1", f"{one:.2f}", "1.00"),
        (f"page {DEEP:,}", f"{deep:.2f}", f"{deep / one:.2f}"),
    ]
    table("Pages by cursor, nothing kept", "| ms, median | ratio", rows)


def search(large: Running, small: Running) -> None:
    """The 99th percentile of searches for two words, here and among fewer maps; rounds in turns."""
    servers = {"10,000 maps": small, "1,000,000 maps": large}
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
    for _ in range(SEARCHES):
        for name, server in servers.items():
            with httpx.Client(base_url=server.url) as client:
                times = sorted(
                    value
                    for pair in PAIRS
                    for value in median_time(client, f"/api/v1/maps?q={quote(pair)}", 50)
                )
            rounds[name].append((times[len(times) // 2], times[int(len(times) * 0.99)]))
    middle = {
        n: [statistics.median(r) for r in zip(*all_, strict=True)] for n, all_ in rounds.items()
    }
    base = middle["10,000 maps"][1]
    rows = [(n, f"{m:.1f}", f"{p:.1f}", f"{p / base:.2f}") for n, (m, p) in middle.items()]
    table(
        f"Searching two words, nothing kept, {SEARCHES} rounds",
        "| ms, median | ms, p99 | ratio",
        rows,
    )


async def at_rate(url: str, rate: float, seconds: float) -> list[float]:
    """Milliseconds of requests that begin at a fixed rate, however long others take; sorted.

    Each comes from another address: the limit of each is counted, and not reached.
    """
    times: list[float] = []

    async def one(client: httpx.AsyncClient, n: int) -> None:
        begun = time.perf_counter()
        answer = await client.get(url, headers={"X-Forwarded-For": f"10.{n % 250}.{n // 250}.8"})
        assert answer.status_code == 200
        times.append((time.perf_counter() - begun) * 1000)

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=100)) as client:
        tasks, begun = [], time.perf_counter()
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + n / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(one(client, n)))
        await asyncio.gather(*tasks)
    return sorted(times)


def page(server: Running) -> None:
    """The page's answers at 240 requests a second, which is 80 % of the 300 that a core must give."""
    times = asyncio.run(at_rate(server.url + "/maps/", 240, 15))
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    table(
        "`/maps/` at 240 requests a second", "| ms", [("p50", f"{p50:.1f}"), ("p99", f"{p99:.1f}")]
    )


def memory(server: Running) -> None:
    """The server's memory while it answers all kinds of reads."""
    rows = [("at rest", f"{server.memory():.0f}")]
    maps = httpx.get(server.url + "/api/v1/maps?page_size=20").json()["results"]
    words = [way.format(**found) for found in maps for way in OF_A_MAP]
    words += [way.format(**maps[0]) for way in PAGES_OF_A_MAP]
    done, step = 0.0, MIXED_REQUESTS / 4
    while done < MIXED_REQUESTS:
        mark = done + step
        while done < mark:
            done += 5 * server.requests_a_second("/", 5, MIXED, words)
        rows.append((f"after {done:,.0f} mixed requests", f"{server.memory():.0f}"))
    table("Memory of the server process", "| MB", rows)


def measure(hundred: str) -> None:
    """All of it."""
    bare = ("-m", "uvicorn", "bench.reference:app", "--port", str(PORTS[0]), "--no-access-log")
    host = str(embedded.socket_folder())
    small_data = str(DATA / "small")
    with contextlib.ExitStack() as stack:
        reference = stack.enter_context(running(PORTS[0], *bare, PGHOST=host))
        warm = stack.enter_context(ours(PORTS[1]))
        off = stack.enter_context(ours(PORTS[2], HOT_CACHE_SECONDS="0"))
        same = [httpx.get(server.url + "/api/v1/maps").json() for server in (reference, warm)]
        assert same[0] == same[1], "the reference answers something else"
        servers = {"reference": reference, "kept": warm, "nothing kept": off}
        listed = "/api/v1/maps"
        wanted = {"reference: list": ("reference", listed), "list, kept": ("kept", listed)}
        for name in ORDERS[:-1]:
            wanted[f"list, {name}, nothing kept"] = ("nothing kept", f"{listed}?sort={name}")
        for facet in FACETS:
            wanted[f"list, `{facet}`, nothing kept"] = (
                "nothing kept",
                f"{listed}?q={quote(facet)}",
            )
        throughput(servers, wanted)
        # By chance each page has other rows, which the database has to fetch from all over the table:
        # measured against the reference doing so.
        chance = f"{listed}?sort=random"
        throughput(
            servers,
            {
                "reference: list by chance": ("reference", chance),
                "list, random, nothing kept": ("nothing kept", chance),
            },
        )
        terrain = f"/api/v1/maps/{hundred}/terrain"
        tokens = warm.sign_up(SIGNED_IN)
        throughput(
            servers,
            {
                "reference: terrain of 100 × 100": ("reference", terrain),
                "terrain, kept": ("kept", terrain),
                f"terrain, {SIGNED_IN} players with tokens": ("kept", terrain, *tokens),
                "terrain, nothing kept but in Redis": ("nothing kept", terrain),
            },
        )
        throughput(
            servers,
            {
                "`/maps/`, kept": ("kept", "/maps/"),
                "`/maps/`, nothing kept": ("nothing kept", "/maps/"),
            },
        )
        page(warm)
        depth(off)
        small = stack.enter_context(
            ours(PORTS[3], HOT_CACHE_SECONDS="0", TRIBEHOLD_DATA=small_data)
        )
        search(off, small)
        memory(warm)


if __name__ == "__main__":
    if not shutil.which("wrk"):
        sys.exit("The benchmark needs wrk: apt install wrk, or brew install wrk.")
    with embedded.running():
        fill(MAPS, PLAYERS)
        from bench.world import largest_map_id

        fill(SMALL_MAPS, SMALL_MAPS // 10, TRIBEHOLD_DATA=str(DATA / "small"))
        measure(largest_map_id())
