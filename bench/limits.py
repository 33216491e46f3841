"""`python -m bench.limits`: what counting a limit costs a request.

One count is one script and one round trip. Beside it stands the cheapest round trip there is (PING)
over the same socket, and a request of the API with its limit counted.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TRIBEHOLD_DATA", str(Path(__file__).parent.parent / ".data-bench"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from bench.figures import in_turns, table, with_ratios
from config import embedded

ROUNDS, CALLS = 7, 2000


def microseconds(call: Callable[[], object]) -> float:
    """How long one call takes, of many in a row."""
    begin = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - begin) / CALLS * 1e6


def measure() -> None:
    """Print the table: a ping, a count, both in turns."""
    import django

    django.setup()
    from config.limits import rate_limits
    from config.redis.clients import durable

    numbers = iter(range(10**9))
    calls: dict[str, Callable[[], object]] = {
        "a round trip (`PING`)": durable().ping,
        # A new address now and then: 90 requests each, as busy ones have.
        "a limit counted": lambda: rate_limits.count_one("api", f"bench-{next(numbers) // 90}"),
    }
    turns = {name: partial(microseconds, call) for name, call in calls.items()}
    rows = with_ratios(in_turns(turns, ROUNDS), 0)
    table("What a limit costs", "| microseconds | ratio", rows)


if __name__ == "__main__":
    with embedded.running():
        measure()
