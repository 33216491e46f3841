"""HTTP before the application: limits for each connection, because all connections share the process.

uvicorn limits neither the size of a request's head nor the speed of a client. This subclass does, and it
gives uvicorn's own errors the form of ours. docs/decisions/0016-bounds.md lists all limits.
docs/decisions/0020-private-apis.md lists what it uses of uvicorn's internals.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong

from config.http.request_id import REQUEST_ID, choose_request_id
from config.server.asgi import CLOSE, Receive, Scope, Send, build_error, send_error, set_request_id
from config.server.connections import (
    AWAITING_HEAD,
    AWAITING_TRANSFER,
    CHECK_INTERVAL_SECONDS,
    guard_of,
)
from config.server.framing import read_framing
from config.server.tcp import read_acked_bytes
from config.server.transfer_rates import TransferRate
from config.server.websocket_protocol import WebSocketProtocol

MAX_HEAD_BYTES = 64 * 1024  # of the request line and the headers; of the trailers, too
MAX_HEADERS = 100  # lines; browsers send about fifteen
HEAD_TIMEOUT_SECONDS = (
    10.0  # until the headers are complete; without it, silent clients use all connections
)
# Until the body is complete. Its minimum rate is in config.server.transfer_rates.
BODY_TIMEOUT_SECONDS = 120.0
# More parts than MAX_PARTS must have this many bytes on average: each part costs the same time.
MAX_PARTS, MIN_MEAN_PART_BYTES = 1000, 64
MAX_PIPELINED = 16  # requests that wait for the response to one before them; browsers send none
LINGER_SECONDS = 1.0  # in which a rejected client, which may still send, can read the error
HEALTH_PREFIX = b"/health/"  # has a response also when the server is full


class MalformedRequest(Exception):
    """A request is ambiguous or too large. `rejection_status` of the protocol has the status."""


class PipelineTooLong(Exception):
    """A client sends many requests without waiting for responses."""


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection, with limits on what the client sends and on how slow it is.

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
        self.limit_concurrency = None  # checked here: uvicorn's own 503 has another form
        self.guard = guard_of(server_state)
        self.url = b""  # of the last request line
        self.head_budget = MAX_HEAD_BYTES  # bytes that may still come before the head is complete
        self.trailers: int | None = None  # lines; None until the headers are complete
        self.is_rejected = False  # what the client still sends is dropped
        self.rejection_status = 400  # for what the parser rejects
        self.head_began: float | None = None  # set until the head of a request is complete
        self.body_transfer: TransferRate | None = None  # set until the body is complete
        self.part_count = self.part_byte_count = 0  # of that body
        self.response_transfer: TransferRate | None = (
            None  # set while the client has a response to read
        )
        self.acked_bytes = 0  # at the last check of `response_transfer`
        # A complete request that waits until the client has read the response before it.
        self.pending_request: tuple[Any, Any] | None = None

    # ---- The connection -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a request. Rejects the connection where there is no room for it."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else None
        limit = self.config.limit_concurrency
        if limit is not None and len(self.connections) >= limit:
            self.guard.make_room()
        has_room = self.guard.add(self, peer)
        self._await_head()
        if not has_room:
            self.reject(503, "busy")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the client."""
        self.guard.remove(self)
        self.pending_request = None
        super().connection_lost(exc)

    @property
    def waiting_since(self) -> tuple[int, float] | None:
        """Since when the server waits for the client: for a head, a body, or the reading of a response.

        A transfer waits since its window began, so that one with a good rate is never the oldest.
        """
        if self.head_began is not None:
            return AWAITING_HEAD, self.head_began
        if self.timeout_keep_alive_task is not None:  # it is idle
            return AWAITING_HEAD, self.timeout_keep_alive_task.when() - self.timeout_keep_alive
        if transfer := self.body_transfer or self.response_transfer:
            return AWAITING_TRANSFER, transfer.window_began
        if self.unread_bytes():  # the next check begins to measure it
            return AWAITING_TRANSFER, self.loop.time()
        return None

    def abort(self) -> None:
        """Ends the connection at once."""
        self.transport.abort()

    def check(self, now: float) -> None:
        """Ends the connection if the client is too slow."""
        if self._reads_too_slowly(now):
            self.abort()
        elif self.is_rejected or self.transport.is_closing():
            return
        elif self.head_began is not None and now - self.head_began > HEAD_TIMEOUT_SECONDS:
            self.transport.close()
        elif self.body_transfer is not None:
            if self.flow.read_paused:
                self.body_transfer.pause(CHECK_INTERVAL_SECONDS)
            elif self.body_transfer.is_too_slow(now):
                self._reject_slow_body()

    def unread_bytes(self) -> int:
        """Returns how many bytes of responses the process keeps for the client."""
        return self.transport.get_write_buffer_size()

    def _reads_too_slowly(self, now: float) -> bool:
        """Returns whether the client reads a response at less than the minimum rate."""
        if not self.unread_bytes():
            self.response_transfer = None
            return False
        acked = read_acked_bytes(self.transport)
        if self.response_transfer is None:
            self.response_transfer = TransferRate(now)
        elif acked is not None:
            self.response_transfer.move(acked - self.acked_bytes)
        self.acked_bytes = acked or 0
        # Where the kernel does not report this, its own timeouts have to end the connection.
        return self.response_transfer.is_too_slow(now) and acked is not None

    def _is_full(self) -> bool:
        """Returns whether the process has as many requests or connections as it may, and none that waits."""
        limit = self.config.limit_concurrency
        if limit is None:
            return False
        if len(self.tasks) >= limit:
            return True
        return len(self.connections) >= limit and not self.guard.make_room(exclude=self)

    def _reject_slow_body(self) -> None:
        if self.cycle.response_complete:  # the client would take an error for its next response
            self.transport.close()
        else:
            self.reject(408)

    # ---- Requests -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parses what came, up to the size that a head may have.

        The parser reports a header only when its line is complete, so its bytes are counted here. A head
        that begins in the middle of a read is counted from the next read on.
        """
        if self.timeout_keep_alive_task is not None and self.body_transfer is None:
            self._await_head()  # the first bytes after a response
        while data and not (self.is_rejected or self.transport.is_closing()):
            part, data = data[: self.head_budget], data[self.head_budget :]
            self.head_budget -= len(part)
            super().data_received(part)
            if self.transport.get_protocol() is not self:  # it is a WebSocket now
                return
            if not self.head_budget:
                self.reject(431)

    def on_message_begin(self) -> None:
        """Begins a head."""
        super().on_message_begin()
        self.trailers = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keeps a header. Counts and drops a trailer. Raises MalformedRequest.

        uvicorn would append trailers to the headers. A client's `X-Forwarded-For` would then come after the
        one of the proxy, and be trusted.
        """
        if self.trailers is not None:
            self.trailers += 1
        if len(self.headers) + (self.trailers or 0) >= MAX_HEADERS:
            self.rejection_status = 431
            raise MalformedRequest
        if self.trailers is None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Passes the request to the application. Where the server is full, the response is a 503.

        Raises MalformedRequest, PipelineTooLong.
        """
        self.head_budget = MAX_HEAD_BYTES
        self.trailers = 0
        self.head_began = None
        self.app = self.config.loaded_app
        if self._is_full() and not self.url.startswith(HEALTH_PREFIX):
            self.app = respond_busy
        framing = read_framing(self.headers)
        if framing is None:
            raise MalformedRequest
        if framing == "body":
            self.body_transfer = TransferRate(self.loop.time(), BODY_TIMEOUT_SECONDS)
            self.part_count = self.part_byte_count = 0
        if len(self.pipeline) >= MAX_PIPELINED:
            raise PipelineTooLong
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Passes on a part of a body. Raises MalformedRequest for a body in tiny parts."""
        self.head_budget = MAX_HEAD_BYTES
        if self.body_transfer is not None:
            self.body_transfer.move(len(body))
            self.part_count += 1
            self.part_byte_count += len(body)
            is_tiny = self.part_byte_count < self.part_count * MIN_MEAN_PART_BYTES
            if self.part_count > MAX_PARTS and is_tiny:
                raise MalformedRequest
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends a request. The head of the next one may follow."""
        self.head_budget = MAX_HEAD_BYTES
        super().on_message_complete()
        if self.body_transfer is not None:
            self.body_transfer = None
            if self.cycle is not None and self.cycle.response_complete:  # before the body was
                self._await_head()

    def handle_websocket_upgrade(self) -> None:
        """Hands the connection over to the WebSocket protocol.

        A handshake that can't be parsed gets an error: uvicorn would send nothing. One that comes before
        the response to an earlier request is rejected: that response would end up in the socket.
        """
        if self.cycle is not None and not self.cycle.response_complete:
            self.reject(400)
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
            too_large = (RequestLineTooLong, HeaderLineTooLong)  # of more than 8 KiB
            self.reject(431 if isinstance(successor.conn.handshake_exc, too_large) else 400)

    # ---- Responses ------------------------------------------------------------------------------

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Starts the application for a request, once the client has read the response before it.

        Otherwise the server would work for a client that sends many requests and reads nothing.
        """
        if self.unread_bytes():
            self.pending_request = cycle, app
            # asyncio calls `resume_writing` at the lower limit. With 0, that is when all has been read.
            self.transport.set_write_buffer_limits(high=0)
        else:
            super()._start_asgi_task(cycle, app)

    def resume_writing(self) -> None:
        """Starts the request that waited until the client had read the response before it."""
        super().resume_writing()
        if self.pending_request is None or self.unread_bytes() or self.transport.is_closing():
            return
        (cycle, app), self.pending_request = self.pending_request, None
        self.transport.set_write_buffer_limits()
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Rejects what the parser rejects, in the form of our errors."""
        self.reject(self.rejection_status)

    def reject(self, status: int, code: str = "") -> None:
        """Sends an error without the application, and ends the connection."""
        if self.is_rejected:
            return
        self.is_rejected = True
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:  # its response comes first, and the connection ends after it
                cycle.keep_alive = False
                return
            if (
                cycle.response_started or self.pipeline
            ):  # the error would become a part of that response
                self.transport.close()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(self._render_rejection(status, code))
        # If it closed with unread bytes, the kernel would reset the connection, and the client might never
        # see the error (RFC 9112, 9.6).
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _render_rejection(self, status: int, code: str) -> bytes:
        """Returns a complete response. A malformed request comes from a program, so its error is JSON."""
        path = "/api/"
        if self.url and status != 400:  # the parser reports the URL before the headers
            path = self.url.decode("latin-1").partition("?")[0]
        sent_id = dict(self.headers or ()).get(b"x-request-id", b"")  # where it was parsed already
        token = REQUEST_ID.set(choose_request_id(sent_id.decode("latin-1")))
        try:
            headers, body = build_error(path, status, code, CLOSE)
        finally:
            REQUEST_ID.reset(token)  # later requests inherit the context of this call
        headers = [*self.server_state.default_headers, *headers]
        phrase = HTTPStatus(status).phrase.encode()
        lines = b"".join(b"%s: %s\r\n" % each for each in headers)
        return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (status, phrase, lines, body)

    def _await_head(self) -> None:
        self.head_began = self.loop.time()


async def respond_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application while the server is full."""
    set_request_id(scope)
    await send_error(scope, send, 503, "busy", CLOSE)
