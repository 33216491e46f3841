"""The application's name in the admin, and what happens at a sign-in."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone


class AccountsConfig(AppConfig):
    """See the modules beside this one."""

    name = "accounts"
    verbose_name = "Players"

    def ready(self) -> None:
        """Note the device of each sign-in, by page and by admin."""
        user_logged_in.connect(note_device)


def note_device(sender: Any, request: HttpRequest, **_: Any) -> None:
    """Put the browser's name into its session, for the list of devices."""
    from accounts.agents import title
    from accounts.sessions import DEVICE, SINCE

    request.session[DEVICE] = title(request.headers.get("User-Agent", ""))
    request.session[SINCE] = timezone.now().timestamp()
