"""HTTP before the application: what one connection may ask of the server that all others share.

uvicorn bounds neither what a request begins with, nor how slowly a client sends and reads. This subclass
does, and gives uvicorn's own refusals the shape of ours. docs/decisions/0016-bounds.md lists every bound.
"""

import asyncio
import contextlib
import socket
import struct
from typing import Any, Literal

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong

from config.http.errors import render_error
from config.http.request_id import REQUEST_ID, choose_request_id
from config.server.connections import (
    AWAITING_HEAD,
    AWAITING_TRANSFER,
    CHECK_INTERVAL_SECONDS,
    guard_of,
)
from config.server.handler import Receive, Scope, Send, read_header, send_error
from config.server.transfer_rates import TransferRate
from config.server.websocket_protocol import WebSocketProtocol

MAX_HEAD_BYTES = 64 * 1024  # bytes of a request's first line and headers; of its trailers too
MAX_HEADERS = 100  # lines; browsers send about fifteen
HEAD_TIMEOUT_SECONDS = (
    10.0  # until the headers are whole: silent connections would take all there are
)
# Until a body is whole; see config.server.transfer_rates for how slow it may be meanwhile
BODY_TIMEOUT_SECONDS = 120.0
# Parts that may be smaller than MIN_MEAN_PART_BYTES in the mean: each costs as much as a large one.
MAX_PARTS, MIN_MEAN_PART_BYTES = 1000, 64
MAX_PIPELINED = 16  # requests that wait for the answer to one before; browsers send none
LINGER_SECONDS = 1.0  # seconds in which a client that is refused may read why, while it still sends
HEALTH_PREFIX = b"/health/"  # is answered whatever else is full
# Where `struct tcp_info` of Linux has `tcpi_bytes_acked` (linux/tcp.h), and how much of it is read.
ACKED_BYTES_OFFSET, TCP_INFO_SIZE = 120, 192


class MalformedRequest(Exception):
    """The headers of a request contradict each other, or are too many; `refusal` has the status."""


class PipelineTooLong(Exception):
    """A client sends requests on and on, without waiting for answers."""


class HttpProtocol(HttpToolsProtocol):
    """HTTP with bounds on what a client sends and on how slowly, whose errors are in our shape.

    The guard calls `check` once a second.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limit_concurrency = None  # ours to look at, since its 503 has no shape
        self.guard = guard_of(server_state)
        self.url = b""  # of the request whose head was read last
        self.room = MAX_HEAD_BYTES  # bytes that may come before something else than a head does
        self.trailers: int | None = None  # lines; None while the headers are not whole
        self.is_refused = False  # what it still sends is thrown away
        self.refusal = 400  # the status for what the parser doesn't take
        self.head_began: float | None = None  # while no request is begun, or its head is incomplete
        self.body: TransferRate | None = None  # while a body is incomplete
        self.parts = self.part_byte_count = 0  # of that body
        self.unread: TransferRate | None = None  # while the client has a response to read
        self.acknowledged = 0  # bytes that the client had received when `unread` was last looked at
        # A request that is whole, and waits until the client has read the response before it.
        self.held: tuple[Any, Any] | None = None

    # ---- The life of a connection ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, though not forever, and not where there is no room for the connection."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else None
        most = self.config.limit_concurrency
        if most is not None and len(self.connections) >= most:
            self.guard.make_room()
        has_room = self.guard.add(self, peer)
        self._await_head()
        if not has_room:
            self.refuse(503, "busy")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client, and what was waited for."""
        self.guard.remove(self)
        self.held = None
        super().connection_lost(exc)

    @property
    def waits(self) -> tuple[int, float] | None:
        """Since when the client keeps us waiting: for a head or a body, or until it has read a response.

        Transfers wait since the beginning of a window: those that keep to the rate are not the oldest.
        """
        if self.head_began is not None:
            return AWAITING_HEAD, self.head_began
        if self.timeout_keep_alive_task is not None:  # it is idle
            return AWAITING_HEAD, self.timeout_keep_alive_task.when() - self.timeout_keep_alive
        if transfer := self.body or self.unread:
            return AWAITING_TRANSFER, transfer.window_began
        if self.unread_bytes():  # the next check begins to count
            return AWAITING_TRANSFER, self.loop.time()
        return None

    def abort(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    def check(self, now: float) -> None:
        """End the connection if the client is too slow in sending a head or a body, or in reading."""
        if self._reads_too_slowly(now):
            self.abort()
        elif self.is_refused or self.transport.is_closing():
            return
        elif self.head_began is not None and now - self.head_began > HEAD_TIMEOUT_SECONDS:
            self.transport.close()
        elif self.body is not None:
            if self.flow.read_paused:
                self.body.pause(CHECK_INTERVAL_SECONDS)
            elif self.body.is_too_slow(now):
                self._give_up_body()

    def unread_bytes(self) -> int:
        """Returns how much the process keeps for the client to read."""
        return self.transport.get_write_buffer_size()

    def _reads_too_slowly(self, now: float) -> bool:
        """Whether a response waits for a client that takes less of it than the minimum rate."""
        if not self.unread_bytes():
            self.unread = None
            return False
        received = read_acked_bytes(self.transport)
        if self.unread is None:
            self.unread = TransferRate(now)
        elif received is not None:
            self.unread.move(received - self.acknowledged)
        self.acknowledged = received or 0
        # Where the kernel does not tell, TCP_USER_TIMEOUT and the like have to do.
        return self.unread.is_too_slow(now) and received is not None

    def _is_full(self) -> bool:
        """Whether the process has all the requests it takes, or all connections, and none that waits."""
        most = self.config.limit_concurrency
        if most is None:
            return False
        if len(self.tasks) >= most:
            return True
        return len(self.connections) >= most and not self.guard.make_room(besides=self)

    def _give_up_body(self) -> None:
        if self.cycle.response_complete:  # an error now would be taken for the next answer
            self.transport.close()
        else:
            self.refuse(408)

    # ---- What the client sends ------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse what came, as far as there is room for a head.

        The parser keeps a header until its line ends, and tells of it only then: so the bytes are
        counted here. A head that begins in the middle of a piece is counted from the next piece on.
        """
        if self.timeout_keep_alive_task is not None and self.body is None:
            self._await_head()  # the first word after an answer
        while data and not (self.is_refused or self.transport.is_closing()):
            part, data = data[: self.room], data[self.room :]
            self.room -= len(part)
            super().data_received(part)
            if self.transport.get_protocol() is not self:  # it is a WebSocket now
                return
            if not self.room:
                self.refuse(431)

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self.trailers = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. Trailers are counted and dropped. Raises Malformed.

        uvicorn would append trailers to the headers: a client's `X-Forwarded-For` would stand behind that
        of the proxy, and be believed.
        """
        if self.trailers is not None:
            self.trailers += 1
        if len(self.headers) + (self.trailers or 0) >= MAX_HEADERS:
            self.refusal = 431
            raise MalformedRequest
        if self.trailers is None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer; while there are too many connections, with a 503.

        Raises Malformed, PipelineTooLong.
        """
        self.room = MAX_HEAD_BYTES
        self.trailers = 0
        self.head_began = None
        self.app = self.config.loaded_app
        if self._is_full() and not self.url.startswith(HEALTH_PREFIX):
            self.app = respond_busy
        framing = read_framing(self.headers)
        if framing is None:
            raise MalformedRequest
        if framing == "body":
            self.body = TransferRate(self.loop.time(), BODY_TIMEOUT_SECONDS)
            self.parts = self.part_byte_count = 0
        if len(self.pipeline) >= MAX_PIPELINED:
            raise PipelineTooLong
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Counts a part of a body. Raises MalformedRequest for a body in tiny parts."""
        self.room = MAX_HEAD_BYTES
        if self.body is not None:
            self.body.move(len(body))
            self.parts += 1
            self.part_byte_count += len(body)
            if self.parts > MAX_PARTS and self.part_byte_count < self.parts * MIN_MEAN_PART_BYTES:
                raise MalformedRequest
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole: what follows is another one's head."""
        self.room = MAX_HEAD_BYTES
        super().on_message_complete()
        if self.body is not None:
            self.body = None
            if self.cycle is not None and self.cycle.response_complete:  # before the body was
                self._await_head()

    def handle_websocket_upgrade(self) -> None:
        """Become a WebSocket. A handshake that can't be read is answered: uvicorn would stay silent.

        One that follows a request which is not answered yet is refused: the answer would end up in the
        socket.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            self.refuse(400)
            return
        self.guard.remove(self)
        super().handle_websocket_upgrade()
        successor = self.transport.get_protocol()
        if isinstance(successor, WebSocketProtocol) and not successor.handshake_initiated:
            self.guard.remove(successor)
            self.guard.add(self, self.client[0] if self.client else None)
            self.connections.discard(successor)
            self.connections.add(self)
            self.transport.set_protocol(self)
            too_large = (RequestLineTooLong, HeaderLineTooLong)  # one of 8 KiB is
            self.refuse(431 if isinstance(successor.conn.handshake_exc, too_large) else 400)

    # ---- What the client is answered ------------------------------------------------------------

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Start to answer a request, once the client has read the response before it.

        Else a client that sends requests and reads nothing would have all of them worked on.
        """
        if self.unread_bytes():
            self.held = cycle, app
            # `resume_writing` is called when all is read, even where it is less than the usual limit.
            self.transport.set_write_buffer_limits(high=0)
        else:
            super()._start_asgi_task(cycle, app)

    def resume_writing(self) -> None:
        """The client has read what was kept for it."""
        super().resume_writing()
        if self.held is None or self.unread_bytes() or self.transport.is_closing():
            return
        (cycle, app), self.held = self.held, None
        self.transport.set_write_buffer_limits()
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser doesn't take, in our words."""
        self.refuse(self.refusal)

    def refuse(self, status: int, code: str = "") -> None:
        """Answer with an error that the application has no part in, and end the connection."""
        if self.is_refused:
            return
        self.is_refused = True
        if self.transport.is_closing():
            return
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
        self.transport.write(self._error(status, code))
        # Closed at once, with bytes unread, the kernel would reset the connection, and the client might
        # never see the answer (RFC 9112, 9.6).
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _error(self, status: int, code: str) -> bytes:
        """An answer, whole. A request that can't be understood is a program's: it gets JSON."""
        path = "/api/"
        if self.url and status != 400:  # the parser tells the address before the headers
            path = self.url.decode("latin-1").partition("?")[0]
        given = dict(self.headers or ()).get(b"x-request-id", b"")  # of those that were read
        token = REQUEST_ID.set(choose_request_id(given.decode("latin-1")))
        try:
            content_type, body = render_error(path, status, code)
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
        self.head_began = self.loop.time()


def read_framing(headers: list[tuple[bytes, bytes]]) -> Literal["body", "none"] | None:
    """Returns whether a request has a body; None where two servers could read the request differently.

    That is: which site it is for, or where its body ends. One `Host` is demanded of all versions of HTTP
    (RFC 9112, 3.2). Of transfer codings we know `chunked` alone; a client must not name it in `TE`
    (RFC 9110, 10.1.4). Names are in lower case.
    """
    hosts, framing = 0, "none"
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if not value:
                return None
        elif name == b"content-length":
            framing = "body"
        elif name == b"transfer-encoding":
            framing = "body"
            if value.lower() != b"chunked":
                return None
        elif name == b"te" and b"chunked" in value.lower():
            return None
    return framing if hosts == 1 else None  # type: ignore[return-value] # one of both


def read_acked_bytes(transport: asyncio.Transport) -> int | None:
    """Returns how many bytes the client's kernel has confirmed (Linux: TCP_INFO), None where that is unknown.

    The transport can't tell: to it a response is one piece, which is written or not.
    """
    connection = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError, struct.error):
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        return int(struct.unpack_from("Q", info, ACKED_BYTES_OFFSET)[0])
    return None


async def respond_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application while there are too many connections."""
    REQUEST_ID.set(choose_request_id(read_header(scope, b"x-request-id")))
    await send_error(scope, send, 503, "busy")
