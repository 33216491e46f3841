"""How maps and collections may be described, and how long their words may be."""

from typing import Any

from config.kernel.text import RULES, checked

LONGEST_NAME = RULES["map_name"].longest
LONGEST_DESCRIPTION = RULES["map_description"].longest


def checked_description(description: Any, kind: str = "map_description") -> str | None:
    """A description by the rule of its kind, or None for an empty one.

    Raises DomainError, a 400 for the field `description`.
    """
    return None if description is None else checked(description, kind, "description") or None
