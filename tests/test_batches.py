"""Questions to Redis: whatever happens, nobody waits for ever."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from config.redis import clients
from config.redis.batches import MAX_BATCH, CommandBatcher

MANY = range(3 * MAX_BATCH + 5)
Questions = Sequence[int]


async def answers(batches: CommandBatcher[int, int]) -> list[int | None]:
    async with asyncio.timeout(3):
        return await asyncio.gather(*map(batches.put, MANY))


def told_nothing(ask: Any) -> bool:
    """Whether all who ask are told nothing. A Redis that failed is as good as new afterwards."""

    async def work() -> list[int | None]:
        return await answers(CommandBatcher(ask))

    try:
        return asyncio.run(work()) == [None] * len(MANY)
    finally:
        clients._failure_times.clear()


def test_each_gets_its_own_answer_in_few_round_trips() -> None:
    sizes: list[int] = []

    async def ask(_: Any, questions: Questions) -> list[int]:
        sizes.append(len(questions))
        return [2 * n for n in questions]

    async def work() -> list[int | None]:
        batches = CommandBatcher(ask)
        try:
            return await answers(batches)
        finally:
            await batches.close()

    assert asyncio.run(work()) == [2 * n for n in MANY]
    assert sizes == [MAX_BATCH] * 3 + [5]


@pytest.mark.parametrize("fault", [ValueError, RedisTimeout, OSError, None])
def test_a_failure_leaves_nobody_waiting(fault: type[Exception] | None) -> None:
    """Nor does one answer too few."""

    async def ask(_: Any, questions: Questions) -> list[int]:
        if fault:
            raise fault
        return list(questions)[1:]

    assert told_nothing(ask)


def test_those_who_wait_don_t_try_a_redis_that_hangs_once_more() -> None:
    tried: list[Questions] = []

    async def ask(_: Any, questions: Questions) -> list[int]:
        tried.append(questions)
        for _turn in range(10):  # until all others wait
            await asyncio.sleep(0)
        raise RedisTimeout

    assert told_nothing(ask)
    assert len(tried) == 1


def test_whoever_asks_when_it_ends_is_told_nothing() -> None:
    async def ask(_: Any, questions: Questions) -> list[int]:
        await asyncio.Event().wait()  # for ever
        return []

    async def work() -> list[int | None]:
        batches = CommandBatcher(ask)
        waiting = [batches.put(n) for n in MANY]
        await asyncio.sleep(0)
        await batches.close()
        async with asyncio.timeout(1):
            return [*await asyncio.gather(*waiting), await batches.put(1)]

    assert asyncio.run(work()) == [None] * (len(MANY) + 1)
