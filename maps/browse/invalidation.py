"""Removes responses from the caches of this process when maps change.

Triggers notify of every change, by any writer (migration 0005_notifications): on channel `maps` of all
changes, on channel `terrains` of all except ratings and plays. Changes by this process are removed from the
cache when the transaction commits, before the response is sent.
"""

import uuid
from collections.abc import Callable
from typing import Any

from config.db.notifications import EVERYTHING
from config.server.fast_lane import CachedResponse
from config.server.response_cache import ResponseCache

MAPS_CHANNEL, TERRAINS_CHANNEL = "maps", "terrains"
WRITE_STATEMENTS = ("INSERT", "UPDATE", "DELETE")
LIST_TAG = ""  # of responses that a change of any map invalidates
TERRAIN_SUFFIX = "/terrain"  # the tag of a terrain is the id of its map and this

caches: set[ResponseCache[CachedResponse]] = set()  # of the event loops of this process


def invalidate_maps(map_ids: list[str]) -> None:
    """Removes lists and the responses about these maps, except terrains. EVERYTHING removes all responses."""
    for cache in caches:
        cache.invalidate([LIST_TAG, *map_ids])


def invalidate_terrains(map_ids: list[str]) -> None:
    """Removes the terrains of these maps. EVERYTHING removes all responses."""
    for cache in caches:
        cache.invalidate([i if i == EVERYTHING else f"{i}{TERRAIN_SUFFIX}" for i in map_ids])


def watch_writes(connection: Any, **_: Any) -> None:
    """Adds `invalidate_after_write` to a connection of this process, unless it has it already."""
    if invalidate_after_write not in connection.execute_wrappers:
        connection.execute_wrappers.append(invalidate_after_write)


def invalidate_after_write(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
) -> Any:
    """Invalidates what a statement changes, after its transaction.

    The notification of the database arrives later, and the player may load the changed page at once. The ids
    of the maps are among those in the statement. A statement without ids may change all maps.
    """
    result = execute(sql, params, many, context)
    changes_maps = '"maps"' in sql
    if caches and sql.startswith(WRITE_STATEMENTS) and (changes_maps or '"map_ratings"' in sql):
        ids = [str(value) for value in params or () if isinstance(value, uuid.UUID)] or [EVERYTHING]
        context["connection"].on_commit(lambda: invalidate_maps(ids))
        if changes_maps:
            context["connection"].on_commit(lambda: invalidate_terrains(ids))
    return result
