"""Checks of single values that come from outside. Pure; each raises Refused, a 400 for its field."""

from collections.abc import Callable, Mapping
from typing import Any

from config.kernel.errors import Reason, Refused

TRUTHS = {"1": True, "true": True, "0": False, "false": False}


def truth(value: Any, field: str) -> bool:
    """True or false, and nothing that only looks like it."""
    if type(value) is not bool:
        raise Refused("invalid", "True or false is needed here.", status=400, field=field)
    return value


def truth_in(parameters: Mapping[str, str], field: str) -> bool:
    """True or false from the parameters of an address: one of TRUTHS, in any case; false without it."""
    found = TRUTHS.get(parameters.get(field, "0").lower())
    if found is None:
        raise Refused("invalid", f"Say one of {', '.join(TRUTHS)}.", status=400, field=field)
    return found


def whole(value: Any, field: str, least: int, most: int) -> int:
    """A whole number in these bounds, as JSON has it."""
    if type(value) is not int or not least <= value <= most:
        words = f"A whole number from {least} to {most} is needed here."
        raise Refused("invalid", words, status=400, field=field)
    return value


def whole_in(
    parameters: Mapping[str, str], field: str, least: int, most: int, *, usual: int
) -> int:
    """A whole number in these bounds from the parameters of an address; the usual one where it is blank."""
    text = parameters.get(field, "").strip()
    if not text:
        return usual
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    return whole(int(text) if is_number else None, field, least, most)


def fill(
    thing: object, checks: Mapping[str, Callable[[Any], Any]], given: Mapping[str, Any]
) -> list[Reason]:
    """Put what was given into a thing where it stands its check; answers all that is wrong."""
    reasons: list[Reason] = []
    for field, checked in checks.items():
        try:
            if field in given:
                setattr(thing, field, checked(given[field]))
        except Refused as refusal:
            reasons += refusal.reasons
    return reasons
