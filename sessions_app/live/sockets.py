"""The sending side of a WebSocket, with its outbox."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from config.limits.token_bucket import TokenBucket
from config.server.asgi import Send
from sessions_app.kernel import protocol
from sessions_app.kernel.protocol import Close, Message

MAX_OUTBOX_FRAMES = 64
MESSAGES_PER_SECOND, MESSAGE_BURST = 10.0, 20.0


def message_bucket() -> TokenBucket:
    """Returns a full bucket of messages."""
    return TokenBucket(per_second=MESSAGES_PER_SECOND, burst=MESSAGE_BURST, now=time.monotonic())


class Socket:
    """The sending side of a WebSocket.

    Frames wait in an outbox of limited length, so a slow client does not delay others. A client that does not
    read is dropped.
    """

    is_seat = False

    def __init__(self, send: Send, address: str) -> None:
        self.id = uuid4()
        self.address = address
        self.received_at = time.monotonic()
        self.is_closing = False  # nothing more is queued
        self.is_dropped = False  # nothing more is sent, not even the reason
        self.ping_requests_sent = 0  # since the last frame of the client
        self.writing_since: float | None = None
        self._send = send
        # Each frame, and whether the next may replace it.
        self._outbox: deque[tuple[str, bool]] = deque()
        self._close: Close | int | None = None
        self._writer: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None

    @property
    def shown_version(self) -> int:
        """The version of what this socket shows."""
        return 0

    def push(self, frame: str, *, replaceable: bool = False) -> None:
        """Adds a frame to the outbox. A replaceable frame replaces one at the end of the outbox."""
        if self.is_closing:
            return
        if replaceable and self._outbox and self._outbox[-1][1]:
            self._outbox.pop()
        self._outbox.append((frame, replaceable))
        if len(self._outbox) > MAX_OUTBOX_FRAMES:
            self.drop()
        else:
            self._start_writer()

    def push_pong(self, ping: Message | None = None) -> None:
        """Responds to a `ping` with the current version; without one, requests a `ping`."""
        self.push(protocol.pong_frame(self.shown_version, datetime.now(UTC), ping))

    def push_error(
        self, code: str, detail: str, re: str | None, closes: Close | None = None
    ) -> None:
        """Sends an error, and closes the connection if a close code is given."""
        frame = protocol.error_frame(self.shown_version, code, detail, re, closes=closes)
        if closes is None:
            self.push(frame)
        else:
            self.close(frame, closes)

    def close(self, frame: str | None, code: Close | int) -> None:
        """Sends a last frame, then closes the connection."""
        if self.is_closing:
            return
        if frame is not None:
            self._outbox.append((frame, False))
        self.is_closing, self._close = True, code
        self._start_writer()

    def refuse(self, code: str, re: str | None = None) -> None:
        """Sends one of `protocol.FINAL_ERRORS`, then closes the connection."""
        self.close(*protocol.final_error_frame(self.shown_version, code, re))

    def drop(self) -> None:
        """Ends the connection of a client that does not read. It would not read the reason either."""
        if self.is_dropped:  # a second cancellation would interrupt the clean-up after the first
            return
        self.is_closing = self.is_dropped = True
        self._outbox.clear()
        for task in (self._writer, self._task):
            if task:
                task.cancel()

    async def run(self, work: Awaitable[None]) -> None:
        """Awaits the work of this socket. Returns early if the client is dropped."""
        self._task = asyncio.current_task()
        try:
            await work
        except asyncio.CancelledError:
            if not self.is_dropped:
                raise
        finally:
            self._task = None

    def _start_writer(self) -> None:
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._outbox:
                frame, _ = self._outbox.popleft()
                self.writing_since = time.monotonic()
                await self._send({"type": "websocket.send", "text": frame})
            if self._close is not None:
                reason = self._close.name.lower() if isinstance(self._close, Close) else ""
                await self._send(
                    {"type": "websocket.close", "code": int(self._close), "reason": reason}
                )
        except (OSError, RuntimeError):
            self.is_closing = True  # the connection is lost, which the reading side detects, too
        finally:
            self._writer = self.writing_since = None
