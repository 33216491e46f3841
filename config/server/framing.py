"""Whether a request has a body. Rejects requests that two servers could read differently. Pure."""

from typing import Literal

Framing = Literal["body", "none"]


def read_framing(headers: list[tuple[bytes, bytes]]) -> Framing | None:
    """Returns whether a request has a body. None for an ambiguous one.

    A proxy and this server must agree on the site and on the end of the body. So every version of HTTP
    needs exactly one `Host` (RFC 9112, 3.2). The only transfer coding is `chunked`, and `TE` must not name
    it (RFC 9110, 10.1.4). Names are in lower case.
    """
    hosts = 0
    framing: Framing = "none"
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if not value:
                return None
        elif name == b"content-length":
            framing = "body"
        elif name == b"transfer-encoding":
            framing = "body"
            if value.lower() != b"chunked":
                return None
        elif name == b"te" and b"chunked" in value.lower():
            return None
    return framing if hosts == 1 else None


def opens_socket(headers: list[tuple[bytes, bytes]]) -> bool:
    """Returns whether a request opens a WebSocket. Names are in lower case."""
    last = dict(headers)
    if b"upgrade" not in last:
        return False
    tokens = last.get(b"connection", b"").lower().split(b",")
    return last[b"upgrade"].lower() == b"websocket" and b"upgrade" in map(bytes.strip, tokens)
