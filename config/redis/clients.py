"""Redis keys and connections.

What must not be lost (limits, tickets, tokens, hot state) and what may be thrown away (caches) are two
databases, or two servers. Both are given up after PATIENCE, and for a second after a failure nobody asks
again: many requests that each wait for a Redis that hangs would hold all threads.
"""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 0.4  # seconds that a request may lose to a Redis that is down or hangs
CIRCUIT_OPEN_SECONDS = 1.0  # seconds after a failure in which nobody asks
NO_RETRIES = (NoBackoff(), 0)  # their own default tries for seconds
CONNECTION_OPTIONS: dict[str, Any] = {
    "max_connections": 100,
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
}
_failure_times: "dict[Callable[[], redis.Redis], float]" = {}


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """The key as Redis shows it: no version, and a prefix only where a deployment sets one."""
    return f"{key_prefix}{key}"


@functools.cache
def durable() -> "redis.Redis":
    """The Redis that must not lose what it holds. Answers text."""
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, retry=Retry(*NO_RETRIES), **CONNECTION_OPTIONS
    )


def durable_async() -> "redis.asyncio.Redis":
    """A new client of the same, for one event loop; whoever asked for it closes it."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        retry=AsyncRetry(*NO_RETRIES),
        **CONNECTION_OPTIONS,
    )


@functools.cache
def disposable() -> "redis.Redis":
    """The Redis that may lose what it holds. Answers bytes."""
    return redis.Redis.from_url(
        settings.REDIS_CACHE_URL, retry=Retry(*NO_RETRIES), **CONNECTION_OPTIONS
    )


@contextlib.contextmanager
def circuit_breaker(which: "Callable[[], redis.Redis]" = durable) -> "Iterator[redis.Redis]":
    """A client of `durable` or `disposable`. Raises RedisError at once where it was silent a moment ago.

    Not for what drops something that was kept: that is worth a try of its own.
    """
    if is_circuit_open(which):
        raise redis.ConnectionError("Redis did not answer a moment ago")
    try:
        yield which()
    except redis.RedisError:
        record_failure(which)
        raise


def record_failure(which: "Callable[[], redis.Redis]" = durable) -> None:
    """Remember that a Redis did not answer just now."""
    _failure_times[which] = time.monotonic()


def is_circuit_open(which: "Callable[[], redis.Redis]" = durable) -> bool:
    """Whether a Redis did not answer a moment ago."""
    return time.monotonic() - _failure_times.get(which, float("-inf")) < CIRCUIT_OPEN_SECONDS
