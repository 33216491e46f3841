"""Waiting for a condition, never for a time."""

import asyncio
import time
from collections.abc import Callable

PATIENCE = 20.0  # seconds: far more than a busy machine needs; only a test that fails waits so long


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Returns as soon as something holds; fails where it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


async def until_async(holds: Callable[[], bool]) -> None:
    """The same on an event loop, which goes on meanwhile."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.005)
