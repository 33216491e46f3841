"""The pictures of maps in the REST API."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from config.api.views import APIView
from maps.previews.responses import picture_response


class PreviewQuery(serializers.Serializer[Any]):
    """Which picture is wanted."""

    size = serializers.ChoiceField(
        choices=["card", "page"], default="card", help_text="480 × 270 or 1200 × 675 pixels."
    )


class JSONErrors(BaseContentNegotiation):
    """Whoever accepts pictures alone gets the picture; what goes wrong is told in JSON all the same."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Nothing is sent here."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first one, whatever the request accepts."""
        return renderers[0], renderers[0].media_type


class MapPreview(APIView):
    """A map's picture."""

    parameters = {"GET": ["size"]}
    permission_classes = (AllowAny,)
    content_negotiation_class = JSONErrors

    @extend_schema(
        operation_id="maps_preview",
        parameters=[PreviewQuery],
        responses={
            (200, "image/webp"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="As `If-None-Match` says: nothing changed."),
        },
        tags=["maps"],
    )
    def get(self, request: Request, map_id: UUID) -> HttpResponseBase:
        """The isometric picture as WebP, with an ETag. A private or hidden map is a 404 to strangers.

        `preview` of a map is an address that names the content instead, and may be kept for a year.
        """
        query = PreviewQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return picture_response(request, request.user, map_id, query.validated_data["size"])
