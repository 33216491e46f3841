"""The application's name in the admin, and what it registers with the application of maps."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """See the modules beside this one."""

    name = "sessions_app"
    verbose_name = "Games"

    def ready(self) -> None:
        """Registers what the apps below need to know of games."""
        from maps.quotas import register_stored_documents
        from sessions_app import quotas
        from tribes.actions import register_usage_check

        register_stored_documents(quotas.EARLIER_MAP_VERSIONS)
        register_usage_check(lambda tribe: tribe.seats.exists())
