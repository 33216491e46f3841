"""What every request gets, whoever answers it."""

import contextvars
import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

REQUEST_ID: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Give each request an id: in its answer's header, in error bodies and in the log.

    An id that a proxy sends is kept, so that its log and ours can be read together.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        own = given if HARMLESS.fullmatch(given) else uuid.uuid4().hex
        REQUEST_ID.set(own)
        response = get_response(request)
        response["X-Request-Id"] = own
        return response

    return middleware
