"""A pytest plugin, loaded before Django: real servers for the tests that need them.

Tests use databases of their own: `test_…` of PostgreSQL, and two numbers of Redis. Where pytest-xdist
spreads the tests over several processes, each has its own. A test without the database is pure: it may
not ask Redis either, and a run of pure tests alone starts no server.
"""

import contextlib
import os
from typing import Any

import pytest

from config import embedded
from config.embedded.folders import prepare_folders, prepare_lock
from config.redis.urls import next_database

# Of pytest-xdist: "gw0", "gw1", …; nothing where one process runs all tests.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
_running = contextlib.ExitStack()


def _own_databases(url: str) -> str:
    """The address of a Redis for this process: each one before it has taken two databases."""
    for _ in range(2 * int(WORKER.removeprefix("gw") or 0)):
        url = next_database(url)
    return url


if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    with prepare_lock():
        prepare_folders()  # the settings ask where they are
_embedded = f"unix://{embedded.redis_socket()}?db=8"  # the site leaves these numbers free
# Workers inherit what their controller has set here.
_is_embedded = os.environ.get("REDIS_URL") in (None, "", _embedded)
if _is_embedded:
    os.environ["REDIS_URL"] = _embedded
os.environ.setdefault("REDIS_CACHE_URL", next_database(os.environ["REDIS_URL"]))
for _name in ("REDIS_URL", "REDIS_CACHE_URL"):
    os.environ[_name] = _own_databases(os.environ[_name])


def is_pure(item: pytest.Item) -> bool:
    """Whether a test has no database, neither by its mark nor by a fixture."""
    fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return not fixtures and item.get_closest_marker("django_db") is None


def pytest_configure() -> None:
    """Gives each process its own channels: the databases of one Redis share them."""
    from django.conf import settings

    layer: Any = settings.CHANNEL_LAYERS["default"]
    layer["CONFIG"]["prefix"] = f"tribehold-test-{WORKER}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """The controller of xdist starts the servers once, and runs longer than its workers."""
    if session.config.getoption("numprocesses", None) and not WORKER:
        _start()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Starts the embedded servers, or finds them running, unless all tests are pure."""
    if not (all(map(is_pure, session.items)) or session.config.option.collectonly):
        _start()


def _start() -> None:
    with pytest.MonkeyPatch.context() as patch:
        if _is_embedded:
            patch.delenv("REDIS_URL")  # a configured address names an external server
        _running.enter_context(embedded.running())


def pytest_unconfigure() -> None:
    """Stops them, unless another process still needs them."""
    _running.close()
