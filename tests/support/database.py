"""The tests' database from outside: statements, notifications, connections that are cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.support.waiting import PATIENCE

# What the migrations made, and each test may count on.
KEPT = {"django_content_type", "auth_permission"}


def empty_tables() -> None:
    """Deletes all rows, as Django's `flush` does, in a tenth of its time.

    `TRUNCATE` makes a new file for each table and index; most tables are empty, and the others have few rows.
    """
    tables = set(connection.introspection.django_table_names(include_views=False)) - KEPT
    looks = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in sorted(tables))
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(looks))
        filled = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        [[may_skip_triggers]] = cursor.fetchall()
        if filled and may_skip_triggers:  # foreign keys are triggers: so in any order
            deletes = "".join(f"DELETE FROM {name}; " for name in filled)
            cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes} COMMIT")
        elif filled:
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")


def cut_database() -> None:
    """End all connections to the test database but this thread's own, and wait until they are gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def no_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """For a while, nobody on an event loop connects to the database; yields an entry for each try."""
    tried: list[None] = []

    async def fail(*_: Any, **__: Any) -> None:
        tried.append(None)
        raise psycopg.OperationalError

    with monkeypatch.context() as away:
        away.setattr("psycopg.AsyncConnection.connect", fail)
        yield tried


def execute(sql: str, *values: Any) -> None:
    """Like a hand in psql."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


END = "all_said"  # a channel, and what is said on it follows all that was said before


def told(listener: "psycopg.Connection[Any]", *channels: str) -> list[str]:
    """What a listener was told since it was asked last, on some channels or all."""
    listener.execute(f"LISTEN {END}; NOTIFY {END}")
    heard: list[str] = []
    for notify in listener.notifies(timeout=PATIENCE):
        if notify.channel == END:
            return heard
        if not channels or notify.channel in channels:
            heard.append(notify.payload)
    raise AssertionError("the database tells nothing")


@pytest.fixture
def listener(transactional_db: None) -> "Iterator[psycopg.Connection[Any]]":
    """A connection that hears of changes."""
    wanted = connection.get_connection_params()
    address = {name: wanted[name] for name in wanted if name not in ("cursor_factory", "context")}
    with psycopg.connect(**address, autocommit=True) as other:
        other.execute("LISTEN maps")
        yield other
