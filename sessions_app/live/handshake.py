"""Accepts or refuses a WebSocket: its subprotocol, its origin, and how many there are."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from config.server.asgi import Receive, Scope, Send, read_header
from sessions_app.kernel.socket_address import SUBPROTOCOL
from sessions_app.live import protocol
from sessions_app.live.base_socket import Socket
from sessions_app.live.hub import Hub


async def accept(hub: Hub, socket: Socket, scope: Scope, receive: Receive, send: Send) -> bool:
    """Accepts a socket with our subprotocol while there is room. Returns whether it was accepted."""
    await receive()
    if SUBPROTOCOL not in scope["subprotocols"]:
        # Browsers read the close code only where one of the subprotocols that they offered was chosen.
        await refuse(send, "bad_subprotocol", next(iter(scope["subprotocols"]), None))
    elif not socket.is_seat and _has_foreign_origin(scope):  # seats are protected by tickets
        await refuse(send, "foreign_origin", SUBPROTOCOL)
    elif not hub.admit(socket):
        await refuse(send, "too_many_sockets", SUBPROTOCOL)
    else:
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        return True
    return False


async def refuse(send: Send, code: str, subprotocol: str | None = None) -> None:
    """Closes a socket at once. It is accepted first, because browsers can not read the reason otherwise."""
    frame, close = protocol.write_final_error(0, code)
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await send({"type": "websocket.send", "text": frame})
    await send({"type": "websocket.close", "code": int(close), "reason": close.name.lower()})


def has_own_origin(scope: Scope) -> bool:
    """Returns whether a page of this site opened the socket. Only then its cookie counts."""
    try:
        origin, host = urlsplit(read_header(scope, b"origin")), read_header(scope, b"host")
    except ValueError:  # not an address
        return False
    schemes = ("https",) if settings.PRODUCTION else ("http", "https")
    bare_host = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    is_allowed = validate_host(bare_host.lower(), settings.ALLOWED_HOSTS)
    return origin.scheme in schemes and origin.netloc.lower() == host.lower() and is_allowed


def _has_foreign_origin(scope: Scope) -> bool:
    """Returns whether a page of another site opened the socket. Programs send no origin."""
    return bool(read_header(scope, b"origin")) and not has_own_origin(scope)
