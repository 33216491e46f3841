"""Waits for a condition, never for a fixed time."""

import asyncio
import time
from collections.abc import Callable

TIMEOUT = 20.0  # seconds: far more than a busy machine needs; only a failing test waits so long


def until(holds: Callable[[], bool], seconds: float = TIMEOUT) -> None:
    """Returns as soon as something holds; fails where it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "the condition was never met"
        time.sleep(0.005)


async def until_async(holds: Callable[[], bool]) -> None:
    """The same on an event loop, which goes on meanwhile."""
    end = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < end, "the condition was never met"
        await asyncio.sleep(0.005)
