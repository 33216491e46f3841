"""JSON in requests and responses of the API."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
from drf_spectacular.utils import extend_schema_field
from rest_framework import parsers, renderers, serializers
from rest_framework.exceptions import APIException, ParseError

from config.kernel import text
from config.kernel.errors import DomainError, InvalidInput
from config.kernel.names import describe_unknown
from config.kernel.validators import parse_id

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.serializers import Serializer

MAX_DEPTH = 32
MAX_REPORTED = 50  # unknown names in one error
NO_STORE = {"Cache-Control": "no-store"}  # for responses with a secret


class BodyTooLarge(APIException):
    """The body is larger than the route allows."""

    status_code = 413
    default_code = "body_too_large"
    default_detail = "The request is too large."


class StrictJSONParser(parsers.BaseParser):
    """Parses JSON by RFC 8259, without values that other parts of the site can't handle.

    It rejects NaN and Infinity, duplicate keys, documents with more than 32 levels, and NUL or lone
    surrogates in strings, which PostgreSQL can't store. It counts values before it parses them, because ten
    megabytes of empty lists would take three seconds and half a gigabyte.
    """

    media_type = "application/json"
    max_bytes = 1024 * 1024
    max_values = 10_000

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Returns the document. Raises ParseError (400) with the reason, BodyTooLarge (413)."""
        body = stream.read(self.max_bytes + 1)
        if len(body) > self.max_bytes or count_values(body) > self.max_values:
            raise BodyTooLarge
        try:
            document = json.loads(
                body.decode("utf-8"),
                parse_constant=_reject_constant,
                parse_float=_parse_finite,
                object_pairs_hook=_build_object,
            )
            check_json(document)
        except (ValueError, RecursionError) as error:
            reason = "it has too many levels" if isinstance(error, RecursionError) else str(error)
            raise ParseError(f"The body is not valid JSON: {reason}.") from error
        return document


class JSONRenderer(renderers.BaseRenderer):
    """Renders JSON with orjson, which is about ten times as fast as DRF's own renderer."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> bytes:
        """Returns the document as bytes. Empty without data, as in a 204."""
        return b"" if data is None else orjson.dumps(data, default=str)


class RawField(serializers.Field[Any, Any, Any, Any]):
    """A value of any type. The action checks it, and reports everything that is wrong at once.

    `schema` describes it in the OpenAPI schema: a dictionary, or a serializer.
    """

    def __init__(self, schema: Any, **options: Any) -> None:
        super().__init__(**options)
        extend_schema_field(schema)(self)  # type: ignore[type-var] # takes instances as well

    def to_internal_value(self, data: Any) -> Any:
        """Returns the value."""
        return data

    def to_representation(self, value: Any) -> Any:
        """Returns the value."""
        return value


BOOLEAN = {"type": "boolean"}
MAX_INTEGER = 2**31 - 1  # of a column of the database
COUNT = {"min_value": 0, "max_value": MAX_INTEGER}  # for fields of serializers


def count_field(help_text: str, *, minimum: int = 0) -> serializers.IntegerField:
    """Returns a field for a whole number without a limit of its own, in a document of a response."""
    return serializers.IntegerField(min_value=minimum, max_value=MAX_INTEGER, help_text=help_text)


def text_schema(kind: str) -> dict[str, Any]:
    """Returns the schema of a text that obeys a rule of config.kernel.text.TEXT_RULES."""
    rule = text.TEXT_RULES[kind]
    shortest = {"minLength": rule.min_length} if rule.min_length else {}
    return {"type": "string", **shortest, "maxLength": rule.max_length}


def integer_schema(minimum: int, maximum: int) -> dict[str, Any]:
    """Returns the schema of a whole number within these bounds."""
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


class CheckedTextField(serializers.CharField):
    """Text that obeys a rule of config.kernel.text.TEXT_RULES. Numbers are not accepted as text.

    Without a kind it has no rule, for tokens and for text that the action checks.
    """

    def __init__(self, kind: str = "", **options: Any) -> None:
        self.kind = kind
        if kind:
            options.setdefault("max_length", text.TEXT_RULES[kind].max_length)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        """Returns the text as it is stored."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not self.kind:
            return super().to_internal_value(data)
        try:
            return text.check_text(data, self.kind, self.field_name or "")
        except DomainError as error:
            raise serializers.ValidationError(error.detail, error.code) from error


class IdField(serializers.UUIDField):
    """An id, in the same form as in paths. DRF alone would accept numbers, braces and `urn:`."""

    def to_internal_value(self, data: Any) -> Any:
        """Returns the id."""
        found = parse_id(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid", value=data)
        return found


class StrictBooleanField(serializers.BooleanField):
    """True or false. Words and numbers are not accepted."""

    def to_internal_value(self, data: Any) -> bool:
        """Returns the value."""
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return super().to_internal_value(data)


def count_values(body: bytes) -> int:
    """Returns an upper bound for the number of values. It also counts commas in strings."""
    return 1 + sum(map(body.count, (b",", b"[", b"{")))


def read_body(
    serializer: "type[Serializer[Any]]", request: "Request", *, partial: bool = False
) -> dict[str, Any]:
    """Returns the checked body of a request. With `partial`, fields may be missing.

    Raises ValidationError, also for unknown fields, because a client would expect their effect.
    """
    bound = serializer(data=request.data, partial=partial)
    bound.is_valid(raise_exception=True)
    if unknown := sorted(set(request.data) - set(bound.fields))[:MAX_REPORTED]:
        known = list(bound.fields)
        details = {name: describe_unknown("field", name, known) for name in unknown}
        raise serializers.ValidationError(
            {n: [serializers.ErrorDetail(text, "unknown_field")] for n, text in details.items()}
        )
    body: dict[str, Any] = bound.validated_data
    return body


@contextmanager
def field_errors() -> Iterator[None]:
    """Converts the InvalidInput of a `with` block into a ValidationError with the errors of each field."""
    try:
        yield
    except InvalidInput as error:
        errors: dict[str, list[serializers.ErrorDetail]] = {}
        for code, detail, field in error.reasons:
            reported = errors.setdefault(field or "non_field_errors", [])
            reported.append(serializers.ErrorDetail(detail, code))
        raise serializers.ValidationError(errors) from error


def check_json(value: Any, depth: int = 1) -> None:
    """Raises ValueError if a document has a value that can't be stored."""
    if depth > MAX_DEPTH and isinstance(value, dict | list):
        raise ValueError(f"it has more than {MAX_DEPTH} levels")
    if isinstance(value, str):
        if "\0" in value or not _is_encodable(value):
            raise ValueError("a string has a NUL character or a lone surrogate")
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


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _parse_finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("an object has the same key twice")
    return document
