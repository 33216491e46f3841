"""Questions to Redis from the event loop, many in one round trip.

While one round trip is under way, whoever asks meanwhile waits for the next, which takes them all: a
busy server asks for a dozen requests with one message, an idle one for each at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from redis.exceptions import RedisError

from config.redis.clients import durable_async, is_circuit_open, record_failure

if TYPE_CHECKING:
    import redis.asyncio

Command = TypeVar("Command")
Reply = TypeVar("Reply")
MAX_BATCH = 64  # questions of one call
logger = logging.getLogger(__name__)


class CommandBatcher(Generic[Command, Reply]):
    """One kind of question. `ask` answers many of them, in their order. Belongs to one event loop."""

    def __init__(
        self,
        ask: "Callable[[redis.asyncio.Redis, Sequence[Command]], Awaitable[Sequence[Reply]]]",
    ) -> None:
        self.ask = ask
        self.client = durable_async()
        self.is_closed = False
        self.waiting: list[tuple[Command, asyncio.Future[Reply | None]]] = []
        self.task: asyncio.Task[None] | None = None

    def put(self, question: Command) -> "asyncio.Future[Reply | None]":
        """Ask; what is said comes with the future, None where Redis is away."""
        future: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        if is_circuit_open() or self.is_closed:
            future.set_result(None)
            return future
        self.waiting.append((question, future))
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._work())
        return future

    async def close(self) -> None:
        """End the connection; whoever waits is told None."""
        self.is_closed = True
        if self.task:
            self.task.cancel()
        for _, future in self.waiting:
            if not future.done():
                future.set_result(None)
        self.waiting = []
        await self.client.aclose()

    async def _work(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:MAX_BATCH], self.waiting[MAX_BATCH:]
            said: Sequence[Reply | None] = [None] * len(batch)
            try:
                if not is_circuit_open():  # as it may have begun to while these waited
                    said = await self._ask([question for question, _ in batch])
            except (RedisError, OSError, TimeoutError):
                record_failure()
            except Exception:  # those who wait behind must not wait for ever
                logger.exception("Redis could not be asked")
            finally:
                for (_, future), one in zip(batch, said, strict=True):
                    if not future.done():
                        future.set_result(one)

    async def _ask(self, questions: Sequence[Command]) -> Sequence[Reply]:
        said = await self.ask(self.client, questions)
        if len(said) != len(questions):
            raise ValueError(f"{len(said)} answers to {len(questions)} questions")
        return said
