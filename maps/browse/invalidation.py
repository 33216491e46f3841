"""Removes responses from the caches of this process when maps change.

Triggers report every change, however it is made (migration 0005_notifications): on channel `maps` each one,
on channel `terrains` all but those of ratings and plays. What this process itself writes is removed when its
transaction commits, before the response is sent.
"""

import uuid
from collections.abc import Callable
from typing import Any

from config.db.notifications import EVERYTHING
from config.server.fast_lane import CachedResponse
from config.server.response_cache import ResponseCache

MAPS_CHANNEL, TERRAINS_CHANNEL = "maps", "terrains"
WRITE_STATEMENTS = ("INSERT", "UPDATE", "DELETE")
LIST_TAG = ""  # of responses that a change of any map makes stale
TERRAIN_SUFFIX = "/terrain"  # of the tag of a terrain, after the id of its map

caches: set[ResponseCache[CachedResponse]] = set()  # those of the event loops of this process


def invalidate_maps(map_ids: list[str]) -> None:
    """Removes lists, and the responses that show these maps, except their terrains."""
    for cache in caches:
        cache.invalidate([LIST_TAG, *map_ids])


def invalidate_terrains(map_ids: list[str]) -> None:
    """Removes the terrains of these maps."""
    for cache in caches:
        cache.invalidate([i if i == EVERYTHING else f"{i}{TERRAIN_SUFFIX}" for i in map_ids])


def watch(connection: Any, **_: Any) -> None:
    """Watches the writes of a connection of this process, unless that is done already."""
    if invalidate_after_write not in connection.execute_wrappers:
        connection.execute_wrappers.append(invalidate_after_write)


def invalidate_after_write(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
) -> Any:
    """Invalidates what a statement changes, after its transaction.

    The database reports it too, but a moment later, and the player may look at the result at once. The ids
    of maps are among those in the statement; one without ids may change all maps.
    """
    result = execute(sql, params, many, context)
    changes_maps = '"maps"' in sql
    if caches and sql.startswith(WRITE_STATEMENTS) and (changes_maps or '"map_ratings"' in sql):
        ids = [str(value) for value in params or () if isinstance(value, uuid.UUID)] or [EVERYTHING]
        context["connection"].on_commit(lambda: invalidate_maps(ids))
        if changes_maps:
            context["connection"].on_commit(lambda: invalidate_terrains(ids))
    return result
