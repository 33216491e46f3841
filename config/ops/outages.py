"""Outages of PostgreSQL and Redis: when they begin and end, in one line of the log each.

An outage begins at the second consecutive failure. One slow response is none, and neither are the requests
that waited for it at the same time: a failure counts only if its attempt began after the last one that
counted. While there is an outage, other records about it are dropped (`OutageFilter`): each request would
write one.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator

import psycopg
from redis.exceptions import RedisError

MIN_FAILURES = 2  # consecutive
LATE_SECONDS = 10.0  # after an outage, in which requests that waited for its end may still fail
logger = logging.getLogger(__name__)


class Service:
    """A service that may fail. Thread-safe: all threads and event loops of a process share it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self.ended_at = float("-inf")  # the last outage, by the monotonic clock
        self.reset()

    def reset(self) -> None:
        """Forgets all failures."""
        self.is_out = False
        self.failed_at = float("-inf")  # the last failure, by the monotonic clock
        self._began_at = 0.0  # the first failure of the series
        self._consecutive = self._total = 0

    @property
    def causes_failures(self) -> bool:
        """Whether there is an outage, or was one a moment ago."""
        return self.is_out or time.monotonic() - self.ended_at < LATE_SECONDS

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt has failed."""
        return self._consecutive > 0

    def record_failure(self, began: float | None = None) -> None:
        """Records that an attempt has failed, which began at a time of the monotonic clock."""
        with self._lock:
            now = time.monotonic()
            is_separate = began is None or began >= self.failed_at
            self._total += 1
            if not self._consecutive:
                self._began_at = now
            if is_separate:
                self._consecutive += 1
                self.failed_at = now
            elif self.is_out:
                self.failed_at = now
            if not self.is_out and self._consecutive >= MIN_FAILURES:
                self.is_out = True
                logger.warning("%s is unavailable.", self.name)

    def record_success(self) -> None:
        """Records that an attempt has succeeded."""
        if not self._total:  # without the lock, because this is called for each command
            return
        with self._lock:
            was_out, seconds, total = self.is_out, time.monotonic() - self._began_at, self._total
            self.reset()
            if was_out:
                self.ended_at = time.monotonic()
                text = "%s is available again, after %.1f seconds and %d failed attempts."
                logger.warning(text, self.name, seconds, total)


POSTGRES = Service("PostgreSQL")
REDIS = {"durable": Service("Redis"), "disposable": Service("Redis, for the cache,")}
SERVICES = (POSTGRES, *REDIS.values())
# SQLSTATEs of a server that stops or starts. Without one, there was no response.
SERVER_STATES = ("57P01", "57P02", "57P03")


def is_database_unavailable(error: BaseException) -> bool:
    """Returns whether an error means that PostgreSQL does not respond, or accepts no connections."""
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    state = error.sqlstate
    return state is None or state in SERVER_STATES or state.startswith("08")


@contextlib.contextmanager
def watch_database() -> Iterator[None]:
    """Records whether what is done with a connection to PostgreSQL shows that it responds."""
    began = time.monotonic()
    try:
        yield
    except psycopg.Error as error:
        if is_database_unavailable(error):
            POSTGRES.record_failure(began)
        else:
            POSTGRES.record_success()
        raise
    POSTGRES.record_success()


class OutageFilter(logging.Filter):
    """Drops records that an outage causes: those with its exceptions, and those about requests with a 503."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether to log the record. Removes the traceback of a failure that may begin an outage."""
        if record.name == __name__:
            return True
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        is_caused = is_caused_by_outage(error)
        if any(service.causes_failures for service in SERVICES):
            return not (is_caused or getattr(record, "status_code", None) == 503)
        if is_caused and any(service.is_failing for service in SERVICES):
            record.exc_info, record.exc_text = None, None
        return True


class RedisErrorFilter(logging.Filter):
    """Drops records about a Redis that can't be reached. channels_redis writes one each second."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether to log the record."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return not isinstance(error, RedisError | OSError)


def is_caused_by_outage(error: BaseException | None) -> bool:
    """Returns whether an exception or one of its causes is that of an unavailable service."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, RedisError) or is_database_unavailable(error):
            return True
        error = error.__cause__ or error.__context__
    return False
