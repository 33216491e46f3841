"""WebSockets before the application: frames that never reach it are bounded too.

uvicorn answers pings and joins the parts of messages by itself, in the event loop where everybody's
messages are served. These two subclasses count frames where they are parsed.
"""

import time
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ProtocolError
from websockets.server import ServerProtocol

from config.server.connections import AWAITING_HEAD, guard_of

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState
    from websockets.frames import Frame

# Frames of a socket. Ten messages a second and bursts of twenty are a player's pace, and fifty hasty ones
# are told so before the end (sessions_app): all that, and pings, fits in twice.
FRAMES_PER_SECOND = 50.0
MAX_FRAME_BURST = 200.0
CLOSE_TIMEOUT_SECONDS = 2.0  # for the client's answer to a close, which it has been sent by then
BYTES_PER_TOKEN = 1024  # bytes: each whole one counts as a frame more
CLOSE_TOO_MUCH = 4429  # sessions_app.live.protocol.Close has it too, which nothing here may import


class FrameLimitingParser(ServerProtocol):
    """A WebSocket's parser that takes so many frames and no more: of all kinds, whole messages or not.

    Counted where they are parsed, since one read may bring forty thousand of them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tokens, self.refilled_at = MAX_FRAME_BURST, time.monotonic()

    def recv_frame(self, frame: "Frame") -> None:
        """Take a frame. Raises ProtocolError, which stops the parser and drops what it has not read."""
        now = time.monotonic()
        grown = self.tokens + (now - self.refilled_at) * FRAMES_PER_SECOND
        self.tokens = min(MAX_FRAME_BURST, grown) - 1 - len(frame.data) // BYTES_PER_TOKEN
        self.refilled_at = now
        if self.tokens < 0:
            self.fail(
                CLOSE_TOO_MUCH, "too_much"
            )  # the first reason to fail is the one that is sent
            raise ProtocolError("too many frames")
        super().recv_frame(frame)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose frames are counted. It compresses nothing.

    The guard counts it among the connections, and may end it while it waits for the answer to a close.
    """

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: dict[str, Any],
        _loop: "asyncio.AbstractEventLoop | None" = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = FrameLimitingParser(max_size=config.ws_max_size, logger=self.conn.logger)
        self.guard = guard_of(server_state)
        self.close_timeout = CLOSE_TIMEOUT_SECONDS

    def connection_made(self, transport: "asyncio.BaseTransport") -> None:
        """Take over from HTTP; end the connection where its address has too many."""
        super().connection_made(transport)
        if not self.guard.add(self, self.client[0] if self.client else None):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self.guard.remove(self)
        super().connection_lost(exc)

    @property
    def waits(self) -> tuple[int, float] | None:
        """Since when the client has not answered a close."""
        if not self.close_timer:
            return None
        return AWAITING_HEAD, self.close_timer.when() - self.close_timeout

    def check(self, now: float) -> None:
        """Sockets watch their readers themselves (sessions_app.live.sockets)."""

    def unread_bytes(self) -> int:
        """Returns how much the process keeps for the client to read."""
        return self.transport.get_write_buffer_size()

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    def handle_ping(self) -> None:
        """Answer a ping; a client that doesn't read the answers is not heard until it does."""
        super().handle_ping()
        if not self.writable.is_set() and not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again. While messages wait for the application, that is who resumes."""
        super().resume_writing()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()

    def handle_parser_exception(self) -> None:
        """End a socket whose frames are none, or too many; before it is accepted, without a word."""
        if self.conn.close_sent is None:
            self.transport.abort()
        else:
            super().handle_parser_exception()
