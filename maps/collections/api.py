"""Collections in the REST API."""

from typing import Any
from uuid import UUID

import orjson
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.identity.serializers import PublicUser
from accounts.tokens.authentication import caller
from config.api.openapi import LOCATION_HEADER, QUOTA_PARAMETER, errors
from config.api.serialization import BOOLEAN, RawField, integer_schema, read_body, text_schema
from config.api.views import APIView
from config.db.lookups import get_or_not_found
from config.http.conditional import conditional_json_response
from config.http.quotas import quota_headers
from maps.browse.queries import find_cards
from maps.collections import actions
from maps.collections.queries import find_collection, own_collections, visible_map_ids
from maps.models import MapCollection
from maps.quotas import MAX_COLLECTION_MAPS
from maps.serializers import MapCard

NOT_YOURS = ("not_found", "not_your_collection")

# ---- Documents ----------------------------------------------------------------------------------


class CollectionCard(serializers.ModelSerializer[MapCollection]):
    """A collection as lists show it."""

    owner = PublicUser(source="user", help_text="Whose collection it is.")
    map_count = serializers.IntegerField(
        min_value=0,
        max_value=MAX_COLLECTION_MAPS,
        help_text="How many of its maps the caller may see.",
    )

    class Meta:
        model = MapCollection
        fields = "id name description is_public created_at owner map_count".split()
        extra_kwargs = {
            "id": {"help_text": "Never changes."},
            "name": {"help_text": "Unique among the collections of its owner."},
            "description": {"help_text": "Plain text; empty without one."},
            "is_public": {"help_text": "Whether everybody with the link can see it."},
            "created_at": {"help_text": "When it was created."},
        }


class CollectionList(serializers.Serializer[Any]):
    """The caller's collections."""

    results = CollectionCard(many=True, help_text="By name.")


class FullCollection(CollectionCard):
    """A collection with its maps."""

    maps = MapCard(many=True, help_text="In their order. Only those that the caller may see.")

    class Meta(CollectionCard.Meta):
        fields = [*CollectionCard.Meta.fields, "maps"]


class NewCollection(serializers.Serializer[Any]):
    """A new collection, or what to change of one."""

    name = RawField(
        text_schema("collection_name"), help_text="Unique among the caller's collections."
    )
    description = RawField(
        text_schema("collection_description"),
        required=False,
        allow_null=True,
        help_text="Plain text. Null makes it empty.",
    )
    is_public = RawField(
        BOOLEAN, required=False, help_text="Whether everybody with the link can see it."
    )


class Placing(serializers.Serializer[Any]):
    """The new position of a map."""

    position = RawField(
        integer_schema(1, MAX_COLLECTION_MAPS),
        required=False,
        help_text="From 1, among the maps that the caller may see. By default a new map is added at the end.",
    )


class Placed(serializers.Serializer[Any]):
    """The position of a map."""

    position = serializers.IntegerField(
        min_value=1,
        max_value=MAX_COLLECTION_MAPS,
        help_text="From 1, among the maps that the caller may see.",
    )


# ---- Views --------------------------------------------------------------------------------------


class CollectionsView(APIView):
    """The caller's collections."""

    @extend_schema(operation_id="collections_list", responses=CollectionList)
    def get(self, request: Request) -> Response:
        """List the caller's collections by name, including private ones. There are at most fifty."""
        own = own_collections(caller(request))
        return Response({"results": CollectionCard(own, many=True).data})

    @extend_schema(
        operation_id="collections_make",
        request=NewCollection,
        responses={201: CollectionCard},
        parameters=[LOCATION_HEADER, QUOTA_PARAMETER],
        extensions=errors("suspended", "name_taken", "quota_reached"),
    )
    def post(self, request: Request) -> Response:
        """Create a collection. It is private by default."""
        given = read_body(NewCollection, request)
        collection = actions.create_collection(player=caller(request), given=given)
        headers = {"Location": reverse("api:collection", args=[collection.pk])}
        headers |= quota_headers(collection.user_id, "collections")
        return Response(card_of(request, collection.pk), status=201, headers=headers)


class CollectionView(APIView):
    """One collection."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        operation_id="collections_read",
        responses={200: FullCollection, 304: None},
        extensions=errors("not_found"),
    )
    def get(self, request: Request, collection_id: UUID) -> HttpResponseBase:
        """Read a collection with its maps, at most two hundred. A private one is a 404 for others."""
        collection = find_collection(request.user, collection_id)
        map_ids = visible_map_ids(collection, request.user)
        collection.map_count = len(map_ids)  # type: ignore[attr-defined] # a field of the document
        cards = [orjson.loads(card) for card in find_cards(map_ids)]
        document = CollectionCard(collection).data | {"maps": cards}
        return conditional_json_response(request, document, is_public=collection.is_public)

    @extend_schema(
        operation_id="collections_change",
        request=NewCollection,
        responses=CollectionCard,
        extensions=errors(*NOT_YOURS, "suspended", "name_taken"),
    )
    def patch(self, request: Request, collection_id: UUID) -> Response:
        """Change the name or description of the caller's collection, or who may see it."""
        given = read_body(NewCollection, request, partial=True)
        actions.change_collection(player=caller(request), collection_id=collection_id, given=given)
        return Response(card_of(request, collection_id))

    @extend_schema(
        operation_id="collections_remove", responses={204: None}, extensions=errors(*NOT_YOURS)
    )
    def delete(self, request: Request, collection_id: UUID) -> Response:
        """Delete the caller's collection, but not its maps."""
        actions.delete_collection(player=caller(request), collection_id=collection_id)
        return Response(status=204)


class CollectionMapView(APIView):
    """A map in the caller's collection."""

    @extend_schema(
        operation_id="collections_put_map",
        request=Placing,
        responses=Placed,
        parameters=[QUOTA_PARAMETER],
        extensions=errors(*NOT_YOURS, "quota_reached"),
    )
    def put(self, request: Request, collection_id: UUID, map_id: UUID) -> Response:
        """Add a map to the caller's collection, or move it if it is there already."""
        given = read_body(Placing, request)
        position = actions.add_map(
            player=caller(request), collection_id=collection_id, map_id=map_id, **given
        )
        headers = quota_headers(collection_id, "collection_maps")
        return Response({"position": position}, headers=headers)

    @extend_schema(
        operation_id="collections_take_map", responses={204: None}, extensions=errors(*NOT_YOURS)
    )
    def delete(self, request: Request, collection_id: UUID, map_id: UUID) -> Response:
        """Remove a map from the caller's collection."""
        actions.remove_map(player=caller(request), collection_id=collection_id, map_id=map_id)
        return Response(status=204)


def card_of(request: Request, collection_id: UUID) -> dict[str, Any]:
    """Returns the card of the caller's collection. Raises NotFound if it was deleted since."""
    collection = get_or_not_found(own_collections(caller(request)), pk=collection_id)
    document: dict[str, Any] = CollectionCard(collection).data
    return document
