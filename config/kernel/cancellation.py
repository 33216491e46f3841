"""Ends tasks of asyncio for certain."""

import asyncio
from collections.abc import Collection
from typing import Any

CANCEL_RETRY_SECONDS = 0.5


async def cancel_and_wait(tasks: "Collection[asyncio.Task[Any]]") -> None:
    """Cancels tasks until all have ended, whatever they raise. Takes in tasks that are added meanwhile.

    Once is not enough: where a result comes at the same moment, `asyncio.wait_for` of Python 3.11 returns it
    and loses the cancellation. A task that goes on would keep the process alive.
    """
    while unfinished := [task for task in tasks if not task.done()]:
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=CANCEL_RETRY_SECONDS)
