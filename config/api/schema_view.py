"""The address of the OpenAPI schema.

It is made once, when somebody asks first, and from nothing that was sent: all others are given the same.
Making it takes a while, and drf-spectacular's maker is not for threads.
"""

import threading

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from config.api.serialization import JSONRenderer

making = threading.Lock()
made: list[bytes] = []


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The schema, as JSON, whatever else is asked for."""
    with making:
        if not made:
            found = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
            made.append(JSONRenderer().render(found))
    return HttpResponse(made[0], content_type="application/json")
