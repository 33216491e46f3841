"""Giving stars to maps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.shortcuts import get_object_or_404

from accounts.moderation.actions import require_not_suspended
from config.kernel.errors import DomainError, InvalidInput
from maps.models import GameMap, MapRating

if TYPE_CHECKING:
    from accounts.models import User

FEWEST, MOST = 1, 5
HOW_MANY_STARS = "Give one to five stars."


def rate(*, player: "User", map_id: UUID, stars: int) -> GameMap:
    """Give a map one to five stars, or change those given before; answers the map as it is now.

    Raises Http404 for a map that the player can't see, DomainError for one that may not be rated.
    """
    if not FEWEST <= stars <= MOST:
        raise InvalidInput("invalid_stars", HOW_MANY_STARS, field="stars")
    with transaction.atomic():
        require_not_suspended(player, "rating")
        game_map = _lock_ratable(player, map_id)
        # One statement: two requests of one player at once change one row, and neither fails. The
        # map's mean follows in a trigger of the same statement, so that no path can forget it.
        MapRating.objects.bulk_create(
            [MapRating(user=player, map=game_map, stars=stars)],
            update_conflicts=True,
            unique_fields=["user", "map"],
            update_fields=["stars"],
        )
    return _as_rated(game_map)


def unrate(*, player: "User", map_id: UUID) -> GameMap:
    """Take one's stars back; answers the map as it is now. Nothing happens where there were none.

    Raises Http404 for a map that the player can't see, DomainError for one that may not be rated.
    """
    with transaction.atomic():
        game_map = _lock_ratable(player, map_id)
        MapRating.objects.filter(user=player, map=game_map).delete()
    return _as_rated(game_map)


def stars_given(*, player: "User", game_map: GameMap) -> int | None:
    """The stars that a player has given to a map, if any."""
    return (
        MapRating.objects.filter(user=player, map=game_map).values_list("stars", flat=True).first()
    )


@dataclass(frozen=True)
class Share:
    """How many of a map's ratings gave so many stars, also in percent of all of them."""

    stars: int
    count: int
    percent: float


def histogram(game_map: GameMap) -> list[Share]:
    """A map's ratings by stars, most stars first; nothing where nobody has rated it."""
    counts = dict(
        MapRating.objects.filter(map=game_map)
        .order_by()
        .values_list("stars")
        .annotate(count=Count("pk"))
    )
    everyone = sum(counts.values())
    if not everyone:
        return []
    return [
        Share(stars, counts.get(stars, 0), round(100 * counts.get(stars, 0) / everyone, 1))
        for stars in range(MOST, FEWEST - 1, -1)
    ]


def _lock_ratable(player: "User", map_id: UUID) -> GameMap:
    """The map, locked: hiding it waits for us, so that no star lands on a map already hidden."""
    visible = (
        GameMap.objects.visible_to(player)
        .select_for_update(no_key=True)
        .only("user_id", "is_public", "hidden_at")
    )
    game_map: GameMap = get_object_or_404(visible, pk=map_id)
    if game_map.user_id == player.pk:
        raise DomainError("own_map", "You can't rate your own map.")
    if not game_map.is_published:
        raise DomainError("map_not_public", "Only public maps can be rated.")
    return game_map


def _as_rated(game_map: GameMap) -> GameMap:
    game_map.refresh_from_db(fields=["rating", "rating_count"])
    return game_map
