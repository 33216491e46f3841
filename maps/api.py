"""The resource `maps` in the REST API: lists, single maps, and what their authors do with them."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.openapi import IF_MATCH_PARAMETER, LOCATION_HEADER, QUOTA_PARAMETER, errors
from config.api.serialization import read_body
from config.api.views import APIView, api_view
from config.http.conditional import conditional_response
from config.http.quotas import quota_headers
from maps.browse import queries
from maps.browse.serializers import BrowseQuery, MapPage
from maps.editing import actions
from maps.editing.serializers import LargeJSONParser, NewMap, ReportOnMap
from maps.models import GameMap
from maps.serializers import FullMap, MapCard
from maps.terrain.faults import ALLOWED_IN_DRAFTS
from maps.terrain.validation import validate_request

NOT_YOURS = ("not_found", "permission_denied")
INVALID_MAP = sorted(ALLOWED_IN_DRAFTS)  # faults of a stored map; it has no others
MAP_OR_ANYTHING = {
    "anyOf": [{"$ref": "#/components/schemas/NewMapRequest"}, {}],
    "description": "A map, with or without a name. For anything else the report lists what is missing.",
}


class MapsView(APIView):
    """Public maps, and new ones."""

    parameters = {"GET": queries.PARAMETERS}
    permission_classes = (IsAuthenticatedOrReadOnly,)
    parser_classes = (LargeJSONParser,)

    @extend_schema(operation_id="maps_list", parameters=[BrowseQuery], responses=MapPage)
    def get(self, request: Request) -> HttpResponse:
        """Browse and search public maps, a page at a time."""
        viewer = str(request.user.pk) if request.user.is_authenticated else None
        browse = queries.read_parameters(request.query_params, viewer=viewer)
        page = queries.find_maps(browse, counts=queries.read_count(request.query_params))
        response = HttpResponse(page.to_json(), content_type="application/json")
        if request.query_params.get("sort") == "random":
            response["Cache-Control"] = "no-store"
        elif viewer:  # the list may have drafts of the viewer
            response["Cache-Control"] = "private, no-cache"
        response["Vary"] = "Authorization"
        return response

    @extend_schema(
        operation_id="maps_make",
        request=NewMap,
        responses={201: FullMap},
        parameters=[LOCATION_HEADER, QUOTA_PARAMETER],
        extensions=errors("quota_reached"),
    )
    def post(self, request: Request) -> Response:
        """Create a map. It is private, and may be unfinished: without waves, or without a path."""
        game_map = actions.create_map(author=caller(request), given=read_body(NewMap, request))
        location = {"Location": reverse("api:map", args=[game_map.pk])}
        grown_quotas = ("maps", "drafts", "map_bytes")
        return map_response(FullMap, game_map, *grown_quotas, status=201, headers=location)


class MapView(APIView):
    """One map, which everybody reads and its author changes."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    parser_classes = (LargeJSONParser,)

    @extend_schema(
        operation_id="maps_read",
        responses={200: FullMap, 304: None},
        extensions=errors("not_found"),
    )
    def get(self, request: Request, map_id: UUID) -> HttpResponseBase:
        """Read a whole map. A private or hidden one is a 404 for others."""
        visible = GameMap.objects.visible_to(request.user).select_related("user").defer("search")
        game_map = get_object_or_404(visible, pk=map_id)
        etag = etag_of(game_map)
        response = conditional_response(request, etag, lambda: Response(FullMap(game_map).data))
        response["Cache-Control"] = "no-cache" if game_map.is_published else "private, no-cache"
        response["Vary"] = "Authorization"
        return response

    @extend_schema(
        operation_id="maps_change",
        request=NewMap,
        responses={200: FullMap},
        parameters=[IF_MATCH_PARAMETER, QUOTA_PARAMETER],
        extensions=errors(*NOT_YOURS, "suspended", "quota_reached", *INVALID_MAP),
    )
    def patch(self, request: Request, map_id: UUID) -> Response:
        """Change one's own map. The given fields replace the stored ones. A public map must stay valid."""
        given = read_body(NewMap, request, partial=True)
        game_map = actions.change_map(given=given, **change_arguments(request, map_id))
        return map_response(FullMap, game_map, "map_bytes")

    @extend_schema(
        operation_id="maps_remove",
        responses={204: None},
        parameters=[IF_MATCH_PARAMETER],
        extensions=errors(*NOT_YOURS),
    )
    def delete(self, request: Request, map_id: UUID) -> Response:
        """Delete one's own map. Games that were played on it still have it, but lists no longer show it."""
        actions.delete_map(**change_arguments(request, map_id))
        return Response(status=204)


@api_view("post", parser_classes=(LargeJSONParser,))
@extend_schema(
    operation_id="maps_validate",
    request={"application/json": MAP_OR_ANYTHING},
    responses=ReportOnMap,
)
def validate_map(request: Request) -> Response:
    """List all faults of a map. Nothing is saved."""
    report = validate_request(request.data)
    document = {
        "valid": report.is_valid,
        "draft": report.is_valid_draft,
        "faults": report.faults,
        "path": report.path,
    }
    return Response(ReportOnMap(document).data)


@api_view("post")
@extend_schema(
    operation_id="maps_publish",
    responses={200: MapCard},
    parameters=[IF_MATCH_PARAMETER],
    extensions=errors(*NOT_YOURS, "suspended", "map_hidden", *INVALID_MAP),
)
def publish_map(request: Request, map_id: UUID) -> Response:
    """Make one's own map public. A 409 lists all faults."""
    return map_response(MapCard, actions.publish_map(**change_arguments(request, map_id)))


@api_view("post")
@extend_schema(
    operation_id="maps_unpublish",
    responses={200: MapCard},
    parameters=[IF_MATCH_PARAMETER, QUOTA_PARAMETER],
    extensions=errors(*NOT_YOURS),
)
def unpublish_map(request: Request, map_id: UUID) -> Response:
    """Make one's own map private, even beyond the quota of private maps."""
    game_map = actions.unpublish_map(**change_arguments(request, map_id))
    return map_response(MapCard, game_map, "drafts")


def map_response(
    serializer: type[MapCard],
    game_map: GameMap,
    *grown_quotas: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Returns a map with its entity tag, and a header about those `grown_quotas` that are nearly used."""
    all_headers = {"ETag": etag_of(game_map), **(headers or {})}
    if grown_quotas:
        all_headers |= quota_headers(game_map.user_id, *grown_quotas)
    return Response(serializer(game_map).data, status=status, headers=all_headers)


def change_arguments(request: Request, map_id: UUID) -> dict[str, Any]:
    """Returns the arguments of an action that changes a map: caller, map, and the entity tag."""
    return {
        "author": caller(request),
        "map_id": map_id,
        "if_match": request.headers.get("If-Match"),
    }


def etag_of(game_map: GameMap) -> str:
    """Returns the entity tag of a whole map: `"version.rest"`.

    `If-Match` compares the version alone, so that new ratings and plays don't stop the author's changes.
    """
    author = game_map.user
    shown = (
        *(game_map.rating_sum, game_map.rating_count, game_map.play_count),
        *(game_map.is_public, game_map.hidden_at, game_map.terrain_hash),
        *(author.username, author.level),
    )
    rest = hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
    return f'"{game_map.version}.{rest}"'
