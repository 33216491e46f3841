"""Checks of single values that come from outside. Pure; each raises DomainError, a 400 for its field."""

from collections.abc import Callable, Mapping
from typing import Any

from config.kernel.errors import DomainError, InvalidInput, Reason

BOOLEANS = {"1": True, "true": True, "0": False, "false": False}


def check_boolean(value: Any, field: str) -> bool:
    """True or false, and nothing that only looks like it."""
    if type(value) is not bool:
        raise InvalidInput("invalid", "True or false is needed here.", field=field)
    return value


def read_boolean(parameters: Mapping[str, str], field: str) -> bool:
    """True or false from the parameters of an address: one of BOOLEANS, in any case; false without it."""
    found = BOOLEANS.get(parameters.get(field, "0").lower())
    if found is None:
        raise InvalidInput("invalid", f"Say one of {', '.join(BOOLEANS)}.", field=field)
    return found


def check_integer(value: Any, field: str, least: int, most: int) -> int:
    """A whole number in these bounds, as JSON has it."""
    if type(value) is not int or not least <= value <= most:
        words = f"A whole number from {least} to {most} is needed here."
        raise InvalidInput("invalid", words, field=field)
    return value


def read_integer(
    parameters: Mapping[str, str], field: str, least: int, most: int, *, usual: int
) -> int:
    """A whole number in these bounds from the parameters of an address; the usual one where it is blank."""
    text = parameters.get(field, "").strip()
    if not text:
        return usual
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    return check_integer(int(text) if is_number else None, field, least, most)


def assign_checked(
    thing: object, checks: Mapping[str, Callable[[Any], Any]], given: Mapping[str, Any]
) -> list[Reason]:
    """Put what was given into a thing where it stands its check; answers all that is wrong."""
    reasons: list[Reason] = []
    for field, checked in checks.items():
        try:
            if field in given:
                setattr(thing, field, checked(given[field]))
        except DomainError as refusal:
            reasons += refusal.reasons
    return reasons
