"""Finds lobbies for a player or visitor. Each query is a generator of SQL for `transactions`."""

from uuid import UUID

from config.kernel.errors import DomainError
from sessions_app.kernel.statuses import RUNNING_STATUSES, Status
from sessions_app.lobby import statements
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.invite_codes import normalize_code
from sessions_app.lobby.store import read_lobby
from sessions_app.lobby.transactions import Steps


def find_visible_lobby(game_id: UUID, player_id: UUID | None) -> Steps[Lobby]:
    """Returns a lobby that the player or visitor may see: the player's own, or an open listed one.

    A running game is also that of players who may come back.

    Raises DomainError `not_found`.
    """
    found = yield from read_lobby(game_id)
    if found is not None:
        lobby, _ = found
        is_open = lobby.is_listed and lobby.status == Status.LOBBY
        if is_open or (player_id is not None and has_place(lobby, player_id)):
            return lobby
    raise DomainError("not_found", "There is no such open lobby.")


def find_lobby_by_code(code: str) -> Steps[Lobby]:
    """Returns the lobby or game of an invite code. Raises DomainError `unknown_code`."""
    rows = yield [(statements.FIND_BY_CODE, [normalize_code(code)])]
    found = (yield from read_lobby(rows[0][0])) if rows else None
    if found is None:
        raise DomainError(
            "unknown_code",
            "No open lobby has this code. Check the code, or ask for a new one.",
            field="code",
        )
    return found[0]


def find_lobby_of_player(player_id: UUID) -> Steps[Lobby]:
    """Returns the lobby or game in which a player has a seat. Raises DomainError `not_seated`."""
    rows = yield [(statements.FIND_BY_PLAYER, [player_id])]
    found = (yield from read_lobby(rows[0][0])) if rows else None
    if found is None:
        raise DomainError("not_seated", "You have no seat in a lobby or game.")
    return found[0]


def has_place(lobby: Lobby, player_id: UUID) -> bool:
    """Returns whether a player has a seat, or had one in a running game and may come back."""
    may_return = lobby.status in RUNNING_STATUSES and lobby.absent_seat_of(player_id)
    return bool(lobby.seat_of(player_id) or may_return)


def require_reason_to_connect(game_id: UUID, player_id: UUID) -> Steps[None]:
    """Raises DomainError `not_seated` for a player whose socket would be refused.

    A player who has left may connect, to learn that.
    """
    rows = yield [(statements.MAY_CONNECT, [game_id, player_id, player_id])]
    if not rows:
        raise DomainError("not_seated", "You have no seat in this lobby or game.")
