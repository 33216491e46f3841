"""Connections to the database: their timeouts, and a pool for the event loop.

A server that is stopped or unreachable can't end statements by its own timeouts. So the client has timeouts,
too: it breaks the connection, and the caller gets an error.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
from django.db import connection
from psycopg_pool import AsyncConnectionPool

from config.ops.outages import watch_database

Query = Callable[..., Awaitable[list[tuple[Any, ...]]]]  # a statement and its values → its rows
# Longer waits would hold a thread or a connection that others need.
QUERY_LIMITS = (
    "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s"
)
TRANSACTION_SECONDS = 8.0  # for a transaction on the event loop
POOL_TIMEOUT_SECONDS = 2.0  # for a connection; an error is better than a longer queue


def set_query_limits() -> None:
    """Sets timeouts for this thread's database connection. Commands such as migrate have none."""
    options = connection.settings_dict["OPTIONS"]
    merged = f"{options.get('options', '')} {QUERY_LIMITS}".strip()
    # In a copy, because Django shares one dictionary among the connections of all threads.
    connection.settings_dict = connection.settings_dict | {"OPTIONS": options | {"options": merged}}


def create_pool(size: int) -> "AsyncConnectionPool[Any]":
    """Returns a pool whose connections commit each statement. The caller opens it.

    Attempts to reconnect end after a short time, and the next request starts new ones. By default, the pauses
    between attempts grow to minutes, and requests would still wait when the database is available again.
    """
    return AsyncConnectionPool(
        connection_string(),
        min_size=1,
        max_size=size,
        open=False,
        kwargs={"autocommit": True},
        timeout=POOL_TIMEOUT_SECONDS,
        reconnect_timeout=POOL_TIMEOUT_SECONDS,
    )


@contextlib.asynccontextmanager
async def pool_connection(
    pool: "AsyncConnectionPool[Any]", seconds: float = TRANSACTION_SECONDS
) -> "AsyncIterator[psycopg.AsyncConnection[Any]]":
    """Yields a connection of a pool, and breaks it after `seconds`. Raises PoolTimeout, psycopg.Error."""
    with watch_database():
        async with pool.connection() as database:
            timer = asyncio.get_running_loop().call_later(seconds, break_connection, database)
            try:
                yield database
            finally:
                timer.cancel()


def break_connection(database: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> None:
    """Shuts down the socket of a connection. Its user gets an error. Works from any thread."""
    with (
        contextlib.suppress(psycopg.Error, OSError),  # it was closed before
        socket.socket(fileno=os.dup(database.fileno())) as link,
    ):
        link.shutdown(socket.SHUT_RDWR)


def connection_string() -> str:
    """Returns the connection string of Django's database, for psycopg."""
    database = connection.settings_dict
    settings = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    settings["dbname"] = "NAME"
    # An empty setting must not override an option such as `?host=…`, a folder of sockets.
    given = {name: database[key] for name, key in settings.items() if database[key]}
    parameters = database["OPTIONS"] | given
    names = "host port user password dbname options application_name".split()
    names += [
        name for name in parameters if name.startswith(("ssl", "tcp_", "keepalives", "connect_"))
    ]
    chosen = {name: parameters[name] for name in names if parameters.get(name)}
    chosen["options"] = f"{chosen.get('options', '')} {QUERY_LIMITS} -c TimeZone=UTC".strip()
    return psycopg.conninfo.make_conninfo(**chosen)
