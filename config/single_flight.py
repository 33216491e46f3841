"""Work that many ask for at once, done by one of them in this process."""

import contextlib
import threading
from collections.abc import Iterator

PATIENCE = 5.0  # seconds; who has waited that long does the work as well


class Locks:
    """A lock for each name, which is there only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._table: dict[str, tuple[threading.Lock, int]] = {}  # and how many use it
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self._table)

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Wait until nobody else works on `name`, PATIENCE at the most."""
        with self._guard:
            lock, users = self._table.get(name, (threading.Lock(), 0))
            self._table[name] = lock, users + 1
        held = lock.acquire(timeout=PATIENCE)
        try:
            yield
        finally:
            if held:
                lock.release()
            with self._guard:
                lock, users = self._table.pop(name)
                if users > 1:
                    self._table[name] = lock, users - 1
