"""Clients that take their seat and never read again, while others chat as fast as they may."""

import asyncio
import contextlib
import json
import signal
import socket
import time
from pathlib import Path

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.support.fault_players import Cluster, Player
from tests.support.processes import memory, run_setup, running_server

MUTE = 5
WORDS = "語" * 300
HANDSHAKE = (
    "GET /ws/game-sessions/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: tribehold.v1\r\n\r\n"
)


class TalkingPlayer(Player):
    """A player who chats as fast as the limit allows."""

    async def act(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.send(socket, "chat", text=WORDS)
                await asyncio.sleep(0.1)


def say_hello_and_never_read(port: int, session_id: str, ticket: str) -> socket.socket:
    """A socket with the smallest of buffers, which its owner does not empty."""
    mute = socket.socket()
    mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    mute.connect(("127.0.0.1", port))
    mute.sendall(HANDSHAKE.format(session_id).encode())
    assert mute.recv(64).startswith(b"HTTP/1.1 101")
    hello = orjson.dumps({"type": "hello", "data": {"ticket": ticket}})
    assert len(hello) < 126
    mute.sendall(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)
    return mute


def is_open(port: int, client: int) -> bool:
    """Returns whether the kernel of the server still has the connection of a client's port."""
    ends = f":{port:04X}", f":{client:04X}"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(row[1].endswith(ends[0]) and row[2].endswith(ends[1]) for row in rows)


def test_clients_that_never_read_are_disconnected(data: Path) -> None:
    with running_server(data, "--no-demo", TRUSTED_PROXIES="1") as server:
        facts = json.loads(run_setup(data, "lobbies", str(MUTE)))
        port, pid = int(server.url.rsplit(":", 1)[1]), server.process.pid

        async def scenario() -> list[float]:
            players = Cluster(facts["redis"])
            players.ports = [port]
            talking: list[Player] = []
            gone: list[float] = []
            mutes: dict[int, socket.socket] = {}
            for session_id, (first, *others) in facts["lobbies"].items():
                ticket = await players.ticket(Player(players, session_id, first))
                mute = say_hello_and_never_read(port, session_id, ticket)
                mutes[mute.getsockname()[1]] = mute
                talking += [TalkingPlayer(players, session_id, other) for other in others]
            began, before = time.monotonic(), memory(pid)
            async with players.live(talking):
                while len(gone) < MUTE:
                    for client in [client for client in mutes if not is_open(port, client)]:
                        mutes.pop(client).close()
                        gone.append(time.monotonic() - began)
                    assert time.monotonic() - began < 60, f"{len(gone)} are gone"
                    await asyncio.sleep(0.1)
            after = memory(pid)
            print(f"\ngone after {gone} s; memory {before:.1f} → {after:.1f} MB")  # noqa: T201
            assert after - before < 10
            return gone

        gone = asyncio.run(scenario())
        assert max(gone) < 10
        assert server.end(signal.SIGTERM) == 0
