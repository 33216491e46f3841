"""The address of the OpenAPI schema.

It is made once, by one request: making it takes a while, and drf-spectacular's maker is not for threads.
"""

import threading

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView

from config.api import JSONRenderer

make = SpectacularAPIView.as_view(api_version="1", renderer_classes=[JSONRenderer])
making = threading.Lock()
made: list[bytes] = []


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The schema, as JSON."""
    with making:
        if not made:
            made.append(make(request).render().content)
    return HttpResponse(made[0], content_type="application/json")
