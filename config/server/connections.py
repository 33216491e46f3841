"""The connections of a process: how many there may be, and the end of those that are too slow.

One guard watches all connections of a server. Once a second it looks at each, which costs less than a
timer for each phase of each request. Where there is no room for a new connection, the one that has kept
the server waiting for the longest time is closed, so that silent clients can't keep others out.
"""

import asyncio
import heapq
import logging
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from django.conf import settings

from config.limits.client_addresses import resolve_address

if TYPE_CHECKING:
    from uvicorn.server import ServerState

CHECK_INTERVAL_SECONDS = 1.0
# Of one address, where no proxy stands before us. A browser opens six, and twenty sockets may be added.
MAX_PER_ADDRESS = 200
MAX_EVICTED_TOGETHER = (
    50  # connections that are closed together: looking for them costs the same as for one
)
# Whoever has sent no request is closed before those that are sending or reading one.
AWAITING_HEAD, AWAITING_TRANSFER = 0, 1
MAX_UNREAD_BYTES = 64 * 1024 * 1024  # of all responses that their clients have not read yet
logger = logging.getLogger(__name__)


class Connection(Protocol):
    """What the guard knows of a connection."""

    @property
    def waits(self) -> tuple[int, float] | None:
        """How readily the connection is closed to make room, the lowest first; None while we work on it.

        AWAITING_HEAD or AWAITING_TRANSFER, and since when it waits.
        """

    def check(self, now: float) -> None:
        """Ends the connection if the client is too slow."""

    def unread_bytes(self) -> int:
        """Returns how much the process keeps for the client to read."""

    def abort(self) -> None:
        """Ends the connection at once."""


class ConnectionGuard:
    """Watches the connections of one server, WebSockets included. Belongs to one event loop."""

    def __init__(self) -> None:
        self.addresses: dict[Connection, str] = {}  # in the order in which they came
        self.count_of: Counter[str] = Counter()
        self.timer: asyncio.TimerHandle | None = None

    def add(self, connection: Connection, peer: str | None) -> bool:
        """Counts a new connection; returns whether there is room for it.

        Behind a proxy all connections have the proxy's address: the proxy bounds those of each client.
        """
        address = "" if settings.TRUSTED_PROXIES else resolve_address("", peer)
        has_room = True
        if address and self.count_of[address] >= MAX_PER_ADDRESS:
            has_room = self.make_room(address)
        self.addresses[connection] = address
        self.count_of[address] += 1
        if self.timer is None:
            self._wait()
        return has_room

    def remove(self, connection: Connection) -> None:
        """Forgets a connection that is closed, or goes on under another protocol."""
        address = self.addresses.pop(connection, None)
        if address is None:
            return
        self.count_of[address] -= 1
        if not self.count_of[address]:
            del self.count_of[address]
        if not self.addresses and self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def make_room(self, address: str | None = None, besides: Connection | None = None) -> bool:
        """Closes the connections, of one address or of all, that have waited longest for their clients.

        Up to MAX_EVICTED_TOGETHER of all, of one address one in ten. Returns False where none waits: all
        others are being answered.
        """
        waiting = [
            (waits, connection)
            for connection, its_address in self.addresses.items()
            if connection is not besides
            and address in (None, its_address)
            and (waits := connection.waits) is not None
        ]
        most = MAX_EVICTED_TOGETHER if address is None else max(1, self.count_of[address] // 10)
        for _, connection in heapq.nsmallest(most, waiting, key=lambda pair: pair[0]):
            self.remove(connection)
            connection.abort()
        return bool(waiting)

    def check(self) -> None:
        """Ends the connections whose clients are too slow, or leave too much unread."""
        self._wait()
        now = asyncio.get_running_loop().time()
        unread = 0
        for connection in list(self.addresses):
            try:
                connection.check(now)
            except Exception:  # one that can't be checked must not keep the others from it
                logger.exception("A connection could not be checked")
                connection.abort()
            unread += connection.unread_bytes()
        if unread > MAX_UNREAD_BYTES:
            self._drop_unread(unread - MAX_UNREAD_BYTES)

    def _drop_unread(self, excess: int) -> None:
        """Ends connections until so many bytes are free, the largest first."""
        for connection in sorted(self.addresses, key=lambda each: -each.unread_bytes()):
            if excess <= 0:
                return
            excess -= connection.unread_bytes()
            connection.abort()

    def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(CHECK_INTERVAL_SECONDS, self.check) if self.addresses else None


_guards_by_server: "weakref.WeakKeyDictionary[ServerState, ConnectionGuard]" = (
    weakref.WeakKeyDictionary()
)


def guard_of(server: "ServerState") -> ConnectionGuard:
    """Returns the guard of a server's connections."""
    return _guards_by_server.setdefault(server, ConnectionGuard())
