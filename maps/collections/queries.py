"""Finding collections, and the maps in them."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User, Viewer
from config.db.functions import sort_key
from config.db.lookups import get_or_not_found
from maps.models import GameMap, MapCollection, MapCollectionEntry


def own_collections(player: User) -> QuerySet[MapCollection]:
    """Returns a player's collections by name, with `map_count`."""
    own = MapCollection.objects.filter(user=player)
    return with_map_counts(own, player).order_by(sort_key("name"), "pk")


def with_map_counts(
    collections: QuerySet[MapCollection], viewer: Viewer
) -> QuerySet[MapCollection]:
    """Adds the owners, and `map_count`: the number of maps that the viewer may see."""
    visible = GameMap.objects.visible_to(viewer).values("pk")
    entries = MapCollectionEntry.objects.filter(
        collection=OuterRef("pk"), map__in=visible
    ).order_by()
    counts = entries.values("collection").annotate(count=Count("pk")).values("count")
    return collections.select_related("user").annotate(map_count=Coalesce(Subquery(counts), 0))


def find_collection(viewer: Viewer, collection_id: UUID) -> MapCollection:
    """Returns a collection that the viewer may see, with its owner. Raises NotFound."""
    visible = MapCollection.objects.visible_to(viewer).select_related("user")
    return get_or_not_found(visible, pk=collection_id)


def visible_map_ids(collection: MapCollection, viewer: Viewer) -> list[UUID]:
    """Returns the ids of the maps of a collection that the viewer may see, in their order."""
    visible = GameMap.objects.visible_to(viewer).filter(entries__collection=collection)
    return list(visible.order_by("entries__position").values_list("pk", flat=True))


def collections_for_map(viewer: Viewer, map_id: UUID) -> Sequence[MapCollection]:
    """Returns the viewer's own collections by name, with `has_map`: whether the map is in them."""
    if not viewer.is_authenticated:
        return []
    entries = MapCollectionEntry.objects.filter(collection=OuterRef("pk"), map=map_id)
    own = MapCollection.objects.filter(user=viewer).annotate(has_map=Exists(entries))
    return list(own.order_by(sort_key("name"), "pk"))
