"""The space for bodies of requests that are arriving or wait for a thread.

A body is in memory while there is room, then in a temporary file. There are limits for one body, for one
address and for all bodies. A body above a limit is rejected at once, because
slow clients could block those that wait. Small bodies, such as those of a sign-in, are always accepted, so
that large ones can't block them. The number of connections limits them.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.conf import settings

MAX_MEMORY_BYTES = 16 * 1024 * 1024  # of all bodies; the rest is on disk
MAX_TOTAL_BYTES = 256 * 1024 * 1024  # of all bodies
MAX_SMALL_BODY_BYTES = 64 * 1024  # up to which a body is always accepted, in memory
MAX_BYTES_PER_ADDRESS = 64 * 1024 * 1024  # of all bodies of one address


class BodyTooLarge(Exception):
    """The body of a request is larger than settings.MAX_BODY_BYTES."""


class NoRoomForBody(Exception):
    """The bodies have reached the limit for their address or for all."""


class BodyStore:
    """The bodies of one process. Belongs to one event loop."""

    def __init__(self) -> None:
        self.in_memory = self.total = 0
        self.by_address: Counter[str] = Counter()

    @contextmanager
    def receive(self, address: str) -> Iterator["Body"]:
        """Returns an empty body. Frees its space at the end of the block."""
        body = Body(self, address)
        try:
            yield body
        finally:
            body.close()

    def count(self, address: str, size: int) -> None:
        """Adds bytes to the counts, or subtracts them if `size` is negative."""
        self.total += size
        self.by_address[address] += size
        if not self.by_address[address]:
            del self.by_address[address]


class Body:
    """The body of one request. `file` has the part that has arrived."""

    def __init__(self, store: BodyStore, address: str) -> None:
        self.store, self.address = store, address
        self.size = 0
        self.is_in_memory = True
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - `close` closes it

    def write(self, data: bytes) -> None:
        """Appends a part. Raises BodyTooLarge, NoRoomForBody."""
        store, added = self.store, len(data)
        if self.size + added > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        if self.size + added > MAX_SMALL_BODY_BYTES:
            if (
                store.total + added > MAX_TOTAL_BYTES
                or store.by_address[self.address] + added > MAX_BYTES_PER_ADDRESS
            ):
                raise NoRoomForBody
            if self.is_in_memory and store.in_memory + added > MAX_MEMORY_BYTES:
                self._move_to_disk()
        self.file.write(data)
        self.size += added
        store.count(self.address, added)
        if self.is_in_memory:
            store.in_memory += added

    def close(self) -> None:
        """Frees the space."""
        self.file.close()
        self.store.count(self.address, -self.size)
        if self.is_in_memory:
            self.store.in_memory -= self.size
        self.size = 0

    def _move_to_disk(self) -> None:
        self.file.rollover()  # type: ignore[attr-defined] # typed as IO, which Django expects
        self.store.in_memory -= self.size
        self.is_in_memory = False
