"""The application's name in the admin, its quotas, and what it listens to."""

from django.apps import AppConfig

from config.db.notifications import on_change
from config.limits.quotas import register_quotas


class MapsConfig(AppConfig):
    """See the modules beside this one."""

    name = "maps"
    verbose_name = "Maps"

    def ready(self) -> None:
        """Register the quotas; delete pictures of maps that change or go."""
        from maps import quotas
        from maps.previews import cleanup

        register_quotas(*quotas.TABLE)
        on_change(cleanup.CHANNEL, cleanup.delete_later, at_once=True)
