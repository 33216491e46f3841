"""Ratings and favourites in the REST API. `GET maps?favourite=yes` lists the favourites."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.openapi import QUOTA_PARAMETER, errors
from config.api.serialization import COUNT, read_body
from config.api.views import APIView
from config.http.quotas import quota_headers
from maps.feedback import actions
from maps.feedback.rules import MAX_STARS, MIN_STARS
from maps.models import GameMap

NOT_RATABLE = ("not_found", "own_map", "map_not_public")


class Stars(serializers.Serializer[Any]):
    """A rating."""

    stars = serializers.IntegerField(
        min_value=MIN_STARS, max_value=MAX_STARS, help_text="One to five stars."
    )

    def to_internal_value(self, data: Any) -> Any:
        """Accepts only integers. DRF alone would accept "4", 4.0 and true."""
        if isinstance(data, dict) and "stars" in data and type(data["stars"]) is not int:
            raise serializers.ValidationError({"stars": ["A whole number is needed."]}, "invalid")
        return super().to_internal_value(data)


class RatedMap(serializers.ModelSerializer[GameMap]):
    """The mean and number of a map's ratings after a change."""

    rating = serializers.FloatField(
        min_value=0, max_value=MAX_STARS, help_text="Exact mean in stars; 0 without any."
    )

    class Meta:
        model = GameMap
        fields = ("rating", "rating_count")
        extra_kwargs = {"rating_count": COUNT | {"help_text": "How many players have rated it."}}


class Favourite(serializers.Serializer[Any]):
    """Whether a map is one of the caller's favourites."""

    favourite = serializers.BooleanField(help_text="Whether it is one now.")


class MapRatingView(APIView):
    """The caller's rating of a map."""

    @extend_schema(
        operation_id="maps_rate",
        request=Stars,
        responses=RatedMap,
        extensions=errors(*NOT_RATABLE, "suspended"),
    )
    def put(self, request: Request, map_id: UUID) -> Response:
        """Rate a map with one to five stars, and replace an earlier rating. Authors can't rate their maps."""
        given = read_body(Stars, request)
        game_map = actions.rate_map(player=caller(request), map_id=map_id, **given)
        return Response(RatedMap(game_map).data)

    @extend_schema(
        operation_id="maps_unrate", responses={200: RatedMap}, extensions=errors(*NOT_RATABLE)
    )
    def delete(self, request: Request, map_id: UUID) -> Response:
        """Remove the caller's rating."""
        game_map = actions.remove_rating(player=caller(request), map_id=map_id)
        return Response(RatedMap(game_map).data)


class MapFavouriteView(APIView):
    """Whether a map is one of the caller's favourites."""

    @extend_schema(
        operation_id="maps_mark",
        responses={200: Favourite},
        parameters=[QUOTA_PARAMETER],
        extensions=errors("not_found", "quota_reached"),
    )
    def put(self, request: Request, map_id: UUID) -> Response:
        """Add a map to the caller's favourites. There are at most a thousand."""
        player = caller(request)
        actions.add_favourite(player=player, map_id=map_id)
        return Response({"favourite": True}, headers=quota_headers(player.pk, "favourites"))

    @extend_schema(
        operation_id="maps_unmark", responses={200: Favourite}, extensions=errors("not_found")
    )
    def delete(self, request: Request, map_id: UUID) -> Response:
        """Remove a map from the caller's favourites."""
        actions.remove_favourite(player=caller(request), map_id=map_id)
        return Response({"favourite": False})
