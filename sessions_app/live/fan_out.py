"""Sends updates between the processes that hold sockets, through the channel layer."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers, get_channel_layer
from redis.exceptions import RedisError

from config.redis import clients
from config.redis.aliases import TIMEOUT_SECONDS
from sessions_app.live.rooms import Room
from sessions_app.live.updates import LobbyUpdate

RESUBSCRIBE_AFTER = 8.0  # seconds without a heartbeat


class FanOut:
    """The channel of one process. `on_update` and `on_chat` get the messages of other processes.

    Messages may be lost while Redis is unavailable. Reconciliation finds the missed changes.
    """

    def __init__(
        self,
        hub_id: UUID,
        spawn: Callable[..., "asyncio.Task[Any]"],
        *,
        on_update: Callable[[LobbyUpdate], None],
        on_chat: Callable[[UUID, dict[str, str]], None],
    ) -> None:
        self._hub_id, self._spawn = str(hub_id), spawn
        self._on_update, self._on_chat = on_update, on_chat
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._heartbeat_at = 0.0
        self._listener: asyncio.Task[Any] | None = None
        self._outgoing: dict[UUID, LobbyUpdate] = {}
        self._publisher: asyncio.Task[Any] | None = None

    async def close(self) -> None:
        """Closes the connections of the channel layer."""
        with contextlib.suppress(Exception):  # the connections may be broken
            await asyncio.wait_for(self._layer.flush(), TIMEOUT_SECONDS)

    def publish(self, update: LobbyUpdate) -> None:
        """Sends an update to the other processes. It replaces an update of the same game that waits."""
        self._outgoing[update.game_id] = update
        if self._publisher is None or self._publisher.done():
            self._publisher = self._spawn(self._publish())

    async def _publish(self) -> None:
        while self._outgoing:
            game_id, update = self._outgoing.popitem()
            await self._send(game_id, "lobby", to_message(update))

    def publish_chat(self, game_id: UUID, chat: dict[str, str]) -> None:
        """Sends a chat message to the other processes."""
        self._spawn(self._send(game_id, "chat", {"said": chat}))

    async def _send(self, game_id: UUID, kind: str, message: dict[str, Any]) -> None:
        """Sends a message to the processes with a room for a game. This process ignores its own messages."""
        message |= {"type": kind, "session_id": str(game_id), "hub": self._hub_id}
        await self._call("group_send", channel_group(game_id), message)

    async def subscribe(self, room: Room) -> None:
        """Subscribes to the updates of a room's game. If this fails, `send_heartbeat` tries again."""
        if not room.is_subscribed:
            group = channel_group(room.game_id)
            room.is_subscribed = await self._call("group_add", group, self._channel)

    async def unsubscribe(self, game_id: UUID) -> None:
        """Ends the subscription to a game."""
        await self._call("group_discard", channel_group(game_id), self._channel)

    async def send_heartbeat(self, rooms: Iterable[Room]) -> None:
        """Sends a heartbeat to this process's own channel, and subscribes rooms that are not subscribed.

        A process that does not receive its own heartbeats does not receive messages of others either, so it
        restarts its channel.
        """
        rooms = list(rooms)
        if not self._channel or time.monotonic() - self._heartbeat_at > RESUBSCRIBE_AFTER:
            await self._restart(rooms)
        for room in rooms:
            await self.subscribe(room)
        await self._call("send", self._channel, {"type": "beat"})

    async def _restart(self, rooms: Iterable[Room]) -> None:
        """Replaces the channel layer, so that no broken connection is used."""
        if self._listener:
            self._listener.cancel()
        await self.close()
        self._layer, self._channel = channel_layers.make_backend(DEFAULT_CHANNEL_LAYER), ""
        for room in rooms:
            room.is_subscribed = False
        began = time.monotonic()
        try:
            channel = await asyncio.wait_for(self._layer.new_channel(), TIMEOUT_SECONDS)
        except (RedisError, OSError):
            clients.record_failure(began=began)
            return
        clients.record_success()
        self._channel, self._heartbeat_at = channel, time.monotonic()
        self._listener = self._spawn(self._listen())

    async def _listen(self) -> None:
        while True:
            message = await self._layer.receive(self._channel)
            if message["type"] == "beat":
                self._heartbeat_at = time.monotonic()
            elif message["hub"] == self._hub_id:
                continue
            elif message["type"] == "lobby":
                self._on_update(from_message(message))
            elif message["type"] == "chat":
                self._on_chat(UUID(message["session_id"]), message["said"])

    async def _call(self, method: str, *arguments: Any) -> bool:
        """Calls the channel layer. Returns False if Redis is unavailable."""
        if clients.is_circuit_open() or not self._channel:
            return False
        began = time.monotonic()
        try:
            call = getattr(self._layer, method)(*arguments)
            await asyncio.wait_for(call, TIMEOUT_SECONDS)
        except RuntimeError:  # the channel was replaced
            return False
        except (RedisError, OSError):
            clients.record_failure(began=began)
            return False
        clients.record_success()
        return True


def channel_group(game_id: UUID) -> str:
    """Returns the group of the channel layer that gets the messages of a game."""
    return f"game.{game_id}"


def to_message(update: LobbyUpdate) -> dict[str, Any]:
    """Returns an update as a message of the channel layer, which has no UUIDs."""
    return {
        "version": update.version,
        "status": update.status,
        "document": update.document,
        "connections": {
            str(player): str(socket) if socket else ""
            for player, socket in update.connections.items()
        },
        "kicked": [str(player) for player in update.kicked],
        "countdown_ends_at": update.countdown_ends_at,
    }


def from_message(message: dict[str, Any]) -> LobbyUpdate:
    """Returns the update in a message of another process."""
    return LobbyUpdate(
        UUID(message["session_id"]),
        message["version"],
        message["status"],
        message["document"],
        {
            UUID(player): UUID(socket) if socket else None
            for player, socket in message["connections"].items()
        },
        frozenset(map(UUID, message["kicked"])),
        message["countdown_ends_at"],
    )
