"""The hundred most-played public maps, cached in Redis under `maps:public:top100`.

The list has ids alone and may be old: a map can be hidden while the list is made, while nobody listens for
changes, or while Redis is unavailable. So each reader asks the database which of the maps are still public.
"""

from config.redis.clients import disposable
from maps.browse.read_through import delete_keys, read_or_fill
from maps.models import GameMap

CACHE_SECONDS = 15 * 60
TOP_MAPS_KEY, MAX_TOP_MAPS = "maps:public:top100", 100


def read_top_maps() -> list[str]:
    """Returns the ids of the hundred most-played maps that are public now, in their order."""
    map_ids = read_or_fill(TOP_MAPS_KEY, _read_cached, _fill_cache, _query_top_maps)
    published = GameMap.objects.published().filter(pk__in=map_ids)
    public_ids = {str(pk) for pk in published.values_list("pk", flat=True)}
    if len(public_ids) < len(map_ids):
        invalidate_top_maps()
    return [map_id for map_id in map_ids if map_id in public_ids]


def invalidate_top_maps() -> None:
    """Deletes the cached list."""
    delete_keys(TOP_MAPS_KEY)


def _read_cached() -> list[str] | None:
    cached: list[bytes] = disposable().lrange(TOP_MAPS_KEY, 0, -1)  # type: ignore[assignment]
    return [part.decode() for part in cached] or None


def _fill_cache() -> list[str]:
    map_ids = _query_top_maps()
    with disposable().pipeline() as pipeline:
        pipeline.delete(TOP_MAPS_KEY)
        if map_ids:
            pipeline.rpush(TOP_MAPS_KEY, *map_ids)
            pipeline.expire(TOP_MAPS_KEY, CACHE_SECONDS)
        pipeline.execute()
    return map_ids


def _query_top_maps() -> list[str]:
    rows = GameMap.objects.published().order_by("-play_count", "-id")
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:MAX_TOP_MAPS]]
