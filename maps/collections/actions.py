"""Actions of players on their collections of maps.

Each action locks the collection's row first, so that changes of one collection are serialized. Positions
count only the maps that the player can see. Maps that were hidden or made private later stay next to the
same maps.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User
from accounts.models.users import lock_player
from accounts.moderation.actions import require_not_suspended
from config.db.constraints import save_with_unique_name
from config.db.lookups import get_or_not_found
from config.kernel.errors import AccessDenied, InvalidInput, NotFound
from config.kernel.text import check_text
from config.kernel.validators import assign_checked, check_boolean
from config.limits import quotas
from maps.collections.queries import visible_map_ids
from maps.collections.rules import reorder
from maps.models import GameMap, MapCollection, MapCollectionEntry
from maps.quotas import MAX_COLLECTION_MAPS

SET_POSITIONS = """
UPDATE map_collection_entries e SET position = requested.position
FROM unnest(%s::uuid[]) WITH ORDINALITY AS requested (map_id, position)
WHERE e.collection_id = %s AND e.map_id = requested.map_id AND e.position <> requested.position"""
CHECKS = {
    "name": lambda name: check_text(name, "collection_name", "name"),
    "description": lambda text: (
        "" if text is None else check_text(text, "collection_description", "description")
    ),
    "is_public": lambda value: check_boolean(value, "is_public"),
}


# ---- Collections --------------------------------------------------------------------------------


def create_collection(
    *, player: User, given: Mapping[str, Any], first_map_id: UUID | None = None
) -> MapCollection:
    """Creates a collection from `name`, `description` and `is_public`, optionally with a first map.

    Raises InvalidInput with all faults; DomainError if another collection of the player has the name, and for
    a public collection while the player is suspended from publishing; QuotaReached; NotFound for a map that
    the player can't see.
    """
    collection = MapCollection(user=player, description="", is_public=False)
    with transaction.atomic():
        lock_player(player)
        _assign(player, collection, {"name": None} | dict(given))
        quotas.require_room(player.pk, "collections")
        save_with_unique_name(collection, "collection")
        if first_map_id:
            add_map(player=player, collection_id=collection.pk, map_id=first_map_id)
    return collection


def change_collection(
    *, player: User, collection_id: UUID, given: Mapping[str, Any]
) -> MapCollection:
    """Changes the given fields of the player's own collection.

    Raises like `create_collection` and `lock_own_collection`.
    """
    with transaction.atomic():
        collection = lock_own_collection(player, collection_id)
        _assign(player, collection, given)
        save_with_unique_name(collection, "collection")
    return collection


def delete_collection(*, player: User, collection_id: UUID) -> None:
    """Deletes the player's own collection, but not its maps. Raises like `lock_own_collection`."""
    with transaction.atomic():
        lock_own_collection(player, collection_id).delete()


def lock_own_collection(player: User, collection_id: UUID) -> MapCollection:
    """Returns the player's own collection, locked until the transaction ends.

    Raises NotFound for a collection that the player can't see, AccessDenied for that of another player.
    """
    own = MapCollection.objects.filter(user=player).select_for_update(no_key=True)
    collection: MapCollection | None = own.filter(pk=collection_id).first()
    if collection is None:
        get_or_not_found(MapCollection.objects.visible_to(player), pk=collection_id)
        raise not_your_collection()
    collection.user = player
    return collection


def not_your_collection() -> AccessDenied:
    """Returns the error for another player's collection."""
    return AccessDenied("not_your_collection", "Only its owner can change a collection.")


def _assign(player: User, collection: MapCollection, given: Mapping[str, Any]) -> None:
    """Assigns the given fields to a collection. Raises InvalidInput with all faults."""
    reasons = assign_checked(collection, CHECKS, given)
    if reasons:
        raise InvalidInput.combine(reasons)
    if collection.is_public and given:  # the change is published at once
        require_not_suspended(player, "publishing")


# ---- Entries ------------------------------------------------------------------------------------


def add_map(*, player: User, collection_id: UUID, map_id: UUID, position: Any = None) -> int:
    """Adds a map to the player's own collection, or moves it. Returns its position, from 1.

    Without a position, a new map is added at the end, and a map in the collection is not moved. Raises
    NotFound for a map that the player can't see, QuotaReached, InvalidInput for an invalid position, and like
    `lock_own_collection`.
    """
    if position is not None and not (
        type(position) is int and 1 <= position <= MAX_COLLECTION_MAPS
    ):
        detail = f"A position is a whole number from 1 to {MAX_COLLECTION_MAPS}."
        raise InvalidInput("invalid_position", detail, field="position")
    with transaction.atomic():
        collection = lock_own_collection(player, collection_id)
        # Locked, so that the map can't be deleted before its entry exists.
        visible_maps = GameMap.objects.visible_to(player).select_for_update(no_key=True)
        game_map = get_or_not_found(visible_maps.only("pk"), pk=map_id)
        order = _all_map_ids(collection)
        if game_map.pk not in order:
            _append_map(collection, game_map)
            order.append(game_map.pk)
        elif position is None:
            return visible_map_ids(collection, player).index(game_map.pk) + 1
        visible = visible_map_ids(collection, player)
        return _move_to(collection, order, visible, game_map.pk, position or MAX_COLLECTION_MAPS)


def move_map(*, player: User, collection_id: UUID, map_id: UUID, by: int) -> int:
    """Moves a map of the player's own collection by a number of positions. Returns its position, from 1.

    A map is not moved beyond the ends. Raises NotFound if the map is not in the collection, and like
    `lock_own_collection`.
    """
    with transaction.atomic():
        collection = lock_own_collection(player, collection_id)
        visible = visible_map_ids(collection, player)
        if map_id not in visible:
            raise NotFound
        position = max(1, visible.index(map_id) + 1 + by)
        return _move_to(collection, _all_map_ids(collection), visible, map_id, position)


def remove_map(*, player: User, collection_id: UUID, map_id: UUID) -> int:
    """Removes a map from the player's own collection. Returns the position that it had.

    Raises NotFound if the map is not in the collection, and like `lock_own_collection`.
    """
    with transaction.atomic():
        collection = lock_own_collection(player, collection_id)
        order, visible = _all_map_ids(collection), visible_map_ids(collection, player)
        removed, _ = MapCollectionEntry.objects.filter(collection=collection, map=map_id).delete()
        if not removed:
            raise NotFound
        _set_positions(collection, [other for other in order if other != map_id])
    return visible.index(map_id) + 1 if map_id in visible else len(visible) + 1


def _append_map(collection: MapCollection, game_map: GameMap) -> None:
    quotas.require_room(collection.pk, "collection_maps")
    # Deleted maps leave gaps, so the last position may be larger than the number of entries.
    last = collection.entries.order_by("-position").values_list("position", flat=True).first() or 0
    MapCollectionEntry.objects.create(collection=collection, map=game_map, position=last + 1)


def _move_to(
    collection: MapCollection, order: list[UUID], visible: list[UUID], map_id: UUID, position: int
) -> int:
    """Moves a map to a position among the visible ones. Returns its new position."""
    shown = set(visible)
    reordered = reorder(order, shown, map_id, position)
    _set_positions(collection, reordered)
    return [other for other in reordered if other in shown].index(map_id) + 1


def _all_map_ids(collection: MapCollection) -> list[UUID]:
    return list(collection.entries.values_list("map_id", flat=True))


def _set_positions(collection: MapCollection, order: list[UUID]) -> None:
    """Numbers the entries from 1 without gaps, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(SET_POSITIONS, [order, collection.pk])
