"""Conditional requests (RFC 9110, 13): entity tags, and 304 for whoever has the answer already."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request
from rest_framework.response import Response


def conditional_response(
    request: HttpRequest, etag: str | None, make: Callable[[], HttpResponse]
) -> HttpResponseBase:
    """What `make` answers, with its tag where it has one; a 304 without making it for whoever has it."""
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or make()
    if etag and response.status_code in (200, 304):
        response["ETag"] = etag
    return response


def conditional_json_response(
    request: Request, found: Any, *, is_public: bool = False
) -> HttpResponseBase:
    """A document of the API under the hash of what it says.

    Caches between may keep one that is public, for each reader apart: its owner may see more of it.
    """
    tag = hashlib.sha256(orjson.dumps(found, default=str)).hexdigest()[:32]
    response = conditional_response(request._request, f'"{tag}"', lambda: Response(found))
    response["Cache-Control"] = "no-cache" if is_public else "private, no-cache"
    response["Vary"] = "Authorization"
    return response
