"""Questions to Redis from the event loop, many in one round trip.

While one round trip is under way, whoever asks meanwhile waits for the next, which takes them all: a
busy server asks for a dozen requests with one message, an idle one for each at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from redis.exceptions import RedisError

from config.redis.clients import durable_async, note_failure, seems_away

if TYPE_CHECKING:
    import redis.asyncio

Question = TypeVar("Question")
Said = TypeVar("Said")
MOST_AT_ONCE = 64  # questions of one call
logger = logging.getLogger(__name__)


class Batches(Generic[Question, Said]):
    """One kind of question. `ask` answers many of them, in their order. Belongs to one event loop."""

    def __init__(
        self,
        ask: "Callable[[redis.asyncio.Redis, Sequence[Question]], Awaitable[Sequence[Said]]]",
    ) -> None:
        self.ask = ask
        self.client = durable_async()
        self.is_closed = False
        self.waiting: list[tuple[Question, asyncio.Future[Said | None]]] = []
        self.task: asyncio.Task[None] | None = None

    def put(self, question: Question) -> "asyncio.Future[Said | None]":
        """Ask; what is said comes with the future, None where Redis is away."""
        future: asyncio.Future[Said | None] = asyncio.get_running_loop().create_future()
        if seems_away() or self.is_closed:
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
            batch, self.waiting = self.waiting[:MOST_AT_ONCE], self.waiting[MOST_AT_ONCE:]
            said: Sequence[Said | None] = [None] * len(batch)
            try:
                if not seems_away():  # as it may have begun to while these waited
                    said = await self._ask([question for question, _ in batch])
            except (RedisError, OSError, TimeoutError):
                note_failure()
            except Exception:  # those who wait behind must not wait for ever
                logger.exception("Redis could not be asked")
            finally:
                for (_, future), one in zip(batch, said, strict=True):
                    if not future.done():
                        future.set_result(one)

    async def _ask(self, questions: Sequence[Question]) -> Sequence[Said]:
        said = await self.ask(self.client, questions)
        if len(said) != len(questions):
            raise ValueError(f"{len(said)} answers to {len(questions)} questions")
        return said
