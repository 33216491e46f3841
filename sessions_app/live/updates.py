"""Updates of lobbies: what the processes that hold sockets get when a lobby has changed.

The hub of the process that made the change gets the update and forwards it to the other processes. An
update that is lost while Redis is unavailable costs a moment: each hub compares versions with the database
every other second.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from sessions_app.lobby.documents import lobby_document
from sessions_app.lobby.entities import Lobby


@dataclass(frozen=True)
class LobbyUpdate:
    """A changed lobby, with what a hub needs to send it. It travels between processes."""

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


def channel_group(game_id: UUID) -> str:
    """Returns the group of the channel layer that gets the updates of a game."""
    return f"game.{game_id}"
