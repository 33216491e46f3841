"""The connections of a process: how many there may be, and which are ended because they are too slow.

One guard watches all connections of a server. It checks all of them once a second, which costs less than a
timer for each phase of each request. When there is no room for a new connection, the guard closes those
that have waited longest for their clients. So silent clients can't block others.
"""

import asyncio
import heapq
import logging
from collections import Counter
from typing import Protocol

from django.conf import settings

from config.limits.client_addresses import resolve_address

GUARD = "tribehold.guard"  # of the connections, in the state that ASGI servers pass on
MAX_CONNECTIONS = 1500  # HTTP and WebSockets together; then the oldest that wait are closed
CHECK_INTERVAL_SECONDS = 1.0
MAX_EVICTED_TOGETHER = 50  # finding fifty costs no more than finding one
# Connections without a request are closed first, then those that send a body or read a response.
AWAITING_HEAD, AWAITING_TRANSFER = 0, 1
MAX_UNREAD_BYTES = 64 * 1024 * 1024  # of all responses together
logger = logging.getLogger(__name__)


class Connection(Protocol):
    """The interface of a connection that the guard watches."""

    @property
    def waiting_since(self) -> tuple[int, float] | None:
        """AWAITING_HEAD or AWAITING_TRANSFER, and since when. None while the server works on a request.

        To make room, the lowest is closed first.
        """

    def check(self, now: float) -> None:
        """Ends the connection if the client is too slow."""

    def unread_bytes(self) -> int:
        """Returns how many bytes of responses wait in memory for the client."""

    def abort(self) -> None:
        """Ends the connection at once."""


class ConnectionGuard:
    """Watches the connections of one server, WebSockets included. Belongs to one event loop."""

    def __init__(self) -> None:
        self.addresses: dict[Connection, str] = {}  # the oldest first
        self.counts: Counter[str] = Counter()
        self.timer: asyncio.TimerHandle | None = None
        self.running = 0  # requests

    def now(self) -> float:
        """Returns the current time of the event loop, in seconds."""
        return asyncio.get_running_loop().time()

    def add(self, connection: Connection, transport: asyncio.BaseTransport) -> bool:
        """Counts a new connection. Returns whether there is room for it.

        Behind a proxy, all connections have its address, and the proxy has to limit those of each client.
        """
        peer = (transport.get_extra_info("peername") or [None])[0]
        address = "" if settings.TRUSTED_PROXIES else resolve_address("", peer)
        has_room = True
        if address and self.counts[address] >= settings.ADDRESS_LIMITS["connections"]:
            has_room = self.make_room(address)
        self.addresses[connection] = address
        self.counts[address] += 1
        if len(self.addresses) >= MAX_CONNECTIONS:
            self.make_room(exclude=connection)
        if self.timer is None:
            self._schedule_check()
        return has_room

    def is_full(self, connection: Connection) -> bool:
        """Returns whether there is no room for a request, because all other connections are busy with one."""
        if len(self.addresses) < MAX_CONNECTIONS > self.running:
            return False
        return self.running >= MAX_CONNECTIONS or not self.make_room(exclude=connection)

    def remove(self, connection: Connection | asyncio.BaseProtocol) -> None:
        """Stops watching a connection that is closed, or that another protocol takes over."""
        address = self.addresses.pop(connection, None)  # type: ignore[arg-type] # if it is known
        if address is None:
            return
        self.counts[address] -= 1
        if not self.counts[address]:
            del self.counts[address]
        if not self.addresses and self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def make_room(self, address: str | None = None, exclude: Connection | None = None) -> bool:
        """Closes the connections that have waited longest for their clients.

        With an address: one in ten of that address. Without: up to MAX_EVICTED_TOGETHER. Returns False if
        none waits for its client.
        """
        waiting = [
            (since, connection)
            for connection, owner in self.addresses.items()
            if connection is not exclude
            and address in (None, owner)
            and (since := connection.waiting_since) is not None
        ]
        count = MAX_EVICTED_TOGETHER if address is None else max(1, self.counts[address] // 10)
        for _, connection in heapq.nsmallest(count, waiting, key=lambda pair: pair[0]):
            self.remove(connection)
            connection.abort()
        return bool(waiting)

    def check(self) -> None:
        """Ends the connections of slow clients, and the largest ones if too much is unread."""
        self._schedule_check()
        now, unread = self.now(), 0
        for connection in list(self.addresses):
            try:
                connection.check(now)
            except Exception:  # the other connections must still be checked
                logger.exception("The check of a connection failed")
                connection.abort()
            unread += connection.unread_bytes()
        if unread > MAX_UNREAD_BYTES:
            self._free_unread(unread - MAX_UNREAD_BYTES)

    def _free_unread(self, excess: int) -> None:
        """Ends connections, those with the most unread bytes first, until `excess` bytes are free."""
        for connection in sorted(self.addresses, key=lambda each: -each.unread_bytes()):
            if excess <= 0:
                return
            excess -= connection.unread_bytes()
            connection.abort()

    def _schedule_check(self) -> None:
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(CHECK_INTERVAL_SECONDS, self.check) if self.addresses else None
