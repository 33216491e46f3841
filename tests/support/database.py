"""The tests' database from outside: statements, notifications, connections that are cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from tests.support.waiting import TIMEOUT

# What the migrations made, and each test may count on.
PERMANENT_TABLES = {"django_content_type", "auth_permission"}


def empty_tables() -> None:
    """Deletes all rows, as Django's `flush` does, in a tenth of its time.

    `TRUNCATE` makes a new file for each table and index; most tables are empty, and the others have few rows.
    """
    tables = (
        set(connection.introspection.django_table_names(include_views=False)) - PERMANENT_TABLES
    )
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
    """Ends all connections to the test database except this thread's, and waits until they are gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def no_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """Prevents connections to the database on event loops; yields a list with an entry for each attempt."""
    tried: list[None] = []

    async def fail(*_: Any, **__: Any) -> None:
        tried.append(None)
        raise psycopg.OperationalError

    with monkeypatch.context() as away:
        away.setattr("psycopg.AsyncConnection.connect", fail)
        yield tried


def execute(sql: str, *values: Any) -> None:
    """Runs SQL, as if typed in psql."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


END = "all_said"  # a notification on this channel follows all earlier ones


def received_notifications(listener: "psycopg.Connection[Any]", *channels: str) -> list[str]:
    """Returns the notifications since the last call, of some channels or all."""
    listener.execute(f"LISTEN {END}; NOTIFY {END}")
    received: list[str] = []
    for notify in listener.notifies(timeout=TIMEOUT):
        if notify.channel == END:
            return received
        if not channels or notify.channel in channels:
            received.append(notify.payload)
    raise AssertionError("the database sends no notification")


@pytest.fixture
def listener(transactional_db: None) -> "Iterator[psycopg.Connection[Any]]":
    """A connection that receives notifications."""
    wanted = connection.get_connection_params()
    address = {name: wanted[name] for name in wanted if name not in ("cursor_factory", "context")}
    with psycopg.connect(**address, autocommit=True) as other:
        other.execute("LISTEN maps")
        yield other
