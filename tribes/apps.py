"""The application's name in the admin."""

from django.apps import AppConfig


class TribesConfig(AppConfig):
    """See the modules beside this one."""

    name = "tribes"
    verbose_name = "Tribes"
