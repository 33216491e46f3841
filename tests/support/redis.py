"""A Redis that is away, and connections that are made anew."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.test import override_settings

from config.limits import rate_limits
from config.redis import clients
from config.redis.clients import durable


@contextmanager
def redis_away() -> Iterator[None]:
    """For a while, a Redis that nobody answers for."""
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        forget_connections()
        try:
            yield
        finally:
            forget_connections()


def forget_connections() -> None:
    """Let the next one who asks Redis read the settings anew."""
    durable.cache_clear()
    rate_limits._script.cache_clear()
    clients._failure_times.clear()
