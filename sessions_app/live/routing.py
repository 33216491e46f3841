"""The ASGI application for WebSockets, and the routes of its consumers."""

from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.conf import settings
from django.urls import path, re_path

from config.http.secure_transport import is_secure
from config.limits.request_policies import RequestCounter
from config.server.asgi import Receive, Scope, Send
from sessions_app.live.consumers import ListConsumer, RefusingConsumer, SeatConsumer
from sessions_app.live.handshake import send_refusal
from sessions_app.live.hub import Hub
from sessions_app.live.identification import IS_ADDRESS_LIMITED
from sessions_app.live.reconciliation import Reconciler
from sessions_app.lobby_list.feed import ListFeed


class WebSocketApplication:
    """The ASGI application for WebSockets, for one event loop."""

    def __init__(self, counter: RequestCounter) -> None:
        self.counter = counter
        self.hub = Hub()
        self.reconciler = Reconciler(self.hub)
        seat = SeatConsumer.as_asgi(hub=self.hub)
        self.router = URLRouter(
            [
                path("ws/game-sessions/<id:session_id>", CookieMiddleware(seat)),
                path("ws/lobbies", ListConsumer.as_asgi(feed=ListFeed(self.hub))),
                re_path("", RefusingConsumer.as_asgi()),
            ]
        )

    async def open(self) -> None:
        """Opens the hub and starts reconciliation. Does not wait for the database or Redis."""
        await self.hub.open()
        self.reconciler.open()

    async def close(self) -> None:
        """Closes the hub, which also stops reconciliation."""
        await self.hub.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a WebSocket. Each counts for the rate limit of its address, whatever its path.

        Consumers decide what the limit means: a player with a ticket or a resume token must get in.
        """
        rate_limit = await self.counter.count_socket(scope)
        if settings.SECURE_SSL_REDIRECT and not is_secure(scope):
            await receive()
            await send_refusal(scope, send, "insecure_transport")
        else:
            scope = scope | {IS_ADDRESS_LIMITED: bool(rate_limit and rate_limit.is_over)}
            await self.router(scope, receive, send)
