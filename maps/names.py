"""How maps and collections may be described, and how long their words may be."""

from typing import Any

from config.names import clean
from config.refusals import Refused

LONGEST_NAME = 100
LONGEST_DESCRIPTION = 5000


def checked_description(description: Any, longest: int = LONGEST_DESCRIPTION) -> str | None:
    """A description without the space around it, or None for an empty one; it may have lines.

    Raises Refused, a 400 for the field `description`.
    """
    if description is None:
        return None
    text = clean(description, "description")
    if len(text) > longest:
        words = f"A description has up to {longest:,} characters."
        raise Refused("description_length", words, status=400, field="description")
    return text or None
