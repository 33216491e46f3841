"""The edge before the application: what one connection may ask of the server that all others share.

uvicorn reads HTTP and WebSockets in the event loop, where everybody's messages are served, and bounds
neither what a request begins with nor the frames that never reach an application (pings, pongs, parts of
messages). These two subclasses do, and give uvicorn's own refusals the shape of ours.
"""

import asyncio
import time
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import HeaderLineTooLong, ProtocolError, RequestLineTooLong
from websockets.frames import Frame
from websockets.server import ServerProtocol

from config.errors import error_message
from config.handler import Receive, Scope, Send, header, send_error
from config.middleware import REQUEST_ID, choose_request_id

LARGEST_HEAD = 64 * 1024  # bytes of a request's first line and headers; of its trailers too
MOST_HEADERS = 100  # lines; browsers send about fifteen
HEAD_SECONDS = 10.0  # until the headers are whole: silent connections would take all there are
MOST_PIPELINED = 16  # requests that wait for the answer to one before; browsers send none
LINGERING = 1.0  # seconds in which a client that is refused may read why, while it still sends
# Frames of a socket. Ten messages a second and bursts of twenty are a player's pace, and fifty hasty ones
# are told so before the end (sessions_app): all that, and pings, fits in twice.
FRAMES_A_SECOND = 50.0
FRAME_BURST = 200.0
FRAME_UNIT = 1024  # bytes: each whole one counts as a frame more
TOO_MUCH = 4429  # sessions_app.protocol.Close has it too, which nothing here may import


class HeadTooLarge(Exception):
    """A request has too many lines of headers."""


class PipelineTooLong(Exception):
    """A client sends requests on and on, without waiting for answers."""


class HttpProtocol(HttpToolsProtocol):
    """HTTP with a bounded head, whose errors are in our shape."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limit_concurrency = None  # ours to look at, since its 503 has no shape
        self.room = LARGEST_HEAD  # bytes that may come before something else than a head does
        self.is_refused = False  # what it still sends is thrown away
        self.refusal = 400  # the status for what the parser doesn't take
        self.head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, though not forever."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client, and what was waited for."""
        super().connection_lost(exc)
        self._end_waiting()

    def data_received(self, data: bytes) -> None:
        """Parse what came, as far as there is room for a head.

        The parser keeps a header until its line ends, and tells of it only then: so the bytes are
        counted here. A head that begins in the middle of a piece is counted from the next piece on.
        """
        if self.timeout_keep_alive_task is not None:  # the first word after an answer
            self._await_head()
        while data and not self.is_refused:
            part, data = data[: self.room], data[self.room :]
            self.room -= len(part)
            super().data_received(part)
            if self.transport.get_protocol() is not self:  # it is a WebSocket now
                return
            if not self.room:
                self.refuse(431)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, or a trailer. Raises HeadTooLarge."""
        if len(self.headers) >= MOST_HEADERS:
            self.refusal = 431
            raise HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer; while there are too many connections, with a 503. Raises PipelineTooLong."""
        self.room = LARGEST_HEAD
        self._end_waiting()
        if len(self.pipeline) >= MOST_PIPELINED:
            raise PipelineTooLong
        most = self.config.limit_concurrency
        is_full = most is not None and max(len(self.connections), len(self.tasks)) >= most
        self.app = say_busy if is_full else self.config.loaded_app
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, which has limits of its own."""
        self.room = LARGEST_HEAD
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole: what follows is another one's head."""
        self.room = LARGEST_HEAD
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Become a WebSocket. A handshake that can't be read is answered: uvicorn would stay silent."""
        super().handle_websocket_upgrade()
        successor = self.transport.get_protocol()
        if isinstance(successor, WebSocketProtocol) and not successor.handshake_initiated:
            self.connections.discard(successor)
            self.connections.add(self)
            self.transport.set_protocol(self)
            too_large = (RequestLineTooLong, HeaderLineTooLong)  # one of 8 KiB is
            self.refuse(431 if isinstance(successor.conn.handshake_exc, too_large) else 400)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser doesn't take, in our words."""
        self.refuse(self.refusal)

    def refuse(self, status: int) -> None:
        """Answer with an error that the application has no part in, and end the connection."""
        if self.is_refused or self.transport.is_closing():
            return
        self.is_refused = True
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:  # its answer comes first, and nothing after it
                cycle.keep_alive = False
                return
            if cycle.response_started or self.pipeline:  # this would be taken for a part of that
                self.transport.close()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(self._error(status))
        # Closed at once, with bytes unread, the kernel would reset the connection, and the client might
        # never see the answer (RFC 9112, 9.6).
        self.transport.write_eof()
        self.loop.call_later(LINGERING, self.transport.abort)

    def _error(self, status: int) -> bytes:
        """An answer, whole. A request that can't be understood is a program's: it gets JSON."""
        path = "/api/"
        if status != 400:  # the parser tells the address before the headers
            path = self.url.decode("latin-1").partition("?")[0]
        given = dict(self.headers or ()).get(b"x-request-id", b"")  # of those that were read
        token = REQUEST_ID.set(choose_request_id(given.decode("latin-1")))
        try:
            content_type, body = error_message(path, status)
            headers = [
                *self.server_state.default_headers,
                (b"content-type", content_type.encode()),
                (b"content-length", b"%d" % len(body)),
                (b"x-request-id", REQUEST_ID.get().encode()),
                (b"connection", b"close"),
            ]
        finally:
            REQUEST_ID.reset(token)  # requests to come inherit the context of this call
        lines = b"".join(b"%s: %s\r\n" % each for each in headers)
        return STATUS_LINE[status] + lines + b"\r\n" + body

    def _await_head(self) -> None:
        self.head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_waiting(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None


async def say_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application while there are too many connections."""
    REQUEST_ID.set(choose_request_id(header(scope, b"x-request-id")))
    await send_error(scope, send, 503, "busy")


class CountedFrames(ServerProtocol):
    """A WebSocket's parser that takes so many frames and no more: of all kinds, whole messages or not.

    Counted where they are parsed, since one read may bring forty thousand of them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tokens, self.refilled_at = FRAME_BURST, time.monotonic()

    def recv_frame(self, frame: Frame) -> None:
        """Take a frame. Raises ProtocolError, which stops the parser and drops what it has not read."""
        now = time.monotonic()
        grown = self.tokens + (now - self.refilled_at) * FRAMES_A_SECOND
        self.tokens = min(FRAME_BURST, grown) - 1 - len(frame.data) // FRAME_UNIT
        self.refilled_at = now
        if self.tokens < 0:
            self.fail(TOO_MUCH, "too_much")  # the first reason to fail is the one that is sent
            raise ProtocolError("too many frames")
        super().recv_frame(frame)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose frames are counted. It compresses nothing."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = CountedFrames(max_size=config.ws_max_size, logger=self.conn.logger)

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
