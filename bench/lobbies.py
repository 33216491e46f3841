"""`python -m bench.lobbies`: a thousand sockets in one process, compared with Colyseus.

250 lobbies of four players change once a second. The time of a change ends when all four players have
received it. The same load runs against Colyseus 0.17 (bench/sockets, needs Node and npm), in turns with
Tribehold, with the same clients. A run fails if a client does not have the last version at the end.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx

os.environ.setdefault("TRIBEHOLD_DATA", str(Path(__file__).parent.parent / ".data-bench"))
os.environ["TRIBEHOLD_DATA"] += "/lobbies"  # a small database of its own
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from bench.figures import print_table
from bench.servers import RunningServer, manage, run_tribehold
from config import embedded

LOBBIES, SEATS = 250, 4
ROUNDS, SECONDS, WARMUP = 3, 20, 5
RIVALS, SEAT_ROUNDS = 50, 10
PORT, COLYSEUS_PORT = 8490, 8491
NODE = Path(__file__).parent / "sockets"
Plan = dict[str, Any]
Figures = dict[str, Any]


class Player(NamedTuple):
    """A player with an access token and a tribe."""

    id: UUID
    tribe: UUID
    access: str
    token: Any  # the content of the access token


class BenchmarkData:
    """A thousand players with tribes and tokens, and their lobbies."""

    def __init__(self) -> None:
        from accounts.models import User
        from accounts.tokens import signing
        from accounts.tokens.actions import start_family
        from maps.models import GameMap
        from tribes.models import Tribe

        missing = LOBBIES * SEATS - User.objects.filter(username__startswith="Bench").count()
        if missing > 0:
            User.objects.bulk_create(
                User(username=f"Bench{n}", email=f"bench{n}@players.example", password="!")
                for n in range(LOBBIES * SEATS)
            )
            Tribe.objects.bulk_create(
                Tribe(
                    user=user,
                    name="Ravens",
                    archetype="Aggressive",
                    damage_bonus="0.50",
                    color_theme="#FFD700",
                )
                for user in User.objects.filter(username__startswith="Bench")
            )
        self.map_id = GameMap.objects.published()[0].pk
        self.players: list[Player] = []
        for tribe in Tribe.objects.filter(user__username__startswith="Bench").select_related(
            "user"
        ):
            access, _ = start_family(tribe.user, "bench")
            self.players.append(
                Player(tribe.user_id, tribe.pk, access, signing.read(access, "access"))
            )

    def clear(self) -> None:
        """Deletes all lobbies."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM game_sessions WHERE code IS NOT NULL")

    def create_lobbies(self, port: int) -> list[list[dict[str, str]]]:
        """Creates full lobbies with nobody ready. Returns their seats for bench/sockets."""
        from sessions_app.lobby import actions as lobby_actions
        from sessions_app.lobby import transactions
        from sessions_app.tickets import tickets

        self.clear()
        lobbies = []
        for first in range(0, LOBBIES * SEATS, SEATS):
            group = self.players[first : first + SEATS]
            lobby = transactions.run(
                lobby_actions.create, group[0].id, map_id=self.map_id, tribe_id=group[0].tribe
            ).after
            for player in group[1:]:
                transactions.run(lobby_actions.join, lobby.id, player.id, tribe_id=player.tribe)
            lobbies.append(
                [
                    {
                        "url": f"ws://127.0.0.1:{port}/ws/game-sessions/{lobby.id}",
                        "ticket": tickets.create_ticket(player.token, lobby.id),
                        "token": player.access,
                        "address": f"10.0.{(first + n) // 16}.{(first + n) % 16}",
                        "reconnect_url": f"http://127.0.0.1:{port}/api/v1/game-sessions/{lobby.id}/ticket",
                    }
                    for n, player in enumerate(group)
                ]
            )
        return lobbies


@contextlib.contextmanager
def node(*command: str, text: bool = True) -> Iterator["subprocess.Popen[str]"]:
    """Runs a Node process of bench/sockets during a block."""
    process = subprocess.Popen(
        ["node", *command], cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=text
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def clients(plan: Plan) -> Iterator["subprocess.Popen[str]"]:
    """Runs the clients of a plan during a block."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        with node("load.mjs", file.name) as process:
            yield process


def read_figures(process: "subprocess.Popen[str]") -> Figures:
    """Returns the next line that a process prints."""
    assert process.stdout
    line = process.stdout.readline()
    assert line, "the clients stopped without figures"
    figures: Figures = json.loads(line)
    return figures


def run_load(plan: Plan) -> Figures:
    """Returns the figures of a load. Fails if a client missed a change."""
    timing = {"mode": "load", "seconds": SECONDS, "warmup": WARMUP, "changes_per_second": 1}
    with clients(plan | timing) as process:
        figures = read_figures(process)
        assert process.wait(10) == 0, figures
    return figures


def measure_changes(data: BenchmarkData, server: RunningServer) -> None:
    """Prints the times of changes, for Tribehold and both modes of Colyseus, in turns."""
    found: dict[str, list[Figures]] = {}
    memory: dict[str, float] = {}
    for _ in range(ROUNDS):
        figures = run_load({"dialect": "tribehold", "lobbies": data.create_lobbies(PORT)})
        found.setdefault("Tribehold", []).append(figures)
        memory["Tribehold"] = server.memory()
        for mode, name in (("default", "Colyseus, 50 ms patches"), ("atonce", "Colyseus, at once")):
            with node("colyseus.mjs", str(COLYSEUS_PORT), mode) as colyseus:
                assert colyseus.stdout
                assert colyseus.stdin
                colyseus.stdout.readline()
                url = f"http://127.0.0.1:{COLYSEUS_PORT}"
                plan = {"dialect": "colyseus", "url": url, "lobbies": [[{}] * SEATS] * LOBBIES}
                found.setdefault(name, []).append(run_load(plan))
                colyseus.stdin.write("memory\n")
                colyseus.stdin.flush()
                memory[name] = read_figures(colyseus)["memory"] / 2**20
    medians = {
        name: [statistics.median(f[key] for f in figures) for key in ("p50", "p99", "max")]
        for name, figures in found.items()
    }
    rows = [
        (
            name,
            *(f"{value:.1f}" for value in values),
            f"{medians['Tribehold'][1] / values[1]:.2f}",
            f"{memory[name]:.0f}",
        )
        for name, values in medians.items()
    ]
    head = "| p50 ms | p99 ms | max ms | our p99 / its p99 | MB"
    print_table(
        f"{LOBBIES} lobbies of four, one change per second, median of {ROUNDS} runs", head, rows
    )


def measure_idle(data: BenchmarkData, server: RunningServer) -> None:
    """Prints the memory of a socket that only sends heartbeats."""
    with clients({"mode": "idle", "dialect": "tribehold", "lobbies": []}):
        time.sleep(1)
    before = server.memory()
    plan = {"mode": "idle", "dialect": "tribehold", "lobbies": data.create_lobbies(PORT)}
    with clients(plan) as process:
        connected = read_figures(process)["connected"]
        time.sleep(15)
        kilobytes = (server.memory() - before) * 1024 / connected
    rows = [(f"{connected:,} idle sockets", f"{before:.0f}", f"{kilobytes:.1f}")]
    print_table("Memory", "| MB before | KB per socket", rows)


def measure_last_seat(data: BenchmarkData) -> None:
    """Prints the slowest response when fifty players request the last seat of a lobby."""
    from sessions_app.lobby import actions as lobby_actions
    from sessions_app.lobby import transactions

    seated, rivals = data.players[: SEATS - 1], data.players[SEATS : SEATS + RIVALS]
    slowest = []
    for _ in range(SEAT_ROUNDS):
        data.clear()
        lobby = transactions.run(
            lobby_actions.create, seated[0].id, map_id=data.map_id, tribe_id=seated[0].tribe
        ).after
        for player in seated[1:]:
            transactions.run(lobby_actions.join, lobby.id, player.id, tribe_id=player.tribe)
        responses = asyncio.run(join_concurrently(f"game-sessions/{lobby.id}/join", rivals))
        statuses = [status for status, _ in responses]
        assert (statuses.count(200), statuses.count(409)) == (1, RIVALS - 1), statuses
        slowest.append(max(seconds for _, seconds in responses))
    rows = [(f"one seat, {RIVALS} players, {SEAT_ROUNDS} rounds", f"{max(slowest) * 1000:.0f}")]
    print_table("The last seat: one player gets it", "| slowest response, ms", rows)


async def join_concurrently(path: str, players: "list[Player]") -> list[tuple[int, float]]:
    """Returns the status and the seconds of each player's request."""
    limits = httpx.Limits(max_connections=len(players))
    site = f"http://127.0.0.1:{PORT}/api/v1/"
    async with httpx.AsyncClient(base_url=site, limits=limits, timeout=30) as client:

        async def join(player: Player, number: int) -> tuple[int, float]:
            headers = {"Authorization": f"Bearer {player.access}"}
            headers["X-Forwarded-For"] = f"10.9.{secrets.randbelow(250)}.{number}"
            started = time.perf_counter()
            response = await client.post(
                path, json={"tribe_id": str(player.tribe)}, headers=headers
            )
            return response.status_code, time.perf_counter() - started

        return await asyncio.gather(*(join(p, n) for n, p in enumerate(players)))


def measure_reconnect(data: BenchmarkData) -> None:
    """Prints the time until all clients are connected again after the server was killed."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(run_tribehold(PORT))
        plan = {"mode": "reconnect", "seconds": 60, "dialect": "tribehold"}
        process = stack.enter_context(clients(plan | {"lobbies": data.create_lobbies(PORT)}))
        connected = read_figures(process)["connected"]
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
        os.kill(server.pid, 9)
        stack.enter_context(run_tribehold(PORT))
        figures = read_figures(process)
    rows = [
        (
            f"{figures['in_step']:,} of {connected:,} with the newest version",
            f"{figures['seconds']:.1f}",
        )
    ]
    print_table("Reconnection after kill -9", "| seconds", rows)


def main() -> None:
    """Prints the tables that the arguments name, or all of them."""
    import django

    django.setup()
    manage("migrate", "--verbosity", "0")
    manage("demo", "--verbosity", "0")
    if not (NODE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=NODE, check=True)
    data = BenchmarkData()
    selected = sys.argv[1:] or ["idle", "seat", "changes", "reconnect"]
    if "reconnect" in selected:
        measure_reconnect(data)
    with run_tribehold(PORT) as server:
        if "idle" in selected:
            measure_idle(data, server)
        if "seat" in selected:
            measure_last_seat(data)
        if "changes" in selected:
            measure_changes(data, server)


if __name__ == "__main__":
    if not shutil.which("npm"):
        sys.exit("bench.lobbies needs Node and npm for the clients and for Colyseus.")
    with embedded.running():
        main()
