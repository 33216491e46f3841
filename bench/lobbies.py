"""`python -m bench.lobbies`: a thousand sockets in one process, beside Colyseus.

250 lobbies of four change once a second; a change counts from its sending until all four have it. The
same exchange runs against Colyseus 0.17 (bench/sockets, needs Node and npm) in turns with ours, with the
same clients. A run in which a client ends behind fails.
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
os.environ["TRIBEHOLD_DATA"] += "/lobbies"  # a small world of its own
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from bench.figures import table
from bench.servers import Running, manage, ours
from config import embedded

LOBBIES, SEATS = 250, 4
ROUNDS, SECONDS, WARMUP = 3, 20, 5
RIVALS, SEAT_ROUNDS = 50, 10
PORT, COLYSEUS_PORT = 8490, 8491
NODE = Path(__file__).parent / "sockets"
Plan = dict[str, Any]
Figures = dict[str, Any]


class Player(NamedTuple):
    """Somebody who is signed in, and has a tribe."""

    id: UUID
    tribe: UUID
    access: str
    token: Any  # what the access token says


class World:
    """A thousand players with tribes and sign-ins, and the lobbies they sit in."""

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
        """End all that is open."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM game_sessions WHERE code IS NOT NULL")

    def lobbies(self, port: int) -> list[list[dict[str, str]]]:
        """New lobbies, full, nobody ready; the seats as bench/sockets takes them."""
        from sessions_app.lobby import actions as lobby_actions
        from sessions_app.lobby import transactions
        from sessions_app.tickets import tickets

        self.clear()
        made = []
        for first in range(0, LOBBIES * SEATS, SEATS):
            group = self.players[first : first + SEATS]
            lobby = transactions.run(
                lobby_actions.create, group[0].id, map_id=self.map_id, tribe_id=group[0].tribe
            ).after
            for player in group[1:]:
                transactions.run(lobby_actions.join, lobby.id, player.id, tribe_id=player.tribe)
            made.append(
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
        return made


@contextlib.contextmanager
def node(*command: str, text: bool = True) -> Iterator["subprocess.Popen[str]"]:
    """A Node process of bench/sockets."""
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
    """The clients of a plan."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        with node("load.mjs", file.name) as process:
            yield process


def said(process: "subprocess.Popen[str]") -> Figures:
    """The next line that a process says."""
    assert process.stdout
    line = process.stdout.readline()
    assert line, "the clients stopped without a word"
    figures: Figures = json.loads(line)
    return figures


def load(plan: Plan) -> Figures:
    """The figures of a load; fails where anybody missed anything."""
    timing = {"mode": "load", "seconds": SECONDS, "warmup": WARMUP, "changes_per_second": 1}
    with clients(plan | timing) as process:
        figures = said(process)
        assert process.wait(10) == 0, figures
    return figures


def exchange(world: World, server: Running) -> None:
    """Ours and Colyseus in both modes, in turns."""
    found: dict[str, list[Figures]] = {}
    memory: dict[str, float] = {}
    for _ in range(ROUNDS):
        figures = load({"dialect": "tribehold", "lobbies": world.lobbies(PORT)})
        found.setdefault("Tribehold", []).append(figures)
        memory["Tribehold"] = server.memory()
        for mode, name in (("default", "Colyseus, 50 ms patches"), ("atonce", "Colyseus, at once")):
            with node("colyseus.mjs", str(COLYSEUS_PORT), mode) as colyseus:
                assert colyseus.stdout
                assert colyseus.stdin
                colyseus.stdout.readline()
                url = f"http://127.0.0.1:{COLYSEUS_PORT}"
                plan = {"dialect": "colyseus", "url": url, "lobbies": [[{}] * SEATS] * LOBBIES}
                found.setdefault(name, []).append(load(plan))
                colyseus.stdin.write("memory\n")
                colyseus.stdin.flush()
                memory[name] = said(colyseus)["memory"] / 2**20
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
    head = "| p50 ms | p99 ms | most ms | our p99 to it | MB"
    table(f"{LOBBIES} lobbies of four, a change a second, median of {ROUNDS} runs", head, rows)


def idle(world: World, server: Running) -> None:
    """Memory of a socket that is silent but for signs of life."""
    with clients({"mode": "idle", "dialect": "tribehold", "lobbies": []}):
        time.sleep(1)
    before = server.memory()
    with clients({"mode": "idle", "dialect": "tribehold", "lobbies": world.lobbies(PORT)}) as some:
        connected = said(some)["connected"]
        time.sleep(15)
        each = (server.memory() - before) * 1024 / connected
    rows = [(f"{connected:,} idle sockets", f"{before:.0f}", f"{each:.1f}")]
    table("Memory", "| MB before | KB a socket", rows)


def last_seat(world: World) -> None:
    """Fifty players want the last seat of a lobby at once."""
    from sessions_app.lobby import actions as lobby_actions
    from sessions_app.lobby import transactions

    seated, wanting = world.players[: SEATS - 1], world.players[SEATS : SEATS + RIVALS]
    slowest = []
    for _ in range(SEAT_ROUNDS):
        world.clear()
        lobby = transactions.run(
            lobby_actions.create, seated[0].id, map_id=world.map_id, tribe_id=seated[0].tribe
        ).after
        for player in seated[1:]:
            transactions.run(lobby_actions.join, lobby.id, player.id, tribe_id=player.tribe)
        answers = asyncio.run(join_at_once(f"game-sessions/{lobby.id}/join", wanting))
        statuses = [status for status, _ in answers]
        assert (statuses.count(200), statuses.count(409)) == (1, RIVALS - 1), statuses
        slowest.append(max(seconds for _, seconds in answers))
    rows = [(f"one seat, {RIVALS} players, {SEAT_ROUNDS} rounds", f"{max(slowest) * 1000:.0f}")]
    table("The last seat: one gets it", "| slowest answer, ms", rows)


async def join_at_once(path: str, players: "list[Player]") -> list[tuple[int, float]]:
    """Status and seconds of each player's request."""
    limits = httpx.Limits(max_connections=len(players))
    site = f"http://127.0.0.1:{PORT}/api/v1/"
    async with httpx.AsyncClient(base_url=site, limits=limits, timeout=30) as client:

        async def join(player: Player, number: int) -> tuple[int, float]:
            headers = {"Authorization": f"Bearer {player.access}"}
            headers["X-Forwarded-For"] = f"10.9.{secrets.randbelow(250)}.{number}"
            begun = time.perf_counter()
            answer = await client.post(path, json={"tribe_id": str(player.tribe)}, headers=headers)
            return answer.status_code, time.perf_counter() - begun

        return await asyncio.gather(*(join(p, n) for n, p in enumerate(players)))


def back(world: World) -> None:
    """All come back at once after the server was killed."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ours(PORT))
        plan = {"mode": "return", "seconds": 60, "dialect": "tribehold"}
        some = stack.enter_context(clients(plan | {"lobbies": world.lobbies(PORT)}))
        connected = said(some)["connected"]
        assert some.stdin
        some.stdin.write("go\n")
        some.stdin.flush()
        os.kill(server.pid, 9)
        stack.enter_context(ours(PORT))
        figures = said(some)
    rows = [(f"{figures['in_step']:,} of {connected:,} in step", f"{figures['seconds']:.1f}")]
    table("Back after kill -9", "| seconds", rows)


def main() -> None:
    """Print all tables."""
    import django

    django.setup()
    manage("migrate", "--verbosity", "0")
    manage("demo", "--verbosity", "0")
    if not (NODE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=NODE, check=True)
    world = World()
    wanted = sys.argv[1:] or ["idle", "seat", "exchange", "back"]
    if "back" in wanted:
        back(world)
    with ours(PORT) as server:
        if "idle" in wanted:
            idle(world, server)
        if "seat" in wanted:
            last_seat(world)
        if "exchange" in wanted:
            exchange(world, server)


if __name__ == "__main__":
    if not shutil.which("npm"):
        sys.exit("bench.lobbies needs Node and npm, for the clients and for Colyseus.")
    with embedded.running():
        main()
