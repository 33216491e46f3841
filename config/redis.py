"""Redis keys and connections."""

import functools

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.4  # seconds that a request may lose to a Redis that is down or hangs


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """The key as Redis shows it: no version, and a prefix only where a deployment sets one."""
    return f"{key_prefix}{key}"


@functools.cache
def durable() -> "redis.Redis":
    """The Redis that must not lose what it holds (limits, tickets, tokens, hot state)."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        max_connections=50,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),  # its own default tries for seconds
    )
