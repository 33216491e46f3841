"""PostgreSQL or Redis hangs for forty seconds: lost seats are still there, and the log has two lines."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from sessions_app.lobby.rules import GRACE_PERIOD
from tests.support.fault_players import Cluster, Player
from tests.support.processes import ServeProcess, run_setup, running_server, servers_of
from tests.support.socket_clients import Caller, path_of
from tests.support.waiting import until

HANG_SECONDS = 40.0
NAMES = {"postgres": ("PostgreSQL", "postgres"), "redis": ("Redis", "redis.sock")}


def children_of(pid: int) -> list[int]:
    """Returns the processes of PostgreSQL's connections, whose command lines do not name its folder."""
    command = ["ps", "--ppid", str(pid), "-o", "pid="]
    listing = subprocess.run(command, capture_output=True, text=True).stdout
    return [int(child) for child in listing.split()]


@contextlib.contextmanager
def stopped(data: Path, name: str) -> Iterator[None]:
    """Stops all processes of a server, and continues them afterwards."""
    parents = [pid for pid, line in servers_of(data).items() if name in line]
    assert parents
    pids = [*parents, *(child for parent in parents for child in children_of(parent))]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class Lobby:
    """A lobby with two players, and what its database says."""

    def __init__(self, server: ServeProcess, data: Path) -> None:
        facts = json.loads(run_setup(data, "lobbies", "1"))
        self.server, self.facts = server, facts
        [(self.id, (self.host, self.guest, *_))] = facts["lobbies"].items()

    def seat(self, player: str) -> Caller:
        async def ticket() -> str:
            players = Cluster(self.facts["redis"])
            try:
                return await players.ticket(Player(players, self.id, player))
            finally:
                await players.redis.aclose()

        caller = Caller(self.server, path_of(self.id))
        assert caller.ask("hello", ticket=asyncio.run(ticket()))["type"] == "welcome"
        return caller

    def has_seat(self, player: str) -> bool:
        with psycopg.connect(self.facts["database"]) as database:
            rows = database.execute(
                "SELECT 1 FROM session_players WHERE user_id = %s AND left_at IS NULL", [player]
            )
            return rows.fetchone() is not None


@pytest.mark.parametrize("service", NAMES)
def test_lost_seats_outlive_a_server_that_hangs(data: Path, service: str) -> None:
    name, process = NAMES[service]
    with running_server(data, "--no-demo") as server:
        lobby = Lobby(server, data)
        host, guest = lobby.seat(lobby.host), lobby.seat(lobby.guest)
        tokens = [caller.received[0]["data"]["resume"] for caller in (host, guest)]
        guest.socket.socket.close()  # ten seconds before
        host.until(lambda frame: not frame["data"]["players"][1]["is_connected"])
        time.sleep(10)
        with stopped(data, process):
            began = time.monotonic()
            host.socket.socket.close()
            if service == "redis":
                with Caller(server, path_of(lobby.id)) as back:
                    assert back.ask("hello", resume=tokens[0])["type"] == "welcome"
                    tokens[0] = back.received[0]["data"]["resume"]
            with contextlib.suppress(httpx.HTTPError):  # requests fail meanwhile
                for _ in range(10):
                    httpx.get(f"{server.url}/maps/", timeout=2)
            time.sleep(max(0, began + HANG_SECONDS - time.monotonic()))
        time.sleep(8)
        assert lobby.has_seat(lobby.host)
        assert lobby.has_seat(lobby.guest)
        for token in tokens:
            with Caller(server, path_of(lobby.id)) as back:
                assert back.ask("hello", resume=token)["type"] == "welcome"
        time.sleep(GRACE_PERIOD.seconds + 6)
        assert not lobby.has_seat(lobby.guest)  # the timer goes on
        until(lambda: f"{name} is available again" in server.said)
    said = server.said
    assert "Traceback" not in said
    assert said.count(f"{name} is unavailable.") == 1, said
    assert said.count(f"{name} is available again, after ") == 1, said
    about = [line for line in said.splitlines() if " ERROR " in line]
    assert len(about) <= 1, about  # the first failure, which alone is no outage
