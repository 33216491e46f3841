"""Redis keys and connections.

What must not be lost (limits, tickets, tokens, hot state) and what may be thrown away (caches) are two
databases, or two servers. Both are given up after PATIENCE; what can do without Redis does so for a
second after a failure, so that a request waits once at the most.
"""

import functools
import time
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.4  # seconds that a request may lose to a Redis that is down or hangs
PAUSE = 1.0  # seconds after a failure in which nobody asks who can do without
ONCE = (NoBackoff(), 0)  # their own default tries for seconds
LIMITS: dict[str, Any] = {
    "max_connections": 100,
    "socket_timeout": PATIENCE,
    "socket_connect_timeout": PATIENCE,
}
_failed_at = [float("-inf")]


def cache_key(key: str, key_prefix: str, version: int) -> str:
    """The key as Redis shows it: no version, and a prefix only where a deployment sets one."""
    return f"{key_prefix}{key}"


@functools.cache
def durable() -> "redis.Redis":
    """The Redis that must not lose what it holds. Answers text."""
    return redis.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, retry=Retry(*ONCE), **LIMITS
    )


def durable_async() -> "redis.asyncio.Redis":
    """A new client of the same, for one event loop; whoever asked for it closes it."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, retry=AsyncRetry(*ONCE), **LIMITS
    )


@functools.cache
def disposable() -> "redis.Redis":
    """The Redis that may lose what it holds. Answers bytes."""
    return redis.Redis.from_url(settings.REDIS_CACHE_URL, retry=Retry(*ONCE), **LIMITS)


def note_failure() -> None:
    """Remember that Redis did not answer just now."""
    _failed_at[0] = time.monotonic()


def seems_away() -> bool:
    """Whether Redis did not answer a moment ago."""
    return time.monotonic() - _failed_at[0] < PAUSE
