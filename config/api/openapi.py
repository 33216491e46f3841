"""What all operations share in the OpenAPI schema: errors, headers, and what is always in a document.

An operation names only what is its own: its documents, and the codes of its errors (`errors`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from config.http.error_statuses import status_of_code
from config.http.quotas import QUOTA_HEADER
from config.limits.rate_limits import POLICIES

ERRORS = "x-errors"  # the codes of an operation, until they are descriptions of its responses
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
IF_MATCH = "If-Match"
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "The `ETag` of an earlier response. A 304 means that nothing has changed since.",
}
IF_MATCH_PARAMETER = OpenApiParameter(
    IF_MATCH,
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the map as it was read. A 412 means that the map has changed since.",
)
MAX_LIMIT = max(policy.limit for policy in POLICIES.values())
MAX_SECONDS = max(policy.seconds for policy in POLICIES.values())
# config.limits.rate_limits sends these for the limit with the fewest requests left.
RATE_LIMIT_HEADERS = {
    "X-RateLimit-Limit": ("How many requests the limit allows.", MAX_LIMIT),
    "X-RateLimit-Remaining": ("How many requests are left.", MAX_LIMIT),
    "X-RateLimit-Reset": ("Seconds until the full limit is available again.", MAX_SECONDS),
}
RETRY_AFTER = {"Retry-After": ("Seconds to wait, if known.", MAX_SECONDS)}
REQUEST_ID_HEADER = {"X-Request-Id": "The id of the request in the log of the server."}
ETAG_HEADER = {"ETag": "Identifies this content, for `If-None-Match` and, of a map, `If-Match`."}
CHALLENGE_HEADER = {"WWW-Authenticate": "The scheme of authentication: `Bearer`."}
SAFE_METHODS = ("get", "head", "options")
# Codes that many operations have, by status.
COMMON_CODES = {
    400: ("unknown_parameter", "invalid"),
    401: ("not_authenticated", "invalid_token"),
    403: ("insecure_transport",),
    406: ("not_acceptable",),
    412: ("precondition_failed",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    429: ("rate_limited",),
    503: ("unavailable", "busy"),
}
ERROR_DESCRIPTIONS = {
    400: "A parameter or the body is not valid; `errors` names everything that is wrong",
    401: "There is no valid sign-in",
    403: "The caller may not do this",
    404: "There is no such thing, or the caller may not know of it",
    406: "`Accept` does not allow JSON",
    409: "The state of the site forbids this",
    412: "This has changed since `If-Match`, and nothing was changed now",
    413: "The body is too large",
    415: "The body is not `application/json`",
    429: "There were too many requests: wait",
    503: "The site is busy or under maintenance: try again",
}
SUCCESS_DESCRIPTIONS = {
    "200": "It succeeded.",
    "201": "It was created.",
    "204": "It succeeded. There is no body.",
    "304": "Nothing has changed since `If-None-Match`. There is no body.",
}
PATH_PARAMETERS = {
    "map_id": "The id of a map.",
    "collection_id": "The id of a collection.",
    "tribe_id": "The id of a tribe.",
    "session_id": "The id of a lobby or game.",
    "username": "The name of a player, in any case.",
}


def errors(*codes: str) -> dict[str, list[str]]:
    """Returns `extensions` of an operation with the codes of its own errors."""
    return {ERRORS: list(codes)}


class ErrorDetail(serializers.Serializer[Any]):
    """One thing that is wrong."""

    code = serializers.CharField(help_text="For programs. It does not change.")
    detail = serializers.CharField(help_text="A sentence for people.")
    attr = serializers.CharField(
        allow_null=True, help_text="The field that is wrong, if there is one."
    )


class Error(serializers.Serializer[Any]):
    """The body of every error."""

    type = serializers.ChoiceField(
        choices=["validation_error", "client_error", "server_error"],
        help_text="Whose fault it is: that of a field, of the request, or of the server.",
    )
    errors = ErrorDetail(many=True, help_text="Everything that is wrong, at least one thing.")  # type: ignore[assignment] # a property of DRF, unused here
    request_id = serializers.CharField(help_text="Include it when you ask for help.")


class OperationSchema(AutoSchema):
    """Describes an operation. It has a request body only if `extend_schema` names one."""

    def get_request_serializer(self) -> None:
        """Returns None."""
        return

    def get_operation(self, *arguments: Any) -> Any:
        """Returns the operation. Adds the body of errors to the components, to which all operations refer."""
        operation = super().get_operation(*arguments)
        self.resolve_serializer(Error, "response")
        return operation

    def get_tags(self) -> list[str]:
        """Returns the first part of the path in words: `game sessions`."""
        return [part.replace("-", " ") for part in super().get_tags()]


def complete_schema(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Adds what all operations share, closes the bodies of requests, and says what responses always have.

    A postprocessing hook of drf-spectacular. config.api.serialization.read_body rejects unknown fields.
    """
    components = result["components"]["schemas"]
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            if operation["security"] == [{}]:
                operation["security"] = []  # the usual form of "none"
            _add_errors(path, method, operation)
            _add_conditions(operation)
            _add_headers(operation)
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["description"] = PATH_PARAMETERS[parameter["name"]]
            _forbid_additional_properties(operation.get("requestBody"), components)
    for schema in components.values():
        # Bodies of requests are closed. All others are documents of responses, which are always complete.
        if "properties" in schema and "additionalProperties" not in schema:
            schema["required"] = sorted(schema["properties"])
    return result


# ---- Responses ----------------------------------------------------------------------------------


def _add_errors(path: str, method: str, operation: dict[str, Any]) -> None:
    """Adds the errors of an operation, with their codes in the description."""
    responses = operation["responses"]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    by_status: dict[int, list[str]] = {
        status: list(COMMON_CODES[status]) for status in _common_statuses(path, method, operation)
    }
    for code in operation.pop(ERRORS, ()):
        codes = by_status.setdefault(status_of_code(code), [])
        codes += [code] if code not in codes else []
    for status, codes in sorted(by_status.items()):
        text = f"{ERROR_DESCRIPTIONS[status]}: {', '.join(f'`{code}`' for code in codes)}."
        responses[str(status)] = {"description": text, "content": content}


def _common_statuses(path: str, method: str, operation: dict[str, Any]) -> Iterator[int]:
    """Yields the statuses of errors that the operation has for general reasons."""
    is_picture = any(
        "image/" in kind
        for response in operation["responses"].values()
        for kind in response.get("content", ())
    )
    statuses = {
        400: True,
        401: {"bearer": []} in operation.get("security", ()),
        403: True,  # plain HTTP, with a token or a body
        406: not is_picture,
        412: any(each["name"] == IF_MATCH for each in operation.get("parameters", ())),
        413: method not in SAFE_METHODS,
        415: "requestBody" in operation,
        429: True,
        503: True,
    }
    return (status for status, is_possible in statuses.items() if is_possible)


def _add_conditions(operation: dict[str, Any]) -> None:
    """Adds `If-None-Match` to an operation that may respond with a 304."""
    if "304" in operation["responses"]:
        operation.setdefault("parameters", []).append(IF_NONE_MATCH)


def _add_headers(operation: dict[str, Any]) -> None:
    """Adds the headers of all responses of an operation, and descriptions to those without one."""
    responses = operation["responses"]
    names = {each["name"] for each in operation.get("parameters", ())}
    has_tag = "304" in responses or IF_MATCH in names
    on_success: Mapping[str, Any] = next(iter(responses.values())).get("headers", {})
    for status, response in responses.items():
        response["description"] = response.get("description") or SUCCESS_DESCRIPTIONS[status]
        headers = response.setdefault("headers", {})
        if status == "409":  # the header of quotas is in successful responses and in a 409
            headers |= {name: on_success[name] for name in on_success.keys() & {QUOTA_HEADER}}
        texts = dict(REQUEST_ID_HEADER)
        texts |= ETAG_HEADER if has_tag and status in ("200", "304") else {}
        texts |= CHALLENGE_HEADER if status == "401" else {}
        for name, text in texts.items():
            headers[name] = {"schema": {"type": "string"}, "description": text}
        numbers = RATE_LIMIT_HEADERS | (RETRY_AFTER if status in ("429", "503") else {})
        for name, (text, maximum) in numbers.items():
            schema = {"type": "integer", "minimum": 0, "maximum": maximum}
            headers[name] = {"schema": schema, "description": text}


# ---- Bodies -------------------------------------------------------------------------------------


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
