"""Answers for whoever has them already (RFC 9110, 13)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response


def conditional(
    request: HttpRequest, etag: str | None, make: Callable[[], HttpResponse]
) -> HttpResponseBase:
    """What `make` answers, with its tag where it has one; a 304 without making it for whoever has it."""
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or make()
    if etag and response.status_code in (200, 304):
        response["ETag"] = etag
    return response
