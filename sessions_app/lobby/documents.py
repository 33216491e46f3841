"""The document of a lobby for its players, and for others. Pure."""

from datetime import datetime
from typing import Any

from config.kernel.timestamps import to_json
from sessions_app.lobby.entities import Lobby, Seat

SEAT_FIELDS = "player_id username level tribe is_host is_ready is_connected".split()


def lobby_document(lobby: Lobby) -> dict[str, Any]:
    """Returns the document for a lobby's players: the socket's `lobby` message, and the API's response."""
    host = lobby.host
    return {
        "id": lobby.id,
        "status": lobby.status,
        "version": lobby.version,
        "host": host.player_id if host else None,
        "players": [_player_document(seat) for seat in lobby.seats],
        "settings": {"is_public": lobby.is_listed, "seats": lobby.seat_limit},
        "map": lobby.game_map,
        "code": lobby.code,
        "countdown_ends_at": _timestamp(lobby.countdown_ends_at),
        "created_at": _timestamp(lobby.created_at),
        "started_at": _timestamp(lobby.started_at),
    }


def public_document(lobby: Lobby) -> dict[str, Any]:
    """Returns the document for others, without the invite code, which also works for a private lobby."""
    return lobby_document(lobby) | {"code": None}


def _player_document(seat: Seat) -> dict[str, Any]:
    fields = {name: getattr(seat, name) for name in SEAT_FIELDS}
    return fields | {"joined_at": _timestamp(seat.joined_at)}


def _timestamp(moment: datetime | None) -> str | None:
    return to_json(moment) if moment else None
