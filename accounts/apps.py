"""The application's name in the admin, what happens at a sign-in, and what it listens to."""

import contextlib
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone

from config.db.notifications import on_change


class AccountsConfig(AppConfig):
    """See the modules beside this one."""

    name = "accounts"
    verbose_name = "Players"

    def ready(self) -> None:
        """Note each sign-in's device, by page and by admin; forget tokens of accounts that change.

        Tokens that were sent in clear are revoked.
        """
        from accounts.tokens import token_cache
        from config.http.secure_transport import tokens_exposed

        user_logged_in.connect(note_device)
        tokens_exposed.connect(revoke)
        on_change(token_cache.CHANNEL, token_cache.forget, at_once=True)


def note_device(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Put the browser's name into its session, for the list of devices, which has a maximum."""
    from accounts.devices.expiry import make_room
    from accounts.devices.session_store import DEVICE, SINCE
    from accounts.devices.user_agents import title

    make_room(user)
    request.session[DEVICE] = title(request.headers.get("User-Agent", ""))
    request.session[SINCE] = timezone.now().timestamp()


def revoke(sender: Any, access: str, refresh: str, **_: Any) -> None:
    """End the families of tokens that others may have read. With Redis away they can't be used either."""
    from accounts.tokens import families, signing

    for token, kind in ((access, "access"), (access, "refresh"), (refresh, "refresh")):
        with contextlib.suppress(signing.InvalidToken, families.CannotCheck):
            said = signing.read(token, kind)
            families.end(said.user_id, said.family)
