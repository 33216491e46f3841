"""A client of the live lobby: takes a seat, gets ready, receives changes, reconnects after a lost connection.

    python docs/example_lobby_client.py http://localhost:8000 player PASSWORD          opens a lobby
    python docs/example_lobby_client.py http://localhost:8000 friend PASSWORD CODE     joins one

Needs httpx and websockets. What is said on the socket is in protocol.md. The host starts as soon as two
players are ready; both programs end when the game begins.
"""

import asyncio
import itertools
import json
import math
import random
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, suppress
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

STABLE_AFTER = 5  # seconds; after a connection that lasted this long, the delay is short again
FINAL = {
    1000,
    1002,
    1007,
    1009,
    4400,
    4401,
    4403,
    4404,
    4409,
}  # close codes after which a client does not reconnect
SUBPROTOCOL = Subprotocol("tribehold.v1")
UNAUTHORIZED = 4401  # except once after this one: a ticket may have expired meanwhile
SILENCE_TIMEOUT = 25  # seconds


class SignIn(httpx.Auth):
    """Adds the access token to requests. If it has expired, refreshes it and sends the request again."""

    requires_response_body = True

    def __init__(self, site: str, tokens: dict[str, str]) -> None:
        self.site, self.tokens = site, tokens

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sends a request. If the access token has expired, refreshes it and sends the request again."""
        request.headers["Authorization"] = f"Bearer {self.tokens['access']}"
        response = yield request
        if response.status_code != 401:
            return
        body = {"refresh": self.tokens["refresh"]}
        response = yield httpx.Request("POST", f"{self.site}/api/v1/auth/refresh", json=body)
        if response.is_success:
            self.tokens = response.json()
            request.headers["Authorization"] = f"Bearer {self.tokens['access']}"
            yield request


class LobbyClient:
    """A seat in a lobby. `api` is signed in: an httpx client with the base address and a SignIn."""

    def __init__(self, api: httpx.AsyncClient, session_id: str) -> None:
        self.api, self.session_id = api, session_id
        self.lobby: dict[str, Any] = {"version": 0}
        self.player_id = ""
        self.socket: ClientConnection | None = None
        self.resume = ""  # the token that resumes the seat without a ticket
        self.pending: dict[str, str] = {}  # id → frame; sent again after a reconnection
        self.wait, self.welcomed_at, self.is_forgiven = 0.1, math.inf, False
        self.ids = map(str, itertools.count(int(time.time() * 1000)))

    async def messages(self) -> AsyncGenerator[dict[str, Any], None]:
        """Yields all messages until the seat is lost, and reconnects meanwhile.

        A caller that stops listening earlier closes it (`aclosing`), and the socket with it.
        """
        while True:
            try:
                async with aclosing(self._connected()) as connected:
                    async for message in connected:
                        yield message
            except ConnectionClosed as end:
                if not self._may_return(end.rcvd.code if end.rcvd else 1006):
                    return
            except httpx.HTTPStatusError as error:
                if error.response.status_code in (401, 404):
                    raise
            except (OSError, TimeoutError, httpx.HTTPError):
                pass  # the server is not available right now
            await self._pause()

    async def say(self, kind: str, **data: Any) -> None:
        """Sends a message. Its response is among `messages`, with this id as `re`."""
        message_id = next(self.ids)
        frame = json.dumps({"type": kind, "id": message_id, "data": data})
        self.pending[message_id] = frame
        if self.socket:
            with suppress(ConnectionClosed):  # it is sent again after the next welcome
                await self.socket.send(frame)

    def _may_return(self, code: int) -> bool:
        """Returns whether to reconnect after a close code.

        If a resume token has ended, a ticket is tried. If a ticket has expired, another one is tried, once.
        """
        if code == UNAUTHORIZED and self.resume:
            self.resume = ""
            return True
        was_forgiven, self.is_forgiven = self.is_forgiven, code == UNAUTHORIZED
        return code not in FINAL or (code == UNAUTHORIZED and not was_forgiven)

    async def _pause(self) -> None:
        """Waits before the next attempt: longer each time, until a connection has lasted for a while."""
        if time.monotonic() - self.welcomed_at > STABLE_AFTER:
            self.wait = 0.1
        self.welcomed_at = math.inf
        await asyncio.sleep(random.uniform(0.1, self.wait))  # noqa: S311 - spreads clients, hides nothing
        self.wait = min(2 * self.wait, 5)

    async def _connected(self) -> AsyncGenerator[dict[str, Any], None]:
        address = str(self.api.base_url.copy_with(path=f"/ws/game-sessions/{self.session_id}"))
        hello = {"resume": self.resume} if self.resume else {"ticket": await self._ticket()}
        async with connect(
            address.replace("http", "ws", 1), subprotocols=[SUBPROTOCOL], compression=None
        ) as socket:
            await socket.send(json.dumps({"type": "hello", "id": "hello", "data": hello}))
            self.socket = socket
            try:
                while True:
                    message = json.loads(await asyncio.wait_for(socket.recv(), SILENCE_TIMEOUT))
                    await self._take(message)
                    yield message
            finally:
                self.socket = None

    async def _ticket(self) -> str:
        """Requests a ticket, which only the first connection needs."""
        response = await self.api.post(f"game-sessions/{self.session_id}/ticket")
        ticket: str = response.raise_for_status().json()["ticket"]
        return ticket

    async def _take(self, message: dict[str, Any]) -> None:
        assert self.socket
        kind, data = message["type"], message["data"]
        self.pending.pop(message.get("re", ""), None)
        if kind == "welcome":
            self.player_id, self.resume = data["player_id"], data["resume"]
            self.is_forgiven = False
            self.welcomed_at = min(self.welcomed_at, time.monotonic())
            self._take_lobby(data["lobby"])
            for frame in list(self.pending.values()):
                await self.socket.send(frame)
        elif kind == "lobby":
            self._take_lobby(data)
        elif kind == "pong" and data.get("asks"):
            await self.socket.send(json.dumps({"type": "ping"}))
            if message["version"] > self.lobby["version"]:
                await self.say("hello", version=self.lobby["version"])

    def _take_lobby(self, lobby: dict[str, Any] | None) -> None:
        if lobby and lobby["version"] > self.lobby["version"]:
            self.lobby = lobby


async def take_seat(api: httpx.AsyncClient, code: str) -> dict[str, Any]:
    """Joins by code, or opens a lobby on the most played map, with any tribe or a new one."""
    tribes = (await api.get("tribes")).raise_for_status().json()["results"]
    if not tribes:
        tribe = {"name": "First tribe", "archetype": "Balanced"}
        tribes = [(await api.post("tribes", json=tribe)).raise_for_status().json()]
    wanted = {"tribe_id": tribes[0]["id"]}
    if code:
        response = await api.post("game-sessions/join", json=wanted | {"code": code})
    else:
        maps = (await api.get("maps", params={"sort": "plays"})).raise_for_status().json()
        response = await api.post(
            "game-sessions", json=wanted | {"map_id": maps["results"][0]["id"]}
        )
    lobby: dict[str, Any] = response.raise_for_status().json()
    return lobby


async def play(site: str, username: str, password: str, code: str = "") -> None:
    """Waits until all players are ready, and starts the game."""
    async with httpx.AsyncClient(base_url=f"{site}/api/v1/") as api:
        sign_in = {"username": username, "password": password}
        tokens = (await api.post("auth/login", json=sign_in)).raise_for_status().json()
        api.auth = SignIn(site, tokens)
        lobby = await take_seat(api, code)
        print("Code:", lobby["code"], flush=True)
        client = LobbyClient(api, lobby["id"])
        asked = 0  # the version for which the start was requested
        async with aclosing(client.messages()) as messages:
            async for message in messages:
                players = client.lobby.get("players", [])
                if message["type"] == "lobby":
                    names = ", ".join(f"{p['username']}{' ✓' * p['is_ready']}" for p in players)
                    print(f"{message['version']}: {names}", flush=True)
                if client.lobby.get("status") == "InProgress":
                    print("The game begins.", flush=True)
                    break
                if message["type"] == "welcome":  # a player who was disconnected is no longer ready
                    await client.say("ready", is_ready=True)
                if may_start(client) and asked < client.lobby["version"]:
                    asked = client.lobby["version"]
                    await client.say("start")


def may_start(client: LobbyClient) -> bool:
    """Returns whether this player is host, all are ready, and no countdown is running."""
    players = client.lobby.get("players", [])
    are_set = all(player["is_ready"] and player["is_connected"] for player in players)
    is_host = client.lobby.get("host") == client.player_id
    return is_host and len(players) > 1 and are_set and not client.lobby["countdown_ends_at"]


if __name__ == "__main__":
    asyncio.run(play(*sys.argv[1:5]))
