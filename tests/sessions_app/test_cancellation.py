"""Actions on the event loop that are cancelled leave no lock, no connection and no partial change."""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from config.db.pools import connection_string, create_pool
from sessions_app.kernel.protocol import Message
from sessions_app.live.consumers import SeatConsumer
from sessions_app.live.hub import Hub
from sessions_app.live.rooms import Room, SeatSocket
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import transactions
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.transactions import run_async
from sessions_app.tickets.tickets import Holder
from tests.support.lobbies import Table
from tests.support.waiting import until_async

pytestmark = pytest.mark.django_db(transaction=True)
IDLE_IN_TRANSACTION = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
)


@pytest.fixture(autouse=True)
def _listener() -> Iterator[None]:
    """A listener for changes on this event loop, as the hub is one."""
    received: list[Lobby] = []
    transactions.add_listener(received.append)
    yield
    transactions.remove_listener(received.append)


async def ready(pool: AsyncConnectionPool[Any], table: Table, *, is_ready: bool) -> None:
    await run_async(pool, lobby_actions.set_ready, table.id, table.users[0].pk, is_ready=is_ready)


def test_an_action_that_is_cancelled_at_any_moment_leaves_nothing_behind() -> None:
    table = Table(2)
    chance = random.Random(20260701)
    before = table.version

    async def drill() -> int:
        pool, done = create_pool(2), 0
        async with pool:
            began = time.perf_counter()
            await ready(pool, table, is_ready=False)
            usual = time.perf_counter() - began
            for turn in range(150):
                task = asyncio.create_task(ready(pool, table, is_ready=turn % 2 == 0))
                await asyncio.sleep(chance.uniform(0, 2 * usual))  # the moment is the point
                task.cancel()
                try:
                    await task
                    done += 1
                except asyncio.CancelledError:
                    pass
            async with asyncio.timeout(5):
                await ready(pool, table, is_ready=True)
                await ready(pool, table, is_ready=False)
            async with pool.connection() as database:
                cursor = await database.execute(IDLE_IN_TRANSACTION)
                assert await cursor.fetchone() == (0,)
            assert pool.get_stats()["pool_size"] <= 2
        return done

    done = asyncio.run(drill())
    assert 0 < done < 150, "the moments were all too early or too late"
    assert before + 2 <= table.version <= before + 152
    assert table.now.seats[0].is_ready is False


def test_a_lock_that_is_held_for_long_only_delays_others() -> None:
    """All connections of a pool wait for one lobby. Other actions are refused in time."""
    table, other = Table(1), Table(1)

    async def drill() -> None:
        async with create_pool(2) as pool:
            async with await psycopg.AsyncConnection.connect(connection_string()) as holder:
                await holder.execute(
                    "SELECT 1 FROM game_sessions WHERE id = %s FOR UPDATE", [table.id]
                )
                waiting = [asyncio.create_task(ready(pool, table, is_ready=True)) for _ in range(4)]
                await until_async(lambda: pool.get_stats().get("requests_waiting", 0) == 2)
                waiting.append(asyncio.create_task(ready(pool, other, is_ready=True)))
                async with asyncio.timeout(5):  # longer than any limit of the pool
                    await asyncio.wait(waiting)
                responses = await asyncio.gather(*waiting, return_exceptions=True)
                kinds = [type(response) for response in responses]
                assert set(kinds[:4]) <= {psycopg.errors.LockNotAvailable, PoolTimeout}
                assert kinds[4] in (PoolTimeout, type(None))
            async with asyncio.timeout(5):
                await ready(pool, table, is_ready=True)
                await ready(pool, other, is_ready=True)

    asyncio.run(drill())
    assert table.now.seats[0].is_ready
    assert other.now.seats[0].is_ready


def test_a_command_that_is_cancelled_may_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket is dropped while a command waits for a lock. The client reconnects and repeats it."""

    async def wait_for_ever(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    async def drill() -> None:
        hub = Hub()
        monkeypatch.setattr(hub.database, "run", wait_for_ever)
        consumer = SeatConsumer(hub)
        socket = consumer.socket = SeatSocket(wait_for_ever, "192.0.2.1", uuid4())
        socket.holder, socket.room = Holder(uuid4()), Room(socket.game_id)
        message = Message("ready", "one", {"is_ready": True})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consumer.handle(message), 0.01)
        assert not hub.connected_player(socket.player_id).mark_handled(socket.game_id, message)

    asyncio.run(drill())


def test_a_hub_closes_although_a_task_ignores_a_cancellation() -> None:
    async def misses_one() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()  # without end
        await asyncio.Event().wait()

    async def drill() -> None:
        hub = Hub()
        await hub.open()
        hub.spawn(misses_one())
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await hub.close()

    asyncio.run(drill())
