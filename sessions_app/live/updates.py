"""Updates of lobbies, which processes with sockets get when a lobby has changed.

In a process with sockets, the hub gets the update and forwards it to the other processes. Any other process,
such as a command, sends it to the channel layer. If an update is lost while Redis is unavailable, the change
is found by reconciliation within seconds.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from config.redis.clients import is_circuit_open, record_failure
from sessions_app.lobby.documents import lobby_document
from sessions_app.lobby.entities import Lobby

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LobbyUpdate:
    """A changed lobby, as hubs need it. It is sent between processes."""

    game_id: UUID
    version: int
    status: str
    document: bytes  # JSON
    connections: dict[UUID, UUID | None]  # player → the socket that holds the seat
    kicked: frozenset[UUID]
    countdown_ends_at: float | None  # seconds since 1970

    @classmethod
    def from_lobby(cls, lobby: Lobby) -> "LobbyUpdate":
        """Returns the update for a lobby."""
        countdown = lobby.countdown_ends_at
        return cls(
            lobby.id,
            lobby.version,
            lobby.status.value,
            orjson.dumps(lobby_document(lobby)),
            {seat.player_id: seat.connection for seat in lobby.seats},
            lobby.kicked,
            countdown.timestamp() if countdown else None,
        )

    def to_message(self) -> dict[str, Any]:
        """Returns the update as a message of the channel layer."""
        return {
            "type": "lobby",
            "session_id": str(self.game_id),
            "version": self.version,
            "status": self.status,
            "document": self.document,
            "connections": {
                str(player): str(socket) if socket else ""
                for player, socket in self.connections.items()
            },
            "kicked": [str(player) for player in self.kicked],
            "countdown_ends_at": self.countdown_ends_at,
        }

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "LobbyUpdate":
        """Returns the update in a message of another process."""
        return cls(
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


UpdateListener = Callable[[LobbyUpdate], None]
_listeners: list[UpdateListener] = []


def channel_group(game_id: UUID) -> str:
    """Returns the group of the channel layer that gets the updates of a game."""
    return f"game.{game_id}"


def add_listener(listener: UpdateListener) -> None:
    """Registers the hub of this process. The listener must be thread-safe."""
    _listeners.append(listener)


def remove_listener(listener: UpdateListener) -> None:
    """Removes a hub that closes."""
    _listeners.remove(listener)


def publish(lobby: Lobby) -> None:
    """Publishes a changed lobby. Does not raise if Redis is unavailable: the change is committed already."""
    update = LobbyUpdate.from_lobby(lobby)
    if _listeners:
        for listener in _listeners:
            listener(update)
        return
    layer = get_channel_layer()
    if layer is None or is_circuit_open():
        return
    try:
        async_to_sync(layer.group_send)(channel_group(lobby.id), update.to_message())
    except (RedisError, OSError):
        record_failure()
        # Reconciliation finds the change within seconds.
        logger.warning("A change of game %s was not published: Redis is unavailable", lobby.id)
