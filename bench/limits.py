"""`python -m bench.limits`: what counting a limit costs a request.

One count is one script and one round trip. Beside it stands the cheapest round trip there is (PING)
over the same socket, and a request of the API with its limit counted.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TRIBEHOLD_DATA", str(Path(__file__).parent.parent / ".data-bench"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

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
    from config import limits
    from config.redis import durable

    numbers = iter(range(10**9))
    calls: dict[str, Callable[[], object]] = {
        "a round trip (`PING`)": durable().ping,
        # A new address now and then: 90 requests each, as busy ones have.
        "a limit counted": lambda: limits.hit("api", f"bench-{next(numbers) // 90}"),
    }
    figures: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            figures[name].append(microseconds(call))
    base = statistics.median(figures["a round trip (`PING`)"])
    print("\n| | microseconds | ratio |\n| --- | ---: | ---: |")
    for name, rounds in figures.items():
        median = statistics.median(rounds)
        print(f"| {name} | {median:,.0f} | {median / base:.2f} |")


if __name__ == "__main__":
    with embedded.running():
        measure()
