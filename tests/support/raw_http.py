"""Requests that are sent byte by byte."""

import contextlib
import socket

import httpx
import orjson

from tests.support.live_site import Site

HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%s\r\n"
)


class Client:
    """A connection on which requests are said byte by byte, and answers read one after another."""

    def __init__(self, site: Site) -> None:
        self.socket = socket.create_connection(("127.0.0.1", site.port), timeout=8)
        self.reader = self.socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()
        self.socket.close()

    def say(self, *parts: bytes) -> None:
        """Send as much as the server takes: it may refuse the rest."""
        with contextlib.suppress(ConnectionError):
            for part in parts:
                self.socket.sendall(part)

    def hear(self) -> httpx.Response | None:
        """The next answer, whole; None at the end of the connection."""
        head = []
        with contextlib.suppress(ConnectionError):
            while line := self.reader.readline().strip():
                head.append(line)
        if not head:
            return None
        headers = [tuple(line.split(b": ", 1)) for line in head[1:]]
        answer = httpx.Response(int(head[0].split()[1]), headers=headers)  # type: ignore[arg-type]
        body = self.reader.read(int(answer.headers["content-length"]))
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)

    def status(self) -> int | None:
        """The status of the next answer."""
        answer = self.hear()
        return answer.status_code if answer else None


def exchange(site: Site, *parts: bytes) -> httpx.Response:
    """Send raw bytes; answers the one answer to it, after which the connection ends."""
    with Client(site) as client:
        client.say(*parts)
        answer = client.hear()
        assert answer
        assert client.hear() is None
    return answer


def assert_shape(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    document = orjson.loads(answer.content)
    assert document.keys() == {"type", "errors", "request_id"}
    assert document["type"] == "client_error"
    [error] = document["errors"]
    assert (error["code"], error["attr"]) == (code, None)
    assert error["detail"]
    assert document["request_id"] == answer.headers["x-request-id"] != ""
