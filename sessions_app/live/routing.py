"""Everything about sockets in a process, and which address leads to which socket."""

import re
from uuid import UUID

from django.conf import settings
from django.urls.converters import UUIDConverter

from config.http.secure_transport import is_secure
from config.limits.request_limits import RequestCounter
from config.server.asgi import Receive, Scope, Send
from sessions_app.kernel.socket_address import SUBPROTOCOL
from sessions_app.live import handshake
from sessions_app.live.hub import Hub
from sessions_app.live.list_feed import ListFeed
from sessions_app.live.reconciliation import Reconciler
from sessions_app.live.sockets import serve_list, serve_seat

SEAT_PATH = re.compile(rf"/ws/game-sessions/({UUIDConverter.regex})")
LIST_PATH = "/ws/lobbies"


class WebSocketRouter:
    """The ASGI application for WebSockets, for one event loop."""

    def __init__(self, counter: RequestCounter) -> None:
        self.counter = counter
        self.hub = Hub()
        self.list_feed = ListFeed(self.hub)
        self.reconciler = Reconciler(self.hub)

    async def open(self) -> None:
        """Starts. Waits for nothing, because the database and Redis may be unavailable."""
        await self.hub.open()
        self.reconciler.open()

    async def close(self) -> None:
        """Stops."""
        await self.hub.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a WebSocket. Each counts for its address, whatever its path."""
        rate_limit = await self.counter.count("sockets", scope)
        error = ""
        if rate_limit and rate_limit.is_over:
            error = "too_many_sockets"
        elif settings.SECURE_SSL_REDIRECT and not is_secure(scope):
            error = "insecure_transport"
        if error:
            await receive()
            subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
            await handshake.refuse(send, error, subprotocol)
        elif found := SEAT_PATH.fullmatch(scope["path"]):
            await serve_seat(self.hub, UUID(found[1]), scope, receive, send)
        elif scope["path"] == LIST_PATH:
            await serve_list(self.list_feed, scope, receive, send)
        else:
            await receive()
            await handshake.refuse(send, "not_found")
