"""Fixtures: the cast, a signed-in client, and the real application on a real port."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, override_settings

from accounts.identity.sign_in import start_family
from accounts.models import User
from config.limits import rate_limits
from config.management.commands.serve import bound_waiting, server_config
from config.redis import clients
from config.redis.clients import durable
from maps.models import GameMap
from maps.search import spelling
from tests.cast import make_map, make_moderator, make_user


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Argon2 is slow by design; tests of other things needn't wait for it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    make_password("warm")


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pictures go to a folder that vanishes; pages refer to static files as they lie."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def forget_counts() -> None:
    """Limits, locks, token families and caches begin anew with each test."""
    clients._failed_at.clear()
    durable().flushdb()
    clients.disposable().flushdb()
    spelling._met.clear()


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
    chief = make_user("Chief", is_staff=True, is_superuser=True)
    return {"moderator": make_moderator(), "administrator": chief}


@pytest.fixture
def desks(staff: dict[str, User]) -> dict[str, Client]:
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


def bearer(user: User) -> dict[str, str]:
    """The header of a signed-in call of the API."""
    return {"Authorization": f"Bearer {start_family(user, 'tests')[0]}"}


@contextmanager
def redis_away() -> Iterator[None]:
    """For a while, a Redis that nobody answers for."""
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        forget_connections()
        try:
            yield
        finally:
            forget_connections()


def forget_connections() -> None:
    """Let the next one who asks Redis read the settings anew."""
    durable.cache_clear()
    rate_limits._script.cache_clear()
    clients._failed_at.clear()


def cut_database() -> None:
    """End all connections to the test database but this thread's own, and wait until they are gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


class Site:
    """The whole application behind uvicorn, in a thread of this process."""

    def __init__(self, static_root: Path) -> None:
        from django.conf import settings

        from config import asgi

        settings.STATIC_ROOT = static_root
        self.listener = socket.socket()
        bound_waiting(self.listener)
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = uvicorn.Server(server_config(asgi.make_application()))
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self.listener]}, daemon=True
        )
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.01)

    def cut(self) -> None:
        """Cut all connections, without a word."""
        for protocol in list(self.server.server_state.connections):
            transport = getattr(protocol, "transport", None)
            if transport:
                protocol.loop.call_soon_threadsafe(transport.abort)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.listener.close()


# Where the server tells of what went wrong; uvicorn's own does not reach the root.
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
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Static files as production has them: hashed and compressed. Made once for all tests."""
    root = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=root):
        call_command("collectstatic", verbosity=0, interactive=False)
    return root


@pytest.fixture
def site(transactional_db: None, static_root: Path, settings: Any) -> Iterator[Site]:
    """The real application on a real port, with the tests' database."""
    from django.contrib.staticfiles.storage import staticfiles_storage  # noqa: F401

    settings.STATIC_ROOT = static_root
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "config.storage.files.HashedStaticFilesStorage"}
    }
    running = Site(static_root)
    yield running
    running.stop()
    connections.close_all()
