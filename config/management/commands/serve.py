"""`manage.py serve`: prepares the database and the static files, and serves the site."""

import contextlib
import faulthandler
import os
import resource
import socket
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from redis.exceptions import RedisError

from config.checks import CONFIGURATION
from config.ops import logs
from config.ops.readiness import has_pending_migrations
from config.redis.clients import durable
from config.server.connections import MAX_CONNECTIONS
from config.server.tcp import limit_kernel_buffers
from config.storage.static_files import build_static_files

MAX_FRAME_BYTES = 16 * 1024  # of a WebSocket message
STOP_LIMIT_SECONDS = 30.0  # requests have ten of them, jobs of the task queue eight
MAX_OPEN_FILES = 4 * MAX_CONNECTIONS  # connections, temporary files, static files, databases
PREPARE_LOCK_ID = 0x7_219E_401D  # of an advisory lock; an arbitrary number


class Command(BaseCommand):
    """Migrates, fills an empty demo, and serves pages, the API, the admin and sockets on one port."""

    help = "Serves Tribehold on PORT (8000). In the demo, it prepares the database first."
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
            self.print_welcome(listener)
            raise_file_limit()
            connection.close()
            serve(listener)
        self.stdout.write("Tribehold has stopped.")

    def prepare(self, *, demo: bool) -> None:
        """Updates the schema, the demo and static files. Each step may be interrupted."""
        with connection.cursor() as cursor:
            # Otherwise two processes could migrate at the same time. The lock ends with this session.
            cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK_ID])
        if settings.PRODUCTION:
            if has_pending_migrations():
                raise CommandError("The database needs 'manage.py migrate' first.")
        else:
            migrate()
            if demo:
                call_command("demo")
        build_static_files()

    def print_welcome(self, listener: socket.socket) -> None:
        """Prints the URL of the site and the demo's password. Sets the URL for links of the demo."""
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


def migrate() -> None:
    """Updates the schema. Raises CommandError if the database has another history of migrations."""
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except (InconsistentMigrationHistory, ProgrammingError) as error:
        raise CommandError(
            f"The database can't be updated: {str(error).strip()}\nA database from before version 0.1.0"
            f" can't be kept. Delete it (without DATABASE_URL: {settings.DATA_DIR}), then start again."
        ) from error


def find_demo_password() -> str | None:
    """Returns the password of the demo's accounts, if this database has them."""
    file: Path = settings.DATA_DIR / "secrets" / "demo_password"
    password = file.read_text() if not settings.PRODUCTION and file.exists() else None
    works = password and authenticate(None, username="player", password=password)
    return password if works else None


def open_listener() -> socket.socket:
    """Listens on TRIBEHOLD_HOST and PORT. Called before anything else starts. Raises CommandError."""
    host, text = os.environ.get("TRIBEHOLD_HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise CommandError(f"PORT is '{text}': it must be a number from 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    limit_kernel_buffers(listener)
    try:
        listener.bind((host, int(text)))
        listener.listen()  # from now on, no other process can use the port
    except (OSError, OverflowError) as error:
        listener.close()
        raise CommandError(
            f"Port {text} on {host} can't be used ({getattr(error, 'strerror', error)})."
            " Choose another one: PORT=8001 make run."
        ) from error
    return listener


def raise_file_limit() -> None:
    """Raises this process's limit of open files to what its connections need.

    Many systems have a default of 1,024, which is less than MAX_CONNECTIONS.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MAX_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_servers() -> None:
    """Raises CommandError, with the reason, if PostgreSQL or Redis can't be reached."""
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


def server_config(application: Any) -> uvicorn.Config:
    """Returns the configuration of uvicorn. Tests and benchmarks use it, too."""
    return uvicorn.Config(
        application,
        access_log=False,
        log_config=None,  # settings.LOGGING has everything
        lifespan="on",
        log_level="warning",
        proxy_headers=False,  # config.limits.client_addresses reads them
        server_header=False,
        timeout_graceful_shutdown=10,
        # By name, because the fuzzer imports this module without Django's settings.
        http="config.server.http_protocol:HttpProtocol",
        ws="config.server.websocket_protocol:WebSocketProtocol",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
    )


class Server(uvicorn.Server):
    """A server that exits even if it hangs. Otherwise it would keep its port, and no other could start."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to stop. After STOP_LIMIT_SECONDS the process prints where it hangs, and exits."""
        faulthandler.dump_traceback_later(STOP_LIMIT_SECONDS, exit=True)
        super().handle_exit(sig, frame)


def serve(listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM. Running requests then have ten seconds to end."""
    logs.install_exception_hooks()
    # uvicorn shuts down on a signal, then raises it again.
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        Server(server_config("config.asgi:application")).run(sockets=[listener])
    faulthandler.cancel_dump_traceback_later()
