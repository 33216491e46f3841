"""Fifty live lobbies, and faults of their servers. Slow: only `make faults` runs these."""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg

from sessions_app.kernel.protocol import Close
from sessions_app.live.reconciliation import MAX_WRITE_SECONDS, SILENCE_SECONDS
from tests.support.fault_players import Cluster, Player
from tests.support.processes import ROOT, ServeProcess, run_setup, servers_of

# Players in a process of their own: models are imported after the setup.
PLAY = (
    "import django; django.setup(); from tests.support import fault_players; fault_players.main()"
)

LOBBIES = 50
PROCESSES = 3  # of players who live in processes of their own
RECOVERY = 10.0  # seconds


class FaultTest:
    """Two server processes, their PostgreSQL and Redis, and all players."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.servers = [self.serve(), self.serve()]
        facts = json.loads(run_setup(data, "lobbies", str(LOBBIES)))
        self.database, self.lobbies = facts["database"], facts["lobbies"]
        self.redis = facts["redis"]
        self.cluster = Cluster(self.redis)
        # The last player of each third lobby is in another process.
        self.elsewhere = [(key, players[-1]) for key, players in self.lobbies.items()][::3]
        self.players = [
            Player(self.cluster, session_id, player_id)
            for session_id, players in self.lobbies.items()
            for player_id in players
            if (session_id, player_id) not in self.elsewhere
        ]
        self.write_ports()
        self.clients = [self.play(number) for number in range(PROCESSES)]

    def serve(self) -> ServeProcess:
        return ServeProcess(self.data, "--no-demo", TRUSTED_PROXIES="1")

    def play(self, number: int) -> "subprocess.Popen[bytes]":
        """Starts a process that plays some of the remote players."""
        folder = self.data.parent
        facts = {"redis": self.redis, "seats": self.elsewhere[number::PROCESSES]}
        (folder / f"players-{number}.json").write_text(json.dumps(facts))
        command = [sys.executable, "-c", PLAY, str(folder), str(number)]
        return subprocess.Popen(command, cwd=ROOT)

    def write_ports(self) -> None:
        self.cluster.ports = [int(server.url.rsplit(":", 1)[1]) for server in self.servers]
        (self.data.parent / "ports.json").write_text(json.dumps(self.cluster.ports))

    async def remote_seats(self) -> list[bool]:
        """Returns for each remote player whether a socket holds the seat."""
        players = [player_id for _, player_id in self.elsewhere]
        async with await psycopg.AsyncConnection.connect(self.database) as database:
            cursor = await database.execute(
                "SELECT is_connected FROM session_players WHERE user_id = ANY(%s::uuid[])",
                [players],
            )
            return [row[0] for row in await cursor.fetchall()]

    def pid_of(self, name: str) -> int:
        """The process of a server below the data directory."""
        return next(pid for pid, line in servers_of(self.data).items() if name in line)

    async def restart(self, which: str) -> None:
        await asyncio.to_thread(run_setup, self.data, which)

    async def replace(self, number: int) -> None:
        """A new process in the place of one that has ended."""
        self.servers[number] = await asyncio.to_thread(self.serve)
        self.write_ports()

    async def faults(self) -> list[str]:
        """Returns what is wrong with the lobbies, in words."""
        try:
            database = await psycopg.AsyncConnection.connect(self.database, connect_timeout=2)
        except psycopg.Error as error:
            return [str(error)]
        async with database:
            cursor = await database.execute(
                "SELECT g.id::text, g.version, g.status, array_agg(s.user_id::text),"
                " count(*) FILTER (WHERE s.is_host), bool_and(s.is_connected)"
                " FROM game_sessions AS g JOIN session_players AS s ON s.session_id = g.id"
                " GROUP BY g.id"
            )
            rows = {row[0]: row[1:] for row in await cursor.fetchall()}
        wrong = [f"{lobby} is gone" for lobby in self.lobbies.keys() - rows.keys()]
        for lobby, (version, status, seated, hosts, connected) in rows.items():
            if status != "Lobby" or hosts != 1 or set(seated) != set(self.lobbies[lobby]):
                wrong.append(f"{lobby} is {status} with {hosts} hosts and {len(seated)} seats")
            elif not connected:
                wrong.append(f"{lobby} misses somebody")
            wrong += [
                f"{lobby}: player {player.number} is at {player.version}, not {version}"
                for player in self.players
                if player.session_id == lobby and (player.version != version or not player.socket)
            ]
        return wrong

    async def recovered(self) -> float:
        """Returns the seconds until all players have a seat and the newest version of their lobby."""
        began = time.monotonic()
        await asyncio.sleep(1)  # of activity after the fault
        self.cluster.is_still = True
        try:
            while wrong := await self.faults():
                assert time.monotonic() - began < RECOVERY, wrong[:5]
                await asyncio.sleep(0.05)
        finally:
            self.cluster.is_still = False
        assert sum(player.falls for player in self.players) == 0
        return time.monotonic() - began

    async def echo(self) -> tuple[float, float]:
        """Returns the seconds until a change has reached all other players: the median, the slowest."""
        self.cluster.is_still = True
        await asyncio.sleep(0.3)  # earlier messages have arrived
        lobbies = [[p for p in self.players if p.session_id == lobby] for lobby in self.lobbies]
        times = await asyncio.gather(*map(self.echo_in, lobbies))
        self.cluster.is_still = False
        return statistics.median(times), max(times)

    async def echo_in(self, players: list[Player]) -> float:
        began, wanted = time.monotonic(), players[0].version + 1
        assert players[0].socket
        await players[0].send(players[0].socket, "ready", is_ready=not players[0].is_ready)
        while any(player.version < wanted for player in players):
            await asyncio.sleep(0.005)
            assert time.monotonic() - began < RECOVERY
        return time.monotonic() - began

    def closes(self) -> Counter[int]:
        """How sockets ended since it was asked last."""
        total: Counter[int] = Counter()
        for player in self.players:
            total += player.closes
            player.closes.clear()
        return total


@contextlib.asynccontextmanager
async def running_players(fault_test: FaultTest) -> AsyncIterator[None]:
    async with fault_test.cluster.live(fault_test.players) as tasks:
        yield
        assert not any(task.done() for task in tasks), fault_test.closes()  # no player gave up
        assert [client.poll() for client in fault_test.clients] == [None] * PROCESSES


# ---- What happens -------------------------------------------------------------------------------


async def a_process_is_killed(fault_test: FaultTest) -> None:
    fault_test.servers[0].end(signal.SIGKILL)


async def it_is_back(fault_test: FaultTest) -> None:
    await fault_test.replace(0)


async def clients_stop(fault_test: FaultTest) -> None:
    """The server processes are stopped for so long that their sockets are lost, then continued."""
    assert await fault_test.remote_seats() == [True] * len(fault_test.elsewhere)
    for client in fault_test.clients:
        client.send_signal(signal.SIGSTOP)
    await asyncio.sleep(SILENCE_SECONDS + MAX_WRITE_SECONDS + 4)
    assert await fault_test.remote_seats() == [False] * len(fault_test.elsewhere)  # still stored
    for client in fault_test.clients:
        client.send_signal(signal.SIGCONT)


async def stand_still(pids: list[int]) -> None:
    """Stops processes for five seconds."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(5)
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def redis_restarts(fault_test: FaultTest) -> None:
    await fault_test.restart("redis")


async def redis_is_emptied(fault_test: FaultTest) -> None:
    await fault_test.cluster.redis.flushall()


async def redis_hangs(fault_test: FaultTest) -> None:
    pid = fault_test.pid_of("redis.sock")
    await stand_still([pid])


async def postgres_restarts(fault_test: FaultTest) -> None:
    await fault_test.restart("postgres")


async def postgres_hangs(fault_test: FaultTest) -> None:
    pids = [pid for pid, line in servers_of(fault_test.data).items() if "postgres" in line]
    await stand_still(pids)


async def a_process_stops_in_good_order(fault_test: FaultTest) -> None:
    fault_test.closes()
    began = time.monotonic()
    assert await asyncio.to_thread(fault_test.servers[1].end, signal.SIGTERM) == 0
    assert time.monotonic() - began < 10
    assert fault_test.closes()[Close.RESTARTING] > 10


EVENTS: tuple[Callable[[FaultTest], Awaitable[Any]], ...] = (
    redis_is_emptied,
    clients_stop,
    redis_restarts,
    redis_hangs,
    postgres_restarts,
    postgres_hangs,
    a_process_is_killed,
    it_is_back,
    a_process_stops_in_good_order,
)


def test_fifty_lobbies_survive_all_faults(data: Path) -> None:
    fault_test = FaultTest(data)
    rows: list[str] = []

    async def live() -> None:
        async with running_players(fault_test):
            await fault_test.recovered()
            fault_test.closes()
            for event in EVENTS:
                began = time.monotonic()
                await event(fault_test)
                lasted = time.monotonic() - began
                seconds = await fault_test.recovered()
                median, slowest = await fault_test.echo()
                closes = dict(sorted(fault_test.closes().items()))
                row = (
                    f"{event.__name__:30}{lasted:8.1f}{seconds:10.1f}{median:10.3f}{slowest:10.3f}"
                )
                rows.append(f"{row}   {closes}")
                assert median < 0.5  # not by the periodic comparison with the database

    try:
        asyncio.run(live())
    finally:
        print(f"\n{'seconds':30}  lasted  all well    median   slowest   closed")  # noqa: T201
        print("\n".join(rows))  # noqa: T201
        with contextlib.ExitStack() as ends:  # each, whatever happens to the others
            for server in fault_test.servers:
                if server.process.poll() is None:
                    ends.callback(server.end, signal.SIGTERM)
            for client in fault_test.clients:
                ends.callback(client.wait, 10)
                ends.callback(client.kill)
        said = "".join(server.said for server in fault_test.servers)
    assert servers_of(data) == {}
    assert "Traceback" not in said, said[-3000:]
