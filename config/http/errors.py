"""Responses for errors. All of them have one form:

    {"type": "client_error", "errors": [{"code": "not_found", "detail": "…", "attr": null}],
     "request_id": "…"}

`type` is `validation_error`, `client_error` or `server_error`. `code` is for programs and does not change.
`detail` is for people. `attr` is the field. Errors under `/api/`, and of paths that end with `.json`, have
this form, also if Django or the server makes them before a view is called. All other errors are pages.
"""

import json
import sys
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from drf_standardized_errors import formatter, handler
from drf_standardized_errors.types import ErrorResponse
from rest_framework import exceptions

from config.http.error_statuses import status_of
from config.http.next_url import find_page, referring_page
from config.http.quotas import usage_headers
from config.http.request_id import REQUEST_ID
from config.http.stale_forms import show_form_again
from config.kernel.errors import RETRY_SECONDS, DomainError
from config.kernel.paths import is_json
from config.limits.quotas import QuotaReached

# The default code and sentence of errors, by status.
MESSAGES = {
    400: ("bad_request", "The request can't be understood."),
    403: (
        "permission_denied",
        "You can't do this, or the page expired. Reload and try again.",
    ),
    404: ("not_found", "Nothing exists at this address."),
    405: ("method_not_allowed", "This method is not allowed at this address."),
    408: ("body_too_slow", "The request came too slowly. Send it again on a better connection."),
    412: ("precondition_failed", "This has changed since you loaded it. Reload it."),
    413: ("body_too_large", "The request is too large."),
    431: ("headers_too_large", "The headers of the request are too large."),
    500: (
        "error",
        "Something went wrong on our side. The error has been logged. Please try again.",
    ),
    503: ("unavailable", "The site is busy or under maintenance. Please try again in a moment."),
}
RELOADED_METHODS = ("GET", "HEAD")  # of requests that a link can repeat
PAGE_MESSAGES = {404: "Page not found."}  # on pages


def render_error(
    path: str, status: int, code: str = "", detail: str = "", *, retry: bool = True
) -> tuple[str, bytes]:
    """Returns the content type and the body of an error. Needs neither user nor database.

    Code and detail default to those of the status. `retry` adds a link to the same page.
    """
    default_code, default_detail = MESSAGES.get(status, MESSAGES[500 if status >= 500 else 400])
    code, detail, own_id = code or default_code, detail or default_detail, REQUEST_ID.get()
    if is_json(path):
        kind = "client_error" if status < 500 else "server_error"
        errors = [{"code": code, "detail": detail, "attr": None}]
        body = {"type": kind, "errors": errors, "request_id": own_id}
        return "application/json", json.dumps(body).encode()
    context = {"status": status, "detail": detail, "again": retry, "request_id": own_id}
    return "text/html; charset=utf-8", render_to_string("errors/server.html", context).encode()


def error_response(
    request: HttpRequest, status: int, code: str = "", detail: str = ""
) -> HttpResponse:
    """Returns the response for a status: JSON for the API, a page for people."""
    if is_json(request.path) or status >= 500:
        content_type, body = render_error(request.path, status, code, detail)
        return HttpResponse(body, content_type=content_type, status=status)
    default = PAGE_MESSAGES.get(status) or MESSAGES.get(status, MESSAGES[400])[1]
    context = {
        "status": status,
        "detail": detail or default,
        "request_id": REQUEST_ID.get(),
        "again": find_retry_url(request) if status == 403 and not detail else "",
    }
    return render(request, "errors/client.html", context, status=status)


def find_retry_url(request: HttpRequest) -> str:
    """Returns the URL to try again: the requested page, or the one with the form that was sent."""
    if request.method in RELOADED_METHODS:
        return request.get_full_path()
    page = referring_page(request)
    if page.strip("/"):
        return page
    # Pages with a secret URL send no path in `Referer` (config.http.middleware.protect_secret_urls). Their
    # forms go to the same URL.
    return request.get_full_path() if find_page(request.path) else page


def domain_error_response(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Returns the response to a domain error that is raised before a view is called."""
    status, retry = status_of(error), request.method in RELOADED_METHODS
    content_type, body = render_error(request.path, status, error.code, error.detail, retry=retry)
    return HttpResponse(body, content_type=content_type, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Returns the response of Django's handler400."""
    status = 413 if type(exception).__name__ == "RequestDataTooBig" else 400
    return error_response(request, status)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Returns the response of Django's handler403."""
    return error_response(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Returns the response of Django's handler404."""
    return error_response(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Returns the response of Django's handler500. If the database is unavailable, it is a 503."""
    if not isinstance(sys.exception(), OperationalError):
        return error_response(request, 500)
    response = error_response(request, 503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Returns the response of Django's CSRF_FAILURE_VIEW: for a form of another site or of an old page."""
    return show_form_again(request) or error_response(request, 403, "csrf_failed")


class ExceptionHandler(handler.ExceptionHandler):
    """Converts exceptions of API views into responses."""

    def get_headers(self, exc: exceptions.APIException) -> dict[str, str]:
        """Returns the headers of an error, with the usage of a quota that was reached, or `Retry-After`."""
        headers: dict[str, str] = super().get_headers(exc)
        if exc.status_code == 503:
            headers["Retry-After"] = str(RETRY_SECONDS)
        usages = [self.exc.usage] if isinstance(self.exc, QuotaReached) else []
        return headers | usage_headers(usages)

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Converts domain errors and exceptions of Django into errors of the API."""
        if isinstance(exc, DomainError):
            return _api_error(status_of(exc), exc.code, exc.detail)
        if isinstance(exc, SuspiciousOperation):  # for example, too many parameters
            return exceptions.ParseError(MESSAGES[400][1], MESSAGES[400][0])
        if isinstance(exc, OperationalError):
            return _api_error(503, *MESSAGES[503])
        return super().convert_known_exceptions(exc)


class ExceptionFormatter(formatter.ExceptionFormatter):
    """Adds the request's id, and all reasons of a domain error with their fields."""

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        """Returns the body of an error."""
        body: dict[str, Any] = super().format_error_response(error_response)
        if isinstance(self.original_exc, DomainError):
            body["errors"] = [
                {"code": code, "detail": detail, "attr": field}
                for code, detail, field in self.original_exc.reasons
            ]
        return body | {"request_id": REQUEST_ID.get()}


def _api_error(status: int, code: str, detail: str) -> exceptions.APIException:
    error = exceptions.APIException(detail, code)
    error.status_code = status
    return error
