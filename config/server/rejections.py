"""Errors that end a connection, sent without the application."""

import asyncio
from email.utils import formatdate
from http import HTTPStatus

from config.http.request_id import REQUEST_ID, choose_request_id
from config.server.asgi import CLOSE, build_error

LINGER_SECONDS = 1.0  # in which a rejected client that still sends can read the error


def send_rejection(
    transport: asyncio.Transport, status: int, code: str = "", *, path: str, sent_id: bytes = b""
) -> None:
    """Sends an error as the last response of a connection, and ends it.

    If it closed at once, with unread bytes, the kernel would reset the connection, and the client might
    never see the error (RFC 9112, 9.6).
    """
    token = REQUEST_ID.set(choose_request_id(sent_id.decode("latin1")))
    try:
        headers, body = build_error(path.partition("?")[0], status, code, CLOSE)
    finally:
        REQUEST_ID.reset(token)  # later requests inherit the context of this call
    date = (b"date", formatdate(usegmt=True).encode())
    lines = b"".join(b"%s: %s\r\n" % each for each in (date, *headers))
    phrase = HTTPStatus(status).phrase.encode()
    transport.write(b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (status, phrase, lines, body))
    transport.write_eof()
    asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)
