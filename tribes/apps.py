"""The app's name in the admin, and what it registers."""

from django.apps import AppConfig

from config.db.notifications import subscribe
from config.limits.quotas import register_quotas


class TribesConfig(AppConfig):
    """Configuration of the app."""

    name = "tribes"
    verbose_name = "Tribes"

    def ready(self) -> None:
        """Registers the quotas, and the invalidation of cached configs when tribes change."""
        from tribes import config_cache, quotas

        register_quotas(*quotas.QUOTAS)
        subscribe(config_cache.CHANNEL, config_cache.invalidate)
