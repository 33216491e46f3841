"""Questions to Redis from the event loop, many in one round trip.

While one round trip is under way, whoever asks meanwhile waits for the next, which takes them all: a
busy server asks for a dozen requests with one message, an idle one for each at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from redis.exceptions import RedisError

from config.redis import durable_async, note_failure, seems_away

if TYPE_CHECKING:
    import redis.asyncio

Question = TypeVar("Question")
Said = TypeVar("Said")
MOST_AT_ONCE = 64  # questions of one call


class Batches(Generic[Question, Said]):
    """One kind of question. `ask` answers many of them, in their order. Belongs to one event loop."""

    def __init__(
        self,
        ask: "Callable[[redis.asyncio.Redis, Sequence[Question]], Awaitable[Sequence[Said]]]",
    ) -> None:
        self.ask = ask
        self.client = durable_async()
        self.waiting: list[tuple[Question, asyncio.Future[Said | None]]] = []
        self.task: asyncio.Task[None] | None = None

    def put(self, question: Question) -> "asyncio.Future[Said | None]":
        """Ask; what is said comes with the future, None where Redis is away."""
        future: asyncio.Future[Said | None] = asyncio.get_running_loop().create_future()
        if seems_away():
            future.set_result(None)
            return future
        self.waiting.append((question, future))
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._work())
        return future

    async def close(self) -> None:
        """End the connection; whoever waits is told nothing."""
        if self.task:
            self.task.cancel()
        for _, future in self.waiting:
            future.cancel()
        await self.client.aclose()

    async def _work(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:MOST_AT_ONCE], self.waiting[MOST_AT_ONCE:]
            said: Sequence[Said | None] = [None] * len(batch)
            try:
                said = await self.ask(self.client, [question for question, _ in batch])
            except (RedisError, OSError, TimeoutError):
                note_failure()
            finally:  # whatever happens, nobody waits for ever
                for (_, future), one in zip(batch, said, strict=True):
                    if not future.done():
                        future.set_result(one)
