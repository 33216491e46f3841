"""The app's name in the admin, and what it registers."""

from django.apps import AppConfig

from config.db.notifications import on_change
from config.limits.quotas import register_quotas


class MapsConfig(AppConfig):
    """Configuration of the app."""

    name = "maps"
    verbose_name = "Maps"

    def ready(self) -> None:
        """Registers the quotas, and the deletion of pictures whose maps change or are deleted."""
        from maps import quotas
        from maps.previews import cleanup

        register_quotas(*quotas.QUOTAS)
        on_change(cleanup.CHANNEL, cleanup.delete_later, at_once=True)
