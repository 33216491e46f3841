"""Players that reconnect like the client of the site: with random, growing delays, to any server.

`main`, with the arguments FOLDER and NUMBER, plays those of `FOLDER/players-NUMBER.json`. They only hold
their seats, at the ports of `FOLDER/ports.json`.
"""

import asyncio
import contextlib
import hashlib
import itertools
import json
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import orjson
import redis.asyncio
from redis.exceptions import RedisError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from accounts.tokens.signing import stamp
from config.kernel.cancellation import cancel_and_wait
from sessions_app.kernel.protocol import CLOSES, Close
from sessions_app.kernel.socket_address import SUBPROTOCOL
from tests.support.fault_setup import PASSWORD

SHORTEST, LONGEST = 0.1, 5.0  # seconds between two tries
PING = 5.0  # seconds


class Player:
    """A player who holds a seat, reconnects after each loss, and sends random commands."""

    _numbers = itertools.count(1)

    def __init__(self, cluster: "Cluster", session_id: str, player_id: str) -> None:
        self.cluster, self.session_id, self.player_id = cluster, session_id, player_id
        self.number = next(self._numbers)
        self.chance = random.Random(self.number)
        self.family = secrets.token_hex(16)
        self.socket: ClientConnection | None = None
        self.version, self.falls = 0, 0
        self.closes: Counter[int] = Counter()
        self.is_ready = False
        self.turn = self.number  # which server is asked

    async def live(self) -> None:
        """Connects and reconnects until cancelled, or until a close code is final."""
        pause = SHORTEST
        while True:
            try:
                code = await self.connect_once()
                pause = SHORTEST
            except (OSError, InvalidHandshake, InvalidMessage, RedisError, EOFError):
                code = None  # the server is down: another one, as a load balancer would choose
                self.turn += 1
            except ConnectionClosed as end:
                code = end.rcvd.code if end.rcvd else 1006
            finally:
                self.socket = None
            if code is not None:
                self.closes[code] += 1
                if code in set(Close) and not CLOSES[Close(code)][1]:
                    return
            await asyncio.sleep(pause * self.chance.uniform(0.5, 1))
            pause = min(LONGEST, 2 * pause)

    async def connect_once(self) -> int:
        """Connects one socket until its end; returns the close code."""
        ticket = await self.cluster.ticket(self)
        port = self.cluster.ports[self.turn % len(self.cluster.ports)]
        async with connect(
            f"ws://127.0.0.1:{port}/ws/game-sessions/{self.session_id}",
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            additional_headers={
                "X-Forwarded-For": f"10.0.{self.number // 250}.{self.number % 250}"
            },
            compression=None,
            ping_interval=None,
            open_timeout=5,
            close_timeout=1,
        ) as socket:
            await self.send(socket, "hello", ticket=ticket)
            acting = asyncio.create_task(self.act(socket))
            try:
                while True:
                    frame = orjson.loads(await socket.recv())
                    self.receive(socket, frame)
                    if frame["type"] == "pong" and "re" not in frame:
                        await self.send(socket, "ping")
            except ConnectionClosed as end:
                return end.rcvd.code if end.rcvd else 1006
            finally:
                acting.cancel()

    def receive(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        if frame["type"] in ("welcome", "lobby"):
            self.socket = socket
            self.falls += frame["version"] < self.version
            self.version = frame["version"]
            lobby = frame["data"]["lobby"] if frame["type"] == "welcome" else frame["data"]
            [self.is_ready] = [
                seat["is_ready"] for seat in lobby["players"] if seat["player_id"] == self.player_id
            ]

    async def act(self, socket: ClientConnection) -> None:
        """Sends random commands without end."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self.chance.uniform(0.2, 2))
                if not self.cluster.is_still:
                    await self.do_something(socket)

    async def do_something(self, socket: ClientConnection) -> None:
        deed = self.chance.choice(["ready", "ready", "chat", "settings", "ping", "vanish"])
        if deed == "ready":
            await self.send(socket, "ready", is_ready=self.chance.random() < 0.5)
        elif deed == "chat":
            await self.send(socket, "chat", text="x" * self.chance.randint(1, 300))
        elif deed == "settings":
            await self.send(socket, "settings", is_public=self.chance.random() < 0.5)
        elif deed == "ping":
            await self.send(socket, "ping")
        elif self.chance.random() < 0.1:
            socket.transport.abort()

    async def send(self, socket: ClientConnection, kind: str, **data: Any) -> None:
        frame = {"type": kind, "id": secrets.token_hex(8), "data": data}
        await socket.send(orjson.dumps(frame).decode())


class Cluster:
    """The servers that players know, and tickets as the API would make them."""

    def __init__(self, redis_url: str) -> None:
        self.ports: list[int] = []
        self.is_still = False
        self.redis = redis.asyncio.Redis.from_url(redis_url, socket_timeout=2)

    @contextlib.asynccontextmanager
    async def live(self, players: "Iterable[Player]") -> "AsyncIterator[list[asyncio.Task[None]]]":
        """Runs players until the end of the block, however it ends, and closes their connections."""
        tasks = [asyncio.create_task(player.live()) for player in players]
        try:
            yield tasks
        finally:
            await cancel_and_wait(tasks)
            await self.redis.aclose()

    async def ticket(self, player: Player) -> str:
        """Makes a ticket as the API does, and signs in again where Redis has lost that."""
        key = f"session:{player.player_id}:refresh_token"
        record = {"jti": "1", "device": "drill", "since": 1, "expires": int(time.time()) + 3600}
        await self.redis.hset(key, player.family, orjson.dumps(record))
        ticket = secrets.token_urlsafe(24)
        said = {
            "player": player.player_id,
            "session": player.session_id,
            "families": key,
            "family": player.family,
            "stamp": stamp(0, PASSWORD),
        }
        hashed = hashlib.sha256(ticket.encode()).hexdigest()
        await self.redis.set(f"ticket:{hashed}", orjson.dumps(said), ex=30)
        return ticket


class RemoteCluster(Cluster):
    """The cluster for players in another process, which read the ports from a file."""

    def __init__(self, redis_url: str, ports: Path) -> None:
        super().__init__(redis_url)
        self.is_still, self.file = True, ports

    async def ticket(self, player: Player) -> str:
        """A ticket, for the servers that are there now."""
        self.ports = json.loads(self.file.read_text())
        return await super().ticket(player)


async def play_remotely(folder: Path, number: str) -> None:
    """Plays the players of a file without end."""
    facts = json.loads((folder / f"players-{number}.json").read_text())
    cluster = RemoteCluster(facts["redis"], folder / "ports.json")
    players = [Player(cluster, *seat) for seat in facts["seats"]]
    await asyncio.gather(*(player.live() for player in players))


def main() -> None:
    """Plays the players of the file that the arguments of this process name."""
    asyncio.run(play_remotely(Path(sys.argv[1]), sys.argv[2]))
