"""Reading and writing JSON at the edge of the API."""

import json
import math
from typing import TYPE_CHECKING, Any

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import parsers, renderers, serializers
from rest_framework.exceptions import APIException, ParseError

from config.kernel import text
from config.kernel.errors import DomainError, InvalidInput

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.serializers import Serializer

MAX_DEPTH = 32
MAX_REPORTED = 50
NO_STORE = {"Cache-Control": "no-store"}  # headers of answers that let their reader in


class BodyTooLarge(APIException):
    """More than a route takes."""

    status_code = 413
    default_code = "body_too_large"
    default_detail = "The request is too large."


class StrictJSONParser(parsers.BaseParser):
    """JSON as RFC 8259 has it, and nothing that would break further in.

    Refuses NaN and Infinity, doubled keys, NUL and lone surrogates in strings (PostgreSQL can store
    neither) and documents deeper than 32 levels. Values are counted before they are read: ten megabytes
    of empty lists would take three seconds and half a gigabyte.
    """

    media_type = "application/json"
    max_bytes = 1024 * 1024
    max_values = 10_000

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """The document. Raises ParseError, which is a 400 with a reason, and BodyTooLarge, a 413."""
        body = stream.read(self.max_bytes + 1)
        if len(body) > self.max_bytes or count_values(body) > self.max_values:
            raise BodyTooLarge
        try:
            document = json.loads(
                body.decode("utf-8"),
                parse_constant=_refuse_constant,
                parse_float=_parse_finite,
                object_pairs_hook=_build_object,
            )
            check_json(document)
        except (ValueError, RecursionError) as error:
            reason = "it is too deep" if isinstance(error, RecursionError) else str(error)
            raise ParseError(f"The body is not JSON that we take: {reason}.") from error
        return document


class JSONRenderer(renderers.BaseRenderer):
    """JSON by orjson, about ten times as fast as DRF's own."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> bytes:
        """The document as bytes; nothing at all for no data, as a 204 wants it."""
        return b"" if data is None else orjson.dumps(data, default=str)


class RawField(serializers.Field[Any, Any, Any, Any]):
    """A value of any kind: the checks of the activity know more than DRF's, and tell all at once."""

    def to_internal_value(self, data: Any) -> Any:
        """The value."""
        return data


@extend_schema_field({"type": "boolean"})
class RawBooleanField(RawField):
    """True or false, and nothing that only looks like it."""


class CheckedTextField(serializers.CharField):
    """Text of a kind of config.kernel.text.RULES, and no number that could be read as one.

    Of no kind are passwords and tokens, which nobody reads, and what a form checks later.
    """

    def __init__(self, *, kind: str | None, **options: Any) -> None:
        self.kind = kind
        if kind is not None:
            options.setdefault("max_length", text.RULES[kind].longest)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        """The text as it is kept."""
        if not isinstance(data, str):
            self.fail("invalid")
        if self.kind is None:
            return super().to_internal_value(data)
        try:
            return text.checked(data, self.kind, self.field_name or "")
        except DomainError as refusal:
            raise serializers.ValidationError(refusal.detail, refusal.code) from refusal


class StrictBooleanField(serializers.BooleanField):
    """True or false, and no word or number that could be read as one."""

    def to_internal_value(self, data: Any) -> bool:
        """The value."""
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


def count_values(body: bytes) -> int:
    """An upper bound of the number of values in a document; commas inside of strings count too."""
    return 1 + sum(map(body.count, (b",", b"[", b"{")))


def read_body(
    serializer: "type[Serializer[Any]]", request: "Request", *, partial: bool = False
) -> dict[str, Any]:
    """The checked body of a request; partial, parts of it may be missing.

    Raises ValidationError, also for unknown fields: to ignore one would look like success.
    """
    found = serializer(data=request.data, partial=partial)
    found.is_valid(raise_exception=True)
    if unknown := sorted(set(request.data) - set(found.fields))[:MAX_REPORTED]:
        words = serializers.ErrorDetail("There is no such field.", "unknown_field")
        raise serializers.ValidationError({name: [words] for name in unknown})
    body: dict[str, Any] = found.validated_data
    return body


def field_errors(error: InvalidInput) -> serializers.ValidationError:
    """Returns what is wrong with a body as the errors of its fields."""
    errors: dict[str, list[serializers.ErrorDetail]] = {}
    for code, detail, field in error.reasons:
        errors.setdefault(field or "non_field_errors", []).append(
            serializers.ErrorDetail(detail, code)
        )
    return serializers.ValidationError(errors)


def check_json(value: Any, depth: int = 1) -> None:
    """Raise ValueError where a document holds what we can't keep."""
    if depth > MAX_DEPTH and isinstance(value, dict | list):
        raise ValueError(f"it is deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        if "\0" in value or not _is_encodable(value):
            raise ValueError("a string holds a NUL character or a lone surrogate")
    elif isinstance(value, dict):
        for key, item in value.items():
            check_json(key, depth)
            check_json(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_json(item, depth + 1)


def _is_encodable(string: str) -> bool:
    try:
        string.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _parse_finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return document
