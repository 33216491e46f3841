"""Answers kept in the memory of a process: so many bytes, the least used go first.

Entries bear a tag, and are forgotten by it when what they were made of changes. Whoever fills an entry
takes the generation beforehand: what was made of old facts is not kept when they changed meanwhile.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
EVERYTHING = "*"


@dataclass(frozen=True)
class _Entry(Generic[T]):
    value: T
    tag: str
    size: int
    until: float


class ResponseCache(Generic[T]):
    """Values by key, at most `max_bytes` together, each for at most `seconds`. For all threads.

    While `awake` is false it stores and returns nothing, because nobody tells it of changes.
    """

    def __init__(self, max_bytes: int, seconds: float) -> None:
        self.max_bytes, self.seconds = max_bytes, seconds
        self.bytes = 0
        self.generation = 0
        self.awake = False
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The value of a key, unless it is old or was forgotten."""
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
        """Keep a value of `size` bytes that was made of what was true at a generation."""
        with self._lock:
            if not self.awake or generation != self.generation or size > self.max_bytes // 8:
                return
            if key in self._entries:
                self._drop(key)
            self._entries[key] = _Entry(value, tag, size, time.monotonic() + self.seconds)
            self.bytes += size
            while self.bytes > self.max_bytes:
                self._drop(next(iter(self._entries)))

    def forget(self, tags: Collection[str]) -> None:
        """Forget what bears one of these tags; EVERYTHING is all tags."""
        with self._lock:
            self.generation += 1
            if EVERYTHING in tags:
                self._entries.clear()
                self.bytes = 0
                return
            for key in [key for key, entry in self._entries.items() if entry.tag in tags]:
                self._drop(key)

    def sleep(self) -> None:
        """Keep nothing until `wake`."""
        self.awake = False
        self.forget([EVERYTHING])

    def wake(self) -> None:
        """Begin to keep: somebody tells of changes now."""
        self.forget([EVERYTHING])
        self.awake = True

    def _drop(self, key: Hashable) -> None:
        self.bytes -= self._entries.pop(key).size
