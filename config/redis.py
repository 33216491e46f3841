"""Redis keys and connections."""

import functools

import redis
from django.conf import settings


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """The key as Redis shows it: no version, and a prefix only where a deployment sets one."""
    return f"{key_prefix}{key}"


@functools.cache
def durable() -> "redis.Redis":
    """The Redis that must not lose what it holds (limits, tickets, tokens, hot state)."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, max_connections=50
    )
