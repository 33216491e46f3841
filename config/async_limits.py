"""Limits counted from the event loop, many in one round trip.

While one round trip is under way, whoever asks meanwhile waits for the next, which takes them all: a
busy server counts a dozen requests with one message, an idle one counts each at once. The script, the
keys and the policies are those of config.limits.
"""

import asyncio

from redis.exceptions import RedisError

from config.limits import COUNT, POLICIES, Policy, Standing, key
from config.redis import durable_async, note_failure, seems_away

MOST_AT_ONCE = 64  # keys of one call


class AsyncLimits:
    """Counts one policy for many subjects. Belongs to one event loop."""

    def __init__(self, policy: str) -> None:
        self.policy: Policy = POLICIES[policy]
        self.waiting: list[tuple[str, asyncio.Future[Standing | None]]] = []
        self.task: asyncio.Task[None] | None = None
        self.client = durable_async()
        self.script = self.client.register_script(COUNT)

    async def hit(self, subject: str) -> Standing | None:
        """Count one more for a subject. None where it can't be counted: Redis is away."""
        if seems_away():
            return None
        future: asyncio.Future[Standing | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((subject, future))
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._count())
        return await future

    async def close(self) -> None:
        """End the connection; whoever waits is not counted."""
        if self.task:
            self.task.cancel()
        for _, future in self.waiting:
            future.cancel()
        await self.client.aclose()

    async def _count(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting[:MOST_AT_ONCE], self.waiting[MOST_AT_ONCE:]
            keys = [key(self.policy.name, subject) for subject, _ in batch]
            standings: list[Standing | None] = [None] * len(batch)
            try:
                answers = await self.script(keys=keys, args=self.policy.arguments)
            except (RedisError, OSError, TimeoutError):
                note_failure()
            else:
                counts = zip(answers[::2], answers[1::2], strict=True)
                standings = [
                    Standing(self.policy, count, -(-left // 1000)) for count, left in counts
                ]
            finally:  # whatever happens, nobody waits for ever
                for (_, future), standing in zip(batch, standings, strict=True):
                    if not future.done():
                        future.set_result(standing)
