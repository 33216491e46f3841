"""A read-through cache in Redis, for values that are expensive to make."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import connection, transaction
from redis.exceptions import RedisError

from config.redis.clients import circuit_breaker, disposable

T = TypeVar("T")
LOCK_SPACE = 77001  # of advisory locks; the quotas of maps have another
logger = logging.getLogger(__name__)


def read_or_fill(
    key: str, read: Callable[[], T | None], fill: Callable[[], T], make: Callable[[], T]
) -> T:
    """Returns the cached value. If there is none, one request fills the cache, and the others wait for it.

    Without Redis each request makes the value itself.
    """
    try:
        with circuit_breaker(disposable):
            cached = read()
            if cached is not None:
                return cached
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, key]
                    )
                cached = read()  # whoever waited for the lock finds it filled
                return cached if cached is not None else fill()
    except RedisError:
        return make()


def delete_keys(*keys: str) -> None:
    """Deletes keys. Without Redis they expire, and no reader sends a value that has changed or is hidden."""
    try:
        if keys:
            disposable().delete(*keys)
    except RedisError:
        logger.warning("Cached values of maps could not be deleted: Redis is unavailable")
