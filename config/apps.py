"""The Django applications of the project itself."""

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin import apps as admin_apps
from django.contrib.staticfiles import apps as static_apps

from config.db.notifications import on_change


class TribeholdConfig(AppConfig):
    """`config`, which is an application because of its commands, checks and task queue."""

    default = True
    name = "config"

    def ready(self) -> None:
        """Registers the system checks and the results of tasks; keeps the queue's rows out of the admin.

        Arguments of jobs may hold an address until the email is sent.
        """
        from procrastinate.contrib.django.models import ProcrastinateJob

        from config import checks  # noqa: F401
        from config.ops import results

        admin.site.unregister(ProcrastinateJob)
        on_change(results.CHANNEL, results.resolve, at_once=True)


class TribeholdAdmin(admin_apps.AdminConfig):
    """Django's admin, with the site of config.admin."""

    default = False
    default_site = "config.admin.site.AdminSite"


class TribeholdStatic(static_apps.StaticFilesConfig):
    """Django's static files, without files of packages that no page needs."""

    default = False
    ignore_patterns = [
        *static_apps.StaticFilesConfig.ignore_patterns,
        "redoc",
        "rest_framework",
        "swagger-ui-bundle.js.map",
        "swagger-ui-standalone-preset.js*",
    ]
