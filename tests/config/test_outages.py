"""Outages: they begin at the second failure, and each writes two lines to the log."""

import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis
from django.db import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from config.ops import outages
from config.ops.outages import (
    POSTGRES,
    OutageFilter,
    RedisErrorFilter,
    Service,
    is_caused_by_outage,
    is_database_unavailable,
    watch_database,
)
from config.redis import clients
from config.redis.clients import CircuitBreaker, is_circuit_open
from tests.support.redis import open_circuit


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    caplog.set_level(logging.WARNING, outages.logger.name)
    written: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record.exc_info is None
            written.append(record.getMessage())

    handler = Handler()
    outages.logger.addHandler(handler)
    yield written
    outages.logger.removeHandler(handler)


def is_out(service: Service) -> bool:
    """Returns the current state, which changes without mypy's knowledge."""
    return service.is_out


@pytest.mark.parametrize("failures", [2, 3, 50])
def test_an_outage_writes_two_lines(lines: list[str], failures: int) -> None:
    service = Service("Redis")
    for _ in range(failures):
        service.record_failure()
    assert is_out(service)
    assert lines == ["Redis is unavailable."]
    service.record_success()
    assert not is_out(service)
    assert lines[1:] == [
        f"Redis is available again, after 0.0 seconds and {failures} failed attempts."
    ]
    service.record_success()
    assert len(lines) == 2


def test_one_failure_is_no_outage(lines: list[str]) -> None:
    service = Service("Redis")
    for _ in range(5):
        service.record_failure()
        service.record_success()
    assert not service.is_out
    assert lines == []


def test_attempts_that_waited_for_the_same_slow_response_count_once(lines: list[str]) -> None:
    service = Service("Redis")
    began = time.monotonic()
    for _ in range(20):
        service.record_failure(began)
    assert not is_out(service)
    service.record_failure(time.monotonic())
    assert is_out(service)
    assert lines == ["Redis is unavailable."]


def test_failures_during_an_outage_keep_the_circuit_open(monkeypatch: pytest.MonkeyPatch) -> None:
    open_circuit()
    before = outages.REDIS["durable"].failed_at
    clients.record_failure(began=before - 1)
    assert outages.REDIS["durable"].failed_at > before
    assert is_circuit_open()
    monkeypatch.setattr(clients, "CIRCUIT_OPEN_SECONDS", 0)
    assert not is_circuit_open()
    with pytest.raises(redis.TimeoutError), CircuitBreaker():
        raise redis.TimeoutError
    monkeypatch.setattr(clients, "CIRCUIT_OPEN_SECONDS", 60)
    assert is_circuit_open()  # at the first failure after it was tried again


def test_a_success_closes_the_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    open_circuit()
    monkeypatch.setattr(clients, "CIRCUIT_OPEN_SECONDS", 0)
    with CircuitBreaker():
        pass
    monkeypatch.setattr(clients, "CIRCUIT_OPEN_SECONDS", 60)
    assert not is_circuit_open()


def test_an_error_that_redis_sends_is_no_failure() -> None:
    for _ in range(3):
        with pytest.raises(redis.ResponseError), CircuitBreaker():
            raise redis.ResponseError("NOSCRIPT")
    assert not is_circuit_open()


DATABASE_ERRORS: dict[str, tuple[BaseException, bool]] = {
    "no response": (psycopg.OperationalError("timeout"), True),
    "closed": (psycopg.InterfaceError("the connection is closed"), True),
    "shut down": (psycopg.errors.AdminShutdown(), True),
    "starting": (psycopg.errors.CannotConnectNow(), True),
    "a lock": (psycopg.errors.LockNotAvailable(), False),
    "a deadlock": (psycopg.errors.DeadlockDetected(), False),
    "cancelled": (psycopg.errors.QueryCanceled(), False),
    "a constraint": (psycopg.errors.UniqueViolation(), False),
    "another": (ValueError(), False),
}


@pytest.mark.parametrize(("error", "is_unavailable"), DATABASE_ERRORS.values(), ids=DATABASE_ERRORS)
def test_only_a_database_that_does_not_respond_is_unavailable(
    error: BaseException, is_unavailable: bool
) -> None:
    assert is_database_unavailable(error) == is_unavailable
    for _ in range(2):
        with pytest.raises(type(error)), watch_database():
            raise error
    assert POSTGRES.is_out == is_unavailable
    with watch_database():
        pass
    assert not POSTGRES.is_out


def record_of(error: BaseException | None, **more: Any) -> logging.LogRecord:
    info = None
    if error:
        try:
            raise error
        except BaseException:
            info = sys.exc_info()
    record = logging.LogRecord("django.request", logging.ERROR, "", 1, "It failed", (), info)
    record.__dict__.update(more)
    return record


def wrapped(error: BaseException) -> OperationalError:
    """As Django wraps an error of psycopg."""
    outer = OperationalError("it failed")
    outer.__cause__ = error
    return outer


def test_records_about_an_outage_are_dropped_while_it_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caused = [
        record_of(wrapped(psycopg.OperationalError())),
        record_of(RedisConnectionError()),
        record_of(None, status_code=503),
    ]
    others = [record_of(ValueError()), record_of(None), record_of(None, status_code=500)]
    keep = OutageFilter()
    assert all(keep.filter(record) for record in [*caused, *others])
    assert [bool(record.exc_info) for record in caused] == [True, True, False]
    POSTGRES.record_failure()
    assert all(keep.filter(record) for record in [*caused, *others])
    assert not any(record.exc_info for record in caused)  # this may be the beginning
    assert others[0].exc_info
    open_circuit()
    caused = [record_of(wrapped(psycopg.OperationalError())), *caused[2:]]
    assert not any(keep.filter(record) for record in caused)
    assert all(keep.filter(record) for record in others)
    for service in outages.SERVICES:  # requests that waited for its end
        service.record_success()
    assert not any(keep.filter(record) for record in caused)
    monkeypatch.setattr(outages, "LATE_SECONDS", 0)
    assert all(keep.filter(record) for record in caused)


def test_a_cause_may_be_anywhere_in_the_chain() -> None:
    error = ValueError()
    error.__context__ = wrapped(psycopg.OperationalError())
    assert is_caused_by_outage(error)
    endless = ValueError()
    endless.__context__ = endless
    assert not is_caused_by_outage(endless)


def test_errors_of_channels_redis_are_dropped() -> None:
    drop = RedisErrorFilter()
    assert not drop.filter(record_of(RedisConnectionError()))
    assert not drop.filter(record_of(ConnectionResetError()))
    assert drop.filter(record_of(ValueError()))
    assert drop.filter(record_of(None))
