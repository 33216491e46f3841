"""Telling whoever holds sockets that a lobby has changed.

Inside a process that holds sockets, its hub is told directly and passes the word on to the others;
anywhere else (a command, a shell) the word goes to the channel layer alone. A word that is lost, with
Redis away, costs a moment: each hub compares versions with the database every other second.
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
from sessions_app.lobby.rules import Lobby

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class News:
    """A lobby as it is now, and what a hub must know to send it: it travels between processes."""

    session_id: UUID
    version: int
    status: str
    document: bytes  # JSON
    connections: dict[UUID, UUID | None]  # player → the socket that holds the seat
    kicked: frozenset[UUID]
    countdown_ends_at: float | None  # seconds since 1970

    @classmethod
    def of(cls, lobby: Lobby) -> "News":
        """The news of a lobby."""
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
        """As the channel layer takes it."""
        return {
            "type": "lobby",
            "session_id": str(self.session_id),
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
    def from_message(cls, message: dict[str, Any]) -> "News":
        """As another process told it."""
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


Teller = Callable[[News], None]
_tellers: list[Teller] = []


def group_of(session_id: UUID) -> str:
    """The group of the channel layer that hears of a game."""
    return f"game.{session_id}"


def tell(teller: Teller) -> None:
    """From now on this process's hub tells of changes; it must be callable from any thread."""
    _tellers.append(teller)


def stop(teller: Teller) -> None:
    """The hub has closed."""
    _tellers.remove(teller)


def announce(lobby: Lobby) -> None:
    """Tell that a lobby has changed. Never raises: the change is committed already."""
    news = News.of(lobby)
    if _tellers:
        for teller in _tellers:
            teller(news)
        return
    layer = get_channel_layer()
    if layer is None or is_circuit_open():
        return
    try:
        async_to_sync(layer.group_send)(group_of(lobby.id), news.to_message())
    except (RedisError, OSError):  # the sweep of each hub finds out
        record_failure()
        logger.warning("Nobody was told of a change of game %s: Redis is away", lobby.id)
