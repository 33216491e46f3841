"""How the task queue reaches PostgreSQL.

Requests and commands add jobs by Django's connection, so that a job exists only if their transaction
commits. Workers have a small pool of their own: they ask from an event loop, where Django's connections
can't be used.
"""

from collections.abc import Iterable
from typing import Any, LiteralString

from django.conf import settings
from procrastinate import App, PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.contrib.django.django_connector import DjangoConnector
from psycopg import AsyncConnection

from config.db.pools import POOL_TIMEOUT_SECONDS, connection_string


class TaskConnector(DjangoConnector):
    """Django's connection for whoever adds jobs, and while it is open a pool for the workers."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: PsycopgConnector | None = None

    async def open_async(self, pool: None = None) -> None:
        """Opens the pool. Raises PoolTimeout when the database can't be reached."""
        connector = PsycopgConnector(
            conninfo=connection_string(),
            min_size=1,
            max_size=settings.TASKS_POOL,
            timeout=POOL_TIMEOUT_SECONDS,
            configure=commit_each_statement,
        )
        await connector.open_async()
        self.pool = connector

    async def close_async(self) -> None:
        """Closes the pool."""
        connector, self.pool = self.pool, None
        if connector:
            await connector.close_async()

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """Runs a statement."""
        if self.pool:
            await self.pool.execute_query_async(query, **arguments)
        else:
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(
        self, query: LiteralString, **arguments: Any
    ) -> dict[str, Any]:
        """Runs a statement and returns its row."""
        found: dict[str, Any]
        if self.pool:
            found = await self.pool.execute_query_one_async(query, **arguments)
        else:
            found = await super().execute_query_one_async(query, **arguments)
        return found

    async def execute_query_all_async(
        self, query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        """Runs a statement and returns its rows."""
        found: list[dict[str, Any]]
        if self.pool:
            found = await self.pool.execute_query_all_async(query, **arguments)
        else:
            found = await super().execute_query_all_async(query, **arguments)
        return found

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Listens for new jobs, on a connection of its own."""
        assert self.pool
        await self.pool.listen_notify(on_notification, channels)


async def commit_each_statement(connection: "AsyncConnection[Any]") -> None:
    """Prepares a connection of the pool: without it each statement would cost three round trips."""
    await connection.set_autocommit(True)


def install(app: App) -> None:
    """Gives procrastinate's application our connector; settings name this function."""
    app.connector = app.job_manager.connector = TaskConnector()
