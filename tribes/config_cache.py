"""The config of a tribe (bonuses and colour), cached in Redis under `tribe:{id}:config` for an hour.

It is read by players in a lobby with the tribe, and by game servers. The start of a game does not use the
cache: it copies the rows of the tribes in its own transaction, so that no stale config is copied.

A missing key is filled under a lock of the tribe's row: one request fills it while the others wait. A change
of the tribe waits, too, so that the old config can't be stored after the change has deleted the key. Each
change deletes the key after its transaction. For changes from outside the application (psql, a cascade) there
are notifications on channel `tribes` (migration 0002_notifications).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from config.redis.read_through import delete_keys, read_or_fill
from tribes.bonuses import SLIDERS
from tribes.models import Tribe

CACHE_SECONDS = 3600
CHANNEL = "tribes"
CONFIG_FIELDS = [*(slider.field for slider in SLIDERS), "color_theme"]
# By CONFIG_FIELDS: the bonuses, of which 0.25 means a quarter more, and the colour as `#RRGGBB`.
TribeConfig = dict[str, Any]


def read_config(tribe_id: UUID) -> TribeConfig:
    """Returns the config of a tribe, from the table if Redis is unavailable. Raises Tribe.DoesNotExist.

    Must not be called in a transaction that changes the tribe: after a rollback, the cache would be wrong.
    """
    config: TribeConfig = orjson.loads(
        read_or_fill(
            _key(tribe_id),
            compute=lambda: orjson.dumps(_read_row(tribe_id)),
            lock=lambda: _lock_row(tribe_id),
            seconds=CACHE_SECONDS,
        )
    )
    return config


def invalidate_after_commit(tribe_ids: Iterable[UUID]) -> None:
    """Deletes the cached configs of tribes after the transaction that changes them."""
    ids = [str(tribe_id) for tribe_id in tribe_ids]
    transaction.on_commit(lambda: invalidate(ids))


def invalidate(tribe_ids: list[str]) -> None:
    """Deletes the cached configs of these tribes. EVERYTHING stands for all."""
    delete_keys(*map(_key, tribe_ids))


def _read_row(tribe_id: UUID) -> TribeConfig:
    tribe = Tribe.objects.only(*CONFIG_FIELDS).get(pk=tribe_id)
    bonuses = {slider.field: float(getattr(tribe, slider.field)) for slider in SLIDERS}
    return bonuses | {"color_theme": tribe.color_theme}


def _lock_row(tribe_id: UUID) -> None:
    """Waits for requests that fill the cache or change the tribe, but not for new seats."""
    Tribe.objects.select_for_update(no_key=True).values_list("pk").filter(pk=tribe_id).first()


def _key(tribe_id: UUID | str) -> str:
    return f"tribe:{tribe_id}:config"
