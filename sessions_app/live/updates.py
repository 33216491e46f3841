"""Updates of lobbies, which processes with sockets get when a lobby has changed.

The hub of the process that made the change gets the update and forwards it to the other processes. If an
update is lost while Redis is unavailable, the change is found by reconciliation within seconds.
"""

from dataclasses import dataclass
from uuid import UUID

import orjson

from sessions_app.lobby.documents import lobby_document
from sessions_app.lobby.entities import Lobby


@dataclass(frozen=True)
class LobbyUpdate:
    """A changed lobby, as hubs need it."""

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
