"""Rejects secrets that are sent over plain HTTP, in production.

A redirect to https would be too late. The token or the password has been sent already, and others in the
network could read it. A client that follows redirects would never notice.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponseBase

from config.http.errors import domain_error_response
from config.kernel.errors import DomainError
from config.kernel.paths import is_api
from config.limits.request_policies import SAFE_METHODS

CODE = "insecure_transport"
DETAIL = (
    "This was sent over plain HTTP, where others can read it. Use https. Tokens in it have been revoked, if"
    " they could be read: sign in again. If there was a password in it, change it."
)
MAX_SEARCHED_BYTES = 10_000  # larger bodies are not searched for a refresh token

# Sent with the received tokens `access` and `refresh`, or ''. `accounts` revokes their families.
tokens_exposed = Signal()


def is_secure(scope: Mapping[str, Any]) -> bool:
    """Returns whether a request was sent over TLS, to this process or to its proxy, by Django's rules."""
    name, secure = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or ("", "")
    header = name.removeprefix("HTTP_").replace("_", "-").lower().encode()
    values = [value for key, value in scope["headers"] if key == header]
    if values:
        first: bytes = values[0]
        return first.split(b",")[0].strip().decode("latin1") == secure
    return scope["scheme"] in ("https", "wss")


def reject_exposed_secrets(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Rejects requests over plain HTTP, except reads without a token, which are redirected."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            access = request.headers.get("Authorization", "") if is_api(request.path) else ""
            if access or request.method not in SAFE_METHODS:
                tokens_exposed.send(
                    None, access="".join(access.split()[1:]), refresh=_find_refresh_token(request)
                )
                return domain_error_response(request, DomainError(CODE, DETAIL))
        return get_response(request)

    return middleware


def _find_refresh_token(request: HttpRequest) -> str:
    """Returns the refresh token of a small JSON body, or an empty text."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_SEARCHED_BYTES:
        return ""
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        return ""
    refresh = document.get("refresh", "") if isinstance(document, dict) else ""
    return refresh if isinstance(refresh, str) else ""
