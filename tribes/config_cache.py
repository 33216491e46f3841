"""The config of a tribe (bonuses and colour), cached in Redis under `tribe:{id}:config` for an hour.

It is read by players in a lobby with the tribe, and by game servers. The start of a game does not use the
cache: it copies the rows of the tribes in its own transaction, so that no stale config is copied.

A missing key is filled under a lock of the tribe's row: one request fills it while the others wait. A change
of the tribe waits, too, so that the old config can't be stored after the change has deleted the key. Each
change deletes the key after its transaction. For changes from outside the application (psql, a cascade) there
are notifications on channel `tribes` (migration 0002_notifications).
"""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction
from redis.exceptions import RedisError

from config.db.notifications import EVERYTHING
from config.redis.clients import CircuitBreaker, disposable
from tribes.bonuses import SLIDERS
from tribes.models import Tribe

CACHE_SECONDS = 3600
CHANNEL = "tribes"
KEY_PATTERN = "tribe:*:config"
FIELDS = [*(slider.field for slider in SLIDERS), "color_theme"]
# By FIELDS: the bonuses, of which 0.25 means a quarter more, and the colour as `#RRGGBB`.
TribeConfig = dict[str, Any]
logger = logging.getLogger(__name__)


def read_config(tribe_id: UUID) -> TribeConfig:
    """Returns the config of a tribe, from the table if Redis is unavailable. Raises Tribe.DoesNotExist.

    Must not be called in a transaction that changes the tribe: after a rollback, the cache would be wrong.
    """
    try:
        with CircuitBreaker("disposable"):
            return _read_cached(tribe_id) or _fill_cache(tribe_id)
    except RedisError:
        return _read_row(tribe_id)


def invalidate_after_commit(tribe_ids: Iterable[UUID]) -> None:
    """Deletes the cached configs of tribes after the transaction that changes them."""
    ids = [str(tribe_id) for tribe_id in tribe_ids]
    transaction.on_commit(lambda: invalidate(ids))


def invalidate(tribe_ids: list[str]) -> None:
    """Deletes the cached configs of these tribes, or of all. Without Redis they expire."""
    try:
        if EVERYTHING in tribe_ids:
            disposable().delete_pattern(KEY_PATTERN, itersize=1000)
        else:
            disposable().delete_many(map(_key, tribe_ids))
    except RedisError:
        logger.warning("Cached configs of tribes could not be deleted: Redis is unavailable")


def _read_cached(tribe_id: UUID) -> TribeConfig | None:
    found = disposable().get(_key(tribe_id))
    return orjson.loads(found) if found else None


def _fill_cache(tribe_id: UUID) -> TribeConfig:
    with transaction.atomic():
        # This lock waits for other requests that fill the cache or change the tribe, but not for new seats.
        config = _read_row(tribe_id, lock=True)
        cached = _read_cached(tribe_id)
        if cached is None:
            disposable().set(_key(tribe_id), orjson.dumps(config), CACHE_SECONDS)
        return cached or config


def _read_row(tribe_id: UUID, *, lock: bool = False) -> TribeConfig:
    tribes = Tribe.objects.only(*FIELDS)
    tribe = (tribes.select_for_update(no_key=True) if lock else tribes).get(pk=tribe_id)
    bonuses = {slider.field: float(getattr(tribe, slider.field)) for slider in SLIDERS}
    return bonuses | {"color_theme": tribe.color_theme}


def _key(tribe_id: UUID | str) -> str:
    return f"tribe:{tribe_id}:config"
