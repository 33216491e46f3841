"""Receivers of signals: a sign-in, and tokens that were sent without TLS."""

import contextlib
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.devices.actions import enforce_browser_limit
from accounts.devices.session_store import DEVICE_KEY, SINCE_KEY
from accounts.devices.user_agents import device_name
from accounts.tokens import families, signing
from config.http.client import client_of


def record_device(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Stores the browser's name in the session after a sign-in by page or admin, for the list of devices."""
    enforce_browser_limit(user)
    request.session[DEVICE_KEY] = device_name(client_of(request).user_agent)
    request.session[SINCE_KEY] = timezone.now().timestamp()


def revoke_tokens_sent_in_clear(sender: Any, access: str, refresh: str, **_: Any) -> None:
    """Revokes the families of tokens that others may have read.

    Errors of Redis are ignored: while it is unavailable, no token is accepted anyway.
    """
    for text, kind in ((access, "access"), (access, "refresh"), (refresh, "refresh")):
        with contextlib.suppress(signing.UnreadableToken, families.TokensUnavailable):
            token = signing.read(text, kind)
            families.revoke(token.user_id, token.family)
