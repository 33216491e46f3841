"""`python -m bench.limits`: the time of Redis for a request: its rate limit, its token and a cached value.

Each is one round trip. They are compared with the fastest possible round trip (PING) over the same socket,
and with a read of the cached bytes without Django's cache API.
"""

import gzip
import io
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

os.environ.setdefault("TRIBEHOLD_DATA", str(Path(__file__).parent.parent / ".data-bench"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from bench.figures import add_ratios, measure_in_turns, print_table
from config import embedded

ROUNDS, CALLS = 31, 500
TERRAIN_BYTES, TERRAIN_HASH = 6000, "0" * 64


def time_call(call: Callable[[], object]) -> float:
    """Returns the mean microseconds of a call."""
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - started) / CALLS * 1e6


def compress(content: bytes) -> bytes:
    """Returns a gzip file that has the hash of a terrain as its name."""
    file = io.BytesIO()
    with gzip.GzipFile(filename=TERRAIN_HASH, mode="wb", fileobj=file, mtime=0) as gz:
        gz.write(content)
    return file.getvalue()


def measure() -> None:
    """Prints the table of medians. The calls are measured in turns."""
    import django

    django.setup()
    from django_redis import get_redis_connection

    from accounts.tokens import families
    from config.limits import rate_limits
    from config.redis.clients import disposable, durable
    from maps.browse.terrain_cache import read_terrain

    numbers, subject, map_id = iter(range(10**9)), uuid4(), uuid4()
    token = families.start(subject, "bench").access
    key = f"map:{map_id}:data"
    disposable().set(key, compress(os.urandom(TERRAIN_BYTES)), 900)
    plain_client = get_redis_connection("disposable")
    calls: dict[str, Callable[[], object]] = {
        "a round trip (`PING`)": durable().ping,
        # 90 requests for each address, as from a busy client.
        "a limit counted": lambda: rate_limits.count_one("api", f"{subject}-{next(numbers) // 90}"),
        "a token checked": lambda: families.is_access_token_active(subject, token),
        "6 KB read by a plain client": lambda: plain_client.get(key),
        "a cached terrain of 6 KB": lambda: read_terrain(map_id, TERRAIN_HASH),
    }
    timed_calls = {name: partial(time_call, call) for name, call in calls.items()}
    rows = add_ratios(measure_in_turns(timed_calls, ROUNDS), 0)
    print_table("What Redis costs a request", "| microseconds | ratio", rows)


if __name__ == "__main__":
    with embedded.running():
        measure()
