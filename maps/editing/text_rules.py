"""How maps and collections may be described, and how long their words may be."""

from typing import Any

from config.kernel.text import TEXT_RULES, check_text

LONGEST_NAME = TEXT_RULES["map_name"].max_length
LONGEST_DESCRIPTION = TEXT_RULES["map_description"].max_length


def checked_description(description: Any, kind: str = "map_description") -> str | None:
    """A description by the rule of its kind, or None for an empty one.

    Raises DomainError, a 400 for the field `description`.
    """
    return None if description is None else check_text(description, kind, "description") or None
