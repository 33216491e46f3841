"""Cancels asyncio tasks reliably."""

import asyncio
from collections.abc import Collection
from typing import Any

CANCEL_RETRY_SECONDS = 0.5


async def cancel_and_wait(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Cancels tasks until all have ended, including tasks that are added meanwhile. Ignores their errors.

    One cancellation is not enough: if a result arrives at the same moment, `asyncio.wait_for` of Python 3.11
    returns it and loses the cancellation. A task that continues would keep the process alive.
    """
    while unfinished := [task for task in tasks if not task.done()]:
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=CANCEL_RETRY_SECONDS)
