"""The application's name in the admin."""

from django.apps import AppConfig


class MapsConfig(AppConfig):
    """See the modules beside this one."""

    name = "maps"
    verbose_name = "Maps"
