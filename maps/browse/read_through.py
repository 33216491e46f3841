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
    key: str, compute: Callable[[], bytes], is_current: Callable[[bytes], bool] = bool
) -> bytes:
    """Returns the cached value. If there is none, one request fills the cache while the others wait.

    A cached value that is not current is replaced. Without Redis each request computes the value.
    """
    try:
        with CircuitBreaker("disposable"):
            return _read(key, is_current) or _fill(key, compute, is_current)
    except RedisError:
        return compute()


def delete_keys(*keys: str) -> None:
    """Deletes keys. Without Redis they expire; readers check that a value is current and public."""
    try:
        disposable().delete_many(keys)
    except RedisError:
        logger.warning("Cached values of maps could not be deleted: Redis is unavailable")


def _read(key: str, is_current: Callable[[bytes], bool]) -> bytes | None:
    cached: bytes | None = disposable().get(key)
    return cached if cached and is_current(cached) else None


def _fill(key: str, compute: Callable[[], bytes], is_current: Callable[[bytes], bool]) -> bytes:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, key])
        cached = _read(key, is_current)  # another request may have filled it during the wait
        if cached is None:
            cached = compute()
            disposable().set(key, cached, CACHE_SECONDS)
        return cached
