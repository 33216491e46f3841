"""Wraps the application with the limits that a request has as part of its connection.

uvicorn starts the next request of a connection when the response before it is complete. Here a response is
complete when its client has read nearly all of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from config.server.asgi import CLOSE, Receive, Scope, Send, send_error, set_request_id
from config.server.connections import GUARD, ConnectionGuard
from config.server.health import Health

PROGRESS = "tribehold.progress"  # of the requests of a connection, in the state of their scopes
LARGE_BYTES = 64 * 1024  # which asyncio buffers for a client before the sender has to wait


@dataclass(slots=True)
class Progress:
    """The state that a connection and the application share about its requests."""

    waiting_since: float  # for a head, if no request is open
    open_requests: int = 0  # with a complete head and an incomplete response
    is_responding: bool = False  # a response has begun
    is_busy: bool = False  # there is no room for the request

    def end_request(self, now: float) -> None:
        """Ends the oldest request."""
        self.open_requests -= 1
        self.is_responding = False
        self.waiting_since = now


class LimitedRequests:
    """The application that the server calls. It has the guard of all connections."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.application = application
        self.guard = ConnectionGuard()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the guard to the connections at the start, and requests to the application."""
        if scope["type"] == "lifespan":
            scope.get("state", {})[GUARD] = self.guard
        progress: Progress | None = scope.get("state", {}).get(PROGRESS)
        if scope["type"] != "http" or progress is None:
            await self.application(scope, receive, send)
            return

        async def send_slowly(message: Mapping[str, Any]) -> None:
            progress.is_responding = True
            if len(message.get("body", b"")) > LARGE_BYTES and not message.get("more_body"):
                await send({**message, "more_body": True})
                message = {"type": "http.response.body"}  # waits until the client has read
            await send(message)

        self.guard.running += 1
        try:
            if progress.is_busy and scope["path"] not in Health.PATHS:
                set_request_id(scope)
                await send_error(scope, send_slowly, 503, "busy", CLOSE)
            else:
                await self.application(scope, receive, send_slowly)
        finally:
            self.guard.running -= 1
            progress.end_request(self.guard.now())
