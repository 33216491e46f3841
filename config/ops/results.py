"""Lets a request wait for the result of a task without holding a thread.

A view that needs a result adds a job, and puts a future into the scope of its request. The handler waits for
the future for a short time. Then it calls the view again, which responds with the result or with an error.
The task announces its results on a channel that each process listens to (config.db.notifications).
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
AWAITED = "tribehold.awaited"  # a key of ASGI scopes: a list to which a view may add one future

# The references are weak, so a future disappears when no request waits for it.
_futures: "WeakValueDictionary[str, Result]" = WeakValueDictionary()
_guard = threading.Lock()


class Result(Future[None]):
    """A future that is done when a task has announced its result."""


def get_future(key: str) -> Result:
    """Returns the future for the result with a key. Call it before the job is added."""
    with _guard:
        future = _futures.get(key)
        if future is None:
            future = _futures[key] = Result()
        return future


def await_result(request: HttpRequest, result: Result) -> bool:
    """Lets the handler wait for a result and call the view again. Returns whether it will.

    It waits once for each request, and not for requests of Django's test client.
    """
    scope: Mapping[str, Any] = getattr(request, "scope", {})
    awaited = scope.get(AWAITED)
    if awaited is None:
        return False
    awaited.append(result)
    return True


def announce(*keys: str) -> None:
    """Notifies all processes of results."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, ",".join(keys)])


def resolve(keys: list[str]) -> None:
    """Marks the futures of announced results as done. EVERYTHING stands for all results."""
    with _guard:
        named = list(_futures) if EVERYTHING in keys else keys
        ended = [future for key in named if (future := _futures.pop(key, None))]
    for future in ended:
        future.set_result(None)
