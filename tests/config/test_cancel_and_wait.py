"""Ending tasks for certain."""

import asyncio

from config.kernel.cancellation import cancel_and_wait


def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    cancellations = 0

    async def lose_the_first() -> None:
        nonlocal cancellations
        while cancellations < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancellations += 1

    async def run() -> None:
        task = asyncio.create_task(lose_the_first())
        await asyncio.sleep(0)
        await cancel_and_wait([task])
        assert task.done()

    asyncio.run(run())
    assert cancellations == 2


def test_tasks_that_are_added_meanwhile_are_ended_too() -> None:
    async def run() -> None:
        tasks: set[asyncio.Task[object]] = set()

        async def add_another() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                tasks.add(asyncio.create_task(asyncio.sleep(3600)))

        tasks.add(asyncio.create_task(add_another()))
        await asyncio.sleep(0)
        await cancel_and_wait(tasks)
        assert len(tasks) == 2
        assert all(task.done() for task in tasks)

    asyncio.run(run())


def test_what_a_task_raises_does_not_matter() -> None:
    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("that")

    async def run() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await cancel_and_wait([task])
        assert isinstance(task.exception(), ValueError)

    asyncio.run(run())
