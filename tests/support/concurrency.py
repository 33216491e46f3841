"""Simultaneous calls in threads."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(threads: int, work: Callable[[int], T]) -> list[T]:
    """Returns the results of `work` in so many threads that start together; each gets its number."""
    barrier = threading.Barrier(threads)
    results: list[T] = []

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            results.append(work(number))
        finally:
            connection.close()

    running = [threading.Thread(target=run, args=[n]) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    return results
