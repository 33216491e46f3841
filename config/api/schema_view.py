"""The URL of the OpenAPI schema.

The schema is generated once, at the first request, because that is slow. It does not depend on the request.
drf-spectacular's generator is not thread-safe.
"""

import functools
import threading

from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import SchemaGenerator

from config.api.serialization import JSONRenderer
from config.http.methods import require_safe

_lock = threading.Lock()


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """Returns the schema as JSON. Ignores the query and the headers of the request."""
    with _lock:
        body = render_schema()
    return HttpResponse(body, content_type="application/json")


@functools.cache
def render_schema() -> bytes:
    """Returns the schema. A failure is not cached."""
    document = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return JSONRenderer().render(document)
