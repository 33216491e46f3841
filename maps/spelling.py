"""Typing errors: a word that no map's name has is taken for the one most like it that some name has.

The table `map_words` holds the words of published names; triggers (migration 0004) fill it. Like are
words that share groups of three letters (https://www.postgresql.org/docs/current/pgtrgm.html); of the
most alike the one with the fewest changes counts.
"""

from dataclasses import replace
from difflib import SequenceMatcher

from django.db import connection

from maps.query import Query, Words

ALIKE = 0.7  # how much of two words must be the same, 0 to 1, to take one for the other
SHORTEST = 3  # letters; shorter words are like too many
MOST_WORDS = 8  # looked up at once: each costs milliseconds, and a search may hold fifty
CANDIDATES = """
SELECT asked.word, known.word FROM unnest(%s::text[]) AS asked (word) CROSS JOIN LATERAL (
    SELECT word FROM map_words WHERE word %% asked.word
    ORDER BY similarity(word, asked.word) DESC, word LIMIT 20
) AS known"""


def correct(query: Query) -> Query | None:
    """The query with words that are known; None where nothing in it can be bettered. At most one query."""
    asked = {
        word.lower()
        for group in query.words
        if not group.negated
        for word in group.words
        if len(word) >= SHORTEST
    }
    if len(asked) > MOST_WORDS:
        return None
    like: dict[str, list[str]] = {word: [] for word in asked}
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, [sorted(asked)])
        for word, known in cursor.fetchall():
            like[word].append(known)
    words = tuple(_corrected(group, like) for group in query.words)
    return replace(query, words=words) if words != query.words else None


def _corrected(group: Words, like: dict[str, list[str]]) -> Words:
    if group.negated:
        return group
    *whole, last = group.words
    better = [_nearest(word, like) for word in whole]
    begun = group.unfinished and any(k.startswith(last.lower()) for k in like.get(last.lower(), []))
    return replace(group, words=(*better, last if begun else _nearest(last, like)))


def _nearest(word: str, like: dict[str, list[str]]) -> str:
    """The known word that a word was meant to be; itself where it is known, or like none."""
    known = like.get(word.lower(), [])
    if not known or word.lower() in known:
        return word
    likeness, nearest = max((SequenceMatcher(None, word.lower(), k).ratio(), k) for k in known)
    return nearest if likeness >= ALIKE else word
