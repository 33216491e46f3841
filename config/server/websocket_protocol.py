"""WebSockets before the application: limits for frames that the application never sees.

uvicorn responds to pings and joins the parts of messages in the event loop, which all sockets share. These
two subclasses count frames where they are parsed. docs/decisions/0020-private-apis.md lists what they use
of the internals of uvicorn and websockets.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import HeaderLineTooLong, ProtocolError, RequestLineTooLong
from websockets.protocol import State
from websockets.server import ServerProtocol

from config.kernel.close_codes import TOO_MUCH
from config.limits.token_bucket import TokenBucket
from config.server.connections import AWAITING_HEAD, GUARD, ConnectionGuard
from config.server.rejections import send_rejection

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState
    from websockets.frames import Frame

# Frames of one socket. This is twice what a client needs that obeys the limit of messages
# (sessions_app/live), gets fifty warnings, and sends pings.
FRAMES_PER_SECOND = 50.0
FRAME_BURST = 200.0
CLOSE_TIMEOUT_SECONDS = 2.0  # for the client's own close frame; by then it has received ours
BYTES_PER_TOKEN = 1024  # a larger frame costs one more token for each


class FrameLimitingParser(ServerProtocol):
    """A parser of WebSockets that limits frames of all kinds.

    It counts each frame as it is parsed, because one read may contain forty thousand of them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.frames = TokenBucket(
            per_second=FRAMES_PER_SECOND, burst=FRAME_BURST, now=time.monotonic()
        )

    def recv_frame(self, frame: "Frame") -> None:
        """Counts a frame and handles it. Raises ProtocolError above the limit, which stops the parser."""
        if not self.frames.take(time.monotonic(), 1 + len(frame.data) // BYTES_PER_TOKEN):
            # Called before the exception is raised, because only the first close code is sent.
            self.fail(TOO_MUCH, "too_much")
            raise ProtocolError("too many frames")
        super().recv_frame(frame)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket, with a limit for its frames. It has no compression.

    The guard counts it as a connection, and may end it while it waits for the client's close frame.
    """

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: dict[str, Any],
        _loop: "asyncio.AbstractEventLoop | None" = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = FrameLimitingParser(max_size=config.ws_max_size)
        self.guard: ConnectionGuard = app_state[GUARD]
        self.closing_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection over from HTTP. Ends it if its address has too many."""
        super().connection_made(transport)
        self.transport = transport
        self.guard.remove(transport.get_protocol())
        if not self.guard.add(self, transport):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection from the guard."""
        self.guard.remove(self)
        super().connection_lost(exc)

    @property
    def waiting_since(self) -> tuple[int, float] | None:
        """Since when the server waits for the client's close frame."""
        if self.conn.state is not State.CLOSING:
            return None
        return AWAITING_HEAD, self.closing_since or self.guard.now()

    def check(self, now: float) -> None:
        """Ends a socket whose client does not respond to a close frame.

        sessions_app.live.reconciliation ends sockets that read too slowly.
        """
        if self.conn.state is State.CLOSING:
            self.closing_since = self.closing_since or now
            if now - self.closing_since > CLOSE_TIMEOUT_SECONDS:
                self.abort()

    def unread_bytes(self) -> int:
        """Returns how many bytes wait in memory for the client."""
        return self.transport.get_write_buffer_size()

    def abort(self) -> None:
        """Ends the connection at once."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parses received data. Rejects a handshake that can't be parsed, for which uvicorn sends nothing."""
        super().data_received(data)
        error = self.conn.handshake_exc
        if error is not None and not self.transport.is_closing():
            is_too_large = isinstance(error, RequestLineTooLong | HeaderLineTooLong)  # over 8 KiB
            send_rejection(self.transport, 431 if is_too_large else 400, path="/api/")
            self.transport.pause_reading()

    def handle_parser_exception(self) -> None:
        """Ends a socket that sent malformed or too many frames. Sends nothing before it is accepted."""
        if self.conn.close_sent is None:
            self.abort()
        else:
            super().handle_parser_exception()
