"""The app's name in the admin, and what it registers."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from config.db.notifications import on_change
from config.limits.quotas import register_quotas


class MapsConfig(AppConfig):
    """Configuration of the app."""

    name = "maps"
    verbose_name = "Maps"

    def ready(self) -> None:
        """Registers quotas, cache invalidation, and what deletes pictures and words that no map has."""
        from config.ops import maintenance
        from maps import quotas
        from maps.browse import invalidation, terrain_cache, top_maps
        from maps.previews import cleanup
        from maps.search import spelling

        register_quotas(*quotas.QUOTAS)
        connection_created.connect(invalidation.watch)
        on_change(invalidation.MAPS_CHANNEL, invalidation.invalidate_maps, at_once=True)
        on_change(invalidation.MAPS_CHANNEL, top_maps.invalidate_top_maps)
        on_change(invalidation.TERRAINS_CHANNEL, invalidation.invalidate_terrains, at_once=True)
        on_change(invalidation.TERRAINS_CHANNEL, terrain_cache.invalidate_terrains)
        on_change(cleanup.CHANNEL, cleanup.delete_later)
        maintenance.register("words", "words that no map has", spelling.delete_unused_words)
        maintenance.register("pictures", "pictures that no map has", cleanup.sweep)
