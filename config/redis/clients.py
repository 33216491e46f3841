"""Connections to Redis.

What must not be lost (rate limits, tickets, tokens, states of games) and what may be lost (caches) are in two
databases, or on two servers. A command times out after TIMEOUT_SECONDS. For a second after a failure no
command is sent: many requests that each wait for a silent Redis would hold all threads.
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

TIMEOUT_SECONDS = 0.4  # that a request may lose to a Redis that does not respond
CIRCUIT_OPEN_SECONDS = 1.0  # after a failure
NO_RETRIES = (NoBackoff(), 0)  # the client's default retries for seconds
CONNECTION_OPTIONS: dict[str, Any] = {
    "max_connections": 100,
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
}
_failure_times: "dict[Callable[[], redis.Redis], float]" = {}


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """Returns the key in Redis: without a version, with the prefix that a deployment sets."""
    return f"{key_prefix}{key}"


@functools.cache
def durable() -> "redis.Redis":
    """Returns a client of the Redis that must not lose anything. It returns text."""
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, retry=Retry(*NO_RETRIES), **CONNECTION_OPTIONS
    )


def durable_async() -> "redis.asyncio.Redis":
    """Returns a new client of the same Redis for one event loop. The caller closes it."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        retry=AsyncRetry(*NO_RETRIES),
        **CONNECTION_OPTIONS,
    )


@functools.cache
def disposable() -> "redis.Redis":
    """Returns a client of the Redis that may lose anything. It returns bytes."""
    return redis.Redis.from_url(
        settings.REDIS_CACHE_URL, retry=Retry(*NO_RETRIES), **CONNECTION_OPTIONS
    )


@contextlib.contextmanager
def circuit_breaker(which: "Callable[[], redis.Redis]" = durable) -> "Iterator[redis.Redis]":
    """Yields the client of `durable` or `disposable`. Raises RedisError at once after a recent failure.

    Not for cache invalidation, which must always be tried.
    """
    if is_circuit_open(which):
        raise redis.ConnectionError("Redis failed a moment ago")
    try:
        yield which()
    except redis.RedisError:
        record_failure(which)
        raise


def record_failure(which: "Callable[[], redis.Redis]" = durable) -> None:
    """Opens the circuit: no commands for a while."""
    _failure_times[which] = time.monotonic()


def is_circuit_open(which: "Callable[[], redis.Redis]" = durable) -> bool:
    """Returns whether a Redis failed a moment ago."""
    return time.monotonic() - _failure_times.get(which, float("-inf")) < CIRCUIT_OPEN_SECONDS
