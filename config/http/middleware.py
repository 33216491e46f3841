"""What every request gets, whoever answers it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers

from config.http.client import client_of
from config.http.error_statuses import status_of
from config.http.errors import domain_error_response, error_response
from config.http.request_id import REQUEST_ID, choose_request_id
from config.kernel.errors import DomainError
from config.kernel.paths import is_api, is_json
from config.limits import rate_limits
from config.limits.request_limits import SAFE_METHODS, find_policy
from config.ops.redaction import is_secret_path

RATE_LIMIT_STATUS = (
    "tribehold.standing"  # where a scope says how a request stands that is counted already
)
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def request_id(get_response: GetResponse) -> GetResponse:
    """Give each request an id: in its answer's header, in the bodies of errors and in the log."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        own = choose_request_id(request.headers.get("X-Request-Id", ""))
        REQUEST_ID.set(own)
        response = get_response(request)
        response["X-Request-Id"] = own
        return response

    return middleware


def error_envelope(get_response: GetResponse) -> GetResponse:
    """Fill in the errors that Django answers with a blank page, as for a method not allowed."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponse) or response.status_code < 400:
            return response
        has_json = response.headers.get("Content-Type") == "application/json"
        if not response.content or (is_json(request.path) and not has_json):
            shaped = error_response(request, response.status_code)
            response.content = shaped.content
            response["Content-Type"] = shaped["Content-Type"]
            response["Content-Length"] = str(len(shaped.content))  # it was that of the blank page
        return response

    return middleware


def protect_secret_urls(get_response: GetResponse) -> GetResponse:
    """Keep addresses that hold a secret, as links in emails do, out of caches and other logs.

    What such a page loads, and where it leads, is told the origin alone. Not `no-referrer`: browsers would
    send the page's form with `Origin: null`, which the check of CSRF refuses.
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
            return error_response(request, status_of(exception), exception.code)
        return None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def count_player_writes(get_response: GetResponse) -> GetResponse:
    """Count each form that a signed-in player sends, whatever address it comes from."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_write = request.method not in SAFE_METHODS and not is_api(request.path)
        if is_write and request.user.is_authenticated:
            try:
                rate_limits.require("page_writes", str(request.user.pk))
            except DomainError as refusal:
                return domain_error_response(request, refusal)
        return get_response(request)

    return middleware


def reject_malformed_requests(get_response: GetResponse) -> GetResponse:
    """Refuse a request that could not be read, after it was counted like any other."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_malformed = getattr(request, "is_malformed", False)  # the handler says so
        return error_response(request, 400) if is_malformed else get_response(request)

    return middleware


def count_request(request: HttpRequest, record: rate_limits.RateLimitRecord) -> None:
    """Counts a request by its address, unless the fast lane has done that. Raises RateLimited."""
    scope = getattr(request, "scope", {})
    if RATE_LIMIT_STATUS not in scope:
        name = find_policy(request.method or "", request.path)
        rate_limits.require(name, client_of(request).address)
        return
    status: rate_limits.RateLimitStatus | None = scope[RATE_LIMIT_STATUS]
    if status is None:  # it could not be counted
        return
    if status.is_over:
        error = rate_limits.RateLimited(status)
        record.reject(error)
        raise error
    record.add(status)
