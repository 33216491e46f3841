"""Queries for players with a seat and for game servers: the map, tribes and state of a game."""

from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from accounts.models import User
from config.kernel.errors import DomainError
from maps.models import GameMap
from sessions_app.games import state_store
from sessions_app.games.state_store import State
from sessions_app.models import GameSession, PlayedMap
from tribes.config_cache import CONFIG_FIELDS, read_config
from tribes.models import Tribe


def find_readable_game(game_id: UUID, player: User) -> GameSession:
    """Returns a lobby or game in which the player has a seat. Game servers may read all.

    Raises DomainError `not_found`.
    """
    game: GameSession | None = GameSession.objects.filter(pk=game_id).first()
    is_seated = game is not None and game.seats.filter(user=player, left_at=None).exists()
    if game is None or not (is_seated or is_game_server(player)):
        raise DomainError("not_found", "There is no such game in which you have a seat.")
    return game


def find_started_game(game_id: UUID, player: User) -> GameSession:
    """Returns a game as `find_readable_game` does. Raises DomainError `not_started` for a lobby, too."""
    game = find_readable_game(game_id, player)
    if game.started_at is None:
        raise DomainError("not_started", "The game has not started.")
    return game


def is_game_server(player: User) -> bool:
    """Returns whether this is the account of a game server."""
    # Only staff have permissions, and checking them takes two queries.
    return player.is_staff and player.has_perm("sessions_app.change_gamesession")


def find_map(game: GameSession) -> GameMap | PlayedMap:
    """Returns the played map, or before the start the current map. Only its version is loaded.

    Raises DomainError `not_found` if the current map is hidden.
    """
    if game.map_version is not None:
        played = PlayedMap.objects.filter(map_id=game.map_id, version=game.map_version)
        if found := played.only("version").first():
            return found
    current = GameMap.objects.filter(pk=game.map_id, hidden_at__isnull=True)
    game_map: GameMap | None = current.only("version").first()
    if game_map is None:
        raise DomainError("not_found", "This map is hidden.")
    return game_map


def list_tribes(game_id: UUID, player: User) -> list[dict[str, Any]]:
    """Returns the tribes of a game with their bonuses, in the order in which players joined.

    Players who left a running game are included, because their towers may remain. Raises DomainError
    `not_found`.
    """
    seats = find_readable_game(game_id, player).seats.order_by("joined_at", "user_id")
    found = []
    for player_id, tribe_id, fixed in seats.values_list("user_id", "tribe_id", "tribe_config"):
        try:
            # The start of a game copies the tribe to its seat. Before that, the tribe may change.
            config = fixed or read_config(tribe_id)
        except Tribe.DoesNotExist:  # deleted after the query, when the player had left
            continue
        values = {field: config[field] for field in CONFIG_FIELDS}
        found.append({"player_id": player_id, "tribe_id": tribe_id} | values)
    return found


def read_state(game_id: UUID, player: User) -> State:
    """Returns the last state of a game. Raises DomainError: `not_found`, `not_started`."""
    game = find_started_game(game_id, player)
    try:
        state = state_store.read(game_id)
    except RedisError:
        state = None
    # The database has the state of a few seconds ago.
    return state or State(game.fence, 0, state_store.restore_floats(game.game_state))
