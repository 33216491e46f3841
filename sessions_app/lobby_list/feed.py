"""The list of open lobbies, sent to the list sockets of a process."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

import orjson

from sessions_app.kernel import protocol
from sessions_app.live.database import UNAVAILABLE_ERRORS
from sessions_app.live.hub import Hub
from sessions_app.live.sockets import Socket
from sessions_app.lobby_list.open_lobbies import MAX_LISTED, Summary, summarize_open_lobbies

REFRESH_SECONDS = 1.0
NO_LOBBIES = {"lobbies": 0, "free_seats": 0}


class ListFeed:
    """The open lobbies, read while at least one list socket is connected."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.version = 0
        self._sockets: set[Socket] = set()
        self._cards: dict[str, bytes] = {}  # id → JSON
        self._summary = Summary([], frozenset(), {})
        self._refresher: asyncio.Task[Any] | None = None

    async def add(self, socket: Socket) -> None:
        """Sends the list to a socket, and then its changes."""
        if not self._sockets:
            try:
                await self._refresh()
            except UNAVAILABLE_ERRORS:
                socket.refuse("unavailable")
        self._sockets.add(socket)
        socket.push(self.snapshot_frame())
        if self._refresher is None or self._refresher.done():
            self._refresher = self.hub.spawn(self._refresh_periodically())

    def remove(self, socket: Socket) -> None:
        """Removes a closed socket."""
        self._sockets.discard(socket)

    def snapshot_frame(self, re: str | None = None) -> str:
        """Returns the `lobbies` message with all lobbies."""
        data = self._data(self._cards.values(), [], self._summary.maps, is_snapshot=True)
        return protocol.message_frame("lobbies", self.version, data, re)

    def _data(
        self,
        cards: Iterable[bytes],
        closed_ids: list[str],
        maps: dict[str, dict[str, int]],
        *,
        is_snapshot: bool,
    ) -> dict[str, Any]:
        """Returns the data of a `lobbies` message. The list is complete for lobbies created after `since`."""
        is_complete = len(self._summary.cards) == len(self._summary.ids)
        return {
            "lobbies": [orjson.Fragment(card) for card in cards],
            "gone": closed_ids,
            "maps": maps,
            "total": len(self._summary.ids),
            "since": None if is_complete else self._summary.cards[-1]["created_at"],
            "is_snapshot": is_snapshot,
        }

    async def _refresh_periodically(self) -> None:
        while self._sockets:
            await asyncio.sleep(REFRESH_SECONDS)
            with contextlib.suppress(*UNAVAILABLE_ERRORS):  # the next refresh sends the changes
                await self._refresh()

    async def _refresh(self) -> None:
        """Reads the list, and sends the changes."""
        if changes := await self._read_changes():
            frame = protocol.message_frame("lobbies", self.version, changes)
            for socket in self._sockets:
                socket.push(frame)

    async def _read_changes(self) -> dict[str, Any] | None:
        """Reads the list. Returns the changes since the last call, or None."""
        summary = await self.hub.database.run(summarize_open_lobbies, MAX_LISTED)
        # There must be no `await` below, so that `before` is the last list even if two refreshes overlap.
        before, self._summary = self._summary, summary
        old_cards, self._cards = self._cards, {c["id"]: orjson.dumps(c) for c in summary.cards}
        changed = [card for key, card in self._cards.items() if old_cards.get(key) != card]
        # Lobbies that are only no longer among the newest are still in `summary.ids`.
        closed_ids = sorted(before.ids - summary.ids)
        maps = {
            key: summary.maps.get(key, NO_LOBBIES)
            for key in before.maps.keys() | summary.maps.keys()
            if before.maps.get(key) != summary.maps.get(key)
        }
        if not changed and not closed_ids and not maps:
            return None
        self.version += 1
        return self._data(changed, closed_ids, maps, is_snapshot=False)
