"""A pytest plugin, loaded before Django: the real servers are up while tests run.

Tests use databases of their own: `test_…`, and on the embedded Redis numbers that the site leaves free.
"""

import contextlib
import os

from config import embedded

_running = contextlib.ExitStack()
_running.enter_context(embedded.running())
if not os.environ.get("REDIS_URL"):
    os.environ["REDIS_URL"] = f"unix://{embedded.redis_socket()}?db=8"
    os.environ["REDIS_CACHE_URL"] = f"unix://{embedded.redis_socket()}?db=9"


def pytest_unconfigure() -> None:
    _running.close()
