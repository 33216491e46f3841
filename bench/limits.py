"""`python -m bench.limits`: what Redis costs a request, for its rate limit, its token and a cached value.

Each is one round trip. Beside them stand the cheapest round trip there is (PING) over the same socket, and
the cached bytes as a client without Django's cache API reads them.
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

from bench.figures import in_turns, table, with_ratios
from config import embedded

ROUNDS, CALLS = 31, 500
TERRAIN_BYTES, TERRAIN_HASH = 6000, "0" * 64


def microseconds(call: Callable[[], object]) -> float:
    """How long one call takes, of many in a row."""
    begin = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - begin) / CALLS * 1e6


def zipped(content: bytes) -> bytes:
    """A gzip file that has the hash of a terrain as its name."""
    file = io.BytesIO()
    with gzip.GzipFile(filename=TERRAIN_HASH, mode="wb", fileobj=file, mtime=0) as gz:
        gz.write(content)
    return file.getvalue()


def measure() -> None:
    """Print the table: a ping and the others, in turns."""
    import django

    django.setup()
    from django_redis import get_redis_connection

    from accounts.tokens import families
    from config.limits import rate_limits
    from config.redis.clients import disposable, durable
    from maps.browse.terrain_cache import read_terrain

    numbers, someone, map_id = iter(range(10**9)), uuid4(), uuid4()
    token = families.start(someone, "bench").access
    key = f"map:{map_id}:data"
    disposable().set(key, zipped(os.urandom(TERRAIN_BYTES)), 900)
    stored = get_redis_connection("disposable")
    calls: dict[str, Callable[[], object]] = {
        "a round trip (`PING`)": durable().ping,
        # A new address now and then: 90 requests each, as busy ones have.
        "a limit counted": lambda: rate_limits.count_one("api", f"{someone}-{next(numbers) // 90}"),
        "a token checked": lambda: families.is_access_token_active(someone, token),
        "6 KB read by a plain client": lambda: stored.get(key),
        "a cached terrain of 6 KB": lambda: read_terrain(map_id, TERRAIN_HASH),
    }
    turns = {name: partial(microseconds, call) for name, call in calls.items()}
    rows = with_ratios(in_turns(turns, ROUNDS), 0)
    table("What Redis costs a request", "| microseconds | ratio", rows)


if __name__ == "__main__":
    with embedded.running():
        measure()
