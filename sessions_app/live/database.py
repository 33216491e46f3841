"""The database for the sockets of a process: a pool on the event loop, and one thread for Django."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from django.db import Error as DjangoDatabaseError
from django.db import connections
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from config.db.pools import create_pool, pool_connection, set_query_limits
from config.kernel.errors import DomainError
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.transactions import run_async

T = TypeVar("T")
POOL_SIZE = 12  # connections; PostgreSQL writes simultaneous commits to the disk together
UNAVAILABLE_ERRORS = (psycopg.Error, DjangoDatabaseError, PoolTimeout, RedisError, OSError)


class Database:
    """Runs statements and actions. Belongs to one event loop."""

    async def open(self) -> None:
        """Opens the pool. Does not wait for a connection."""
        self._pool = create_pool(POOL_SIZE)
        await self._pool.open()
        self._django = ThreadPoolExecutor(1, "sockets", initializer=set_query_limits)

    async def close(self) -> None:
        """Closes the connections."""
        await self._pool.close()
        self._django.submit(connections.close_all)
        self._django.shutdown(wait=False)

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function that needs Django's connection, in the thread for Django."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._django, function, *arguments)

    async def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Returns the rows of a statement."""
        async with pool_connection(self._pool) as database:
            cursor = await database.execute(sql, values)
            return await cursor.fetchall() if cursor.description else []

    async def run(self, action: Any, *arguments: Any, **named: Any) -> Any:
        """Runs an action of lobbies, and returns its result."""
        return await run_async(self._pool, action, *arguments, **named)

    async def apply_due_changes(self, game_id: UUID) -> None:
        """Applies what is due in a lobby by time."""
        with contextlib.suppress(DomainError, *UNAVAILABLE_ERRORS):
            await self.run(lobby_actions.apply_due_changes, game_id)
