"""`make bench`: browsing a million maps, compared with a bare server on the same database.

Throughput is a ratio to bench/reference.py. The servers take turns in short rounds, so that other work on the
machine affects both, and medians count. Requests come from many addresses, so that rate limits are counted
but not reached. Needs wrk. The first run generates the maps, which takes minutes and thirty gigabytes. They
are stored in TRIBEHOLD_DATA (by default .data-bench).
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

from bench.figures import add_ratios, measure_in_turns, print_table
from bench.servers import DATA, RunningServer, manage, request_times, run_server, run_tribehold
from config import embedded

MAPS, PLAYERS = 1_000_000, 100_000
SMALL_MAPS = 10_000
ROUNDS = 5
SEARCH_ROUNDS = 9  # of three hundred searches
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
DEEP_PAGE = 5_000
SIGNED_IN = 20  # players with tokens
MIXED = "bench/mixed.lua"
MIXED_REQUESTS = 100_000
MAP_PATHS = (
    "/api/v1/maps/{id}",
    "/api/v1/maps/{id}/terrain",
    "/api/v1/maps/{id}/preview",
    "{preview}",
)
SLOW_MAP_PATHS = ("/maps/{id}/", "/players/{author[username]}/")  # of one map only


def fill(maps: int, players: int, **environment: str) -> None:
    """Creates missing maps and players, and a map of 100 × 100 cells."""
    manage("migrate", "--verbosity", "0", **environment)
    manage(
        "shell",
        "-v0",
        "-c",
        f"import bench.map_data; bench.map_data.fill({maps}, {players})",
        **environment,
    )


def measure_throughput(
    servers: dict[str, RunningServer], targets: Mapping[str, tuple[str, ...]]
) -> None:
    """Prints requests per second for each `name: (server, path, tokens...)`, with the ratio to the first."""

    def run(server: str, path: str, *tokens: str, seconds: int = 3) -> float:
        # With "apart", all requests differ, so that none can share the response of another.
        arguments = [*tokens, *(["apart"] if server == "uncached" else [])]
        return servers[server].requests_per_second(path, seconds, arguments=arguments)

    for target in targets.values():
        run(*target, seconds=2)  # warms up
    calls = {name: partial(run, *target) for name, target in targets.items()}
    rows = add_ratios(measure_in_turns(calls, ROUNDS), 0)
    print_table(f"Throughput, median of {ROUNDS} rounds", "| requests/s | ratio", rows)


def measure_deep_page(server: RunningServer) -> None:
    """Prints the time of page 5,000 compared with page 1."""
    with httpx.Client(base_url=server.url) as client:
        first = path = "/api/v1/maps?sort=new"
        for n in range(DEEP_PAGE - 1):
            response = client.get(path, headers={"X-Forwarded-For": f"10.0.{n // 250}.{n % 250}"})
            path = f"{first}&cursor={response.json()['next']}"
        pairs = [
            (request_times(client, first, 40)[20], request_times(client, path, 40)[20])
            for _ in range(9)
        ]
    one, deep = (statistics.median(times) for times in zip(*pairs, strict=True))
    rows = [
        ("page 1", f"{one:.2f}", "1.00"),
        (f"page {DEEP_PAGE:,}", f"{deep:.2f}", f"{deep / one:.2f}"),
    ]
    print_table("Pages by cursor, uncached", "| ms, median | ratio", rows)


def measure_search(large: RunningServer, small: RunningServer) -> None:
    """Prints the 99th percentile of searches for two words, among many and few maps. They take turns."""
    servers = {"10,000 maps": small, "1,000,000 maps": large}
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
    for _ in range(SEARCH_ROUNDS):
        for name, server in servers.items():
            with httpx.Client(base_url=server.url) as client:
                times = sorted(
                    value
                    for pair in PAIRS
                    for value in request_times(client, f"/api/v1/maps?q={quote(pair)}", 50)
                )
            rounds[name].append((times[len(times) // 2], times[int(len(times) * 0.99)]))
    medians = {
        name: [statistics.median(figures) for figures in zip(*pairs, strict=True)]
        for name, pairs in rounds.items()
    }
    base = medians["10,000 maps"][1]
    rows = [
        (name, f"{p50:.1f}", f"{p99:.1f}", f"{p99 / base:.2f}")
        for name, (p50, p99) in medians.items()
    ]
    print_table(
        f"Searching two words, uncached, {SEARCH_ROUNDS} rounds",
        "| ms, median | ms, p99 | ratio",
        rows,
    )


async def times_at_rate(url: str, rate: float, seconds: float) -> list[float]:
    """Returns the sorted milliseconds of requests that start at a fixed rate, each from another address."""
    times: list[float] = []

    async def send_request(client: httpx.AsyncClient, n: int) -> None:
        started = time.perf_counter()
        response = await client.get(url, headers={"X-Forwarded-For": f"10.{n % 250}.{n // 250}.8"})
        assert response.status_code == 200
        times.append((time.perf_counter() - started) * 1000)

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=100)) as client:
        tasks, started = [], time.perf_counter()
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(send_request(client, n)))
        await asyncio.gather(*tasks)
    return sorted(times)


def measure_page(server: RunningServer) -> None:
    """Prints response times at 240 requests per second, 80 % of the 300 that a core must reach."""
    times = asyncio.run(times_at_rate(server.url + "/maps/", 240, 15))
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print_table(
        "`/maps/` at 240 requests per second",
        "| ms",
        [("p50", f"{p50:.1f}"), ("p99", f"{p99:.1f}")],
    )


def measure_memory(server: RunningServer) -> None:
    """Prints the server's memory after reads of all kinds."""
    rows = [("at rest", f"{server.memory():.0f}")]
    maps = httpx.get(server.url + "/api/v1/maps?page_size=20").json()["results"]
    paths = [path.format(**game_map) for game_map in maps for path in MAP_PATHS]
    paths += [path.format(**maps[0]) for path in SLOW_MAP_PATHS]
    done, step = 0.0, MIXED_REQUESTS / 4
    while done < MIXED_REQUESTS:
        limit = done + step
        while done < limit:
            done += 5 * server.requests_per_second("/", 5, MIXED, paths)
        rows.append((f"after {done:,.0f} mixed requests", f"{server.memory():.0f}"))
    print_table("Memory of the server process", "| MB", rows)


def measure(large_map_id: str) -> None:
    """Starts the servers and prints all tables."""
    reference_command = (
        "-m",
        "uvicorn",
        "bench.reference:app",
        "--port",
        str(PORTS[0]),
        "--no-access-log",
    )
    host = str(embedded.socket_folder())
    small_data = str(DATA / "small")
    with contextlib.ExitStack() as stack:
        reference = stack.enter_context(run_server(PORTS[0], *reference_command, PGHOST=host))
        cached = stack.enter_context(run_tribehold(PORTS[1]))
        uncached = stack.enter_context(run_tribehold(PORTS[2], HOT_CACHE_SECONDS="0"))
        pages = [httpx.get(server.url + "/api/v1/maps").json() for server in (reference, cached)]
        assert pages[0] == pages[1], "the reference returns another list"
        servers = {"reference": reference, "cached": cached, "uncached": uncached}
        list_path = "/api/v1/maps"
        targets = {
            "reference: list": ("reference", list_path),
            "list, cached": ("cached", list_path),
        }
        for name in ORDERS[:-1]:
            targets[f"list, {name}, uncached"] = ("uncached", f"{list_path}?sort={name}")
        for facet in FACETS:
            targets[f"list, `{facet}`, uncached"] = (
                "uncached",
                f"{list_path}?q={quote(facet)}",
            )
        measure_throughput(servers, targets)
        # Each random page reads other rows, from anywhere in the table. So it is compared with random pages
        # of the reference.
        random_path = f"{list_path}?sort=random"
        measure_throughput(
            servers,
            {
                "reference: random list": ("reference", random_path),
                "list, random, uncached": ("uncached", random_path),
            },
        )
        terrain = f"/api/v1/maps/{large_map_id}/terrain"
        tokens = cached.sign_up(SIGNED_IN)
        measure_throughput(
            servers,
            {
                "reference: terrain of 100 × 100": ("reference", terrain),
                "terrain, cached": ("cached", terrain),
                f"terrain, {SIGNED_IN} players with tokens": ("cached", terrain, *tokens),
                "terrain, cached in Redis only": ("uncached", terrain),
            },
        )
        measure_throughput(
            servers,
            {
                "`/maps/`, cached": ("cached", "/maps/"),
                "`/maps/`, uncached": ("uncached", "/maps/"),
            },
        )
        measure_page(cached)
        measure_deep_page(uncached)
        small = stack.enter_context(
            run_tribehold(PORTS[3], HOT_CACHE_SECONDS="0", TRIBEHOLD_DATA=small_data)
        )
        measure_search(uncached, small)
        measure_memory(cached)


if __name__ == "__main__":
    if not shutil.which("wrk"):
        sys.exit("The benchmark needs wrk (apt install wrk, brew install wrk).")
    with embedded.running():
        fill(MAPS, PLAYERS)
        from bench.map_data import largest_map_id

        fill(SMALL_MAPS, SMALL_MAPS // 10, TRIBEHOLD_DATA=str(DATA / "small"))
        measure(largest_map_id())
