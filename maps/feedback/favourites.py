"""Favourites: maps that a player marks, to find them again.

Also the marks on the maps of a page: which of them are favourites, and which were played.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.models.locking import lock_player
from config.limits import quotas
from maps.models import GameMap, MapFavourite
from maps.search.conditions import viewer_condition

MARKS = "SELECT m.id::text, {favourite}, {played} FROM unnest(%s::uuid[]) AS m (id)"


@dataclass(frozen=True)
class Marks:
    """What a player has to do with a map: marked as a favourite, played to its end."""

    favourite: bool = False
    played: bool = False


def mark(*, player: User, map_id: UUID) -> None:
    """Mark a map as a favourite. Nothing happens to one that is marked.

    Raises Http404 for a map that the player can't see, QuotaReached.
    """
    with transaction.atomic():
        # One after the other for each player: a count is right only until somebody else adds to it.
        lock_player(player)
        visible = GameMap.objects.visible_to(player).select_for_update(no_key=True)
        game_map = get_object_or_404(visible.only("pk"), pk=map_id)
        own = MapFavourite.objects.filter(user=player)
        if own.filter(map=game_map).exists():
            return
        quotas.require_room(player.pk, "favourites")
        MapFavourite.objects.create(user=player, map=game_map)


def unmark(*, player: User, map_id: UUID) -> None:
    """Take the mark off a map, also off one that is hidden meanwhile. Nothing happens to one without.

    Raises Http404 for a map that the player can neither see nor had marked.
    """
    gone, _ = MapFavourite.objects.filter(user=player, map=map_id).delete()
    if not gone:
        get_object_or_404(GameMap.objects.visible_to(player).only("pk"), pk=map_id)


def marks(viewer: str | None, map_ids: Collection[str]) -> dict[str, Marks]:
    """The marks of maps for a player, by id, in one query; nothing for somebody who is not signed in."""
    if viewer is None or not map_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            MARKS.format(
                favourite=viewer_condition("favourite"), played=viewer_condition("played")
            ),
            [viewer, viewer, list(map_ids)],
        )
        return {map_id: Marks(favourite, played) for map_id, favourite, played in cursor.fetchall()}
