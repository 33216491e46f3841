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
    """A connection that sends raw bytes, and reads responses one by one."""

    def __init__(self, site: Site) -> None:
        self.socket = socket.create_connection(("127.0.0.1", site.port), timeout=8)
        self.reader = self.socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Sends as much as the server accepts."""
        with contextlib.suppress(ConnectionError):
            for part in parts:
                self.socket.sendall(part)

    def receive(self) -> httpx.Response | None:
        """Returns the next response, or None at the end of the connection."""
        head = []
        with contextlib.suppress(ConnectionError):
            while line := self.reader.readline().strip():
                head.append(line)
        if not head:
            return None
        headers = [tuple(line.split(b": ", 1)) for line in head[1:]]
        response = httpx.Response(int(head[0].split()[1]), headers=headers)  # type: ignore[arg-type]
        body = self.reader.read(int(response.headers["content-length"]))
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    def status(self) -> int | None:
        """Returns the status of the next response."""
        response = self.receive()
        return response.status_code if response else None


def exchange(site: Site, *parts: bytes) -> httpx.Response:
    """Sends raw bytes; returns the only response, after which the connection ends."""
    with Client(site) as client:
        client.send(*parts)
        response = client.receive()
        assert response
        assert client.receive() is None
    return response


def assert_shape(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.headers["connection"] == "close"
    document = orjson.loads(response.content)
    assert document.keys() == {"type", "errors", "request_id"}
    assert document["type"] == "client_error"
    [error] = document["errors"]
    assert (error["code"], error["attr"]) == (code, None)
    assert error["detail"]
    assert document["request_id"] == response.headers["x-request-id"] != ""
