"""The application's name in the admin, what happens at a sign-in, and what it listens to."""

import contextlib
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
        """Note each sign-in's device, by page and by admin; forget tokens of accounts that change.

        Tokens that were sent in clear are revoked.
        """
        from accounts import known_tokens
        from config.transport import tokens_exposed

        user_logged_in.connect(note_device)
        tokens_exposed.connect(revoke)
        on_change(known_tokens.CHANNEL, known_tokens.forget, at_once=True)


def note_device(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Put the browser's name into its session, for the list of devices, which has a maximum."""
    from accounts.agents import title
    from accounts.expiry import make_room
    from accounts.sessions import DEVICE, SINCE

    make_room(user)
    request.session[DEVICE] = title(request.headers.get("User-Agent", ""))
    request.session[SINCE] = timezone.now().timestamp()


def revoke(sender: Any, access: str, refresh: str, **_: Any) -> None:
    """End the families of tokens that others may have read. With Redis away they can't be used either."""
    from accounts import families, tokens

    for token, kind in ((access, "access"), (access, "refresh"), (refresh, "refresh")):
        with contextlib.suppress(tokens.InvalidToken, families.CannotCheck):
            said = tokens.read(token, kind)
            families.end(said.user_id, said.family)
