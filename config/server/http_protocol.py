"""HTTP before the application: limits for each connection, because all connections share the process.

uvicorn limits neither the size of a request's head nor the speed of a client. This subclass does, in the
callbacks of its parser (httptools) and of asyncio, and it sends uvicorn's own errors in the form of ours.
docs/decisions/0016-bounds.md lists all limits, docs/decisions/0023-own-server-code.md the reasons.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from config.server.connections import (
    AWAITING_HEAD,
    AWAITING_TRANSFER,
    CHECK_INTERVAL_SECONDS,
    GUARD,
    ConnectionGuard,
)
from config.server.framing import opens_socket, read_framing
from config.server.limited_requests import PROGRESS, Progress
from config.server.rejections import send_rejection
from config.server.tcp import LenientTransport, read_acked_bytes
from config.server.transfer_rates import TransferRate

MAX_HEAD_BYTES = 64 * 1024  # of the request line and the headers; of the trailers, too
MAX_HEADERS = 100  # lines; browsers send about fifteen
# From the end of the previous response. Without a limit, silent clients would use up all connections.
HEAD_TIMEOUT_SECONDS = 10.0
# Until the body is complete. Its minimum rate is in config.server.transfer_rates.
BODY_TIMEOUT_SECONDS = 120.0
# If there are more chunks than MAX_CHUNKS, they must have this many bytes on average: each costs the same
# time, whatever its size.
MAX_CHUNKS, MIN_MEAN_CHUNK_BYTES = 1000, 64
MAX_PIPELINED = 16  # requests that wait for the response to a previous one; browsers send none


class RejectedRequest(Exception):
    """A request is ambiguous or too large, or there are too many. Stops the parser."""


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection, with limits on what the client sends and on how slow it is.

    The guard calls `check` once a second. `progress` counts the requests that the application handles.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.guard: ConnectionGuard = app_state[GUARD]
        self.progress = Progress(self.guard.now())
        super().__init__(config, server_state, app_state | {PROGRESS: self.progress}, _loop)
        self.url = b""  # of the last request line
        self.head_budget = MAX_HEAD_BYTES  # bytes that the head may still have
        self.is_rejected = False  # further data from the client is ignored
        self.rejection_status = 400  # for what the parser rejects
        self.body: TransferRate | None = None  # set until the body is complete
        self.chunks = self.chunk_bytes = 0  # of that body
        self.response: TransferRate | None = None  # set while the client has something to read
        self.acked_bytes = 0  # at the last check of `response`

    # ---- The connection -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a request. Rejects the connection if there is no room for it."""
        lenient: Any = LenientTransport(transport)
        super().connection_made(lenient)
        self.transport = lenient
        if not self.guard.add(self, transport):
            self.reject(503, "busy")

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection from the guard."""
        self.guard.remove(self)
        super().connection_lost(exc)

    @property
    def waiting_since(self) -> tuple[int, float] | None:
        """Since when the server waits for the client: for a head, a body, or the reading of a response.

        For a transfer it is the beginning of its window, so that a fast one is never the oldest.
        """
        if not self.progress.open_requests:
            return AWAITING_HEAD, self.progress.waiting_since
        if transfer := self.body or self.response:
            return AWAITING_TRANSFER, transfer.window_began
        if self.unread_bytes():  # the next check begins to measure it
            return AWAITING_TRANSFER, self.guard.now()
        return None

    def abort(self) -> None:
        """Ends the connection at once."""
        self.transport.abort()

    def check(self, now: float) -> None:
        """Ends the connection if the client is too slow."""
        is_idle = not self.progress.open_requests
        if self._reads_too_slowly(now):
            self.abort()
        elif self.is_rejected or self.transport.is_closing():
            return
        elif self.body is not None:
            if not self.transport.is_reading():  # the application is slow, not the client
                self.body.pause(CHECK_INTERVAL_SECONDS)
            elif self.body.is_too_slow(now):
                # A client that has its response would read an error as the response to its next request.
                self.transport.close() if is_idle else self.reject(408)
        elif is_idle and now - self.progress.waiting_since > HEAD_TIMEOUT_SECONDS:
            self.transport.close()

    def unread_bytes(self) -> int:
        """Returns how many bytes of responses wait in memory for the client."""
        return self.transport.get_write_buffer_size()

    def _reads_too_slowly(self, now: float) -> bool:
        """Returns whether the client reads a response at less than the minimum rate."""
        if not self.unread_bytes():
            self.response = None
            return False
        acked = read_acked_bytes(self.transport)
        if self.response is None:
            self.response = TransferRate(now)
        elif acked is not None:
            self.response.move(acked - self.acked_bytes)
        self.acked_bytes = acked or 0
        # If the kernel does not report this, only its own timeouts end the connection.
        return self.response.is_too_slow(now) and acked is not None

    # ---- Requests -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parses received data, up to the size that a head may have.

        The parser reports a header only when its line is complete, so its bytes are counted here. A head
        that begins in the middle of a read is counted from the next read on.
        """
        while data and not (self.is_rejected or self.transport.is_closing()):
            part, data = data[: self.head_budget], data[self.head_budget :]
            self.head_budget -= len(part)
            super().data_received(part)
            if self.transport.get_protocol() is not self:  # it is a WebSocket now
                return
            if not self.head_budget or len(self.headers or ()) > MAX_HEADERS:
                self.reject(431)

    def on_headers_complete(self) -> None:
        """Passes the request to the application. Raises RejectedRequest."""
        self.head_budget = MAX_HEAD_BYTES
        if len(self.headers) > MAX_HEADERS:
            self.rejection_status = 431
            raise RejectedRequest
        framing = read_framing(self.headers)
        if framing is None or self.progress.open_requests > MAX_PIPELINED:
            raise RejectedRequest
        is_socket = opens_socket(self.headers)
        # The response to an earlier request would be sent into the socket.
        if is_socket and (framing == "body" or self.progress.open_requests):
            raise RejectedRequest
        super().on_headers_complete()
        if not is_socket:
            self.progress.open_requests += 1
            self.progress.is_busy = self.guard.is_full(self)
        if framing == "body":
            # uvicorn appends trailers to the list that the application has. A client's `X-Forwarded-For`
            # would then come after the one of the proxy, and be trusted.
            self.headers = self.headers.copy()
            self.body = TransferRate(self.guard.now(), BODY_TIMEOUT_SECONDS)
            self.chunks = self.chunk_bytes = 0

    def on_chunk_header(self) -> None:
        """Counts a chunk of a body. Raises RejectedRequest if there are too many tiny ones."""
        self.chunks += 1
        if self.chunks > MAX_CHUNKS and self.chunk_bytes < self.chunks * MIN_MEAN_CHUNK_BYTES:
            raise RejectedRequest

    def on_body(self, body: bytes) -> None:
        """Passes on a part of a body."""
        self.head_budget = MAX_HEAD_BYTES
        self.chunk_bytes += len(body)
        if self.body is not None:
            self.body.move(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends a request. The head of the next one may follow."""
        self.head_budget = MAX_HEAD_BYTES
        super().on_message_complete()
        if self.body is not None:
            self.body = None
            # If the response was sent before the body was complete, `end_request` has set an earlier time.
            self.progress.waiting_since = self.guard.now()

    # ---- Errors ---------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """Sends our error for a request that the parser rejects."""
        self.reject(self.rejection_status)

    def reject(self, status: int, code: str = "") -> None:
        """Sends an error without the application, and ends the connection."""
        if self.is_rejected:
            return
        self.is_rejected = True
        if self.progress.open_requests and self.body is None:
            self.shutdown()  # after the responses to the previous requests
        elif self.progress.is_responding or self.progress.open_requests > 1:
            self.transport.close()  # the error would become part of another response
        elif not self.transport.is_closing():
            super().connection_lost(ConnectionAbortedError())  # the application gets a disconnect
            # A malformed request comes from a program, so its error is JSON.
            url = self.url if self.url and status != 400 else b"/api/"
            sent_id = dict(self.headers or ()).get(b"x-request-id", b"")
            send_rejection(self.transport, status, code, path=url.decode("latin1"), sent_id=sent_id)
