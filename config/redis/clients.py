"""Connections to Redis, by the aliases of `CACHES` (config/redis/aliases.py).

Durable data (rate limits, tickets, tokens, states of games) and disposable data (caches) are in two
databases, or on two servers. A command times out after TIMEOUT_SECONDS. From the second consecutive failure
on, no command is sent for a second: many requests that each wait for a silent Redis would hold all threads.
One slow response does not count as an outage (config/ops/outages.py).
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

from config.ops.outages import REDIS

Alias = Literal["durable", "disposable"]
CIRCUIT_OPEN_SECONDS = 1.0  # after a failure during an outage


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
    """Runs commands for one Redis. Raises RedisError immediately while the circuit is open.

    Not for cache invalidation, which must always be tried. It is a class, because a generator would take four
    times as long for each command.
    """

    __slots__ = ("alias", "began")

    def __init__(self, alias: Alias = "durable") -> None:
        self.alias = alias
        self.began = 0.0

    def __enter__(self) -> None:
        if is_circuit_open(self.alias):
            raise redis.ConnectionError("Redis failed a moment ago")
        self.began = time.monotonic()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, redis.ResponseError):  # it responds, if only with an error
            error = None
        if isinstance(error, redis.RedisError):
            record_failure(self.alias, self.began)
        elif error is None:
            record_success(self.alias)


def record_failure(alias: Alias = "durable", began: float | None = None) -> None:
    """Records that a command failed, which began at a time of the monotonic clock."""
    REDIS[alias].record_failure(began)


def record_success(alias: Alias = "durable") -> None:
    """Records that a command succeeded, which closes the circuit."""
    REDIS[alias].record_success()


def is_circuit_open(alias: Alias = "durable") -> bool:
    """Returns whether a Redis is unavailable, and failed a moment ago."""
    service = REDIS[alias]
    return service.is_out and time.monotonic() - service.failed_at < CIRCUIT_OPEN_SECONDS
