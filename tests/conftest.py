"""Fixtures: players and staff, a signed-in client, and the real application on a real port."""

import fcntl
import hashlib
import inspect
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection, connections
from django.test import Client, TransactionTestCase, override_settings
from procrastinate.contrib.django import app
from pytest_django import DjangoDbBlocker
from redis.asyncio.connection import AbstractConnection as AsyncConnection
from redis.connection import AbstractConnection as Connection

from accounts.models import User
from config.embedded import data_folder
from config.redis import clients
from config.redis.clients import durable
from config.storage.static_files import HashedStaticFilesStorage, build_static_files
from maps.models import GameMap
from tests.support.database import empty_tables
from tests.support.documented import require_documented
from tests.support.factories import make_map, make_moderator, make_user
from tests.support.live_site import Site
from tests.support.redis import forget_failures
from tests.support.servers import is_pure

pytest_plugins = [
    "tests.support.database",
    "tests.support.fast_lane",
    "tests.support.object_storage",
]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, without waits for the disk: its rows need not survive a crash."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        connection.close()  # the next one begins with it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        yield


@pytest.fixture(autouse=True)
def fast_password_hasher(settings: Any) -> None:
    """Replaces Argon2, which is slow by design, with a fast hasher."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    make_password("warm")


@pytest.fixture(autouse=True)
def no_workers(settings: Any) -> None:
    """A site that runs tasks costs more to start and to stop; few tests need one."""
    settings.TASKS = False


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pictures go to a folder that vanishes; pages refer to static files as they lie."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def reset_stores(request: pytest.FixtureRequest) -> None:
    """Empties Redis and the caches before each test. Pure tests have no Redis."""
    forget_failures()
    if is_pure(request.node):
        request.getfixturevalue("no_redis")
        return
    durable().flushdb()
    clients.disposable().clear()


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test that asks Redis without having the database: alone, it would find no server."""

    def fail(*_: Any, **__: Any) -> None:
        pytest.fail("a test without the database asks Redis: mark it django_db")

    for kind in (Connection, AsyncConnection):
        monkeypatch.setattr(kind, "connect", fail)


@pytest.fixture(autouse=True)
def own_jobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leaves no jobs behind: Django empties its own tables alone. What is due daily is not due in tests."""
    monkeypatch.setitem(app.periodic_defaults, "max_delay", 0)
    marker = request.node.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db")
        yield
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_periodic_defers")
            cursor.execute("DELETE FROM procrastinate_jobs")
            cursor.execute("DELETE FROM procrastinate_workers")
    else:
        yield


@pytest.fixture(autouse=True)
def documented_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails a test whose client gets a response of the API that the OpenAPI schema does not have."""
    send = Client.request

    def request(self: Client, **environment: Any) -> Any:
        response = send(self, **environment)
        path = environment.get("PATH_INFO", "/")
        if path.startswith("/api/v1/"):
            require_documented(environment.get("REQUEST_METHOD", "GET"), path, response)
        return response

    monkeypatch.setattr(Client, "request", request)


@pytest.fixture
def author(db: None) -> User:
    return make_user("Author")


@pytest.fixture
def player(db: None) -> User:
    return make_user("Player1")


@pytest.fixture
def moderator(db: None) -> User:
    return make_moderator()


@pytest.fixture
def staff(db: None) -> dict[str, User]:
    administrator = make_user("Chief", is_staff=True, is_superuser=True)
    return {"moderator": make_moderator(), "administrator": administrator}


@pytest.fixture
def admin_clients(staff: dict[str, User]) -> dict[str, Client]:
    found = {role: Client() for role in staff}
    for role, client in found.items():
        client.force_login(staff[role])
    return found


@pytest.fixture
def game_map(author: User) -> GameMap:
    return make_map(author)


@pytest.fixture
def signed_in(client: Client, player: User) -> Client:
    client.force_login(player)
    return client


# The logs of server errors. That of uvicorn does not propagate to the root.
SERVER_LOGS = ("uvicorn.error", "asyncio")
# The library the tests' own clients are made with; it complains of servers that cut it off.
CLIENTS_LOG = "websockets.client"


@pytest.fixture
def no_errors_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever clients do, the log is for what is wrong with the server."""
    loggers = [logging.getLogger(name) for name in SERVER_LOGS]
    for logger in loggers:
        logger.addHandler(caplog.handler)
    yield
    for logger in loggers:
        logger.removeHandler(caplog.handler)
    records = [r for r in caplog.get_records("call") if r.name != CLIENTS_LOG]
    assert [r.getMessage() for r in records if r.exc_info or r.levelno >= logging.ERROR] == []


@pytest.fixture(scope="session")
def static_root() -> Path:
    """Static files as production has them: hashed and compressed.

    Compressing takes ten seconds, so all workers share the result until its sources change.
    """
    made_by = hashlib.sha256(Path(inspect.getfile(HashedStaticFilesStorage)).read_bytes())
    root = data_folder() / f"test-static-{made_by.hexdigest()[:12]}" / "static"
    root.parent.mkdir(parents=True, exist_ok=True)
    with override_settings(STATIC_ROOT=root), (root.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build_static_files()
    return root


@pytest.fixture
def tasks_run(settings: Any) -> None:
    """Has the site of a test run its tasks, too."""
    settings.TASKS = True


@pytest.fixture
def site(transactional_db: None, static_root: Path, settings: Any) -> Iterator[Site]:
    """The real application on a real port, with the tests' database. It runs tasks only with `tasks_run`."""
    from django.contrib.staticfiles.storage import staticfiles_storage  # noqa: F401

    settings.STATIC_ROOT = static_root
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "config.storage.static_files.HashedStaticFilesStorage"}
    }
    running = Site(static_root)
    yield running
    running.stop()
    connections.close_all()
