"""Connections to the database: their limits, those for the event loop, and what to do with silent ones.

A server that is stopped, or cut off without a word, keeps none of the limits that it was given for a
statement. So whoever asks has limits too, and cuts the link: the wait then ends with an error.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from django.db import connection
from psycopg_pool import AsyncConnectionPool

# Whoever waits longer for the database than this would hold a thread or a connection from the others.
QUERY_LIMITS = (
    "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s"
)
TRANSACTION_SECONDS = 8.0  # seconds for all that one transaction asks
POOL_TIMEOUT_SECONDS = (
    2.0  # seconds for a connection; after that an honest answer beats a longer queue
)


def set_query_limits() -> None:
    """Give this thread's database connection limits; commands (migrate, seed) have none."""
    options = connection.settings_dict["OPTIONS"]
    given = f"{options.get('options', '')} {QUERY_LIMITS}".strip()
    # A dictionary of its own: Django shares one among the connections of all threads.
    connection.settings_dict = connection.settings_dict | {"OPTIONS": options | {"options": given}}


def create_pool(size: int) -> "AsyncConnectionPool[Any]":
    """A pool that is still closed; its connections commit each statement by itself.

    Tries that fail end soon: whoever asks next begins a new one. The pool's own pauses between tries
    grow to minutes, and each request would wait for them when the database is back.
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
    """A connection of a pool, cut after so many seconds. Raises PoolTimeout, and psycopg.Error then."""
    async with pool.connection() as database:
        timer = asyncio.get_running_loop().call_later(seconds, break_connection, database)
        try:
            yield database
        finally:
            timer.cancel()


def break_connection(database: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> None:
    """End the link of a connection; whoever waits for it gets an error. From any thread."""
    with (
        contextlib.suppress(psycopg.Error, OSError),  # it is closed already
        socket.socket(fileno=os.dup(database.fileno())) as link,
    ):
        link.shutdown(socket.SHUT_RDWR)


def connection_string() -> str:
    """The database of Django's connection, as psycopg takes it."""
    wanted = connection.get_connection_params()
    names = "host port user password dbname options application_name".split()
    names += [name for name in wanted if name.startswith(("ssl", "tcp_", "keepalives", "connect_"))]
    given = {name: wanted[name] for name in names if wanted.get(name)}
    given["options"] = f"{given.get('options', '')} {QUERY_LIMITS} -c TimeZone=UTC".strip()
    return psycopg.conninfo.make_conninfo(**given)
