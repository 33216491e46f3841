"""The application's name in the admin."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """See the modules beside this one."""

    name = "accounts"
    verbose_name = "Players"
