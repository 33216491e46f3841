"""Terrain of maps and profiles of players in the REST API."""

from uuid import UUID

import orjson
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from accounts.identity.serializers import PublicUser
from accounts.models import User
from config.api.openapi import errors
from config.api.views import api_view
from config.http.conditional import conditional_json_response
from maps.browse import queries
from maps.browse.queries import MAX_PAGE_SIZE
from maps.browse.terrain_responses import terrain_response
from maps.search.sql import BrowseRequest
from maps.serializers import CompactTerrain, MapCard


@api_view("get", permission_classes=(AllowAny,))
@extend_schema(
    operation_id="maps_terrain",
    responses={200: CompactTerrain, 304: None},
    extensions=errors("not_found", "terrain_not_whole"),
)
def map_terrain(request: Request, map_id: UUID) -> HttpResponseBase:
    """Read the compact terrain. `terrain_data` of the map has the same content, tile by tile."""
    return terrain_response(request, request.user, map_id)


class PublicProfile(PublicUser):
    """The public fields of a player who is looked up by name."""

    class Meta(PublicUser.Meta):
        fields = (*PublicUser.Meta.fields, "total_games_played", "created_at")  # type: ignore[assignment]


class Profile(PublicProfile):
    """A public profile with the player's public maps."""

    maps = MapCard(many=True, help_text="The newest public maps, at most fifty.")

    class Meta(PublicProfile.Meta):
        fields = (*PublicProfile.Meta.fields, "maps")  # type: ignore[assignment]


@api_view("get", permission_classes=(AllowAny,))
@extend_schema(
    operation_id="users_read", responses={200: Profile, 304: None}, extensions=errors("not_found")
)
def player_profile(request: Request, username: str) -> HttpResponseBase:
    """Read level, games and public maps of a player."""
    player = get_object_or_404(User.objects.active(), username__same_name=username)
    browse = BrowseRequest(sort="new", size=MAX_PAGE_SIZE, author=str(player.pk))
    cards = [orjson.loads(card) for card in queries.find_maps(browse).cards]
    profile = PublicProfile(player).data | {"maps": cards}
    return conditional_json_response(request, profile, is_public=True)
