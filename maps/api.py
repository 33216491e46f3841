"""Maps in the REST API."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import PublicUser
from accounts.authentication import caller
from accounts.models import User
from config.keyset import InvalidCursor, paginate
from config.refusals import Refused
from maps import rating
from maps.forms import ORDER_NAMES
from maps.models import GameMap
from maps.picturing import compact_terrain
from maps.querysets import ORDERS

LARGEST_PAGE = 50


class MapCard(serializers.ModelSerializer[GameMap]):
    """A map as lists show it."""

    author = PublicUser(source="user")
    rating = serializers.FloatField(help_text="Exact mean of its ratings in stars; 0 without any.")
    preview = serializers.SerializerMethodField(help_text="Path of the isometric picture (WebP).")

    class Meta:
        model = GameMap
        fields = (
            "id name description author width height rating rating_count play_count is_public"
            " created_at preview"
        ).split()

    @extend_schema_field(serializers.CharField())
    def get_preview(self, game_map: GameMap) -> str:
        """The address of the picture for cards."""
        return game_map.card_picture


class FullMap(MapCard):
    """A map with everything a client plays from; documents travel as they are stored."""

    class Meta(MapCard.Meta):
        fields = [*MapCard.Meta.fields, "terrain_data", "spawn_point", "goal_point", "wave_config"]


class MapPage(serializers.Serializer[Any]):
    """One page of maps and the cursors of the pages beside it."""

    results = MapCard(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")
    previous = serializers.CharField(allow_null=True, help_text="Cursor of the previous page.")


class BrowseQuery(serializers.Serializer[Any]):
    """What the list can be asked for."""

    q = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Words to search."
    )
    sort = serializers.ChoiceField(choices=list(ORDER_NAMES), default="new")
    cursor = serializers.CharField(
        required=False, max_length=500, help_text="From `next` or `previous`; opaque."
    )
    page_size = serializers.IntegerField(min_value=1, max_value=LARGEST_PAGE, default=20)


class Stars(serializers.Serializer[Any]):
    """A rating."""

    stars = serializers.IntegerField(min_value=rating.FEWEST, max_value=rating.MOST)

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

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="maps_list", parameters=[BrowseQuery], responses=MapPage, tags=["maps"]
    )
    def get(self, request: Request) -> Response:
        """Browse and search public maps, a page at a time."""
        query = BrowseQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        queryset = GameMap.objects.published().search(wanted["q"]).for_cards()
        try:
            page = paginate(
                queryset,
                ORDERS[wanted["sort"]],
                cursor=wanted.get("cursor"),
                size=wanted["page_size"],
            )
        except InvalidCursor as error:
            message = "This cursor is not from a page in this order. Start without one."
            raise Refused("invalid_cursor", message, status=400, field="cursor") from error
        results = MapCard(page.rows, many=True).data
        return Response({"results": results, "next": page.next, "previous": page.previous})


class MapDetail(APIView):
    """One map."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="maps_read", responses=FullMap, tags=["maps"])
    def get(self, request: Request, map_id: UUID) -> Response:
        """Everything about a map. A private or hidden one is a 404 to strangers."""
        visible = GameMap.objects.visible_to(request.user).select_related("user").defer("search")
        return Response(FullMap(get_object_or_404(visible, pk=map_id)).data)


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

    @extend_schema(operation_id="maps_terrain", responses=CompactTerrain, tags=["maps"])
    def get(self, request: Request, map_id: UUID) -> Response:
        """The terrain, compact. `terrain_data` of the map has the same, tile by tile."""
        visible = GameMap.objects.visible_to(request.user)
        return Response(compact_terrain(get_object_or_404(visible, pk=map_id)))


class MapRatingView(APIView):
    """One's own rating of a map."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="maps_rate", request=Stars, responses=RatedMap, tags=["maps"])
    def put(self, request: Request, map_id: UUID) -> Response:
        """Give one to five stars, or change those given before. Never to one's own map."""
        stars = Stars(data=request.data)
        stars.is_valid(raise_exception=True)
        game_map = rating.rate(player=caller(request), map_id=map_id, **stars.validated_data)
        return Response(RatedMap(game_map).data)

    @extend_schema(
        operation_id="maps_unrate", request=None, responses={200: RatedMap}, tags=["maps"]
    )
    def delete(self, request: Request, map_id: UUID) -> Response:
        """Take one's stars back."""
        return Response(RatedMap(rating.unrate(player=caller(request), map_id=map_id)).data)


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

    @extend_schema(operation_id="users_read", responses=Profile, tags=["users"])
    def get(self, request: Request, username: str) -> Response:
        """Level, games and public maps of a player."""
        found = get_object_or_404(User.objects.shown(), username__lower=username.lower())
        maps = (
            GameMap.objects.published()
            .filter(user=found)
            .for_cards()
            .order_by("-created_at", "-id")
        )
        cards = MapCard(maps[:LARGEST_PAGE], many=True).data
        return Response(PublicProfile(found).data | {"maps": cards})
