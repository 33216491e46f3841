"""The list socket: open lobbies as they come and go, for whoever looks."""

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import orjson

from config.handler import Receive, Scope, Send
from sessions_app import protocol
from sessions_app.hub import AWAY
from sessions_app.open_lobbies import Wanted, listing
from sessions_app.pace import Pace
from sessions_app.protocol import Close, Message
from sessions_app.sockets import Socket, address, let_in
from sessions_app.store import run_async

if TYPE_CHECKING:
    from sessions_app.hub import Hub

MOST_LISTED = 200  # what a list socket shows; the API pages through all of them


class Cards:
    """The open lobbies as the list sockets of a process know them, read once a second at the most."""

    def __init__(self, hub: "Hub") -> None:
        self.hub = hub
        self.sockets: set[ListSocket] = set()
        self.known: dict[str, bytes] = {}  # id → JSON
        self.version = 0
        self.reading: asyncio.Task[Any] | None = None

    @property
    def snapshot(self) -> dict[str, Any]:
        """The data of the first `lobbies`."""
        return {"lobbies": [orjson.Fragment(card) for card in self.known.values()], "gone": []}

    async def attend(self, socket: "ListSocket", receive: Receive) -> None:
        """Show the list to a socket for as long as it looks."""
        if not self.sockets:
            try:
                await self.refresh()
            except AWAY:
                socket.show_out(None, Close.RESTARTING)
        self.sockets.add(socket)
        socket.push(protocol.write("lobbies", self.version, self.snapshot | {"is_snapshot": True}))
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
            frame = protocol.write("lobbies", self.version, changes | {"is_snapshot": False})
            for socket in self.sockets:
                socket.push(frame)

    async def read(self) -> dict[str, Any] | None:
        """Read the list; what differs from the one before, or None."""
        cards, _ = await run_async(self.hub.pool, listing, Wanted(size=MOST_LISTED))
        new = {card["id"]: orjson.dumps(card) for card in cards}
        old, self.known = self.known, new
        changed = [orjson.Fragment(card) for key, card in new.items() if old.get(key) != card]
        gone = sorted(old.keys() - new.keys())
        if not changed and not gone:
            return None
        self.version += 1
        return {"lobbies": changed, "gone": gone}


class ListSocket(Socket):
    """Somebody who looks at the list of open lobbies; it asks nothing but signs of life."""

    def __init__(self, cards: Cards, send: Send, address: str) -> None:
        super().__init__(send, address)
        self.cards = cards
        self._pace = Pace(time.monotonic())

    @property
    def pace(self) -> Pace:
        """Of this socket: nobody is known to be behind it."""
        return self._pace

    @property
    def version(self) -> int:
        """Of the list."""
        return self.cards.version

    async def do(self, message: Message) -> None:
        """Answer `hello` with the list, and `ping`."""
        if message.type == "ping":
            self.pong(message.id or "")
        elif message.type == "hello":
            data = self.cards.snapshot | {"is_snapshot": True}
            self.push(protocol.write("lobbies", self.version, data, message.id))
        else:
            words = "This socket only shows the list."
            self.push(protocol.error(self.version, "unknown_type", words, message.id))


async def serve_list(cards: Cards, scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application at `/ws/lobbies`."""
    socket = ListSocket(cards, send, address(scope))
    try:
        if await let_in(cards.hub, socket, scope, receive, send):
            await socket.serve(cards.attend(socket, receive))
    finally:
        cards.hub.dismiss(socket)
