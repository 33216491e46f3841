"""Types of ASGI, and responses that the server sends without Django."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from config.http.cross_origin import HEADERS, is_shared
from config.http.errors import render_error
from config.http.request_id import REQUEST_ID, choose_request_id
from config.kernel.errors import RETRY_SECONDS

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
CLOSE = (b"connection", b"close")


def encode_headers(headers: Mapping[str, str]) -> Headers:
    """Returns headers for ASGI."""
    return [
        (name.lower().encode("ascii"), value.encode("latin1")) for name, value in headers.items()
    ]


CROSS_ORIGIN_HEADERS = encode_headers(HEADERS)


def read_header(scope: Scope, name: bytes) -> str:
    """Returns the last header of a name, or an empty text."""
    return next((v.decode("latin1") for k, v in reversed(scope["headers"]) if k == name), "")


def set_request_id(scope: Scope) -> None:
    """Sets the id of the request for this context: for its errors and for the log."""
    REQUEST_ID.set(choose_request_id(read_header(scope, b"x-request-id")))


def build_error(
    path: str,
    status: int,
    code: str = "",
    *more: tuple[bytes, bytes],
    detail: str = "",
    retry: bool = True,
) -> tuple[Headers, bytes]:
    """Returns the headers and the body of an error that needs neither Django's views nor the database."""
    content_type, body = render_error(path, status, code, detail, retry=retry)
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", REQUEST_ID.get().encode()),
        *more,
        *(CROSS_ORIGIN_HEADERS if is_shared(path) else ()),
    ]
    if status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_SECONDS))
    return headers, body


async def send_bytes(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Sends a complete response."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_error(
    scope: Scope,
    send: Send,
    status: int,
    code: str = "",
    *more: tuple[bytes, bytes],
    detail: str = "",
    retry: bool = True,
) -> None:
    """Sends an error that needs neither Django's views nor the database."""
    error = build_error(scope["path"], status, code, *more, detail=detail, retry=retry)
    await send_bytes(send, status, *error)
