"""The rules of words that players write: names and texts, for API and forms."""

import unicodedata
from typing import Any

from config.refusals import Refused

SHORTEST_NAME = 3
# They turn the direction of the text around them, so that a name could rewrite the page beside it.
BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Fillers and the like: letters and signs by their category, and nothing to see.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\U0001d159")
MOST_MARKS = 4  # on one character; more of them, and they cover the lines above
LINE_BREAKS = frozenset("\n\u2028\u2029")


def checked_name(name: Any, longest: int) -> str:
    """A name without the space around it. Raises Refused, a 400 for the field `name`."""
    text = clean(name, "name")
    if not SHORTEST_NAME <= len(text) <= longest:
        words = f"A name has {SHORTEST_NAME} to {longest} characters."
        raise Refused("name_length", words, status=400, field="name")
    if LINE_BREAKS & set(text):
        raise Refused("control_character", "A name has one line.", status=400, field="name")
    if not shows(text):
        raise Refused("name_blank", "A name needs something to read.", status=400, field="name")
    if most_marks(text) > MOST_MARKS:
        words = f"A character of a name has {MOST_MARKS} accents at the most."
        raise Refused("too_many_marks", words, status=400, field="name")
    return text


def shows(text: str) -> bool:
    """Whether there is something to see: a letter, a digit, punctuation or a sign."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in set(text) - BLANKS)


def most_marks(text: str) -> int:
    """How many combining marks stand on one character, at the most."""
    most = row = 0
    for character in text:
        kind = unicodedata.category(character)
        if kind[0] == "M":
            row += 1
        elif kind != "Cf":  # what is not seen ends no row
            row = 0
        most = max(most, row)
    return most


def clean(text: Any, field: str) -> str:
    """Text without space around it, its lines ended by \\n, and nothing in it that plays tricks.

    Raises Refused, a 400 for the field.
    """
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
