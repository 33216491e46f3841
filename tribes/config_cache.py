"""What counts of a tribe in play, kept in Redis: `tribe:{id}:config`, for an hour.

Read by whoever sits in a lobby with it, and by game servers (sessions_app/games/game_tribes.py). A start
copies the tribes' rows to the seats by itself, in its one transaction: there nothing old may come in.

A cold key is filled under the lock of the tribe's row: one fills, the others wait and then find it
filled, and a change waits until what was read of it is kept, so that it can't be kept after the change
has dropped it. Each change drops the key when its transaction is over; what the application did not
make itself (psql, a cascade) is heard of on channel `tribes` (migration 0002).
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import orjson
from django.db import transaction
from redis.exceptions import RedisError

from config.db.notifications import EVERYTHING
from config.redis.clients import circuit_breaker, disposable
from tribes.bonuses import SLIDERS
from tribes.models import Tribe

SECONDS = 3600
CHANNEL = "tribes"
ALL_KEYS = "tribe:*:config"
FIELDS = [*(slider.field for slider in SLIDERS), "color_theme"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TribeConfig:
    """Bonuses as shares that multiply (0.25 is a quarter more), and the colour as `#RRGGBB`."""

    damage_bonus: float
    attack_speed_bonus: float
    range_bonus: float
    color_theme: str


def config_of(tribe_id: UUID) -> TribeConfig:
    """What a game needs of a tribe; without Redis it is read from the table.

    Not for a transaction that changes the tribe itself: what may be rolled back must not be kept.
    Raises Tribe.DoesNotExist.
    """
    try:
        with circuit_breaker(disposable):
            return _kept(tribe_id) or _fill(tribe_id)
    except RedisError:
        return _read(tribe_id)


def forget_after_commit(tribe_ids: Iterable[UUID]) -> None:
    """Drop what is kept of tribes once the transaction that changes them is over."""
    ids = [str(tribe_id) for tribe_id in tribe_ids]
    transaction.on_commit(lambda: forget(ids))


def forget(tribe_ids: list[str]) -> None:
    """Drop what is kept of tribes, or of all. Without Redis nothing happens: it ends by itself."""
    try:
        redis = disposable()
        if EVERYTHING in tribe_ids:
            keys = list(redis.scan_iter(match=ALL_KEYS, count=1000))
        else:
            keys = [_key(tribe_id).encode() for tribe_id in tribe_ids]
        if keys:
            redis.delete(*keys)
    except RedisError:
        logger.warning("What is kept of tribes could not be dropped: Redis is away")


def _kept(tribe_id: UUID) -> TribeConfig | None:
    found: bytes | None = disposable().get(_key(tribe_id))  # type: ignore[assignment]
    return TribeConfig(**orjson.loads(found)) if found else None


def _fill(tribe_id: UUID) -> TribeConfig:
    with transaction.atomic():
        # Waits for whoever fills it or changes it, and makes them wait; seats don't need to.
        made = _read(tribe_id, lock=True)
        kept = _kept(tribe_id)
        if kept is None:
            disposable().set(_key(tribe_id), orjson.dumps(made), ex=SECONDS)
        return kept or made


def _read(tribe_id: UUID, *, lock: bool = False) -> TribeConfig:
    tribes = Tribe.objects.only(*FIELDS)
    tribe = (tribes.select_for_update(no_key=True) if lock else tribes).get(pk=tribe_id)
    return TribeConfig(
        float(tribe.damage_bonus),
        float(tribe.attack_speed_bonus),
        float(tribe.range_bonus),
        tribe.color_theme,
    )


def _key(tribe_id: UUID | str) -> str:
    return f"tribe:{tribe_id}:config"
