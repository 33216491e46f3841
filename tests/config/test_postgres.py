"""Connections to the database: how the backend sees that one works, without a query."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base as postgresql
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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The results of the queries that checked a connection."""
    responses: list[bool] = []
    ask = postgresql.DatabaseWrapper.is_usable

    def note(self: BaseDatabaseWrapper) -> bool:
        responses.append(ask(self))
        return responses[-1]

    monkeypatch.setattr(postgresql.DatabaseWrapper, "is_usable", note)
    return responses


def end(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [pid])


def pid_of(database: BaseDatabaseWrapper) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_working_connection_gets_no_query(other: BaseDatabaseWrapper, asked: list[bool]) -> None:
    pid_of(other)
    assert other.is_usable()
    assert asked == []


def test_a_connection_that_the_server_ended_is_not_usable(
    other: BaseDatabaseWrapper, asked: list[bool]
) -> None:
    end(pid_of(other))
    assert not other.is_usable()
    assert asked == [False]


def test_after_an_error_the_connection_gets_a_query(
    other: BaseDatabaseWrapper, asked: list[bool]
) -> None:
    pid_of(other)
    other.errors_occurred = True
    assert other.is_usable()
    assert asked == [True]


def test_a_connection_in_a_failed_transaction_is_not_usable(other: BaseDatabaseWrapper) -> None:
    other.set_autocommit(False)
    with other.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("SELECT nothing")
    other.errors_occurred = False
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
            run(lobby_queries.require_seat, uuid4(), uuid4())
        assert len(queries) == statements
