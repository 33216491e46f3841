"""The tests' database from outside: statements, notifications, connections that are cut."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection


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
