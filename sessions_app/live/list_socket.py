"""The list socket: open lobbies as they come and go, for whoever looks."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from config.limits.client_addresses import client_address_of_scope
from config.limits.token_bucket import TokenBucket
from config.server.asgi import Receive, Scope, Send
from sessions_app.live import protocol
from sessions_app.live.hub import AWAY
from sessions_app.live.protocol import Message
from sessions_app.live.sockets import Socket, let_in
from sessions_app.lobby.listing import Overview, overview
from sessions_app.lobby.store import run_async

if TYPE_CHECKING:
    from sessions_app.live.hub import Hub

MOST_LISTED = 200  # cards that a list socket shows; the API pages through all of them
NO_LOBBIES = {"lobbies": 0, "free_seats": 0}


class Cards:
    """The open lobbies as the list sockets of a process know them, read once a second at the most."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.sockets: set[ListSocket] = set()
        self.known: dict[str, bytes] = {}  # id → JSON
        self.seen = Overview([], frozenset(), {})
        self.version = 0
        self.reading: asyncio.Task[Any] | None = None

    @property
    def snapshot(self) -> dict[str, Any]:
        """The data of the first `lobbies`."""
        return self.message(self.known.values(), [], self.seen.maps, is_snapshot=True)

    def message(
        self,
        cards: Iterable[bytes],
        gone: list[str],
        maps: dict[str, dict[str, int]],
        *,
        is_snapshot: bool,
    ) -> dict[str, Any]:
        """The data of a `lobbies`. It tells how much of the whole is listed: all that opened `since`."""
        is_whole = len(self.seen.cards) == len(self.seen.ids)
        return {
            "lobbies": [orjson.Fragment(card) for card in cards],
            "gone": gone,
            "maps": maps,
            "total": len(self.seen.ids),
            "since": None if is_whole else self.seen.cards[-1]["created_at"],
            "is_snapshot": is_snapshot,
        }

    async def attend(self, socket: "ListSocket", receive: Receive) -> None:
        """Show the list to a socket for as long as it looks."""
        if not self.sockets:
            try:
                await self.refresh()
            except AWAY:
                socket.refuse("unavailable")
        self.sockets.add(socket)
        socket.push(protocol.write("lobbies", self.version, self.snapshot))
        if self.reading is None or self.reading.done():
            self.reading = self.hub.spawn(self.keep_reading())
        try:
            await socket.frames(receive)
        finally:
            self.sockets.discard(socket)

    async def keep_reading(self) -> None:
        """Tell of changes, once a second, while anybody looks."""
        while self.sockets:
            await asyncio.sleep(1)
            with contextlib.suppress(*AWAY):  # what changes is told when the database is back
                await self.refresh()

    async def refresh(self) -> None:
        """Read the list, and tell of what differs from the one before."""
        if changes := await self.read():
            frame = protocol.write("lobbies", self.version, changes)
            for socket in self.sockets:
                socket.push(frame)

    async def read(self) -> dict[str, Any] | None:
        """Read the list; what differs from the one before, or None."""
        seen = await run_async(self.hub.pool, overview, MOST_LISTED)
        before, self.seen = self.seen, seen  # what was told last: another may have read meanwhile
        old, self.known = self.known, {c["id"]: orjson.dumps(c) for c in self.seen.cards}
        changed = [card for key, card in self.known.items() if old.get(key) != card]
        # Not whoever is listed no more because newer ones are: those are open as before.
        gone = sorted(before.ids - self.seen.ids)
        maps = {
            key: self.seen.maps.get(key, NO_LOBBIES)
            for key in before.maps.keys() | self.seen.maps.keys()
            if before.maps.get(key) != self.seen.maps.get(key)
        }
        if not changed and not gone and not maps:
            return None
        self.version += 1
        return self.message(changed, gone, maps, is_snapshot=False)


class ListSocket(Socket):
    """Somebody who looks at the list of open lobbies; it asks nothing but signs of life."""

    def __init__(self, cards: Cards, send: Send, address: str) -> None:
        super().__init__(send, address)
        self.cards = cards
        self._pace = TokenBucket(time.monotonic())

    @property
    def pace(self) -> TokenBucket:
        """Of this socket: nobody is known to be behind it."""
        return self._pace

    @property
    def version(self) -> int:
        """Of the list."""
        return self.cards.version

    async def do(self, message: Message) -> None:
        """Answer `hello` with the list, and `ping`."""
        if message.type == "ping":
            self.pong(message)
        elif message.type == "hello":
            self.push(protocol.write("lobbies", self.version, self.cards.snapshot, message.id))
        else:
            words = "This socket only shows the list."
            self.push(protocol.error(self.version, "unknown_type", words, message.id))


async def serve_list(cards: Cards, scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application at `/ws/lobbies`."""
    socket = ListSocket(cards, send, client_address_of_scope(scope))
    try:
        if await let_in(cards.hub, socket, scope, receive, send):
            await socket.serve(cards.attend(socket, receive))
    finally:
        cards.hub.dismiss(socket)
