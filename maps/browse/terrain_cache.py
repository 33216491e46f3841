"""The compact terrain of maps, cached in Redis under `map:{id}:data` as gzipped JSON.

The gzip header has the terrain's hash as its file name (RFC 1952). A cached document is used only for a map
with the same hash, so a stale document is never sent, whoever changed the map.
"""

import gzip
import io
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson

from config.db.notifications import EVERYTHING
from config.redis.read_through import delete_keys, read_or_fill
from maps.models import GameMap
from maps.terrain import validation
from maps.terrain.grid import to_compact_document
from maps.terrain.paths import find_cheapest_path

NAME_OFFSET = 10  # of the file name in a gzip header
NAME_FLAG = 8  # the bit that says that there is one


def read_terrain(map_id: UUID, terrain_hash: str) -> bytes:
    """Returns the compact terrain of a map as gzipped JSON. Raises TerrainError, GameMap.DoesNotExist."""
    return read_or_fill(
        _key(map_id),
        compute=lambda: _build_terrain(map_id),
        is_current=lambda cached: bool(terrain_hash) and _gzip_file_name(cached) == terrain_hash,
    )


def delete_cached_terrains(map_ids: Iterable[str]) -> None:
    """Deletes the cached terrains of maps. Ignores EVERYTHING, because changed maps have other hashes."""
    delete_keys(*(_key(map_id) for map_id in map_ids if map_id != EVERYTHING))


def compact_document(parts: dict[str, Any]) -> dict[str, Any]:
    """Returns the compact terrain of a map's document. Raises TerrainError."""
    grid, spawn, goal = validation.parse_terrain(parts)
    return to_compact_document(grid, spawn, goal, find_cheapest_path(grid, spawn, goal))


def _build_terrain(map_id: UUID) -> bytes:
    game_map = GameMap.objects.get(pk=map_id)
    document = compact_document(validation.read_document(game_map))
    file = io.BytesIO()
    name = str(document["hash"])
    with gzip.GzipFile(filename=name, mode="wb", fileobj=file, mtime=0) as zipped:
        zipped.write(orjson.dumps(document))
    return file.getvalue()


def _gzip_file_name(zipped: bytes) -> str:
    """Returns the file name in a gzip header; "" without one."""
    if len(zipped) < NAME_OFFSET or not zipped[3] & NAME_FLAG:
        return ""
    return zipped[NAME_OFFSET : zipped.index(b"\0", NAME_OFFSET)].decode("latin1")


def _key(map_id: UUID | str) -> str:
    return f"map:{map_id}:data"
