"""`manage.py serve` as a process: what it prints, how it ends, and what it leaves."""

import contextlib
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import websockets.sync.client
from django.core.management import CommandError, call_command
from django.db import connection

from config.management.commands.serve import Command, migrate, open_listener
from config.redis.urls import check_redis_url, next_database
from tests.support.processes import (
    ROOT,
    ServeProcess,
    environment,
    manage,
    open_folder,
    running_server,
    servers_of,
)

ADDRESSES = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
SECRETS = ADDRESSES | {
    "SECRET_KEY": "s" * 60,
    "JWT_SIGNING_KEY": "j" * 60,
    "ALLOWED_HOSTS": "localhost,.tribehold.example",
    "SITE_URL": "https://localhost",
    "TRUSTED_PROXIES": "1",
    "EMAIL_URL": "smtp+tls://x:secret@127.0.0.1:1",
    "EMAIL_FROM": "tribehold@example.com",
}


@pytest.fixture
def read_settings(data: Path) -> Callable[..., dict[str, Any]]:
    """Reads the settings as a new process with such an environment would; returns all their values."""

    def read(**given: str) -> dict[str, Any]:
        with patch.dict(os.environ, environment(data, **given), clear=True):
            return runpy.run_path(str(ROOT / "config/settings.py"))

    return read


def assert_mistake(found: dict[str, Any], words: str) -> None:
    """Asserts that the settings have a mistake, which is reported without the value."""
    reported = " ".join(found["CONFIGURATION_MISTAKES"])
    assert words in reported
    assert "secret" not in reported


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data directory that several tests share."""
    with open_folder() as folder:
        yield folder


def test_serve_creates_a_demo(data: Path) -> None:
    with running_server(data) as server:
        password = server.said.split("password of all three: ")[1].split()[0]
        credentials = {"username": "player", "password": password}
        login = httpx.post(server.url + "/api/v1/auth/login", json=credentials)
        assert login.json()["user"]["username"] == "player"
        assert len(httpx.get(server.url + "/api/v1/maps?page_size=50").json()["results"]) == 50
        page = httpx.get(server.url + "/maps/")
        assert page.text.count('class="card"') == 24
        assert "server" not in page.headers
        picture = page.text.split('src="/maps/')[1].split('"')[0]
        assert httpx.get(server.url + "/maps/" + picture).headers["content-type"] == "image/webp"
        assert httpx.get(server.url + "/admin/login/").status_code == 200
        with websockets.sync.client.connect(server.url.replace("http", "ws") + "/ws/x"):
            pass
        assert len(servers_of(data)) >= 2
        assert server.end(signal.SIGTERM) == 0
    assert "Tribehold has stopped." in server.said
    assert servers_of(data) == {}
    assert (data / "secrets" / "secret_key").stat().st_mode & 0o077 == 0


def test_links_of_the_demo_have_its_port(data: Path) -> None:
    with running_server(data) as server:
        robots = httpx.get(f"{server.url}/robots.txt", headers={"Host": "127.0.0.1:1337"}).text
    assert f"Sitemap: {server.url}/sitemap.xml" in robots


def test_ctrl_c_stops_serve(data: Path) -> None:
    with running_server(data) as server:
        assert server.end(signal.SIGINT) == 0
    assert servers_of(data) == {}


def test_two_processes_share_the_embedded_servers(data: Path) -> None:
    with running_server(data) as one, running_server(data) as other:
        assert one.url != other.url
        assert "Filling the empty database" not in other.said
        postmasters = [line for line in servers_of(data).values() if " -D " in line]
        assert len(postmasters) == 1
        assert one.end(signal.SIGTERM) == 0
        assert httpx.get(other.url + "/health/ready").status_code == 200
        assert httpx.get(other.url + "/maps/").status_code == 200
    assert servers_of(data) == {}


HANGING = """
import asyncio, os, signal, socket, threading
import django
django.setup()
from config.management.commands import serve

async def application(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    threading.Thread(target=os.kill, args=[os.getpid(), signal.SIGTERM]).start()
    await asyncio.Event().wait()

serve.STOP_LIMIT_SECONDS = 0.2
config = serve.server_config(application)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
serve.Server(config).run(sockets=[listener])
"""


def test_a_process_that_hangs_when_it_stops_shows_where_and_ends(data: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGING],
        cwd=ROOT,
        env=environment(data, DJANGO_SETTINGS_MODULE="config.settings"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "Timeout (0:00:00.2" in ended.stderr


def test_serve_starts_after_kill_9(data: Path) -> None:
    server = ServeProcess(data)
    server.end(signal.SIGKILL)
    assert servers_of(data) != {}  # nothing has stopped them
    with running_server(data) as again:
        assert httpx.get(again.url + "/maps/").status_code == 200
    assert servers_of(data) == {}


def test_killed_embedded_servers_start_again(data: Path) -> None:
    server = ServeProcess(data)
    server.end(signal.SIGKILL)
    for pid in servers_of(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with running_server(data) as again:
        assert httpx.get(again.url + "/health/ready").status_code == 200


@pytest.mark.parametrize("port", ["x", "-1", "65536", "8000.5", "", " ", "٣"])
def test_an_invalid_port_is_reported(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(CommandError, match="it must be a number from 1 to 65535"):
        open_listener()


def test_a_port_in_use_is_reported(data: Path) -> None:
    with running_server(data) as other:
        port = other.url.rsplit(":", 1)[1]
        response = manage(data, "serve", PORT=port)
    assert response.returncode == 1
    assert f"Port {port} on 127.0.0.1 can't be used" in response.stderr
    assert "PORT=8001 make run" in response.stderr
    assert "Traceback" not in response.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "postgres://x:secret@127.0.0.1:1/x", "PostgreSQL at 127.0.0.1:1"),
        (
            "DATABASE_URL",
            "postgres://x:secret@nowhere.invalid/x",
            "PostgreSQL at nowhere.invalid:5432",
        ),
        ("REDIS_URL", "redis://:secret@127.0.0.1:1/0", "Redis can't be reached"),
    ],
)
def test_unreachable_servers_are_reported(data: Path, name: str, value: str, words: str) -> None:
    response = manage(data, "serve", **{name: value})
    assert response.returncode == 1
    assert words in response.stderr
    assert "Traceback" not in response.stderr
    assert "secret" not in response.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "postgres://x:secret@127.0.0.1:x/x", "DATABASE_URL is not a valid URL"),
        ("DATABASE_URL", "mysql://x:secret@127.0.0.1/x", "must begin with postgres://"),
        ("DATABASE_URL", "nonsense", "must begin with postgres://"),
        ("REDIS_URL", "redis://127.0.0.1:x/0", "REDIS_URL is not a valid URL"),
        ("REDIS_URL", "nonsense", "REDIS_URL is not a valid URL"),
        ("REDIS_CACHE_URL", "http://127.0.0.1", "REDIS_CACHE_URL is not a valid URL"),
        ("MEDIA_STORAGE", "s3://key:secret@host", "MEDIA_STORAGE has no valid bucket"),
        ("TRIBEHOLD_THREADS", "11", "from 1 to 10"),
        ("TRIBEHOLD_THREADS", "x", "TRIBEHOLD_THREADS must be from 1 to 10"),
        ("TRUSTED_PROXIES", "-1", "TRUSTED_PROXIES must be from 0"),
        ("HOT_CACHE_SECONDS", "soon", "HOT_CACHE_SECONDS must be from 0"),
        ("TRIBEHOLD_ENV", "staging", "it must be 'demo' or 'production'"),
    ],
)
def test_meaningless_settings_are_reported(
    read_settings: Callable[..., dict[str, Any]], name: str, value: str, words: str
) -> None:
    assert_mistake(read_settings(**{name: value}), words)


def test_the_cache_cannot_be_in_the_same_database(
    read_settings: Callable[..., dict[str, Any]],
) -> None:
    url = "redis://:secret@127.0.0.1:1/0"
    assert_mistake(read_settings(REDIS_URL=url, REDIS_CACHE_URL=url), "equals REDIS_URL")


@pytest.mark.parametrize("missing", SECRETS)
def test_production_starts_with_all_of_its_secrets_or_not(
    read_settings: Callable[..., dict[str, Any]], missing: str
) -> None:
    given = {name: value for name, value in SECRETS.items() if name != missing}
    found = read_settings(TRIBEHOLD_ENV="production", **given)
    assert f"{missing} is not set" in " ".join(found["CONFIGURATION_MISTAKES"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SECRET_KEY", "x", "SECRET_KEY is too short"),
        ("JWT_SIGNING_KEY", "j" * 31, "JWT_SIGNING_KEY is too short"),
        ("JWT_SIGNING_KEY", SECRETS["SECRET_KEY"], "JWT_SIGNING_KEY equals SECRET_KEY"),
        ("JWT_PREVIOUS_KEYS", f"{'k' * 60},{'l' * 31}", "JWT_PREVIOUS_KEYS has a key of less"),
        ("TRUSTED_PROXIES", "0", "TRUSTED_PROXIES is not set"),
        ("SITE_URL", "http://localhost", "SITE_URL must begin with https://"),
        ("SITE_URL", "localhost", "SITE_URL must begin with https://"),
        ("SITE_URL", "https://evil.example", "SITE_URL must name one of ALLOWED_HOSTS"),
        ("SITE_URL", "https://nottribehold.example", "SITE_URL must name one of ALLOWED_HOSTS"),
        ("SITE_URL", "https://localhost/tribehold", "SITE_URL must be a scheme and a host"),
        ("SITE_URL", "https://localhost?x", "SITE_URL must be a scheme and a host"),
        ("SITE_URL", "https://x:secret@localhost", "SITE_URL must be a scheme and a host"),
        ("SITE_URL", "https://localhost:0", "SITE_URL must be a scheme and a host"),
        ("SITE_URL", "https://localhost:x", "SITE_URL is not a valid URL"),
        ("SITE_URL", "https://[::1", "SITE_URL is not a valid URL"),
        ("SITE_URL", "https://", "SITE_URL must be a scheme and a host"),
        ("EMAIL_URL", "consolemail://", "EMAIL_URL prints emails"),
        ("EMAIL_URL", "nonsense://secret", "EMAIL_URL is not a valid URL"),
        ("EMAIL_URL", "smtp://x:secret@host:x", "EMAIL_URL is not a valid URL"),
    ],
)
def test_production_rejects_unsafe_settings(
    read_settings: Callable[..., dict[str, Any]], name: str, value: str, words: str
) -> None:
    given = SECRETS | {name: value}
    assert_mistake(read_settings(TRIBEHOLD_ENV="production", **given), words)


def test_all_mistakes_are_reported_at_once(data: Path) -> None:
    given = {"TRIBEHOLD_ENV": "production", "TRIBEHOLD_THREADS": "0", "REDIS_URL": "nonsense"}
    for command in ("check", "serve", "migrate"):
        response = manage(data, command, **given)
        assert response.returncode == 1
        wanted = SECRETS.keys() - given.keys() | {"TRIBEHOLD_THREADS", "REDIS_URL"}
        assert {name for name in wanted if name not in response.stderr} == set()
        assert "Traceback" not in response.stderr


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"JWT_PREVIOUS_KEYS": "k" * 32},
        {"SITE_URL": "https://www.Tribehold.example:8443/"},
    ],
)
def test_production_accepts_safe_settings(
    read_settings: Callable[..., dict[str, Any]], more: dict[str, str]
) -> None:
    found = read_settings(TRIBEHOLD_ENV="production", **(SECRETS | more))
    assert found["CONFIGURATION_MISTAKES"] == []


def test_the_checks_pass_in_production(data: Path) -> None:
    response = manage(data, "check", TRIBEHOLD_ENV="production", **SECRETS)
    assert response.returncode == 0, response.stderr


@pytest.mark.django_db(transaction=True)
def test_production_does_not_start_with_pending_migrations(settings: Any) -> None:
    settings.PRODUCTION = True
    call_command("migrate", "sessions_app", "0001", verbosity=0)
    try:
        with pytest.raises(CommandError, match=r"needs 'manage.py migrate' first"):
            Command().prepare(demo=True)
    finally:
        call_command("migrate", verbosity=0)


@pytest.mark.django_db
def test_a_database_from_before_the_first_release_is_refused_with_advice() -> None:
    with connection.cursor() as cursor:
        # An applied migration without the one before it: names of the earlier history were used again.
        cursor.execute("DELETE FROM django_migrations WHERE app = 'maps' AND name = '0003_ratings'")
    with pytest.raises(CommandError, match=r"before version 0\.1\.0 can't be kept\. Delete it"):
        migrate()


def test_options_of_database_url_are_used(read_settings: Callable[..., dict[str, Any]]) -> None:
    found = read_settings(DATABASE_URL="postgres://x@127.0.0.1/x?sslmode=verify-full")
    assert found["DATABASES"]["default"]["OPTIONS"]["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    ("url", "following"),
    [
        ("redis://h:1/0", "redis://h:1/1"),
        ("redis://u:p@h", "redis://u:p@h/1"),
        ("rediss://h:1/7", "rediss://h:1/8"),
        ("unix:///s?db=8", "unix:///s?db=9"),
        ("unix:///s", "unix:///s?db=1"),
        ("redis://h?db=3&x=1", "redis://h?db=4&x=1"),
        ("redis://h?x=1", "redis://h/1?x=1"),
        ("redis://", "redis:///1"),
    ],
)
def test_the_cache_has_its_own_database(url: str, following: str) -> None:
    check_redis_url(url)
    assert next_database(url) == following


def test_data_of_another_postgresql_version_is_reported(data: Path) -> None:
    manage(data, "migrate", "--verbosity", "0")
    version = (data / "servers").resolve() / "postgres" / "PG_VERSION"
    good = version.read_text()
    version.write_text("14\n")
    try:
        response = manage(data, "serve")
    finally:
        version.write_text(good)
    assert response.returncode == 1
    assert "was made by PostgreSQL 14" in response.stderr
    assert "TRIBEHOLD_DATA=/some/folder" in response.stderr


def test_a_data_directory_that_can_not_be_written_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    response = manage(file, "serve")
    assert response.returncode == 1
    assert "can't be used" in response.stderr
    assert "Traceback" not in response.stderr
    response = manage(file, "serve", **ADDRESSES)
    assert "can't be used" in response.stderr
    assert "Traceback" not in response.stderr
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid() != 0:  # root may write anywhere
        response = manage(closed / "data", "serve")
        assert response.returncode == 1
        assert "can't be used" in response.stderr
