"""What players and strangers are shown of a lobby. Pure."""

from typing import Any

from config.kernel.timestamps import to_json
from sessions_app.lobby.rules import Lobby, Seat


def lobby_document(lobby: Lobby) -> dict[str, Any]:
    """The whole lobby as its players see it: the `lobby` message, and the answer of the API."""
    host = lobby.host
    return {
        "id": lobby.id,
        "status": lobby.status,
        "version": lobby.version,
        "host": host.player_id if host else None,
        "players": [_player(seat) for seat in lobby.seats],
        "settings": {"is_public": lobby.is_listed, "seats": lobby.seat_limit},
        "map": lobby.game_map,
        "code": lobby.code,
        "countdown_ends_at": _time(lobby.countdown_ends_at),
        "created_at": _time(lobby.created_at),
        "started_at": _time(lobby.started_at),
    }


def strangers_document(lobby: Lobby) -> dict[str, Any]:
    """The lobby without its code: who looked while it was public must not come in once it is private."""
    return lobby_document(lobby) | {"code": None}


def _player(seat: Seat) -> dict[str, Any]:
    return {
        "player_id": seat.player_id,
        "username": seat.username,
        "level": seat.level,
        "tribe": seat.tribe,
        "is_host": seat.is_host,
        "is_ready": seat.is_ready,
        "is_connected": seat.is_connected,
        "joined_at": _time(seat.joined_at),
    }


def _time(moment: Any) -> str | None:
    return to_json(moment) if moment else None
