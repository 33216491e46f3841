"""The application's name in the admin, what happens at a sign-in, and what it listens to."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone

from config.changes import on_change


class AccountsConfig(AppConfig):
    """See the modules beside this one."""

    name = "accounts"
    verbose_name = "Players"

    def ready(self) -> None:
        """Note each sign-in's device, by page and by admin; forget tokens of accounts that change."""
        from accounts import known_tokens

        user_logged_in.connect(note_device)
        on_change(known_tokens.CHANNEL, known_tokens.forget, at_once=True)


def note_device(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Put the browser's name into its session, for the list of devices, which has a maximum."""
    from accounts.agents import title
    from accounts.expiry import make_room
    from accounts.sessions import DEVICE, SINCE

    make_room(user)
    request.session[DEVICE] = title(request.headers.get("User-Agent", ""))
    request.session[SINCE] = timezone.now().timestamp()
