"""PostgreSQL and a Redis-compatible server of our own, for machines that have only Python.

`make run` and `make test` need both servers and nothing installed by hand. Their programs come from
two wheels (requirements-embedded.txt) or, where no wheel exists, from the system; their data lives
under TRIBEHOLD_DATA. Every process that uses them holds a shared file lock, and the last one to let
go stops them. A server named by DATABASE_URL or REDIS_URL is used as it is and never started here.

This module runs before Django is configured, so it imports none of it.
"""

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from typing import IO

from config.embedded.places import (
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
from config.embedded.servers import DATABASE, Postgres, Redis, Server

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
    """Both servers are up inside this block. Raises StartError where that can't be.

    SIGTERM ends the block in good order, as Ctrl-C does: the default would end the process at once
    and leave the servers behind.
    """
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    servers: list[Server] = []
    if os.environ.get("TRIBEHOLD_ENV") == "production":
        yield  # the settings demand addresses of real servers
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


def _release(servers: "list[Server]", owner: "Owner", user_lock: IO[str], process: int) -> None:
    if os.getpid() != process:  # a forked child must not stop its parent's servers
        return
    for impatience in (signal.SIGINT, signal.SIGTERM):
        signal.signal(impatience, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it up
    with _boot_lock():
        try:
            fcntl.flock(user_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else still uses them
        for server in reversed(servers):
            server.stop(owner)


@contextlib.contextmanager
def _boot_lock() -> Iterator[None]:
    """One process at a time starts or stops servers; the others wait for it."""
    with (servers_folder() / "boot.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
