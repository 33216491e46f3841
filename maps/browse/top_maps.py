"""The hundred most-played public maps, cached in Redis under `maps:public:top100`.

The list has only ids and may be stale: a map can be hidden while the list is computed, while no process
listens for changes, or while Redis is unavailable. So each reader checks in the database which of the maps
are still public.
"""

import orjson

from maps.browse.read_through import delete_keys, read_or_fill
from maps.models import GameMap

TOP_MAPS_KEY, MAX_TOP_MAPS = "maps:public:top100", 100


def read_top_maps() -> list[str]:
    """Returns the ids of the top maps that are still public, in their order."""
    map_ids = orjson.loads(read_or_fill(TOP_MAPS_KEY, lambda: orjson.dumps(_query_top_maps())))
    published = GameMap.objects.published().filter(pk__in=map_ids)
    public_ids = {str(pk) for pk in published.values_list("pk", flat=True)}
    if len(public_ids) < len(map_ids):
        invalidate_top_maps()
    return [map_id for map_id in map_ids if map_id in public_ids]


def invalidate_top_maps() -> None:
    """Deletes the cached list."""
    delete_keys(TOP_MAPS_KEY)


def _query_top_maps() -> list[str]:
    rows = GameMap.objects.published().order_by("-play_count", "-id")
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:MAX_TOP_MAPS]]
