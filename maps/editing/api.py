"""Creating and changing maps by the REST API."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.openapi import LOCATION, Error
from config.api.serialization import RawField, StrictJSONParser, read_body
from config.api.views import APIView
from config.kernel.text import MIN_NAME_LENGTH
from config.limits import quotas, rate_limits
from config.limits.quotas import HEADER_PARAMETER, QuotaReached
from maps.browse.api import Cell, FullMap, MapCard, MapDetail, MapList
from maps.editing import actions
from maps.editing.permissions import IsMapAuthor, ReadOnly
from maps.editing.text_rules import LONGEST_DESCRIPTION, LONGEST_NAME
from maps.models import GameMap
from maps.previews.responses import etag_of
from maps.terrain.grid import MAX_SIDE, MAX_TILE_HEIGHT, MIN_SIDE, TERRAINS
from maps.terrain.validation import validate_document
from maps.terrain.waves import (
    ENEMY_TYPES,
    MAX_GROUP_SIZE,
    MAX_GROUPS,
    MAX_SPAWN_INTERVAL,
    MAX_WAVES,
    MIN_SPAWN_INTERVAL,
)

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the map as it was read; 412 when it was changed since.",
)

MAP_OR_ANYTHING = {
    "anyOf": [{"$ref": "#/components/schemas/NewMapRequest"}, {}],
    "description": "A map, named or not. Anything else is answered with what it lacks.",
}


class MapParser(StrictJSONParser):
    """Ten times the usual: a map of 100 × 100 cells, indented, is larger than a megabyte."""

    most_bytes = 10 * 1024 * 1024
    most_values = 250_000  # four times the largest map, so that one too large is told what it is


# ---- Documents, as the schema tells them --------------------------------------------------------


class Tile(serializers.Serializer[Any]):
    """One cell's terrain."""

    x = serializers.IntegerField(min_value=0, max_value=MAX_SIDE - 1)
    y = serializers.IntegerField(min_value=0, max_value=MAX_SIDE - 1)
    terrainType = serializers.ChoiceField(choices=TERRAINS)  # noqa: N815 - its stored name
    height = serializers.IntegerField(min_value=0, max_value=MAX_TILE_HEIGHT)
    isBlocked = serializers.BooleanField()  # noqa: N815


class EnemyGroup(serializers.Serializer[Any]):
    """Enemies of one kind, one after the other."""

    type = serializers.ChoiceField(choices=ENEMY_TYPES)
    count = serializers.IntegerField(min_value=1, max_value=MAX_GROUP_SIZE)
    spawnInterval = serializers.FloatField(  # noqa: N815
        min_value=MIN_SPAWN_INTERVAL, max_value=MAX_SPAWN_INTERVAL, help_text="Seconds."
    )


class Wave(serializers.Serializer[Any]):
    """One wave, numbered from 1."""

    waveNumber = serializers.IntegerField(min_value=1, max_value=MAX_WAVES)  # noqa: N815
    enemies = serializers.ListField(child=EnemyGroup(), max_length=MAX_GROUPS)


class WaveConfig(serializers.Serializer[Any]):
    """All waves, in their order."""

    waves = serializers.ListField(child=Wave(), max_length=MAX_WAVES)


@extend_schema_field({"type": "string", "minLength": MIN_NAME_LENGTH, "maxLength": LONGEST_NAME})
class Name(RawField):
    """See config.kernel.text."""


@extend_schema_field({"type": "string", "maxLength": LONGEST_DESCRIPTION})
class Description(RawField):
    """See maps.editing.text_rules."""


@extend_schema_field({"type": "integer", "minimum": MIN_SIDE, "maximum": MAX_SIDE})
class Side(RawField):
    """Cells on a side."""


@extend_schema_field(Tile(many=True))
class Tiles(RawField):
    """Exactly one tile for each cell."""


@extend_schema_field(Cell)
class Place(RawField):
    """A cell of the map."""


@extend_schema_field(WaveConfig)
class Waves(RawField):
    """The waves."""


class NewMap(serializers.Serializer[Any]):
    """A map to make, or what to change of one."""

    name = Name()
    description = Description(required=False, allow_null=True)
    width = Side(help_text="Cells from west to east.")
    height = Side(help_text="Cells from north to south.")
    terrain_data = Tiles(help_text="Exactly one tile for each cell.")
    spawn_point = Place(help_text="Where enemies enter: an open cell, for a valid map.")
    goal_point = Place(help_text="What players defend: another open cell, for a valid map.")
    wave_config = Waves(help_text="A valid map has a wave at least.")


class FaultOfMap(serializers.Serializer[Any]):
    """One thing that is wrong with a map."""

    code = serializers.CharField(help_text="Stable, for machines.")
    place = serializers.CharField(help_text="As `terrain_data[17].height`.")
    detail = serializers.CharField(help_text="A sentence for people.")


class ReportOnMap(serializers.Serializer[Any]):
    """All that is wrong with a map."""

    valid = serializers.BooleanField(help_text="Whether it may be public and played.")
    draft = serializers.BooleanField(help_text="Whether it may be kept, though unfinished.")
    faults = FaultOfMap(many=True, help_text="Fifty at the most.")
    path = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        allow_null=True,
        help_text="The way of the enemies, as pairs of x and y; null where there is none.",
    )


# ---- Views --------------------------------------------------------------------------------------


class MapsView(MapList):
    """Public maps, and new ones."""

    permission_classes = (IsAuthenticatedOrReadOnly,)  # type: ignore[assignment]
    parser_classes = (MapParser,)

    @extend_schema(
        operation_id="maps_make",
        request=NewMap,
        responses={201: FullMap, 409: Error},
        parameters=[LOCATION, HEADER_PARAMETER],
        tags=["maps"],
    )
    def post(self, request: Request) -> Response:
        """Make a map. It is private, and may be unfinished: without waves, or without a path."""
        author = caller(request)
        game_map = actions.draft(author=author, given=read_body(NewMap, request))
        rate_limits.require(request._request, "maps", str(author.pk))
        try:
            actions.add(game_map)
        except QuotaReached:  # nothing was made
            rate_limits.undo_count(request._request, "maps", str(author.pk))
            raise
        address = {"Location": reverse("api:map", args=[game_map.pk])}
        return answer(FullMap, game_map, "maps", "drafts", "map_bytes", status=201, headers=address)


class MapView(MapDetail):
    """One map, to read and for its author to change."""

    # The first asks who is there, and the schema knows it; the second asks whose map it is.
    permission_classes = (IsAuthenticatedOrReadOnly, ReadOnly | IsMapAuthor)  # type: ignore[assignment]
    parser_classes = (MapParser,)

    @extend_schema(
        operation_id="maps_change",
        request=NewMap,
        responses={200: FullMap, 412: Error},
        parameters=[IF_MATCH, HEADER_PARAMETER],
        tags=["maps"],
    )
    def patch(self, request: Request, map_id: UUID) -> Response:
        """Change one's own map: what is sent replaces what is stored. A public one must stay valid."""
        rate_limits.require(request._request, "map_changes", str(caller(request).pk))
        game_map = actions.change(
            given=read_body(NewMap, request, partial=True), **named(request, map_id)
        )
        return answer(FullMap, game_map, "map_bytes")

    @extend_schema(
        operation_id="maps_remove",
        request=None,
        responses={204: None, 412: Error},
        parameters=[IF_MATCH],
        tags=["maps"],
    )
    def delete(self, request: Request, map_id: UUID) -> Response:
        """Remove one's own map. Games that were played on it keep it; nobody finds it any more."""
        actions.remove(**named(request, map_id))
        return Response(status=204)


class MapValidation(APIView):
    """The report on a map."""

    permission_classes = (IsAuthenticated,)
    parser_classes = (MapParser,)

    @extend_schema(
        operation_id="maps_validate",
        request={"application/json": MAP_OR_ANYTHING},
        responses=ReportOnMap,
        tags=["maps"],
    )
    def post(self, request: Request) -> Response:
        """All that is wrong with a map, at once. Nothing is saved."""
        report = validate_document(request.data)
        facts = {
            "valid": report.is_valid,
            "draft": report.is_valid_draft,
            "faults": report.faults,
            "path": report.path,
        }
        return Response(ReportOnMap(facts).data)


class MapPublishing(APIView):
    """Showing one's own map to everybody."""

    permission_classes = (IsAuthenticated & IsMapAuthor,)

    @extend_schema(
        operation_id="maps_publish",
        request=None,
        responses={200: MapCard, 412: Error},
        parameters=[IF_MATCH],
        tags=["maps"],
    )
    def post(self, request: Request, map_id: UUID) -> Response:
        """Make one's own map public. A 409 names all that it lacks."""
        return answer(MapCard, actions.publish(**named(request, map_id)))


class MapUnpublishing(APIView):
    """Showing it no more."""

    permission_classes = (IsAuthenticated & IsMapAuthor,)

    @extend_schema(
        operation_id="maps_unpublish",
        request=None,
        responses={200: MapCard, 412: Error},
        parameters=[IF_MATCH, HEADER_PARAMETER],
        tags=["maps"],
    )
    def post(self, request: Request, map_id: UUID) -> Response:
        """Make one's own map private, also beyond the quota of private maps."""
        return answer(MapCard, actions.unpublish(**named(request, map_id)), "drafts")


def answer(
    serializer: type[MapCard],
    game_map: GameMap,
    *grown: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A map as it is now, with the tag that the next write may send, and quotas that are nearly used."""
    tagged = {"ETag": etag_of(game_map), **(headers or {})}
    if grown:
        tagged |= quotas.quota_headers(game_map.user_id, *grown)
    return Response(serializer(game_map).data, status=status, headers=tagged)


def named(request: Request, map_id: UUID) -> dict[str, Any]:
    """Who wants to change which map, and which state of it was seen."""
    return {
        "author": caller(request),
        "map_id": map_id,
        "if_match": request.headers.get("If-Match"),
    }
