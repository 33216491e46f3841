"""The Django applications of the project itself."""

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin import apps as admin_apps
from django.contrib.staticfiles import apps as static_apps
from django.urls import register_converter

from config.db.notifications import subscribe
from config.http.converters import IdConverter


class TribeholdConfig(AppConfig):
    """`config`, an application because it has commands, checks and the task queue."""

    default = True
    name = "config"

    def ready(self) -> None:
        """Registers checks, the converter of ids and results of tasks. Hides the queue's jobs in the admin.

        Arguments of jobs may have an email address.
        """
        from procrastinate.contrib.django.models import ProcrastinateJob

        from config import checks  # noqa: F401
        from config.ops import results

        register_converter(IdConverter, "id")
        admin.site.unregister(ProcrastinateJob)
        subscribe(results.CHANNEL, results.resolve, is_immediate=True)


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
