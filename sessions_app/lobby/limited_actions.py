"""Opens a lobby, and finds one by its invite code. Rate limits guard both. For threads, not for sockets."""

from uuid import UUID

from config.kernel.client import Client
from config.kernel.errors import DomainError
from config.limits import rate_limits
from maps.editing.actions import require_playable
from maps.models import GameMap
from sessions_app.lobby import actions, queries
from sessions_app.lobby.entities import Lobby, LobbyChange
from sessions_app.lobby.transactions import run, run_query

LOBBIES, CODES, ADDRESS_CODES = "lobbies", "codes", "address_codes"  # names of rate limits


def open_lobby(
    *, player_id: UUID, game_map: GameMap, tribe_id: UUID, is_public: bool, seats: int
) -> LobbyChange:
    """Creates a lobby. The caller has checked that the player may play on the map.

    Failed attempts are not counted. Raises RateLimited, RateLimitUnavailable; DomainError `map_not_playable`
    with all faults of the map, and like `actions.create`.
    """
    with rate_limits.require_if_successful(LOBBIES, str(player_id)):
        require_playable(game_map)  # outside of the transaction, because it may take long
        return run(
            actions.create,
            player_id,
            map_id=game_map.pk,
            tribe_id=tribe_id,
            is_public=is_public,
            seats=seats,
        )


def count_and_find_by_code(*, client: Client, player_id: UUID, code: str) -> Lobby:
    """Returns the lobby or game of an invite code. Limits how many wrong codes may be tried.

    Each attempt is counted before the code is looked up, because otherwise many simultaneous attempts would
    all be looked up. For a valid code the count is undone. After too many wrong codes a valid one is refused,
    too, because it may be guessed. Both the player and the address are counted, so that neither many accounts
    nor many addresses help to guess. Raises RateLimited, RateLimitUnavailable, DomainError `unknown_code`.
    """
    counts = (CODES, str(player_id)), (ADDRESS_CODES, client.address)
    for name, subject in counts:
        rate_limits.require(name, subject)
    is_wrong = False
    try:
        return run_query(queries.find_lobby_by_code, code)
    except DomainError:
        is_wrong = True
        raise
    finally:
        if not is_wrong:
            for name, subject in counts:
                rate_limits.undo_count(name, subject)
