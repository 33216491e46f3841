"""The tests' database from outside: statements, notifications, connections that are cut."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

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


def execute(sql: str, *values: Any) -> None:
    """Like a hand in psql."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def told(listener: "psycopg.Connection[Any]") -> list[str]:
    return [notify.payload for notify in listener.notifies(timeout=0.5)]


@pytest.fixture
def listener(transactional_db: None) -> "Iterator[psycopg.Connection[Any]]":
    """A connection that hears of changes."""
    wanted = connection.get_connection_params()
    address = {name: wanted[name] for name in wanted if name not in ("cursor_factory", "context")}
    with psycopg.connect(**address, autocommit=True) as other:
        other.execute("LISTEN maps")
        yield other
