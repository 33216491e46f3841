"""Conditional requests (RFC 9110, 13): entity tags, and a 304 for a client that has the response."""

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
    """Returns the response of `make` with an entity tag, or a 304 to a client that has this response."""
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or make()
    if etag and response.status_code in (200, 304):
        response["ETag"] = etag
    return response


def conditional_json_response(
    request: Request, document: Any, *, is_public: bool = False
) -> HttpResponseBase:
    """Returns a document of the API, with the hash of its content as its tag.

    Shared caches may store a public one, separately for each reader, because its owner may see more of it.
    """
    tag = hashlib.sha256(orjson.dumps(document, default=str)).hexdigest()[:32]
    response = conditional_response(request, f'"{tag}"', lambda: Response(document))
    response["Cache-Control"] = "no-cache" if is_public else "private, no-cache"
    response["Vary"] = "Authorization"
    return response
