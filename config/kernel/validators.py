"""Checks of single values from clients. Pure. Each raises InvalidInput (400) for its field."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from config.kernel.errors import DomainError, InvalidInput, Reason

BOOLEANS = {"1": True, "true": True, "0": False, "false": False}
# The only form of an id, in paths, queries, bodies and messages: a UUID with hyphens, in upper or lower case.
ID_PATTERN = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID = re.compile(ID_PATTERN)


def check_boolean(value: Any, field: str) -> bool:
    """Returns a JSON boolean. Words and numbers are not accepted."""
    if type(value) is not bool:
        raise InvalidInput("invalid", "This must be true or false.", field=field)
    return value


def read_boolean(parameters: Mapping[str, str], field: str) -> bool:
    """Returns a boolean query parameter: one of BOOLEANS in any case, by default false."""
    found = BOOLEANS.get(parameters.get(field, "0").lower())
    if found is None:
        raise InvalidInput("invalid", f"This must be one of {', '.join(BOOLEANS)}.", field=field)
    return found


def check_integer(value: Any, field: str, minimum: int, maximum: int) -> int:
    """Returns a JSON integer within these bounds."""
    if type(value) is not int or not minimum <= value <= maximum:
        detail = f"This must be a whole number from {minimum} to {maximum}."
        raise InvalidInput("invalid", detail, field=field)
    return value


def read_integer(
    parameters: Mapping[str, str], field: str, minimum: int, maximum: int, *, default: int
) -> int:
    """Returns a query parameter: a whole number within these bounds, or the default if it is blank."""
    text = parameters.get(field, "").strip()
    if not text:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    return check_integer(int(text) if is_number else None, field, minimum, maximum)


def parse_id(text: str) -> UUID | None:
    """Returns an id in the form of ID_PATTERN, or None."""
    return UUID(text) if _ID.fullmatch(text) else None


def check_id(value: Any, field: str) -> UUID:
    """Returns the id in a JSON string."""
    found = parse_id(value) if type(value) is str else None
    if found is None:
        raise InvalidInput("invalid", "A UUID with hyphens is needed here.", field=field)
    return found


def assign_checked(
    target: object, checks: Mapping[str, Callable[[Any], Any]], values: Mapping[str, Any]
) -> list[Reason]:
    """Checks values and assigns them to the fields of an object. Returns everything that is wrong."""
    reasons: list[Reason] = []
    for field, check in checks.items():
        try:
            if field in values:
                setattr(target, field, check(values[field]))
        except DomainError as error:
            reasons += error.reasons
    return reasons
