"""Actions with rate limits: opening a lobby, and using an invite code."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from config.kernel.client import Client
from config.kernel.errors import DomainError
from config.limits import rate_limits
from maps.editing.actions import require_playable
from maps.models import GameMap
from sessions_app.lobby import actions, queries
from sessions_app.lobby.entities import Lobby, LobbyChange
from sessions_app.lobby.transactions import run, run_query

LOBBIES, CODES = "lobbies", "codes"  # names of rate limits


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


def find_lobby_by_code(*, client: Client, player_id: UUID, code: str) -> Lobby:
    """Returns the lobby or game of an invite code.

    Raises RateLimited, RateLimitUnavailable, DomainError `unknown_code`.
    """
    with _count_wrong_codes(client, player_id):
        return run_query(queries.find_lobby_by_code, code)


def join_by_code(*, client: Client, player_id: UUID, code: str, tribe_id: UUID) -> LobbyChange:
    """Takes a seat by invite code.

    Raises RateLimited, RateLimitUnavailable, and like `actions.join_by_code`.
    """
    with _count_wrong_codes(client, player_id):
        return run(actions.join_by_code, code, player_id, tribe_id=tribe_id)


@contextmanager
def _count_wrong_codes(client: Client, player_id: UUID) -> Iterator[None]:
    """Limits how many wrong codes a player and an address may try.

    Each attempt is counted before the code is looked up, because otherwise many simultaneous attempts would
    all be looked up. For a valid code the count is undone. After too many wrong codes a valid one is refused,
    too, because it may be guessed. Both the player and the address are counted, so that neither many accounts
    nor many addresses help to guess.
    """
    subjects = str(player_id), client.address
    for subject in subjects:
        rate_limits.require(CODES, subject)
    is_wrong = False
    try:
        yield
    except DomainError as error:
        is_wrong = error.code == "unknown_code"
        raise
    finally:
        if not is_wrong:
            for subject in subjects:
                rate_limits.undo_count(CODES, subject)
