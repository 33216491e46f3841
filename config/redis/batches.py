"""Commands for Redis from the event loop, many in one round trip.

Commands that are added during a round trip wait for the next one, which sends all of them. So a busy server
sends a dozen together, and an idle one sends each immediately.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from redis.exceptions import RedisError

from config.redis.clients import durable_async, is_circuit_open, record_failure, record_success

if TYPE_CHECKING:
    import redis.asyncio

Command = TypeVar("Command")
Reply = TypeVar("Reply")
MAX_BATCH = 64  # commands in one round trip
logger = logging.getLogger(__name__)


class CommandBatcher(Generic[Command, Reply]):
    """Sends commands of one kind. `execute` returns the replies in order. Belongs to one event loop."""

    def __init__(
        self,
        execute: "Callable[[redis.asyncio.Redis, Sequence[Command]], Awaitable[Sequence[Reply]]]",
    ) -> None:
        self.execute = execute
        self.client = durable_async()
        self.is_closed = False
        self.waiting: list[tuple[Command, asyncio.Future[Reply | None]]] = []
        self.task: asyncio.Task[None] | None = None

    def put(self, command: Command) -> "asyncio.Future[Reply | None]":
        """Returns a future for the reply. It is None if Redis is unavailable."""
        future: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        if is_circuit_open() or self.is_closed:
            future.set_result(None)
            return future
        self.waiting.append((command, future))
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run())
        return future

    async def close(self) -> None:
        """Closes the connection. Commands without a reply get None."""
        self.is_closed = True
        if self.task:
            self.task.cancel()
        for _, future in self.waiting:
            if not future.done():
                future.set_result(None)
        self.waiting = []
        await self.client.aclose()

    async def _run(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:MAX_BATCH], self.waiting[MAX_BATCH:]
            replies: Sequence[Reply | None] = [None] * len(batch)
            began = time.monotonic()
            try:
                if not is_circuit_open():  # it may have opened in the meantime
                    replies = await self._send([command for command, _ in batch])
                    record_success()
            except (RedisError, OSError, TimeoutError):
                record_failure(began=began)
            except Exception:  # the next commands must still be sent
                logger.exception("A batch of commands for Redis failed")
            finally:
                for (_, future), reply in zip(batch, replies, strict=True):
                    if not future.done():
                        future.set_result(reply)

    async def _send(self, commands: Sequence[Command]) -> Sequence[Reply]:
        replies = await self.execute(self.client, commands)
        if len(replies) != len(commands):
            raise ValueError(f"{len(replies)} replies to {len(commands)} commands")
        return replies
