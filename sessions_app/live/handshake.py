"""The handshake of a WebSocket: refusals, and the check of the origin."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from config.server.asgi import Scope, Send, read_header
from sessions_app.kernel import protocol
from sessions_app.kernel.socket_address import SUBPROTOCOL


async def send_refusal(scope: Scope, send: Send, code: str) -> None:
    """Accepts and closes a socket. Without accepting it, browsers could not read the reason.

    They also need one of the subprotocols that they offered: without it, they fail with 1006.
    """
    frame, close = protocol.final_error_frame(0, code)
    offered = scope["subprotocols"]
    subprotocol = SUBPROTOCOL if SUBPROTOCOL in offered else next(iter(offered), None)
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await send({"type": "websocket.send", "text": frame})
    await send({"type": "websocket.close", "code": int(close), "reason": close.name.lower()})


def has_own_origin(scope: Scope) -> bool:
    """Returns whether a page of this site opened the socket. Only then its cookie is used.

    Channels' `AllowedHostsOriginValidator` compares neither scheme nor port, rejects programs, which send no
    origin, and denies the handshake, so that a page can't read the reason.
    """
    try:
        origin, host = urlsplit(read_header(scope, b"origin")), read_header(scope, b"host")
    except ValueError:  # not an address
        return False
    schemes = ("https",) if settings.PRODUCTION else ("http", "https")
    bare_host = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    is_allowed = validate_host(bare_host.lower(), settings.ALLOWED_HOSTS)
    return origin.scheme in schemes and origin.netloc.lower() == host.lower() and is_allowed


def has_foreign_origin(scope: Scope) -> bool:
    """Returns whether a page of another site opened the socket. Programs send no origin."""
    return bool(read_header(scope, b"origin")) and not has_own_origin(scope)
