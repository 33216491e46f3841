"""Connections to Redis, by the aliases of `CACHES` (config/redis/aliases.py).

Durable data (rate limits, tickets, tokens, states of games) and disposable data (caches) are in two
databases, or on two servers. A command times out after TIMEOUT_SECONDS. For a second after a failure no
command is sent: many requests that each wait for a silent Redis would hold all threads.
"""

import functools
import time
from typing import Literal

import redis
import redis.asyncio
from django.conf import settings
from django.core.cache import caches
from django_redis import get_redis_connection
from django_redis.cache import RedisCache
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff

Alias = Literal["durable", "disposable"]
CIRCUIT_OPEN_SECONDS = 1.0  # after a failure
_failure_times: dict[Alias, float] = {}


# Django creates a new cache object for each request, which takes three times as long as a command. The
# backend and the client are thread-safe, so both are created once for the process.
@functools.cache
def durable() -> "redis.Redis":
    """Returns the client of the durable Redis. Its values are text."""
    client: redis.Redis = get_redis_connection("durable")
    return client


@functools.cache
def disposable() -> RedisCache:
    """Returns the cache in the disposable Redis. Its values are bytes."""
    return caches["disposable"]


def durable_async() -> "redis.asyncio.Redis":
    """Returns a new client of the durable Redis for one event loop. The caller closes it.

    django-redis has no asynchronous client.
    """
    alias = settings.CACHES["durable"]
    [url] = alias["LOCATION"]
    options = alias["OPTIONS"]["CONNECTION_POOL_KWARGS"] | {"retry": AsyncRetry(NoBackoff(), 0)}
    return redis.asyncio.Redis.from_url(url, **options)


class CircuitBreaker:
    """Runs commands for one Redis. Raises RedisError immediately after a recent failure.

    Not for cache invalidation, which must always be tried. It is a class, because a generator would take four
    times as long for each command.
    """

    __slots__ = ("alias",)

    def __init__(self, alias: Alias = "durable") -> None:
        self.alias = alias

    def __enter__(self) -> None:
        if is_circuit_open(self.alias):
            raise redis.ConnectionError("Redis failed a moment ago")

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, redis.RedisError):
            record_failure(self.alias)


def record_failure(alias: Alias = "durable") -> None:
    """Opens the circuit: no commands for a while."""
    _failure_times[alias] = time.monotonic()


def is_circuit_open(alias: Alias = "durable") -> bool:
    """Returns whether a Redis failed a moment ago."""
    return time.monotonic() - _failure_times.get(alias, float("-inf")) < CIRCUIT_OPEN_SECONDS
