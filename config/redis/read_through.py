"""A read-through cache in Redis, for values that are expensive to compute."""

import logging
from collections.abc import Callable

from django.db import connection, transaction
from redis.exceptions import RedisError

from config.redis.clients import CircuitBreaker, disposable

CACHE_SECONDS = 15 * 60
LOCK_SPACE = 77001  # of advisory locks; maps.editing.actions uses another
logger = logging.getLogger(__name__)


def read_or_fill(
    key: str,
    compute: Callable[[], bytes],
    *,
    is_current: Callable[[bytes], bool] = bool,
    lock: Callable[[], object] | None = None,
    seconds: int = CACHE_SECONDS,
) -> bytes:
    """Returns the cached value. If there is none, one request fills the cache while the others wait.

    They wait for `lock`, which the transaction holds; by default for an advisory lock of the key. A cached
    value that is not current is replaced. Without Redis each request computes the value.
    """
    try:
        with CircuitBreaker("disposable"):
            if cached := _read(key, is_current):
                return cached
            with transaction.atomic():
                if lock:
                    lock()
                else:
                    _lock_key(key)
                # Another request may have filled it during the wait.
                cached = _read(key, is_current)
                if cached is None:
                    cached = compute()
                    disposable().set(key, cached, seconds)
                return cached
    except RedisError:
        return compute()


def delete_keys(*keys: str) -> None:
    """Deletes keys; one with `*` stands for all that match. Without Redis they expire."""
    patterns = [key for key in keys if "*" in key]
    try:
        for pattern in patterns:
            disposable().delete_pattern(pattern, itersize=1000)
        disposable().delete_many(set(keys).difference(patterns))
    except RedisError:
        logger.warning("Cached values could not be deleted: Redis is unavailable")


def _read(key: str, is_current: Callable[[bytes], bool]) -> bytes | None:
    cached: bytes | None = disposable().get(key)
    return cached if cached and is_current(cached) else None


def _lock_key(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, key])
