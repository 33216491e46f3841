"""Limits the number of sockets in a process, in total and for each address."""

from collections import Counter

from sessions_app.live.sockets import Socket

MAX_SOCKETS, MAX_SOCKETS_PER_ADDRESS = 1000, 20
SOCKETS_RESERVED_FOR_SEATS = 500  # not available to sockets of the list


class SocketSlots:
    """The accepted sockets of a process."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self.addresses: Counter[str] = Counter()

    def acquire(self, socket: Socket) -> bool:
        """Adds a socket. Returns False if this process or the address has too many."""
        reserved = 0 if socket.is_seat else SOCKETS_RESERVED_FOR_SEATS
        is_full = len(self.sockets) >= MAX_SOCKETS - reserved
        if is_full or self.addresses[socket.address] >= MAX_SOCKETS_PER_ADDRESS:
            return False
        self.sockets.add(socket)
        self.addresses[socket.address] += 1
        return True

    def release(self, socket: Socket) -> None:
        """Removes a socket, if it was accepted."""
        if socket in self.sockets:
            self.sockets.remove(socket)
            self.addresses -= Counter([socket.address])
