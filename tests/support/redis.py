"""A Redis that is down, and new connections."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test import override_settings
from django_redis.cache import RedisCache
from django_redis.pool import ConnectionFactory

from config.limits import rate_limits
from config.ops.outages import MIN_FAILURES, SERVICES
from config.redis import clients
from config.redis.clients import durable

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@contextmanager
def redis_away(url: str = NOBODY_LISTENS) -> Iterator[None]:
    """Replaces the durable Redis by the one at a URL; without a URL it refuses connections."""
    moved = settings.CACHES | {"durable": settings.CACHES["durable"] | {"LOCATION": [url]}}
    with override_settings(CACHES=moved):
        forget_connections()
        try:
            yield
        finally:
            durable().connection_pool.disconnect()
            forget_connections()


def cache_away(url: str = NOBODY_LISTENS) -> RedisCache:
    """Returns the disposable cache with the Redis at a URL; without a URL it refuses connections."""
    return RedisCache([url], settings.CACHES["disposable"])


def forget_connections() -> None:
    """Makes the next Redis client read the settings again."""
    ConnectionFactory._pools.clear()
    durable.cache_clear()
    rate_limits._script.cache_clear()
    forget_failures()


def forget_failures() -> None:
    """Makes all services count as available."""
    for service in SERVICES:
        service.reset()
        service.ended_at = float("-inf")


def open_circuit(alias: clients.Alias = "durable") -> None:
    """Makes a Redis count as unavailable."""
    for _ in range(MIN_FAILURES):
        clients.record_failure(alias)
