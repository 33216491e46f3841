"""What all operations share in the OpenAPI schema: errors, and the headers of rate limits."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from config.http.quotas import QUOTA_HEADER

LOCATION_HEADER = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    response=[201],
    description="The path of the new resource.",
)
QUOTA_PARAMETER = OpenApiParameter(
    QUOTA_HEADER,
    str,
    OpenApiParameter.HEADER,
    response=[200, 201, 409],
    description=(
        "Quotas of which 80 % or more are used, or the one that forbade the request:"
        " `maps;used=412;limit=500`, separated by commas."
    ),
)
# config.limits.rate_limits sends these for the limit with the fewest requests left.
RATE_LIMIT_HEADERS = {
    "X-RateLimit-Limit": "How many requests the limit allows.",
    "X-RateLimit-Remaining": "How many requests are left.",
    "X-RateLimit-Reset": "Seconds until the full limit is available again.",
}
RETRY_AFTER = {"Retry-After": "Seconds to wait, if known."}
SAFE_METHODS = ("get", "head", "options")


class ErrorDetail(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="For programs. It does not change.")
    detail = serializers.CharField(help_text="A sentence for people.")
    attr = serializers.CharField(
        allow_null=True, help_text="The field that is wrong, if there is one."
    )


class Error(serializers.Serializer[Any]):
    """The body of every error."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = ErrorDetail(many=True)  # type: ignore[assignment] # a property of DRF, unused here
    request_id = serializers.CharField(help_text="Include it when you ask for help.")


class OperationSchema(AutoSchema):
    """Describes an operation. It has a request body only if `extend_schema` names one."""

    def get_request_serializer(self) -> None:
        """Returns None."""
        return

    def get_tags(self) -> list[str]:
        """Returns the first part of the path in words: `game sessions`."""
        return [part.replace("-", " ") for part in super().get_tags()]


def complete_schema(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Adds errors and rate limits to each operation, and closes the bodies of requests.

    A postprocessing hook of drf-spectacular. config.api.serialization.read_body rejects unknown fields.
    """
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            _add_errors(path, method, operation)
            _forbid_additional_properties(
                operation.get("requestBody"), result["components"]["schemas"]
            )
    return result


def _add_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    on_success = next(iter(responses.values())).get("headers", {})
    for status in _error_statuses(path, method, operation):
        # The header of quotas is in successful responses and in a 409.
        names = on_success.keys() & {QUOTA_HEADER} if status == 409 else ()
        headers = {name: on_success[name] for name in names}
        responses[str(status)] = {"headers": headers, "content": content, "description": ""}
    for status, response in responses.items():
        texts = RATE_LIMIT_HEADERS | (RETRY_AFTER if status in ("429", "503") else {})
        headers = response.setdefault("headers", {})
        for name, text in texts.items():
            headers[name] = {"schema": {"type": "integer"}, "description": text}


def _error_statuses(path: str, method: str, operation: dict[str, Any]) -> Iterator[int]:
    """Yields the statuses of the errors of an operation."""
    is_write, has_subject = method not in SAFE_METHODS, "{" in path
    statuses = {
        400: True,
        401: {"bearer": []} in operation["security"] or path.endswith(("/login", "/refresh")),
        403: is_write,
        404: has_subject,
        406: True,
        409: is_write and has_subject,
        413: is_write,
        415: is_write,
        429: True,
        503: True,
    }
    return (status for status, is_possible in statuses.items() if is_possible)


def _forbid_additional_properties(schema: Any, components: dict[str, Any]) -> None:
    """Forbids additional properties in all objects of a schema, also in those that it refers to."""
    if isinstance(schema, list):
        for item in schema:
            _forbid_additional_properties(item, components)
    elif isinstance(schema, dict):
        if reference := schema.get("$ref"):
            target = components[reference.rpartition("/")[2]]
            if "additionalProperties" not in target:
                _forbid_additional_properties(target, components)
        if "properties" in schema:
            schema["additionalProperties"] = False
        for value in schema.values():
            _forbid_additional_properties(value, components)
