"""Connections to the database: whether one works, and how many queries a transaction needs."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from config.kernel.errors import DomainError
from sessions_app.lobby import queries as lobby_queries
from sessions_app.lobby import transactions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """A second connection to the same database."""
    copied = connection.copy()
    yield copied
    copied.close()


def end(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])


def pid_of(database: BaseDatabaseWrapper) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_connection_that_the_server_ended_is_not_usable(other: BaseDatabaseWrapper) -> None:
    end(pid_of(other))
    assert not other.is_usable()


def test_a_connection_in_a_failed_transaction_is_not_usable(other: BaseDatabaseWrapper) -> None:
    other.set_autocommit(False)
    with other.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("SELECT nothing")
    assert not other.is_usable()


def test_a_closed_connection_is_not_usable(other: BaseDatabaseWrapper) -> None:
    assert not other.is_usable()
    pid_of(other)
    assert other.connection
    other.connection.close()
    assert not other.is_usable()


def test_reads_need_no_transaction() -> None:
    for run, statements in ((transactions.run_query, 1), (transactions.run, 3)):
        with CaptureQueriesContext(connection) as queries, pytest.raises(DomainError):
            run(lobby_queries.require_reason_to_connect, uuid4(), uuid4())
        assert len(queries) == statements
