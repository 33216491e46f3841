"""The rules of ratings."""

from uuid import UUID

from config.kernel.errors import DomainError, InvalidInput
from maps.models import GameMap

MIN_STARS, MAX_STARS = 1, 5


def check_stars(stars: int) -> None:
    """Raises InvalidInput for an invalid number of stars."""
    if not MIN_STARS <= stars <= MAX_STARS:
        raise InvalidInput("invalid_stars", "Give one to five stars.", field="stars")


def find_rating_error(player_id: UUID, game_map: GameMap) -> DomainError | None:
    """Returns why a player who sees a map may not rate it; None if nothing forbids that."""
    if game_map.user_id == player_id:
        return DomainError("own_map", "You can't rate your own map.")
    if not game_map.is_published:
        return DomainError("map_not_public", "Only public maps can be rated.")
    return None
