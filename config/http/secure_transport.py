"""Refusing to take secrets over plain HTTP, in production.

A redirect to https comes too late: the token or the password was sent already, readable to everybody on the
way, and a client that follows redirects never notices.
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
from config.limits.request_limits import SAFE_METHODS

CODE = "insecure_transport"
DETAIL = (
    "This came over plain HTTP, where others can read it. Use https. What it held is exposed: tokens in it"
    " have been revoked as far as they could be read, so sign in again; change a password that was in it."
)
MAX_SEARCHED_BYTES = 10_000  # bytes that are looked through for a refresh token

# Sent with `access` and `refresh`, tokens as they came, each or ''. Accounts end their families.
tokens_exposed = Signal()


def is_secure(scope: Mapping[str, Any]) -> bool:
    """Whether a request of ASGI came by TLS, to us or to the proxy before us, as Django decides it."""
    name, secure = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or ("", "")
    told = name.removeprefix("HTTP_").replace("_", "-").lower().encode()
    values = [value for key, value in scope["headers"] if key == told]
    if values:
        first: bytes = values[0]
        return first.split(b",")[0].strip().decode("latin1") == secure
    return scope["scheme"] in ("https", "wss")


def reject_exposed_secrets(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Refuse requests over plain HTTP, but for reads without a token, which may be redirected."""

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
    """The refresh token of a small JSON body, or nothing."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_SEARCHED_BYTES:
        return ""
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        return ""
    refresh = found.get("refresh", "") if isinstance(found, dict) else ""
    return refresh if isinstance(refresh, str) else ""
