"""Opening a lobby: on what map, and for whom. Page and API call this."""

from uuid import UUID

from accounts.models import User
from maps.making import demand_playable
from maps.models import GameMap
from sessions_app import seating
from sessions_app.store import Change, run


def open_lobby(
    player: User, game_map: GameMap, tribe_id: UUID, *, is_public: bool, seats: int
) -> Change:
    """Open a lobby, as its host, on a map that the player may play on: the caller has looked.

    Raises Refused: 409 `map_not_playable` with all that is wrong, and as `seating.create` does.
    """
    demand_playable(game_map)  # no transaction yet: to check a map takes long
    return run(seating.create, player.pk, game_map.pk, tribe_id, is_public=is_public, seats=seats)
