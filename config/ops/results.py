"""Lets a request wait for what a task makes, without holding a thread.

A view that misses something adds a job, and puts a future into the scope of its request. The handler waits
for the future for a short time, then calls the view again, which now answers whether it is there or not. The
task announces what it has made on a channel that each process listens to (config.db.notifications).
"""

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any
from weakref import WeakValueDictionary

from django.db import connection
from django.http import HttpRequest

from config.db.notifications import EVERYTHING

CHANNEL = "task_results"
AWAITED = "tribehold.awaited"  # the key of scopes: a list, which a view may put one future into

# Nobody waits any more for what is gone from here: the requests alone keep the futures.
_futures: "WeakValueDictionary[str, Result]" = WeakValueDictionary()
_guard = threading.Lock()


class Result(Future[None]):
    """Ends when a task has made what is waited for."""


def expect(key: str) -> Result:
    """Returns a future of what has this key. To be called before the job is added."""
    with _guard:
        future = _futures.get(key)
        if future is None:
            future = _futures[key] = Result()
        return future


def await_result(request: HttpRequest, result: Result) -> bool:
    """Asks the handler to wait for a result and to call the view again; returns whether it will.

    It waits once for each request, and not for those of Django's test client.
    """
    scope: Mapping[str, Any] = getattr(request, "scope", {})
    awaited = scope.get(AWAITED)
    if awaited is None:
        return False
    awaited.append(result)
    return True


def announce(*keys: str) -> None:
    """Tells all processes what was made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, ",".join(keys)])


def resolve(keys: list[str]) -> None:
    """Ends the wait for what was made. After a time without notifications that may be anything."""
    with _guard:
        named = list(_futures) if EVERYTHING in keys else keys
        ended = [future for key in named if (future := _futures.pop(key, None))]
    for future in ended:
        future.set_result(None)
