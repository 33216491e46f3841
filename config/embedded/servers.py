"""The two embedded servers: how each is made, started and stopped."""

import shutil
import socket
import time
from typing import Any

import psycopg

from config.embedded import programs
from config.embedded.places import Owner, StartError, redis_socket, servers_folder, socket_folder

DATABASE = "tribehold"  # name of the database and of its owner in the embedded cluster
POSTGRES_OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling a query costs more than every query we have
    # Its log has no values of rows and statements: they hold email addresses and hashes.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Server:
    """A server that can be started, found running, and stopped."""

    def start(self, owner: Owner) -> None:
        """Start it, or leave it be when it already answers."""
        raise NotImplementedError

    def stop(self, owner: Owner) -> None:
        """Stop it and wait until it has."""
        raise NotImplementedError


class Postgres(Server):
    """A PostgreSQL cluster under `servers/postgres`, on a Unix socket only."""

    def __init__(self) -> None:
        self.cluster = servers_folder() / "postgres"

    def start(self, owner: Owner) -> None:
        """Make the cluster when there is none, start it, and make our database in it."""
        self.cluster = servers_folder() / "postgres"
        self.programs = programs.find_postgres(owner)
        self.major = programs.read_major_version(owner, self.programs / "postgres")
        self._make_cluster(owner)
        if not self._answers():
            self._boot(owner)
        self._make_database()

    def stop(self, owner: Owner) -> None:
        """Stop it, ending connections that are still open."""
        if hasattr(self, "programs"):
            owner.run(self.programs / "pg_ctl", "-D", self.cluster, "-w", "-m", "fast", "stop")

    def _make_cluster(self, owner: Owner) -> None:
        version_file = self.cluster / "PG_VERSION"
        if version_file.exists():
            found = version_file.read_text().strip()
            if found != str(self.major):
                raise StartError(
                    f"{self.cluster} was made by PostgreSQL {found}, and this is PostgreSQL"
                    f" {self.major}. Dump it with the old version and load it into a new data"
                    " directory, or start with an empty one: TRIBEHOLD_DATA=/some/folder."
                )
            return
        # Made aside and renamed when whole: a start that was killed leaves nothing half made.
        shutil.rmtree(self.cluster, ignore_errors=True)
        unfinished = self.cluster.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        owner.make_folder(unfinished)
        # Plain C gets upper('é') wrong. PostgreSQL 17 brings its own Unicode locale; older ones
        # use the C library's.
        locale = ["--locale=C.UTF-8"]
        if self.major >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        who = ("-U", DATABASE, "-A", "trust")
        options = ("-E", "UTF8", "--no-instructions", *locale)
        result = owner.run(self.programs / "initdb", "-D", unfinished, *who, *options)
        if result.returncode:
            raise StartError(
                f"PostgreSQL could not make its files: {programs.last_lines(result.stdout)}"
            )
        unfinished.rename(self.cluster)

    def _boot(self, owner: Owner) -> None:
        log = servers_folder() / "log" / "postgres.log"
        settings = POSTGRES_OPTIONS | {"unix_socket_directories": str(socket_folder())}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        command = (self.programs / "pg_ctl", "-D", self.cluster, "-w", "-t", "60", "-l", log)
        deadline = time.monotonic() + 15
        while owner.run(*command, "-o", options, "start").returncode:
            # Killed processes of an earlier run may hold the cluster for a second or two more.
            if self._answers():
                return
            if time.monotonic() > deadline:
                words = programs.last_lines(log.read_text(errors="replace")) if log.exists() else ""
                raise StartError(f"PostgreSQL does not start; the end of {log}: {words}")
            time.sleep(0.5)

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        host = str(socket_folder())
        return psycopg.connect(
            host=host, user=DATABASE, dbname=database, autocommit=True, connect_timeout=3
        )

    def _answers(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_database(self) -> None:
        with self._connect("postgres") as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")


class Redis(Server):
    """A Redis-compatible server (Valkey from the wheel) under `servers/redis`."""

    def start(self, owner: Owner) -> None:
        """Start it in the background and wait until it answers, ten seconds at most."""
        if self._ask(b"PING").startswith(b"+PONG"):
            return
        home, log = servers_folder(), servers_folder() / "log" / "redis.log"
        options = {
            "port": "0",
            "unixsocket": str(redis_socket()),
            "unixsocketperm": "700",
            "dir": str(home / "redis"),
            "save": "",
            "appendonly": "yes",
            "daemonize": "yes",
            "logfile": str(log),
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        result = owner.run(programs.find_redis(owner), *words)
        deadline = time.monotonic() + 10
        while not self._ask(b"PING").startswith(b"+PONG"):
            if result.returncode or time.monotonic() > deadline:
                text = log.read_text(errors="replace") if log.exists() else result.stdout
                raise StartError(
                    f"Redis does not start; the end of {log}: {programs.last_lines(text)}"
                )
            time.sleep(0.01)

    def stop(self, owner: Owner) -> None:
        """Stop it and wait until its socket is dead, five seconds at most."""
        self._ask(b"SHUTDOWN")
        deadline = time.monotonic() + 5
        while self._ask(b"PING") and time.monotonic() < deadline:
            time.sleep(0.01)

    @staticmethod
    def _ask(command: bytes) -> bytes:
        """One inline command; the answer's beginning, or nothing when nobody is there."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(3)
            try:
                connection.connect(str(redis_socket()))
                connection.sendall(command + b"\r\n")
                return connection.recv(64)
            except OSError:
                return b""
