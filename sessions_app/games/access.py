"""Who may read what belongs to a game: those who sit there, and game servers of ours."""

from uuid import UUID

from accounts.models import User
from config.kernel.errors import DomainError
from sessions_app.models import GameSession


def game_for(session_id: UUID, player: User) -> GameSession:
    """A lobby or game that the player sits in; any, for a game server. Raises DomainError (404)."""
    game: GameSession | None = GameSession.objects.filter(pk=session_id).first()
    is_seated = game is not None and game.seats.filter(user=player, left_at=None).exists()
    if game is None or not (is_seated or is_game_server(player)):
        raise DomainError("not_found", "There is no such game that you sit in.")
    return game


def is_game_server(player: User) -> bool:
    """Whether this is the account of a game server."""
    # As with maps: nobody but staff has permissions, and asking costs two queries each time.
    return player.is_staff and player.has_perm("sessions_app.change_gamesession")
