"""The application's name in the admin."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """See the modules beside this one."""

    name = "sessions_app"
    verbose_name = "Games"
