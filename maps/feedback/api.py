"""Favourites in the REST API. `GET maps?favourite=yes` lists them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.views import APIView
from config.limits import quotas
from config.limits.quotas import HEADER_PARAMETER
from maps.feedback import favourites


class Favourite(serializers.Serializer[Any]):
    """Whether a map is among one's favourites."""

    favourite = serializers.BooleanField()


class MapFavouriteView(APIView):
    """One's own mark on a map."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="maps_mark",
        request=None,
        responses={200: Favourite},
        parameters=[HEADER_PARAMETER],
        tags=["maps"],
    )
    def put(self, request: Request, map_id: UUID) -> Response:
        """Mark a map as a favourite, a thousand at the most."""
        player = caller(request)
        favourites.mark(player=player, map_id=map_id)
        return Response({"favourite": True}, headers=quotas.quota_headers(player.pk, "favourites"))

    @extend_schema(
        operation_id="maps_unmark", request=None, responses={200: Favourite}, tags=["maps"]
    )
    def delete(self, request: Request, map_id: UUID) -> Response:
        """Take the mark back."""
        favourites.unmark(player=caller(request), map_id=map_id)
        return Response({"favourite": False})
