"""Connections to the database for code on the event loop, past Django's own."""

from typing import Any

import psycopg
from django.db import connection
from psycopg_pool import AsyncConnectionPool

from config.handler import QUERY_LIMITS

PATIENCE = 2.0  # seconds for a connection; after that an honest answer beats a longer queue


def make_pool(size: int) -> "AsyncConnectionPool[Any]":
    """A pool that is still closed; its connections commit each statement by itself.

    Tries that fail end soon: whoever asks next begins a new one. The pool's own pauses between tries
    grow to minutes, and each request would wait for them when the database is back.
    """
    return AsyncConnectionPool(
        database_address(),
        min_size=1,
        max_size=size,
        open=False,
        kwargs={"autocommit": True},
        timeout=PATIENCE,
        reconnect_timeout=PATIENCE,
    )


def database_address() -> str:
    """The database of Django's connection, as psycopg takes it."""
    wanted = connection.get_connection_params()
    names = "host port user password dbname options application_name".split()
    names += [name for name in wanted if name.startswith(("ssl", "tcp_", "keepalives", "connect_"))]
    given = {name: wanted[name] for name in names if wanted.get(name)}
    given["options"] = f"{given.get('options', '')} {QUERY_LIMITS} -c TimeZone=UTC".strip()
    return psycopg.conninfo.make_conninfo(**given)
