"""The app's name in the admin, and what it registers."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from config.db.notifications import subscribe
from config.limits.quotas import register_quotas


class MapsConfig(AppConfig):
    """Configuration of the app."""

    name = "maps"
    verbose_name = "Maps"

    def ready(self) -> None:
        """Registers the quotas, the invalidation of caches, and the deletion of unused pictures and words."""
        from config.ops import maintenance
        from maps import quotas
        from maps.browse import invalidation, terrain_cache, top_maps
        from maps.previews import cleanup
        from maps.search import spelling

        register_quotas(*quotas.QUOTAS)
        connection_created.connect(invalidation.watch_writes)
        subscribe(invalidation.MAPS_CHANNEL, invalidation.invalidate_maps, is_immediate=True)
        subscribe(invalidation.MAPS_CHANNEL, top_maps.invalidate_top_maps)
        subscribe(
            invalidation.TERRAINS_CHANNEL, invalidation.invalidate_terrains, is_immediate=True
        )
        subscribe(invalidation.TERRAINS_CHANNEL, terrain_cache.delete_cached_terrains)
        subscribe(cleanup.CHANNEL, cleanup.schedule_deletion)
        maintenance.register("words", "words that no map has", spelling.delete_unused_words)
        maintenance.register("pictures", "pictures that no map has", cleanup.sweep)
