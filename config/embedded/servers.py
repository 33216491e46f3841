"""The two embedded servers: how each is created, started and stopped."""

import shutil
import socket
import time
from typing import Any

import psycopg

from config.embedded import programs
from config.embedded.folders import Owner, StartError, redis_socket, servers_folder, socket_folder

DATABASE = "tribehold"  # name of the database and of its owner in the embedded cluster
POSTGRES_OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling takes longer than any of our queries
    # Keeps rows and statements, which include email addresses and hashes, out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Postgres:
    """A PostgreSQL cluster under `servers/postgres`, on a Unix socket only."""

    def __init__(self) -> None:
        self.cluster = servers_folder() / "postgres"

    def start(self, owner: Owner) -> None:
        """Creates the cluster if there is none, starts it, and creates the database."""
        self.cluster = servers_folder() / "postgres"
        self.programs = programs.find_postgres(owner)
        self.major = programs.read_major_version(owner, self.programs / "postgres")
        self._create_cluster(owner)
        if not self._is_running():
            self._launch(owner)
        self._create_database()

    def stop(self, owner: Owner) -> None:
        """Stops the server, and ends open connections."""
        if hasattr(self, "programs"):
            owner.run(self.programs / "pg_ctl", "-D", self.cluster, "-w", "-m", "fast", "stop")

    def _create_cluster(self, owner: Owner) -> None:
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
        # Renamed at the end, so that a killed process leaves no incomplete cluster.
        shutil.rmtree(self.cluster, ignore_errors=True)
        unfinished = self.cluster.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        owner.make_folder(unfinished)
        # With the locale C, upper('é') is wrong. PostgreSQL 17 has a Unicode locale of its own. Older ones
        # use the one of the C library.
        locale = ["--locale=C.UTF-8"]
        if self.major >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        account = ("-U", DATABASE, "-A", "trust")
        options = ("-E", "UTF8", "--no-instructions", *locale)
        result = owner.run(self.programs / "initdb", "-D", unfinished, *account, *options)
        if result.returncode:
            raise StartError(
                f"PostgreSQL could not create its files: {programs.last_lines(result.stdout)}"
            )
        unfinished.rename(self.cluster)

    def _launch(self, owner: Owner) -> None:
        log = servers_folder() / "log" / "postgres.log"
        settings = POSTGRES_OPTIONS | {"unix_socket_directories": str(socket_folder())}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        command = (self.programs / "pg_ctl", "-D", self.cluster, "-w", "-t", "60", "-l", log)
        deadline = time.monotonic() + 15
        while owner.run(*command, "-o", options, "start").returncode:
            # Killed processes of an earlier run may still use the cluster for a second or two.
            if self._is_running():
                return
            if time.monotonic() > deadline:
                end = programs.last_lines(log.read_text(errors="replace")) if log.exists() else ""
                raise StartError(f"PostgreSQL does not start; the end of {log}: {end}")
            time.sleep(0.5)

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        host = str(socket_folder())
        return psycopg.connect(
            host=host, user=DATABASE, dbname=database, autocommit=True, connect_timeout=3
        )

    def _is_running(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with self._connect("postgres") as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")


class Redis:
    """A Redis-compatible server (Valkey from the wheel) under `servers/redis`."""

    def start(self, owner: Owner) -> None:
        """Starts the server, and waits up to ten seconds until it is ready."""
        if self._send(b"PING").startswith(b"+PONG"):
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
        while not self._send(b"PING").startswith(b"+PONG"):
            if result.returncode or time.monotonic() > deadline:
                text = log.read_text(errors="replace") if log.exists() else result.stdout
                raise StartError(
                    f"Redis does not start; the end of {log}: {programs.last_lines(text)}"
                )
            time.sleep(0.01)

    def stop(self, owner: Owner) -> None:
        """Stops the server, and waits up to five seconds until it has stopped."""
        self._send(b"SHUTDOWN")
        deadline = time.monotonic() + 5
        while self._send(b"PING") and time.monotonic() < deadline:
            time.sleep(0.01)

    @staticmethod
    def _send(command: bytes) -> bytes:
        """Sends an inline command, and returns the beginning of the reply. Empty if no server runs."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(3)
            try:
                connection.connect(str(redis_socket()))
                connection.sendall(command + b"\r\n")
                return connection.recv(64)
            except OSError:
                return b""
