"""The live part of a process, whole: hub, watch, list, and which socket leads where."""

import re
from uuid import UUID

from django.conf import settings
from django.urls.converters import UUIDConverter

from config.http.secure_transport import is_secure
from config.limits.request_limits import RequestCounter
from config.server.asgi import Receive, Scope, Send
from sessions_app.live.hub import Hub
from sessions_app.live.list_socket import Cards, serve_list
from sessions_app.live.protocol import SUBPROTOCOL
from sessions_app.live.reconciliation import Watch
from sessions_app.live.sockets import refuse, serve_seat

SEAT = re.compile(rf"/ws/game-sessions/({UUIDConverter.regex})")
LIST = "/ws/lobbies"


class Live:
    """Everything about sockets, for one event loop."""

    def __init__(self, counter: RequestCounter) -> None:
        self.counter = counter
        self.hub = Hub()
        self.cards = Cards(self.hub)
        self.watch = Watch(self.hub)

    async def open(self) -> None:
        """Begin. Waits for nothing: servers that are away may come."""
        await self.hub.open()
        self.watch.open()

    async def close(self) -> None:
        """End what is open."""
        await self.hub.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application for WebSockets. Each counts for its address, whatever its path."""
        standing = await self.counter.count("sockets", scope)
        code = ""
        if standing and standing.is_over:
            code = "too_many_sockets"
        elif settings.SECURE_SSL_REDIRECT and not is_secure(scope):
            code = "insecure_transport"
        if code:
            await receive()
            subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
            await refuse(send, code, subprotocol)
        elif found := SEAT.fullmatch(scope["path"]):
            await serve_seat(self.hub, UUID(found[1]), scope, receive, send)
        elif scope["path"] == LIST:
            await serve_list(self.cards, scope, receive, send)
        else:
            await receive()
            await refuse(send, "not_found")
