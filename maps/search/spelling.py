"""The words of maps: which are whole, what an unfinished one begins, what a mistyped one was meant to be.

The table `map_words` holds the words of published names and descriptions, but for those too common to
search by ("the"); triggers (migration 0005) fill it. Like are words that share groups of three letters
(https://www.postgresql.org/docs/current/pgtrgm.html); of the most alike the one with the fewest changes
counts.

A process remembers the words that it has met there. Words that no published map has any more are deleted
once a day (`prune`). One that is remembered longer is still taken for a whole word: nothing is found by it,
as before.
"""

from collections import OrderedDict
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from django.db import connection

from maps.search.language import Query, Words, text_query

ALIKE = 0.7  # how much of two words must be the same, 0 to 1, to take one for the other
MOST_MET = 20_000  # words that a process remembers
SHORTEST = 3  # letters; shorter words are like too many
MOST_WORDS = 8  # looked up at once: each costs milliseconds, and a search may hold fifty
MOST_STEMS = 20  # that an unfinished word may stand for beside its own beginnings
# Words too common to search by have no stem.
CANDIDATES = """
SELECT asked.word, known.word FROM unnest(%s::text[]) AS asked (word) CROSS JOIN LATERAL (
    SELECT word FROM map_words WHERE word %% asked.word
    ORDER BY similarity(word, asked.word) DESC, word LIMIT 20
) AS known
WHERE ts_lexize('english_stem', asked.word) <> '{}'"""
# Whether a word is a whole one, and the stems of those that it begins, where they begin otherwise.
KNOWN = """
SELECT EXISTS (SELECT FROM map_words WHERE word = %(word)s),
    ARRAY(
        SELECT stem FROM map_words, unnest(ts_lexize('english_stem', word)) AS stem
        WHERE word LIKE %(beginning)s AND NOT starts_with(stem, %(word)s)
        GROUP BY stem ORDER BY length(stem), stem LIMIT %(most)s
    )"""
# Counted, since PostgreSQL would look for the first one in the table itself, and for words that no map has
# read all of it. All words together cost as much as all that maps say.
PUBLISHED_HAVE = """
(SELECT count(*) FROM maps WHERE is_public AND hidden_at IS NULL
    AND search @@ plainto_tsquery('english', map_words.word)) > 0"""
NEXT = "SELECT word FROM map_words WHERE word > %s ORDER BY word LIMIT %s"
PRUNE = f"DELETE FROM map_words WHERE word = ANY(%s) AND NOT {PUBLISHED_HAVE} RETURNING word"  # noqa: S608
PUT_BACK = f"""
INSERT INTO map_words (word) SELECT word FROM unnest(%s::text[]) AS map_words (word)
WHERE {PUBLISHED_HAVE} ON CONFLICT DO NOTHING"""  # noqa: S608 - nothing from outside
PRUNED_AT_ONCE = 500
COMMON = "SELECT numnode(to_tsquery('english', %s)) = 0"

_met: OrderedDict[str, None] = OrderedDict()


def settle(query: Query) -> Query:
    """The query, in which the last word is a whole one, or knows what it begins.

    Whoever typed "ford" means it, and looking for all that begins so takes the database ten times as
    long. One query of the database, where the word was not met before.
    """
    last = _unfinished(query)
    if last is None:
        return query
    if last in _met:
        return _ended(query, unfinished=False)
    asked: dict[str, str | int] = {"word": last, "beginning": f"{last}%", "most": MOST_STEMS}
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, asked)
        known, stems = cursor.fetchone()
    if not known:
        return _ended(query, stems=tuple(stems))
    _meet(last)
    return _ended(query, unfinished=False)


def settled_by_memory(query: Query) -> Query | None:
    """The same without the database: None where the last word is not one that was met before."""
    last = _unfinished(query)
    if last is None:
        return query
    return _ended(query, unfinished=False) if last in _met else None


def are_met(query: Query) -> bool:
    """Whether all words are known to be whole ones, so that none of them is a typing error.

    Where there are none but such that must not occur, nothing is known.
    """
    words = [word for group in query.words if not group.negated for word in group.words]
    return bool(words) and all(word.lower() in _met for word in words)


def _unfinished(query: Query) -> str | None:
    last = query.words[-1] if query.words else None
    return last.words[-1].lower() if last and last.unfinished else None


def _ended(query: Query, **changes: Any) -> Query:
    """The query with another end."""
    *others, last = query.words
    return replace(query, words=(*others, replace(last, **changes)))


def _meet(word: str) -> None:
    _met[word] = None
    while len(_met) > MOST_MET:
        _met.popitem(last=False)


def is_common(query: Query) -> bool:
    """Whether it has none but words that are too common to search by. One query of the database."""
    with connection.cursor() as cursor:
        cursor.execute(COMMON, [text_query(query.words)])
        return bool(cursor.fetchone()[0])


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
            if word == known:
                _meet(word)
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


def prune() -> int:
    """Delete the words that no published map has any more, and return how many.

    A map that is published at the same moment may count on a word that is being deleted; so each batch is
    looked up again afterwards. A word of the same stem as one in use stays.
    """
    pruned, last = 0, ""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(NEXT, [last, PRUNED_AT_ONCE])
            words = [row[0] for row in cursor.fetchall()]
            if not words:
                return pruned
            last = words[-1]
            cursor.execute(PRUNE, [words])
            gone = [row[0] for row in cursor.fetchall()]
            cursor.execute(PUT_BACK, [gone])
            pruned += len(gone) - cursor.rowcount
