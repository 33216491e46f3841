"""A cache in the memory of a process, with a limit in bytes. It evicts the least recently used entries.

Entries have a tag, by which they are invalidated. Callers read the generation before they make an entry. It
is not stored if the generation has changed since, because its data may be stale.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from config.db.notifications import EVERYTHING

T = TypeVar("T")


@dataclass(frozen=True)
class _Entry(Generic[T]):
    value: T
    tag: str
    size: int
    until: float


class ResponseCache(Generic[T]):
    """Values by key: at most `max_bytes` together, each for at most `seconds`. Thread-safe.

    It is disabled while no notifications of changes arrive. Then it stores nothing.
    """

    def __init__(self, max_bytes: int, seconds: float) -> None:
        self.max_bytes, self.seconds = max_bytes, seconds
        self.bytes = 0
        self.generation = 0
        self.is_enabled = False
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Returns the value of a key, unless it has expired or was invalidated."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.until < time.monotonic():
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return entry.value

    def put(self, key: Hashable, value: T, *, tag: str, size: int, generation: int) -> None:
        """Stores a value of `size` bytes that was made from the data of a generation."""
        with self._lock:
            if not self.is_enabled or generation != self.generation or size > self.max_bytes // 8:
                return
            if key in self._entries:
                self._drop(key)
            self._entries[key] = _Entry(value, tag, size, time.monotonic() + self.seconds)
            self.bytes += size
            while self.bytes > self.max_bytes:
                self._drop(next(iter(self._entries)))

    def invalidate(self, tags: Collection[str]) -> None:
        """Removes the entries with one of these tags. EVERYTHING stands for all tags."""
        with self._lock:
            self.generation += 1
            if EVERYTHING in tags:
                self._entries.clear()
                self.bytes = 0
                return
            for key in [key for key, entry in self._entries.items() if entry.tag in tags]:
                self._drop(key)

    def disable(self) -> None:
        """Removes all entries. Stores nothing until `enable` is called."""
        self.is_enabled = False
        self.invalidate([EVERYTHING])

    def enable(self) -> None:
        """Removes all entries. Stores new ones, because notifications of changes arrive from now on."""
        self.invalidate([EVERYTHING])
        self.is_enabled = True

    def _drop(self, key: Hashable) -> None:
        self.bytes -= self._entries.pop(key).size
