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
MAX_DRAINED_BYTES = 8 * 1024 * 1024  # of a client that still sends after the close frame


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


class DrainingTransport:
    """A transport that can end a connection so that the client gets what was written before.

    If data of the client is unread when a connection is closed, the kernel resets it, and the client never
    sees the close frame. A draining transport only says that nothing more will be written. Its protocol then
    discards what arrives, until the client closes the connection, or `WebSocketProtocol.check` ends it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.is_draining = self.has_ended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def close(self) -> None:
        """Closes the connection, or ends the writing side of one that is drained."""
        if not self.is_draining or not self.transport.can_write_eof():
            self.transport.close()
        elif not self.has_ended and not self.transport.is_closing():
            self.has_ended = True
            self.transport.write_eof()
            self.transport.resume_reading()


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
        self.drained_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection over from HTTP. Ends it if its address has too many."""
        draining: Any = DrainingTransport(transport)
        super().connection_made(draining)
        self.transport = draining
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
        """Parses received data, or discards it after the close frame.

        Rejects a handshake that can't be parsed, for which uvicorn sends nothing.
        """
        if self.transport.is_draining:  # type: ignore[attr-defined]
            self.drained_bytes += len(data)
            if self.drained_bytes > MAX_DRAINED_BYTES:
                self.abort()
            return
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
            self.transport.is_draining = True  # type: ignore[attr-defined]
            super().handle_parser_exception()
