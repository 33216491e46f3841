"""Adds the headers that browsers need to give a response to a page of another site (CORS).

It is outside of all else that responds, so that errors of the server, responses from memory and static files
have them, too.
"""

from collections.abc import Mapping
from typing import Any

from config.http.cross_origin import PREFLIGHT_HEADERS, is_shared
from config.http.request_id import REQUEST_ID
from config.server.asgi import (
    CROSS_ORIGIN_HEADERS,
    App,
    Receive,
    Scope,
    Send,
    encode_headers,
    read_header,
    send_bytes,
    set_request_id,
)

REPLACED = {name for name, _ in CROSS_ORIGIN_HEADERS}


class CrossOrigin:
    """Responds to preflights, and adds headers to the responses of the application."""

    def __init__(self, application: App) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, unless it is a preflight."""
        if scope["type"] != "http" or not is_shared(scope["path"]):
            await self.application(scope, receive, send)
            return
        if is_preflight(scope):
            set_request_id(scope)
            headers = PREFLIGHT_HEADERS | {"X-Request-Id": REQUEST_ID.get()}
            await send_bytes(send, 204, encode_headers(headers), b"")
            return

        async def send_shared(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                others = [each for each in message["headers"] if each[0] not in REPLACED]
                message = {**message, "headers": [*others, *CROSS_ORIGIN_HEADERS]}
            await send(message)

        await self.application(scope, receive, send_shared)


def is_preflight(scope: Scope) -> bool:
    """Returns whether a browser asks if a page may send a request. There is no token in that."""
    return (
        scope["method"] == "OPTIONS"
        and read_header(scope, b"origin") != ""
        and read_header(scope, b"access-control-request-method") != ""
    )
