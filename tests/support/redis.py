"""A Redis that is away, and connections that are made anew."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test import override_settings
from django_redis.cache import RedisCache
from django_redis.pool import ConnectionFactory

from config.limits import rate_limits
from config.redis import clients
from config.redis.clients import durable

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@contextmanager
def redis_away(url: str = NOBODY_LISTENS) -> Iterator[None]:
    """For a while, another Redis for what must not be lost; without a URL nobody answers for it."""
    moved = settings.CACHES | {"durable": settings.CACHES["durable"] | {"LOCATION": [url]}}
    with override_settings(CACHES=moved):
        forget_connections()
        try:
            yield
        finally:
            durable().connection_pool.disconnect()
            forget_connections()


def cache_away(url: str = NOBODY_LISTENS) -> RedisCache:
    """The disposable cache with another Redis, which nobody answers for without a URL."""
    return RedisCache([url], settings.CACHES["disposable"])


def forget_connections() -> None:
    """Let the next one who asks Redis read the settings anew."""
    ConnectionFactory._pools.clear()
    durable.cache_clear()
    rate_limits._script.cache_clear()
    clients._failure_times.clear()
