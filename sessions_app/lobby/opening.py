"""Opening a lobby: on what map, for whom, and how often. Page and API call this."""

from uuid import UUID

from accounts.models import User
from config.limits import rate_limits
from maps.editing.actions import require_playable
from maps.models import GameMap
from sessions_app.lobby import actions
from sessions_app.lobby.store import Change, run

POLICY = "lobbies"


def open_lobby(
    player: User,
    game_map: GameMap,
    tribe_id: UUID,
    *,
    is_public: bool,
    seats: int,
) -> Change:
    """Open a lobby, as its host, on a map that the player may play on: the caller has looked.

    It is counted first, or more that are sent at once would be opened than may be; what is not opened
    after all is taken back. Raises RateLimited, RateLimitUnavailable; DomainError: 409 `map_not_playable`
    with all that is wrong, and as `actions.create` does.
    """
    rate_limits.require(POLICY, str(player.pk))
    seat = player.pk, game_map.pk, tribe_id
    change = None
    try:
        require_playable(game_map)  # no transaction yet: to check a map takes long
        change = run(actions.create, *seat, is_public=is_public, seats=seats)
        return change
    finally:
        if change is None:
            rate_limits.undo_count(POLICY, str(player.pk))
