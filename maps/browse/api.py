"""Maps in the REST API."""

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.identity.serializers import PublicUser
from accounts.models import User
from accounts.tokens.authentication import caller
from config.api.serialization import read_body
from config.api.views import APIView
from config.db import keyset
from config.http.conditional import conditional, conditional_document
from maps.browse import queries
from maps.browse.queries import LARGEST_PAGE, PAGE_SIZE
from maps.feedback import ratings
from maps.models import GameMap
from maps.previews.responses import etag_of, terrain_response
from maps.search.language import LONGEST
from maps.search.sql import ORDERS, USUAL_ORDER, Browse


class MapCard(serializers.ModelSerializer[GameMap]):
    """A map as lists show it."""

    author = PublicUser(source="user")
    rating = serializers.FloatField(help_text="Exact mean of its ratings in stars; 0 without any.")
    is_hidden = serializers.SerializerMethodField(
        help_text="Whether a moderator hid it: only its author and moderators see it then."
    )
    preview = serializers.SerializerMethodField(help_text="Path of the isometric picture (WebP).")

    class Meta:
        model = GameMap
        fields = (
            "id name description author width height rating rating_count play_count is_public"
            " is_hidden created_at preview"
        ).split()

    def get_is_hidden(self, game_map: GameMap) -> bool:
        """Whether a moderator hid it."""
        return game_map.hidden_at is not None

    @extend_schema_field(serializers.CharField())
    def get_preview(self, game_map: GameMap) -> str:
        """The address of the picture for cards."""
        return game_map.card_picture


class FullMap(MapCard):
    """A map with everything a client plays from; documents travel as they are stored."""

    class Meta(MapCard.Meta):
        fields = [
            *MapCard.Meta.fields,
            "terrain_data",
            "spawn_point",
            "goal_point",
            "wave_config",
            "version",
        ]


class MapPage(serializers.Serializer[Any]):
    """One page of maps and the cursors of the pages beside it."""

    results = MapCard(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")
    previous = serializers.CharField(allow_null=True, help_text="Cursor of the previous page.")
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="What of the search meant nothing, and why."
    )
    corrected = serializers.CharField(
        allow_null=True, help_text="The words that were searched for: those given match nothing."
    )


class BrowseQuery(serializers.Serializer[Any]):
    """What the list can be asked for. For the schema alone: maps.browse.queries reads the parameters."""

    q = serializers.CharField(
        max_length=LONGEST,
        required=False,
        allow_blank=True,
        help_text='Words and conditions, as `ember "old forge" -swamp author:mira rating>4'
        " size<50 plays>=100 terrain:lava`.",
    )
    sort = serializers.ChoiceField(choices=list(ORDERS), default=USUAL_ORDER)
    cursor = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=keyset.LONGEST,
        help_text="From `next` or `previous`.",
    )
    page_size = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=PAGE_SIZE)
    filter = serializers.ChoiceField(
        choices=["own"], required=False, help_text="`own`: one's own maps, drafts included."
    )
    author = serializers.CharField(required=False, allow_blank=True, help_text="A username.")
    terrain = serializers.CharField(
        required=False, allow_blank=True, help_text="Its name, as Lava."
    )
    rating_min = serializers.CharField(required=False, allow_blank=True, help_text="Stars, 0 to 5.")
    size_min = serializers.CharField(
        required=False, allow_blank=True, help_text="Cells of the longer side."
    )
    size_max = serializers.CharField(
        required=False, allow_blank=True, help_text="Cells of the longer side."
    )
    plays_min = serializers.CharField(required=False, allow_blank=True, help_text="A number.")
    played = serializers.CharField(
        required=False, allow_blank=True, help_text="yes or no; needs a token."
    )
    favourite = serializers.CharField(
        required=False, allow_blank=True, help_text="yes or no; needs a token."
    )


class Stars(serializers.Serializer[Any]):
    """A rating."""

    stars = serializers.IntegerField(min_value=ratings.FEWEST, max_value=ratings.MOST)

    def to_internal_value(self, data: Any) -> Any:
        """Whole numbers only: DRF alone would take "4", 4.0 and true."""
        if isinstance(data, dict) and "stars" in data and type(data["stars"]) is not int:
            raise serializers.ValidationError({"stars": ["A whole number is needed."]}, "invalid")
        return super().to_internal_value(data)


class RatedMap(serializers.ModelSerializer[GameMap]):
    """A map's mean and number of ratings, after one of them changed."""

    rating = serializers.FloatField()

    class Meta:
        model = GameMap
        fields = ("rating", "rating_count")


class MapList(APIView):
    """Public maps."""

    parameters = {"GET": queries.PARAMETERS}
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="maps_list", parameters=[BrowseQuery], responses=MapPage, tags=["maps"]
    )
    def get(self, request: Request) -> HttpResponse:
        """Browse and search public maps, a page at a time."""
        viewer = str(request.user.pk) if request.user.is_authenticated else None
        found = queries.find(queries.read(request.query_params, viewer=viewer))
        response = HttpResponse(found.body(), content_type="application/json")
        if request.query_params.get("sort") == "random":
            response["Cache-Control"] = "no-store"
        elif viewer:  # drafts may be among them
            response["Cache-Control"] = "private, no-cache"
        response["Vary"] = "Authorization"
        return response


class MapDetail(APIView):
    """One map."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="maps_read", responses={200: FullMap, 304: None}, tags=["maps"])
    def get(self, request: Request, map_id: UUID) -> HttpResponseBase:
        """Everything about a map. A private or hidden one is a 404 to strangers."""
        visible = GameMap.objects.visible_to(request.user).select_related("user").defer("search")
        game_map = get_object_or_404(visible, pk=map_id)
        etag = etag_of(game_map)
        response = conditional(request._request, etag, lambda: Response(FullMap(game_map).data))
        response["Cache-Control"] = "no-cache" if game_map.is_published else "private, no-cache"
        response["Vary"] = "Authorization"
        return response


class Cell(serializers.Serializer[Any]):
    """A cell of a map."""

    x = serializers.IntegerField()
    y = serializers.IntegerField()


class CompactTerrain(serializers.Serializer[Any]):
    """A map's terrain in small: what clients draw and play from."""

    width = serializers.IntegerField()
    height = serializers.IntegerField()
    terrains = serializers.ListField(
        child=serializers.CharField(), help_text="Names of the terrains, by their index."
    )
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="North to south, west to east: terrain · 12 + height · 2 + 1 where it is blocked.",
    )
    spawn_point = Cell()
    goal_point = Cell()
    path = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        allow_null=True,
        help_text="The way of the enemies, as pairs of x and y; null where there is none.",
    )
    hash = serializers.CharField(help_text="SHA-256 of terrain, spawn and goal.")


class MapTerrain(APIView):
    """A map's terrain in small."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="maps_terrain", responses={200: CompactTerrain, 304: None}, tags=["maps"]
    )
    def get(self, request: Request, map_id: UUID) -> HttpResponseBase:
        """The terrain, compact. `terrain_data` of the map has the same, tile by tile."""
        return terrain_response(request._request, request.user, map_id)


class MapRatingView(APIView):
    """One's own rating of a map."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="maps_rate", request=Stars, responses=RatedMap, tags=["maps"])
    def put(self, request: Request, map_id: UUID) -> Response:
        """Give one to five stars, or change those given before. Never to one's own map."""
        given = read_body(Stars, request)
        game_map = ratings.rate(player=caller(request), map_id=map_id, **given)
        return Response(RatedMap(game_map).data)

    @extend_schema(
        operation_id="maps_unrate", request=None, responses={200: RatedMap}, tags=["maps"]
    )
    def delete(self, request: Request, map_id: UUID) -> Response:
        """Take one's stars back."""
        return Response(RatedMap(ratings.unrate(player=caller(request), map_id=map_id)).data)


class PublicProfile(PublicUser):
    """What everybody may know of a player, looked up by name."""

    class Meta(PublicUser.Meta):
        fields = (*PublicUser.Meta.fields, "total_games_played", "created_at")  # type: ignore[assignment]


class Profile(PublicProfile):
    """The same, with the maps that show."""

    maps = MapCard(many=True, help_text="The newest public maps, fifty at the most.")

    class Meta(PublicProfile.Meta):
        fields = (*PublicProfile.Meta.fields, "maps")  # type: ignore[assignment]


class PlayerProfile(APIView):
    """A player as everybody sees one."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="users_read", responses={200: Profile, 304: None}, tags=["users"])
    def get(self, request: Request, username: str) -> HttpResponseBase:
        """Level, games and public maps of a player."""
        found = get_object_or_404(User.objects.active(), username__lower=username.lower())
        browse = Browse(sort="new", size=LARGEST_PAGE, author=str(found.pk))
        cards = [orjson.loads(card) for card in queries.find(browse).cards]
        profile = PublicProfile(found).data | {"maps": cards}
        return conditional_document(request, profile, is_public=True)
