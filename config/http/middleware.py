"""What every request gets, whoever answers it."""

import contextvars
import logging
import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers

REQUEST_ID: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
STANDING = "tribehold.standing"  # where a scope says how a request stands that is counted already
HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}")
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def choose_request_id(given: str) -> str:
    """The id that a proxy sent, so that its log and ours can be read together, or a new one."""
    return given if HARMLESS.fullmatch(given) else uuid.uuid4().hex


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id: in its answer's header, in the bodies of errors and in the log."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        own = choose_request_id(request.headers.get("X-Request-Id", ""))
        REQUEST_ID.set(own)
        response = get_response(request)
        response["X-Request-Id"] = own
        return response

    return middleware


def errors_in_shape(get_response: GetResponse) -> GetResponse:
    """Fill in the errors that Django answers with a blank page, as for a method not allowed."""
    from config.http.errors import error_response, takes_json

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponse) or response.status_code < 400:
            return response
        is_json = response.headers.get("Content-Type") == "application/json"
        if not response.content or (takes_json(request.path) and not is_json):
            shaped = error_response(request, response.status_code)
            response.content = shaped.content
            response["Content-Type"] = shaped["Content-Type"]
            response["Content-Length"] = str(len(shaped.content))  # it was that of the blank page
        return response

    return middleware


def secret_addresses(get_response: GetResponse) -> GetResponse:
    """Keep addresses that hold a secret, as links in emails do, out of caches and other logs.

    What such a page loads, and where it leads, is told the origin alone. Not `no-referrer`: browsers would
    send the page's form with `Origin: null`, which the check of CSRF refuses.
    """
    from config.ops.redaction import is_secret_path

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if is_secret_path(request.path):
            response["Referrer-Policy"] = "strict-origin"
            add_never_cache_headers(response)
        return response

    return middleware


def limits_told(get_response: GetResponse) -> GetResponse:
    """Count each request by its address, and tell in every answer what is left.

    A page that shows its form again with a limit's refusal gets the refusal's status here.
    """
    from config.http.errors import refusal_response
    from config.kernel.errors import Refused
    from config.limits import rate_limits

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            count_request(request)
            response = get_response(request)
        except Refused as refusal:
            response = refusal_response(request, refusal)
        refused = rate_limits.refused(request)
        if refused and response.status_code == 200:
            response.status_code = refused.status
        for name, value in rate_limits.told(request).items():
            response.headers[name] = value
        return response

    return middleware


def player_writes_counted(get_response: GetResponse) -> GetResponse:
    """Count each form that a signed-in player sends, whatever address it comes from."""
    from config.http.errors import is_api, refusal_response
    from config.kernel.errors import Refused
    from config.limits import rate_limits
    from config.limits.request_limits import SAFE_METHODS

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_write = request.method not in SAFE_METHODS and not is_api(request.path)
        if is_write and request.user.is_authenticated:
            try:
                rate_limits.require(request, "page_writes", str(request.user.pk))
            except Refused as refusal:
                return refusal_response(request, refusal)
        return get_response(request)

    return middleware


def refuses_garbled(get_response: GetResponse) -> GetResponse:
    """Refuse a request that could not be read, after it was counted like any other."""
    from config.http.errors import error_response

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_garbled = getattr(request, "is_garbled", False)  # the handler says so
        return error_response(request, 400) if is_garbled else get_response(request)

    return middleware


def count_request(request: HttpRequest) -> None:
    """Count a request by its address, unless the fast lane has done that. Raises TooMany."""
    from config.limits import rate_limits
    from config.limits.request_limits import policy_of

    scope = getattr(request, "scope", {})
    if STANDING not in scope:
        rate_limits.require(request, policy_of(request.method or "", request.path))
        return
    standing: rate_limits.Standing | None = scope[STANDING]
    request.standing = standing  # type: ignore[attr-defined]
    if standing and standing.is_over:
        refusal = rate_limits.TooMany(standing)
        rate_limits.note_refusal(request, refusal)
        raise refusal


class WithRequestId(logging.Filter):
    """Puts the request's id into each line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add it; let every line through."""
        record.request_id = REQUEST_ID.get() or "-"
        return True
