"""The database connections of the task queue.

Requests and commands add jobs through Django's connection, so that a job exists only if their transaction
commits. Workers have a small pool of their own, because they run in an event loop, where Django's connections
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
    """Uses Django's connection to add jobs, and a pool while workers run."""

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
        result: dict[str, Any]
        if self.pool:
            result = await self.pool.execute_query_one_async(query, **arguments)
        else:
            result = await super().execute_query_one_async(query, **arguments)
        return result

    async def execute_query_all_async(
        self, query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        """Runs a statement and returns its rows."""
        result: list[dict[str, Any]]
        if self.pool:
            result = await self.pool.execute_query_all_async(query, **arguments)
        else:
            result = await super().execute_query_all_async(query, **arguments)
        return result

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Listens for new jobs on a separate connection."""
        assert self.pool
        await self.pool.listen_notify(on_notification, channels)


async def commit_each_statement(connection: "AsyncConnection[Any]") -> None:
    """Sets autocommit for a connection of the pool. Without it, each statement takes three round trips."""
    await connection.set_autocommit(True)


def install(app: App) -> None:
    """Sets the connector of procrastinate's application. The settings name this function."""
    app.connector = app.job_manager.connector = TaskConnector()
