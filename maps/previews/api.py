"""The API of previews: the pictures of maps."""

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

from config.api.openapi import errors
from config.api.views import api_view
from maps.previews.responses import picture_response


class PreviewQuery(serializers.Serializer[Any]):
    """The query parameters of a preview."""

    size = serializers.ChoiceField(
        choices=["card", "page"], default="card", help_text="480 × 270 or 1200 × 675 pixels."
    )


class IgnoreAcceptHeader(BaseContentNegotiation):
    """Sends pictures, and errors as JSON, independent of the `Accept` header."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Returns the first parser; requests have no body."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Returns the first renderer."""
        return renderers[0], renderers[0].media_type


@api_view(
    "get",
    parameters=["size"],
    permission_classes=(AllowAny,),
    content_negotiation_class=IgnoreAcceptHeader,
)
@extend_schema(
    operation_id="maps_preview",
    parameters=[PreviewQuery],
    responses={
        (200, "image/webp"): OpenApiTypes.BINARY,
        304: OpenApiResponse(description="The picture has not changed since `If-None-Match`."),
    },
    extensions=errors("not_found"),
)
def map_preview(request: Request, map_id: UUID) -> HttpResponseBase:
    """Returns the isometric picture as WebP, with an `ETag`. A map that the caller can't see is a 404.

    The field `preview` of a map has an address that changes with the content. Clients may cache that
    response for a year.
    """
    query = PreviewQuery(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return picture_response(request, request.user, map_id, query.validated_data["size"])
