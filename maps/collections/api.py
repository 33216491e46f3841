"""Collections in the REST API. Edges alone: the rules stand in maps/collections/actions.py."""

from typing import Any
from uuid import UUID

import orjson
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.identity.serializers import PublicUser
from accounts.tokens.authentication import caller
from config.api.openapi import LOCATION, Error
from config.api.serialization import RawBooleanField, RawField, read_body
from config.api.views import APIView
from config.http.conditional import conditional_document
from config.kernel.text import SHORTEST_NAME
from config.limits import quotas
from config.limits.quotas import HEADER_PARAMETER
from maps.browse import queries
from maps.browse.api import MapCard
from maps.collections import actions
from maps.collections.actions import LONGEST_DESCRIPTION, LONGEST_NAME
from maps.models import MapCollection
from maps.quotas import MOST_IN_COLLECTION

# ---- Documents ----------------------------------------------------------------------------------


class CollectionCard(serializers.ModelSerializer[MapCollection]):
    """A collection as lists show it."""

    owner = PublicUser(source="user")
    map_count = serializers.IntegerField(help_text="How many of its maps the caller may see.")

    class Meta:
        model = MapCollection
        fields = "id name description is_public created_at owner map_count".split()


class CollectionList(serializers.Serializer[Any]):
    """One's own collections."""

    results = CollectionCard(many=True)


class FullCollection(CollectionCard):
    """A collection with its maps."""

    maps = MapCard(many=True, help_text="In their order; only those that the caller may see.")

    class Meta(CollectionCard.Meta):
        fields = [*CollectionCard.Meta.fields, "maps"]


@extend_schema_field({"type": "string", "minLength": SHORTEST_NAME, "maxLength": LONGEST_NAME})
class CollectionName(RawField):
    """See config.kernel.text."""


@extend_schema_field({"type": "string", "maxLength": LONGEST_DESCRIPTION})
class CollectionDescription(RawField):
    """See maps.editing.text_rules."""


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MOST_IN_COLLECTION})
class Position(RawField):
    """A place in the order."""


class NewCollection(serializers.Serializer[Any]):
    """A collection to make, or what to change of one."""

    name = CollectionName(help_text="Not yet taken by another of one's collections.")
    description = CollectionDescription(required=False, allow_null=True)
    is_public = RawBooleanField(
        required=False, help_text="Whether whoever has its address may see it."
    )


class Placing(serializers.Serializer[Any]):
    """Where a map is to stand."""

    position = Position(
        required=False,
        help_text="From 1, among the maps that one sees. Without it, a new map comes last.",
    )


class Placed(serializers.Serializer[Any]):
    """Where a map stands."""

    position = serializers.IntegerField(help_text="From 1, among the maps that one sees.")


# ---- Views --------------------------------------------------------------------------------------


class CollectionsView(APIView):
    """One's own collections."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="collections_list", responses=CollectionList, tags=["collections"])
    def get(self, request: Request) -> Response:
        """One's own collections by name, private ones too; fifty at the most."""
        return Response({"results": CollectionCard(actions.own(caller(request)), many=True).data})

    @extend_schema(
        operation_id="collections_make",
        request=NewCollection,
        responses={201: CollectionCard, 409: Error},
        parameters=[LOCATION, HEADER_PARAMETER],
        tags=["collections"],
    )
    def post(self, request: Request) -> Response:
        """Make a collection. It is private unless one says otherwise."""
        made = actions.make(player=caller(request), given=read_body(NewCollection, request))
        headers = {"Location": reverse("api:collection", args=[made.pk])}
        headers |= quotas.quota_headers(made.user_id, "collections")
        return Response(card_of(request, made.pk), status=201, headers=headers)


class CollectionView(APIView):
    """One collection."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        operation_id="collections_read",
        responses={200: FullCollection, 304: None},
        tags=["collections"],
    )
    def get(self, request: Request, collection_id: UUID) -> HttpResponseBase:
        """A collection with its maps, two hundred at the most. A private one is a 404 to strangers."""
        collection = visible(request, collection_id)
        ids = actions.map_ids(collection, request.user)
        cards = [orjson.loads(card) for card in queries.cards(ids)]
        found = CollectionCard(collection).data | {"map_count": len(cards), "maps": cards}
        return conditional_document(request, found, is_public=collection.is_public)

    @extend_schema(
        operation_id="collections_change",
        request=NewCollection,
        responses=CollectionCard,
        tags=["collections"],
    )
    def patch(self, request: Request, collection_id: UUID) -> Response:
        """Change name, description or who may see one's own collection."""
        given = read_body(NewCollection, request, partial=True)
        actions.change(player=caller(request), collection_id=collection_id, given=given)
        return Response(card_of(request, collection_id))

    @extend_schema(
        operation_id="collections_remove",
        request=None,
        responses={204: None},
        tags=["collections"],
    )
    def delete(self, request: Request, collection_id: UUID) -> Response:
        """Delete one's own collection. Its maps stay."""
        actions.remove(player=caller(request), collection_id=collection_id)
        return Response(status=204)


class CollectionMapView(APIView):
    """A map in one's own collection."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="collections_put_map",
        request=Placing,
        responses=Placed,
        parameters=[HEADER_PARAMETER],
        tags=["collections"],
    )
    def put(self, request: Request, collection_id: UUID, map_id: UUID) -> Response:
        """Put a map into one's own collection, or move one that is there."""
        given = read_body(Placing, request)
        position = actions.put(
            player=caller(request), collection_id=collection_id, map_id=map_id, **given
        )
        headers = quotas.quota_headers(collection_id, "collection_maps")
        return Response({"position": position}, headers=headers)

    @extend_schema(
        operation_id="collections_take_map",
        request=None,
        responses={204: None},
        tags=["collections"],
    )
    def delete(self, request: Request, collection_id: UUID, map_id: UUID) -> Response:
        """Take a map out of one's own collection."""
        actions.take_out(player=caller(request), collection_id=collection_id, map_id=map_id)
        return Response(status=204)


def visible(request: Request, collection_id: UUID) -> MapCollection:
    """A collection that the caller may see. Raises Http404."""
    shown = MapCollection.objects.visible_to(request.user)
    found: MapCollection = get_object_or_404(shown.select_related("user"), pk=collection_id)
    found.map_count = 0  # type: ignore[attr-defined] # until its maps are counted
    return found


def card_of(request: Request, collection_id: UUID) -> dict[str, Any]:
    """A collection of the caller's as it is now. Raises Http404 where it was deleted meanwhile."""
    found = get_object_or_404(actions.own(caller(request)), pk=collection_id)
    document: dict[str, Any] = CollectionCard(found).data
    return document
