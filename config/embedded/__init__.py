"""Embedded servers: PostgreSQL and a Redis-compatible one, for machines that have only Python.

`make run` and `make test` need both servers, and no other installation. The programs come from two wheels
(requirements-embedded.txt), or from the system if there is no wheel. The data is under TRIBEHOLD_DATA. Each
process that uses the servers holds a shared file lock, and the last one stops them. If DATABASE_URL or
REDIS_URL is set, that server is not started.

This package runs before Django is configured, so it imports no Django.
"""

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from typing import IO

from config.embedded.folders import (
    Owner,
    StartError,
    data_folder,
    data_folder_error,
    prepare_folders,
    prepare_lock,
    redis_socket,
    servers_folder,
    socket_folder,
)
from config.embedded.servers import DATABASE, Postgres, Redis

__all__ = [
    "DATABASE",
    "StartError",
    "data_folder",
    "data_folder_error",
    "redis_socket",
    "running",
    "socket_folder",
]


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Runs both servers during a block. Raises StartError.

    SIGTERM ends the block as Ctrl-C does. By default it would end the process without stopping the servers.
    """
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    servers: list[Postgres | Redis] = []
    if os.environ.get("TRIBEHOLD_ENV") == "production":
        yield  # the settings require real servers
        return
    if not os.environ.get("DATABASE_URL"):
        servers.append(Postgres())
    if not os.environ.get("REDIS_URL"):
        servers.append(Redis())
    if not servers:
        yield
        return

    with prepare_lock():
        owner = prepare_folders()
    with contextlib.ExitStack() as stack:
        user_lock = stack.enter_context((servers_folder() / "users.lock").open("w"))
        stack.callback(_release, servers, owner, user_lock, os.getpid())
        with _boot_lock():
            fcntl.flock(user_lock, fcntl.LOCK_SH)
            for server in servers:
                server.start(owner)
        yield


def _release(
    servers: list[Postgres | Redis], owner: Owner, user_lock: IO[str], process: int
) -> None:
    if os.getpid() != process:  # a forked child must not stop the servers of its parent
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C would leave one server running
    with _boot_lock():
        try:
            fcntl.flock(user_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another process still uses them
        for server in reversed(servers):
            server.stop(owner)


@contextlib.contextmanager
def _boot_lock() -> Iterator[None]:
    """Lets one process at a time start or stop servers. Others wait."""
    with (servers_folder() / "boot.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
