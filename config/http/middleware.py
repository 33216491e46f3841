"""Middleware, which runs for every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers

from config.http.client import client_of
from config.http.error_statuses import status_of
from config.http.errors import domain_error_response, error_response
from config.http.request_id import REQUEST_ID, choose_request_id
from config.kernel.errors import DomainError, NotFound
from config.kernel.paths import is_api, is_json
from config.limits import rate_limits
from config.limits.request_policies import SAFE_METHODS, find_count
from config.ops.redaction import is_secret_path

# A key of ASGI scopes: the RateLimitStatus of a request that was counted before Django. None if that failed.
RATE_LIMIT_STATUS = "tribehold.rate_limit_status"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def request_id(get_response: GetResponse) -> GetResponse:
    """Sets the id of each request, for a header of the response, for errors and for the log."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not hasattr(request, "scope"):  # no server has chosen one
            REQUEST_ID.set(choose_request_id(request.headers.get("X-Request-Id", "")))
        response = get_response(request)
        response["X-Request-Id"] = REQUEST_ID.get()
        return response

    return middleware


def error_envelope(get_response: GetResponse) -> GetResponse:
    """Replaces Django's errors without a body, such as a 405, with errors in our form."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponse) or response.status_code < 400:
            return response
        has_json = response.headers.get("Content-Type") == "application/json"
        if not response.content or (is_json(request.path) and not has_json):
            error = error_response(request, response.status_code)
            response.content = error.content
            response["Content-Type"] = error["Content-Type"]
            response["Content-Length"] = str(len(error.content))  # Django has set 0
        return response

    return middleware


def protect_secret_urls(get_response: GetResponse) -> GetResponse:
    """Keeps URLs with a secret, such as links in emails, out of caches and of other sites' logs.

    Requests from such a page have only the origin as `Referer`. With `no-referrer`, browsers would send the
    page's form with `Origin: null`, which fails the CSRF check.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if is_secret_path(request.path):
            response["Referrer-Policy"] = "strict-origin"
            add_never_cache_headers(response)
        return response

    return middleware


def rate_limit_headers(get_response: GetResponse) -> GetResponse:
    """Counts each request by its address, and sets the headers of rate limits.

    A page that shows its form again because of a rate limit gets the status of the rejection here.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with rate_limits.recorded_limits() as record:
            try:
                count_request(request, record)
                response = get_response(request)
            except DomainError as error:
                response = domain_error_response(request, error)
        if record.rejection and response.status_code == 200:
            response.status_code = status_of(record.rejection)
        for name, value in record.headers.items():
            response.headers[name] = value
        return response

    return middleware


def domain_error_pages(get_response: GetResponse) -> GetResponse:
    """Shows the error page of a domain error that a view did not catch."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, DomainError):
            # "Not found." says less than the page for that status.
            detail = "" if isinstance(exception, NotFound) else exception.detail
            return error_response(request, status_of(exception), exception.code, detail)
        return None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def count_player_forms(get_response: GetResponse) -> GetResponse:
    """Counts each form that a signed-in player sends, from any address."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_write = request.method not in SAFE_METHODS and not is_api(request.path)
        if is_write and request.user.is_authenticated:
            try:
                rate_limits.require("player_writes", str(request.user.pk))
            except DomainError as error:
                return domain_error_response(request, error)
        return get_response(request)

    return middleware


def reject_malformed_requests(get_response: GetResponse) -> GetResponse:
    """Rejects a request that the handler could not parse, after it was counted."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_malformed = getattr(request, "is_malformed", False)  # set by the handler
        return error_response(request, 400) if is_malformed else get_response(request)

    return middleware


def count_request(request: HttpRequest, record: rate_limits.RateLimitRecord) -> None:
    """Counts a request, unless it was counted before Django. Raises RateLimited."""
    scope = getattr(request, "scope", {})
    if RATE_LIMIT_STATUS not in scope:
        name, subject = find_count(
            request.method or "",
            request.path,
            lambda: request.headers.get("Authorization", ""),
            lambda: client_of(request).address,
        )
        rate_limits.require(name, subject)
        return
    status: rate_limits.RateLimitStatus | None = scope[RATE_LIMIT_STATUS]
    if status is None:  # it could not be counted
        return
    if status.is_over:
        error = rate_limits.RateLimited(status)
        record.reject(error)
        raise error
    record.update_tightest(status)
