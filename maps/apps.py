"""The application's name in the admin, and its quotas."""

from django.apps import AppConfig

from config.quotas import register


class MapsConfig(AppConfig):
    """See the modules beside this one."""

    name = "maps"
    verbose_name = "Maps"

    def ready(self) -> None:
        """Register the quotas."""
        from maps import quotas

        register(*quotas.TABLE)
