"""The application's name in the admin, and what it listens to."""

from django.apps import AppConfig

from config.db.notifications import on_change
from config.limits.quotas import register_quotas


class TribesConfig(AppConfig):
    """See the modules beside this one."""

    name = "tribes"
    verbose_name = "Tribes"

    def ready(self) -> None:
        """Drop what is kept of tribes that change; register the quotas."""
        from tribes import config_cache, quotas

        register_quotas(*quotas.TABLE)
        on_change(config_cache.CHANNEL, config_cache.forget)
