"""What Redis keeps of maps: each one's terrain, ready to send, and which are played most.

`map:{id}:data` is the compact terrain as gzipped JSON. The gzip header bears the terrain's hash as its
file name (RFC 1952), so that what is kept is good only for a map that has the same: a change makes it
worthless, however it was made. `maps:public:top100` holds ids alone, and may be old: a map can be hidden
while the list is made, while nobody listens, or while Redis is away. So whoever reads it asks the database
which of them are still public. A cold key is filled by one request; the others wait for it.
"""

import gzip
import io
import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db import connection, transaction
from redis.exceptions import RedisError

from config.db.notifications import EVERYTHING
from config.redis.clients import circuit_breaker, disposable
from maps.models import GameMap
from maps.previews.preview_files import parts_of
from maps.terrain import validation
from maps.terrain.grid import compact
from maps.terrain.paths import cheapest_path

T = TypeVar("T")
SECONDS = 15 * 60
TOP, MOST_TOP = "maps:public:top100", 100
LOCKS = 77001  # our space of advisory locks
NAME_BEGINS, NAME_FLAG = 10, 8  # where the gzip header keeps a file name, and the flag that it does
logger = logging.getLogger(__name__)


def terrain_of(map_id: UUID, terrain_hash: str) -> bytes:
    """The compact terrain of a map as gzipped JSON. Raises TerrainError, GameMap.DoesNotExist."""
    key = _key(map_id)

    def read() -> bytes | None:
        kept: bytes | None = disposable().get(key)  # type: ignore[assignment]
        return kept if kept and terrain_hash and _name_in(kept) == terrain_hash else None

    def fill() -> bytes:
        made = _make(map_id)
        disposable().set(key, made, ex=SECONDS)
        return made

    return _read_or_fill(key, read, fill, lambda: _make(map_id))


def top_maps() -> list[str]:
    """The ids of the hundred most-played public maps, in order; none that is public no more."""

    def read() -> list[str] | None:
        kept: list[bytes] = disposable().lrange(TOP, 0, -1)  # type: ignore[assignment]
        return [part.decode() for part in kept] or None

    def fill() -> list[str]:
        made = _most_played()
        with disposable().pipeline() as pipeline:
            pipeline.delete(TOP)
            if made:
                pipeline.rpush(TOP, *made)
                pipeline.expire(TOP, SECONDS)
            pipeline.execute()
        return made

    ids = _read_or_fill(TOP, read, fill, _most_played)
    public = {
        str(pk)
        for pk in GameMap.objects.published().filter(pk__in=ids).values_list("pk", flat=True)
    }
    if len(public) < len(ids):
        forget_top()
    return [map_id for map_id in ids if map_id in public]


def forget(map_ids: Iterable[str]) -> None:
    """Drop the terrains of maps. Where nobody knows which, those that changed have another hash."""
    _drop(*(_key(map_id) for map_id in map_ids if map_id != EVERYTHING))


def forget_top() -> None:
    """Drop the list of the most played."""
    _drop(TOP)


def _read_or_fill(
    key: str, read: Callable[[], T | None], fill: Callable[[], T], make: Callable[[], T]
) -> T:
    """What is kept; else it is made and kept, by one of all who ask; without Redis it is made."""
    try:
        with circuit_breaker(disposable):
            kept = read()
            if kept is not None:
                return kept
            with transaction.atomic():
                with connection.cursor() as cursor:  # one fills; whoever waits then finds it filled
                    cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCKS, key])
                kept = read()
                return kept if kept is not None else fill()
    except RedisError:
        return make()


def document_of(parts: dict[str, Any]) -> dict[str, Any]:
    """The compact terrain of a map's document. Raises TerrainError."""
    grid, spawn, goal = validation.read(parts)
    return compact(grid, spawn, goal, cheapest_path(grid, spawn, goal))


def _make(map_id: UUID) -> bytes:
    game_map = GameMap.objects.get(pk=map_id)
    document = document_of(parts_of(game_map))
    file = io.BytesIO()
    name = str(document["hash"])
    with gzip.GzipFile(filename=name, mode="wb", fileobj=file, mtime=0) as zipped:
        zipped.write(orjson.dumps(document))
    return file.getvalue()


def _most_played() -> list[str]:
    rows = GameMap.objects.published().order_by("-play_count", "-id")
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:MOST_TOP]]


def _name_in(zipped: bytes) -> str:
    """The file name in a gzip header, or nothing."""
    if len(zipped) < NAME_BEGINS or not zipped[3] & NAME_FLAG:
        return ""
    return zipped[NAME_BEGINS : zipped.index(b"\0", NAME_BEGINS)].decode("latin1")


def _drop(*keys: str) -> None:
    """Drop keys. Without Redis they end by themselves; nothing changed or hidden is sent of them."""
    try:
        if keys:
            disposable().delete(*keys)
    except RedisError:
        logger.warning("What is kept of maps could not be dropped: Redis is away")


def _key(map_id: UUID | str) -> str:
    return f"map:{map_id}:data"
