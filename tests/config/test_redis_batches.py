"""Batches of commands for Redis: every command gets a reply, also after failures."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from config.redis.batches import MAX_BATCH, CommandBatcher
from tests.support.redis import forget_failures

MANY = range(3 * MAX_BATCH + 5)
Commands = Sequence[int]


async def replies_of(batches: CommandBatcher[int, int]) -> list[int | None]:
    async with asyncio.timeout(3):
        return await asyncio.gather(*map(batches.put, MANY))


def has_no_replies(execute: Any) -> bool:
    """Returns whether all replies are None. Resets the circuit breaker afterwards."""

    async def work() -> list[int | None]:
        return await replies_of(CommandBatcher(execute))

    try:
        return asyncio.run(work()) == [None] * len(MANY)
    finally:
        forget_failures()


def test_each_command_gets_its_own_reply_in_few_round_trips() -> None:
    sizes: list[int] = []

    async def execute(_: Any, commands: Commands) -> list[int]:
        sizes.append(len(commands))
        return [2 * n for n in commands]

    async def work() -> list[int | None]:
        batches = CommandBatcher(execute)
        try:
            return await replies_of(batches)
        finally:
            await batches.close()

    assert asyncio.run(work()) == [2 * n for n in MANY]
    assert sizes == [MAX_BATCH] * 3 + [5]


@pytest.mark.parametrize("fault", [ValueError, RedisTimeout, OSError, None])
def test_after_a_failure_every_reply_is_none(fault: type[Exception] | None) -> None:
    """Also after a reply too few."""

    async def execute(_: Any, commands: Commands) -> list[int]:
        if fault:
            raise fault
        return list(commands)[1:]

    assert has_no_replies(execute)


def test_waiting_commands_are_not_sent_to_a_silent_redis() -> None:
    tried: list[Commands] = []

    async def execute(_: Any, commands: Commands) -> list[int]:
        tried.append(commands)
        for _turn in range(10):  # until all others wait
            await asyncio.sleep(0)
        raise RedisTimeout

    assert has_no_replies(execute)
    assert len(tried) == 2  # the second failure opens the circuit


def test_commands_during_the_close_get_no_reply() -> None:
    async def execute(_: Any, commands: Commands) -> list[int]:
        await asyncio.Event().wait()  # without end
        return []

    async def work() -> list[int | None]:
        batches = CommandBatcher(execute)
        waiting = [batches.put(n) for n in MANY]
        await asyncio.sleep(0)
        await batches.close()
        async with asyncio.timeout(1):
            return [*await asyncio.gather(*waiting), await batches.put(1)]

    assert asyncio.run(work()) == [None] * (len(MANY) + 1)
