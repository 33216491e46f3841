"""Limits the number of sockets in a process, in total and for each address.

A socket that has not said who it is waits in a place of its own, and takes none of a seat. If there are too
many of these, the oldest is closed: it had the most time for `hello`.
"""

from collections import Counter

from django.conf import settings

from sessions_app.live.sockets import Socket

MAX_SOCKETS = 1000  # with a seat, or of the list
SOCKETS_RESERVED_FOR_SEATS = 500  # not available to sockets of the list
MAX_PENDING_SOCKETS = 300  # before `hello`


class SocketSlots:
    """The accepted sockets of a process. `settings.ADDRESS_LIMITS` limits each kind for an address."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()  # all of them
        self.admitted: set[Socket] = set()  # of seats and of the list
        self.pending: dict[Socket, None] = {}  # before `hello`, the oldest first
        # By address and kind: "seat", "list" or "pending".
        self.addresses: Counter[tuple[str, str]] = Counter()

    def acquire(self, socket: Socket) -> bool:
        """Adds a new socket: one of a seat as pending, one of the list if there is room."""
        if socket.is_seat:
            self._add_pending(socket)
        elif not self._has_room(socket, MAX_SOCKETS - SOCKETS_RESERVED_FOR_SEATS):
            return False
        else:
            self._admit(socket)
        self.sockets.add(socket)
        return True

    def admit(self, socket: Socket, *, is_resumed: bool) -> bool:
        """Gives a pending socket a place for its seat. Returns False if there is none, or if it was evicted.

        A resumed seat has no limit of its address: other clients there must not keep the player out.
        """
        if socket not in self.pending:
            return False
        if not self._has_room(socket, MAX_SOCKETS, is_limited_by_address=not is_resumed):
            return False
        self._remove_pending(socket)
        self._admit(socket)
        return True

    def release(self, socket: Socket) -> None:
        """Removes a socket, if it was accepted."""
        self.sockets.discard(socket)
        if socket in self.pending:
            self._remove_pending(socket)
        if socket in self.admitted:
            self.admitted.remove(socket)
            self._subtract(socket, _kind(socket))

    def _has_room(self, socket: Socket, limit: int, *, is_limited_by_address: bool = True) -> bool:
        of_address = self.addresses[socket.address, _kind(socket)]
        is_full = is_limited_by_address and of_address >= settings.ADDRESS_LIMITS["sockets"]
        return len(self.admitted) < limit and not is_full

    def _admit(self, socket: Socket) -> None:
        self.admitted.add(socket)
        self.addresses[socket.address, _kind(socket)] += 1

    def _add_pending(self, socket: Socket) -> None:
        if self.addresses[socket.address, "pending"] >= settings.ADDRESS_LIMITS["sockets"]:
            self._evict(next(s for s in self.pending if s.address == socket.address))
        elif len(self.pending) >= MAX_PENDING_SOCKETS:
            self._evict(next(iter(self.pending)))
        self.pending[socket] = None
        self.addresses[socket.address, "pending"] += 1

    def _evict(self, socket: Socket) -> None:
        self._remove_pending(socket)
        socket.refuse("too_many_sockets")

    def _remove_pending(self, socket: Socket) -> None:
        del self.pending[socket]
        self._subtract(socket, "pending")

    def _subtract(self, socket: Socket, kind: str) -> None:
        self.addresses -= Counter([(socket.address, kind)])


def _kind(socket: Socket) -> str:
    return "seat" if socket.is_seat else "list"
