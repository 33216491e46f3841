"""Types of ASGI, and responses that the server sends without Django."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from config.http.errors import render_error
from config.http.request_id import REQUEST_ID, choose_request_id
from config.kernel.errors import RETRY_SECONDS

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
CLOSE = (b"connection", b"close")


def read_header(scope: Scope, name: bytes) -> str:
    """Returns the last header of a name, or an empty text."""
    return next((v.decode("latin1") for k, v in reversed(scope["headers"]) if k == name), "")


def set_request_id(scope: Scope) -> None:
    """Sets the id of the request for this context: for its errors and for the log."""
    REQUEST_ID.set(choose_request_id(read_header(scope, b"x-request-id")))


def build_headers(content_type: str, body: bytes, *more: tuple[bytes, bytes]) -> Headers:
    """Returns the headers of a response that the server sends without Django."""
    return [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", REQUEST_ID.get().encode()),
        *more,
    ]


def build_error(
    path: str, status: int, code: str = "", *more: tuple[bytes, bytes]
) -> tuple[Headers, bytes]:
    """Returns the headers and the body of an error that needs neither Django's views nor the database."""
    content_type, body = render_error(path, status, code)
    headers = build_headers(content_type, body, *more)
    if status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_SECONDS))
    return headers, body


async def send_bytes(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Sends a complete response."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_error(
    scope: Scope, send: Send, status: int, code: str = "", *more: tuple[bytes, bytes]
) -> None:
    """Sends an error that needs neither Django's views nor the database."""
    await send_bytes(send, status, *build_error(scope["path"], status, code, *more))
