"""Many hands at the same moment."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(hands: int, work: Callable[[int], T]) -> list[T]:
    """What `work` answers in as many threads, begun at the same moment; each is given its number."""
    barrier = threading.Barrier(hands)
    answers: list[T] = []

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            answers.append(work(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[n]) for n in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers
