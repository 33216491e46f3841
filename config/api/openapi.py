"""OpenAPI: every operation lists the errors that it can answer, in the one shape we have."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

LOCATION_HEADER = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="Path of what was made."
)
# What config.limits.rate_limits tells, by the narrowest limit that counted the request.
RATE_LIMIT_HEADERS = [
    OpenApiParameter(name, int, OpenApiParameter.HEADER, response=statuses, description=words)
    for name, statuses, words in (
        ("X-RateLimit-Limit", True, "How often is allowed in all."),
        ("X-RateLimit-Remaining", True, "How often is left."),
        ("X-RateLimit-Reset", True, "Seconds until all are left again."),
        ("Retry-After", [429, 503], "Seconds to wait, where it is known."),
    )
]


class ErrorDetail(serializers.Serializer[Any]):
    """One fault."""

    code = serializers.CharField(help_text="Stable, for machines.")
    detail = serializers.CharField(help_text="A sentence for people.")
    attr = serializers.CharField(allow_null=True, help_text="The field at fault, if one was.")


class Error(serializers.Serializer[Any]):
    """What every failed request is answered with."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorDetail(many=True)  # type: ignore[assignment] # a property of DRF, unused here
    request_id = serializers.CharField(help_text="Name it when you ask for help.")


class Schema(AutoSchema):
    """Adds to each operation the statuses that its kind can answer, limits, and that bodies are closed."""

    def get_override_parameters(self) -> Any:
        """What an operation names, and the headers that all of them answer with."""
        return [*super().get_override_parameters(), *RATE_LIMIT_HEADERS]

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        found = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        # See config.api.serialization.read_body.
        return found | {"additionalProperties": False} if direction == "request" else found

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        own = super()._get_response_bodies(direction)
        errors = {
            str(status): self._get_response_for_code(Error, str(status))  # type: ignore[no-untyped-call]
            for status in self._error_statuses()
        }
        return own | errors

    def _error_statuses(self) -> list[int]:
        writes = self.method not in ("GET", "HEAD", "OPTIONS")
        statuses = {
            400: True,
            401: bool(self.view.authentication_classes)
            or self.path.endswith(("/login", "/refresh")),
            403: writes,
            404: "{" in self.path,
            406: True,
            409: writes and "{" in self.path,
            413: writes,
            415: writes,
            429: True,
            503: True,
        }
        return [status for status, possible in statuses.items() if possible]
