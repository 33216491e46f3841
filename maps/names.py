"""What maps and collections may be called and told of: the rules of words, for API and forms."""

import unicodedata
from typing import Any

from config.refusals import Refused

SHORTEST_NAME, LONGEST_NAME = 3, 100
LONGEST_DESCRIPTION = 5000
# They turn the direction of the text around them, so that a name could rewrite the page beside it.
BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LINE_BREAKS = frozenset("\n\u2028\u2029")


def checked_name(name: Any, longest: int = LONGEST_NAME) -> str:
    """A name without the space around it. Raises Refused, a 400 for the field `name`."""
    text = _clean(name, "name")
    if not SHORTEST_NAME <= len(text) <= longest:
        words = f"A name has {SHORTEST_NAME} to {longest} characters."
        raise Refused("name_length", words, status=400, field="name")
    if LINE_BREAKS & set(text):
        raise Refused("control_character", "A name has one line.", status=400, field="name")
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        raise Refused("name_blank", "A name needs something to read.", status=400, field="name")
    return text


def checked_description(description: Any, longest: int = LONGEST_DESCRIPTION) -> str | None:
    """A description without the space around it, or None for an empty one; it may have lines.

    Raises Refused, a 400 for the field `description`.
    """
    if description is None:
        return None
    text = _clean(description, "description")
    if len(text) > longest:
        words = f"A description has up to {longest:,} characters."
        raise Refused("description_length", words, status=400, field="description")
    return text or None


def _clean(text: Any, field: str) -> str:
    """Text without space around it, its lines ended by \\n, and nothing in it that plays tricks."""
    if type(text) is not str:
        raise Refused("invalid", "Text is needed here.", status=400, field=field)
    clean = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    # Cc are control characters, Cs halves of a character: the database would refuse them.
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in clean if c not in LINE_BREAKS):
        words = "This holds a control character."
        raise Refused("control_character", words, status=400, field=field)
    if BIDIRECTIONAL & set(clean):
        words = "This holds a character that turns the direction of text."
        raise Refused("bidirectional_character", words, status=400, field=field)
    return clean
