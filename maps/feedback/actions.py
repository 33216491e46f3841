"""Actions of players on the maps of others: ratings and favourites."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.models.users import lock_player
from accounts.moderation.actions import require_not_suspended
from config.db.lookups import get_or_not_found
from config.kernel.errors import DomainError
from config.limits import quotas
from maps.feedback.rules import check_stars
from maps.models import GameMap, MapFavourite, MapRating

# ---- Ratings ------------------------------------------------------------------------------------


def rate_map(*, player: User, map_id: UUID, stars: int) -> GameMap:
    """Gives a map one to five stars, and replaces an earlier rating. Returns the map with its new mean.

    Raises InvalidInput for an invalid number of stars, NotFound for a map that the player can't see, and
    DomainError for a map that the player may not rate.
    """
    check_stars(stars)
    with transaction.atomic():
        require_not_suspended(player, "rating")
        game_map = _lock_ratable_map(player, map_id)
        # One statement, so that two simultaneous requests of one player both succeed. A trigger updates
        # the mean of the map.
        MapRating.objects.bulk_create(
            [MapRating(user=player, map=game_map, stars=stars)],
            update_conflicts=True,
            unique_fields=["user", "map"],
            update_fields=["stars"],
        )
    return _with_new_mean(game_map)


def remove_rating(*, player: User, map_id: UUID) -> GameMap:
    """Removes the player's rating, if there is one. Returns the map with its new mean.

    Raises NotFound for a map that the player can't see, DomainError for a map that the player may not rate.
    """
    with transaction.atomic():
        game_map = _lock_ratable_map(player, map_id)
        MapRating.objects.filter(user=player, map=game_map).delete()
    return _with_new_mean(game_map)


def _lock_ratable_map(player: User, map_id: UUID) -> GameMap:
    """Returns the map, locked against a simultaneous decision to hide it."""
    visible = (
        GameMap.objects.visible_to(player)
        .select_for_update(no_key=True)
        .only("user_id", "is_public", "hidden_at")
    )
    game_map = get_or_not_found(visible, pk=map_id)
    if game_map.user_id == player.pk:
        raise DomainError("own_map", "You can't rate your own map.")
    if not game_map.is_published:
        raise DomainError("map_not_public", "Only public maps can be rated.")
    return game_map


def _with_new_mean(game_map: GameMap) -> GameMap:
    game_map.refresh_from_db(fields=["rating", "rating_count"])
    return game_map


# ---- Favourites ---------------------------------------------------------------------------------


def add_favourite(*, player: User, map_id: UUID) -> None:
    """Adds a map to the player's favourites. Does nothing if it is a favourite already.

    Raises NotFound for a map that the player can't see, QuotaReached.
    """
    with transaction.atomic():
        # The quota counts the player's favourites, so two requests must not add one at the same time.
        lock_player(player)
        visible = GameMap.objects.visible_to(player).select_for_update(no_key=True)
        game_map = get_or_not_found(visible.only("pk"), pk=map_id)
        favourites = MapFavourite.objects.filter(user=player)
        if favourites.filter(map=game_map).exists():
            return
        quotas.require_room(player.pk, "favourites")
        MapFavourite.objects.create(user=player, map=game_map)


def remove_favourite(*, player: User, map_id: UUID) -> None:
    """Removes a map from the player's favourites, if it is one. The map may be hidden by now.

    Raises NotFound for a map that is not a favourite and that the player can't see.
    """
    removed, _ = MapFavourite.objects.filter(user=player, map=map_id).delete()
    if not removed:
        get_or_not_found(GameMap.objects.visible_to(player).only("pk"), pk=map_id)
