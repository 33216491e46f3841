"""The app's name in the admin, and what it registers."""

from django.apps import AppConfig

from config.db.notifications import subscribe
from config.limits.quotas import register_quotas


class MapsConfig(AppConfig):
    """Configuration of the app."""

    name = "maps"
    verbose_name = "Maps"

    def ready(self) -> None:
        """Registers the quotas, and the deletion of pictures and words that no map has."""
        from config.ops import maintenance
        from maps import quotas
        from maps.previews import cleanup
        from maps.search import spelling

        register_quotas(*quotas.QUOTAS)
        subscribe(cleanup.CHANNEL, cleanup.schedule_deletion)
        maintenance.register("words", "words that no map has", spelling.delete_unused_words)
        maintenance.register("pictures", "pictures that no map has", cleanup.sweep)
