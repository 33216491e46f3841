"""Collections: maps that a player puts together, orders and shares.

Whoever changes a collection locks its row first, so that one change is done when the next one looks.
Positions count only the maps that the player sees; those that were hidden or made private meanwhile stay
next to the map that they stood beside.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.models.locking import lock_player
from accounts.moderation.actions import require_not_suspended
from config.db.constraints import save_or_field_error
from config.kernel.errors import DomainError, InvalidInput
from config.kernel.text import RULES, checked
from config.kernel.validators import assign_checked, check_boolean
from config.limits import quotas
from maps.editing.text_rules import checked_description
from maps.models import GameMap, MapCollection, MapCollectionEntry
from maps.quotas import MOST_IN_COLLECTION

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

LONGEST_NAME = RULES["collection_name"].longest
LONGEST_DESCRIPTION = RULES["collection_description"].longest
ARRANGE = """
UPDATE map_collection_entries e SET position = wanted.place
FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (map_id, place)
WHERE e.collection_id = %s AND e.map_id = wanted.map_id AND e.position <> wanted.place"""


# ---- Reading ------------------------------------------------------------------------------------


def own(player: User) -> QuerySet[MapCollection]:
    """A player's collections by name, with `map_count`."""
    return counted(MapCollection.objects.filter(user=player), player).order_by(Lower("name"))


def counted(
    collections: QuerySet[MapCollection], viewer: "User | AnonymousUser"
) -> QuerySet[MapCollection]:
    """Collections with their players, and `map_count`: how many of their maps the viewer may see."""
    seen = GameMap.objects.visible_to(viewer).values("pk")
    entries = MapCollectionEntry.objects.filter(collection=OuterRef("pk"), map__in=seen).order_by()
    counts = entries.values("collection").annotate(count=Count("pk")).values("count")
    return collections.select_related("user").annotate(map_count=Coalesce(Subquery(counts), 0))


def map_ids(collection: MapCollection, viewer: "User | AnonymousUser") -> list[UUID]:
    """The maps of a collection that the viewer may see, in their order."""
    seen = GameMap.objects.visible_to(viewer).filter(entries__collection=collection)
    return list(seen.order_by("entries__position").values_list("pk", flat=True))


def choices(player: User, map_id: UUID) -> QuerySet[MapCollection]:
    """A player's collections by name, with `has_map`: whether this map is in them."""
    entries = MapCollectionEntry.objects.filter(collection=OuterRef("pk"), map=map_id)
    mine = MapCollection.objects.filter(user=player).annotate(has_map=Exists(entries))
    return mine.order_by(Lower("name"))


# ---- Collections --------------------------------------------------------------------------------


def make(*, player: User, given: Mapping[str, Any]) -> MapCollection:
    """A new collection from `name`, `description` and `is_public`.

    Raises DomainError: 400 with all that is wrong, 409 for a name that the player has already, 403 for a
    public one while suspended from publishing; QuotaReached.
    """
    collection = MapCollection(user=player, description="", is_public=False)
    with transaction.atomic():
        lock_player(player)
        _fill(player, collection, {"name": None} | dict(given))
        quotas.require_room(player.pk, "collections")
        save_or_field_error(collection, "collection")
    return collection


def change(*, player: User, collection_id: UUID, given: Mapping[str, Any]) -> MapCollection:
    """Change what was given of one's own collection.

    Raises Http404 and DomainError as `own_collection` does, and DomainError as `make` does.
    """
    with transaction.atomic():
        collection = own_collection(player, collection_id)
        _fill(player, collection, given)
        save_or_field_error(collection, "collection")
    return collection


def remove(*, player: User, collection_id: UUID) -> None:
    """Delete one's own collection; its maps stay. Raises as `own_collection` does."""
    with transaction.atomic():
        own_collection(player, collection_id).delete()


def own_collection(player: User, collection_id: UUID) -> MapCollection:
    """One's own collection, locked until the transaction is over.

    Raises Http404 for one that the player can't see, DomainError (403) for another's.
    """
    mine = MapCollection.objects.filter(user=player).select_for_update(no_key=True)
    collection: MapCollection | None = mine.filter(pk=collection_id).first()
    if collection is None:
        get_object_or_404(MapCollection.objects.visible_to(player), pk=collection_id)
        raise DomainError("not_your_collection", "Only its owner can change a collection.")
    collection.user = player
    return collection


# ---- Their maps ---------------------------------------------------------------------------------


def put(*, player: User, collection_id: UUID, map_id: UUID, position: Any = None) -> int:
    """Put a map into one's own collection, or move it; answers its place, from 1.

    Without a position a new map comes last, and one that is there already stays where it is. Raises
    Http404 for a map that the player can't see, QuotaReached, DomainError: 400 for no position, and as
    `own_collection` does.
    """
    if position is not None and not (type(position) is int and 1 <= position <= MOST_IN_COLLECTION):
        words = f"A position is a whole number from 1 to {MOST_IN_COLLECTION}."
        raise InvalidInput("invalid_position", words, field="position")
    with transaction.atomic():
        collection = own_collection(player, collection_id)
        visible = GameMap.objects.visible_to(player).select_for_update(no_key=True).only("pk")
        game_map = get_object_or_404(visible, pk=map_id)  # locked: it can't be deleted meanwhile
        order = _order(collection)
        if game_map.pk not in order:
            _append(collection, game_map, order)
        elif position is None:
            return map_ids(collection, player).index(game_map.pk) + 1
        seen = map_ids(collection, player)
        return _arrange(collection, order, seen, game_map.pk, position or MOST_IN_COLLECTION)


def move(*, player: User, collection_id: UUID, map_id: UUID, by: int) -> int:
    """Move a map of one's own collection by so many places; answers its place, from 1.

    It stops at the ends. Raises Http404 for a map that isn't there, and as `own_collection` does.
    """
    with transaction.atomic():
        collection = own_collection(player, collection_id)
        seen = map_ids(collection, player)
        if map_id not in seen:
            raise Http404
        position = max(1, seen.index(map_id) + 1 + by)
        return _arrange(collection, _order(collection), seen, map_id, position)


def take_out(*, player: User, collection_id: UUID, map_id: UUID) -> int:
    """Take a map out of one's own collection; answers the place that it had, to put it back there.

    Raises Http404 for a map that isn't there, and as `own_collection` does.
    """
    with transaction.atomic():
        collection = own_collection(player, collection_id)
        order, seen = _order(collection), map_ids(collection, player)
        gone, _ = MapCollectionEntry.objects.filter(collection=collection, map=map_id).delete()
        if not gone:
            raise Http404
        _number(collection, [one for one in order if one != map_id])
    return seen.index(map_id) + 1 if map_id in seen else len(seen) + 1


def place(order: Sequence[UUID], seen: Collection[UUID], map_id: UUID, position: int) -> list[UUID]:
    """The order with one map at a position, from 1, among those that are seen; last beyond them."""
    others = [one for one in order if one != map_id]
    shown = [one for one in others if one in seen]
    at = others.index(shown[position - 1]) if position <= len(shown) else len(others)
    return [*others[:at], map_id, *others[at:]]


def _append(collection: MapCollection, game_map: GameMap, order: list[UUID]) -> None:
    quotas.require_room(collection.pk, "collection_maps")
    # Maps that were deleted leave gaps, so that the last place may be beyond the number of entries.
    last = collection.entries.order_by("-position").values_list("position", flat=True).first() or 0
    MapCollectionEntry.objects.create(collection=collection, map=game_map, position=last + 1)
    order.append(game_map.pk)


def _arrange(
    collection: MapCollection, order: list[UUID], seen: list[UUID], map_id: UUID, position: int
) -> int:
    shown = set(seen)
    arranged = place(order, shown, map_id, position)
    _number(collection, arranged)
    return [one for one in arranged if one in shown].index(map_id) + 1


def _order(collection: MapCollection) -> list[UUID]:
    return list(collection.entries.values_list("map_id", flat=True))


def _number(collection: MapCollection, order: list[UUID]) -> None:
    """Number the entries from 1 without gaps, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(ARRANGE, [order, collection.pk])


def _fill(player: User, collection: MapCollection, given: Mapping[str, Any]) -> None:
    """Put what was given into a collection. Raises DomainError with all that is wrong."""
    reasons = assign_checked(collection, CHECKED, given)
    if reasons:
        raise InvalidInput.combine(reasons)
    if collection.is_public and given:  # words that everybody reads
        require_not_suspended(player, "publishing")


CHECKED = {
    "name": lambda name: checked(name, "collection_name", "name"),
    "description": lambda text: checked_description(text, "collection_description") or "",
    "is_public": lambda value: check_boolean(value, "is_public"),
}
