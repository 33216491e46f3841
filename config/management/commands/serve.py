"""`manage.py serve`: everything from an empty machine to a site that answers."""

import contextlib
import hashlib
import os
import resource
import shutil
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from redis.exceptions import RedisError

from config.checks import CONFIGURATION
from config.ops import logs
from config.ops.readiness import has_pending_migrations
from config.redis.clients import durable

MAX_FRAME_BYTES = 16 * 1024  # bytes of a WebSocket message
MAX_CONNECTIONS = 1500  # pages and sockets together; more are told to come back
SEND_BUFFER_BYTES = 256 * 1024  # bytes of a connection that its client has not read yet
RECEIVE_BUFFER_BYTES = 128 * 1024  # bytes of a connection that we have not read yet
MAX_OPEN_FILES = (
    4 * MAX_CONNECTIONS
)  # open at once: connections, their temporary files, static files, databases
UNACKED_TIMEOUT_SECONDS = (
    7.0  # after which a connection ends whose client's kernel takes nothing more
)
PREPARE_LOCK_ID = 0x7_219E_401D  # any number that nobody else locks


class Command(BaseCommand):
    """Migrate, fill an empty demo, and serve pages, API, admin and sockets on one port."""

    help = "Serve Tribehold on PORT (8000). In the demo, prepares the database first."
    requires_system_checks = [CONFIGURATION]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *arguments: Any, **options: Any) -> None:
        with open_listener() as listener:
            check_servers()
            try:
                self.prepare(demo=not options["no_demo"])
            except OSError as error:
                raise CommandError(
                    f"{error.filename or settings.DATA_DIR} can't be written: {error.strerror}."
                ) from error
            self.greet(listener)
            raise_file_limit()
            connection.close()
            serve(listener)
        self.stdout.write("Tribehold has stopped.")

    def prepare(self, *, demo: bool) -> None:
        """Bring schema, demo and static files up to date; each step is safe to interrupt."""
        with connection.cursor() as cursor:
            # Two first starts at once would migrate at once; the second waits until this session ends.
            cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK_ID])
        if settings.PRODUCTION:
            if has_pending_migrations():
                raise CommandError("The database needs 'manage.py migrate' first.")
        else:
            call_command("migrate", verbosity=0, interactive=False)
            if demo:
                call_command("demo")
        build_static_files()

    def greet(self, listener: socket.socket) -> None:
        """Say where to go and how to sign in; the demo's links lead there, too."""
        host, port = listener.getsockname()[:2]
        local = host in ("127.0.0.1", "0.0.0.0", "::1", "::")  # noqa: S104 - compared, not bound
        site = f"http://{'localhost' if local else host}:{port}"
        if not (settings.PRODUCTION or os.environ.get("SITE_URL")):
            settings.SITE_URL = site
        self.stdout.write(
            f"\nTribehold is at {site}/   (API: {site}/api/docs, admin: {site}/admin/)"
        )
        if password := find_demo_password():
            self.stdout.write(
                f"Sign in as player, moderator or admin; the password of all three: {password}"
            )
        self.stdout.write("Ctrl-C stops it.")
        self.stdout.flush()


def find_demo_password() -> str | None:
    """The password of the demo's accounts, where this database has them."""
    file: Path = settings.DATA_DIR / "secrets" / "demo_password"
    password = file.read_text() if not settings.PRODUCTION and file.exists() else None
    works = password and authenticate(None, username="player", password=password)
    return password if works else None


def open_listener() -> socket.socket:
    """Take TRIBEHOLD_HOST and PORT before anything else is started. Raises CommandError."""
    host, text = os.environ.get("TRIBEHOLD_HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise CommandError(f"PORT is '{text}': it must be a number from 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    limit_kernel_buffers(listener)
    try:
        listener.bind((host, int(text)))
        listener.listen()  # only now can nobody else have the port
    except (OSError, OverflowError) as error:
        listener.close()
        raise CommandError(
            f"Port {text} on {host} can't be used ({getattr(error, 'strerror', error)})."
            " Choose another one: PORT=8001 make run."
        ) from error
    return listener


def limit_kernel_buffers(listener: socket.socket) -> None:
    """Bound what the kernel keeps for a client that reads nothing, or faster than we do; and for how long.

    The kernel would hold megabytes for each, and a closed connection for a quarter of an hour, since
    nobody can close one in good order that still has something to say.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        milliseconds = int(UNACKED_TIMEOUT_SECONDS * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def raise_file_limit() -> None:
    """Allow this process as many open files as its connections may need.

    Many systems begin with 1,024, fewer than we take connections; the kernel would refuse the others.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_servers() -> None:
    """Raise CommandError with a sentence where PostgreSQL or Redis can't be reached."""
    database = settings.DATABASES["default"]
    try:
        connection.ensure_connection()
    except (OperationalError, UnicodeError) as error:
        where = f"{database['HOST'] or 'localhost'}:{database.get('PORT') or 5432}"
        reason = str(error).strip().splitlines()[-1]
        raise CommandError(
            f"PostgreSQL at {where}, database '{database['NAME']}', can't be reached: {reason}."
            " Check DATABASE_URL and that the server runs; without DATABASE_URL an embedded one does."
        ) from error
    if connection.cursor().connection.info.server_version < 150000:
        raise CommandError("This PostgreSQL is too old: version 15 or newer is needed.")
    try:
        durable().ping()
    except (RedisError, OSError) as error:
        raise CommandError(
            f"Redis can't be reached: {error}. Check REDIS_URL and that the server runs;"
            " without REDIS_URL an embedded one does."
        ) from error


def build_static_files() -> None:
    """Collect, hash and compress static files, when their sources changed.

    Built aside and renamed when whole, so that an interrupted build leaves nothing half made.
    """
    root: Path = settings.STATIC_ROOT
    stamp = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for file in sorted((settings.BASE_DIR / "static").rglob("*")):
        if file.is_file():
            stamp.update(str(file).encode() + file.read_bytes())
    marker = root.with_suffix(".stamp")  # beside the folder, which is for everybody
    if root.exists() and marker.exists() and marker.read_text() == stamp.hexdigest():
        return
    marker.unlink(missing_ok=True)
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    settings.STATIC_ROOT = unfinished
    try:
        call_command("collectstatic", verbosity=0, interactive=False)
    finally:
        settings.STATIC_ROOT = root
    shutil.rmtree(root, ignore_errors=True)
    unfinished.rename(root)
    marker.write_text(stamp.hexdigest())


def server_config(application: Any) -> uvicorn.Config:
    """How uvicorn serves us; also in tests and benchmarks."""
    return uvicorn.Config(
        application,
        access_log=False,
        log_config=None,  # settings.LOGGING alone says what is logged, and how
        lifespan="on",
        log_level="warning",
        proxy_headers=False,  # who the client is, is for our own settings to say
        server_header=False,
        timeout_graceful_shutdown=10,
        # By their names: this module is imported where Django is not set up, too, as by the fuzzer.
        http="config.server.http_protocol:HttpProtocol",
        ws="config.server.websocket_protocol:WebSocketProtocol",
        limit_concurrency=MAX_CONNECTIONS,
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
    )


def serve(listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; requests under way get ten seconds to end."""
    logs.install_exception_hooks()
    # uvicorn stops in good order on a signal, then raises it again.
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        uvicorn.Server(server_config("config.asgi:application")).run(sockets=[listener])
