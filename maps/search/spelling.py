"""The words that maps have: completing the last word of a query, and correcting typing errors.

The table `map_words` holds the words of published names and descriptions, without stop words. Triggers
(migration 0006_words) fill it. Similar words share groups of three letters
(https://www.postgresql.org/docs/current/pgtrgm.html). Among them, the one with the fewest differences is the
correction.

Each process remembers words that it found in the table. Words that no published map has any more are deleted
once a day (`delete_unused_words`). A process may still remember one of them. A search for it then finds
nothing, as it did before.
"""

from collections import OrderedDict
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from django.db import connection

from maps.search.language import Query, Term, to_tsquery

MIN_SIMILARITY = 0.7  # 0 to 1; below it, a word is not taken for a typing error of another
MAX_REMEMBERED_WORDS = 20_000
MIN_WORD_LENGTH = 3  # shorter words are similar to too many
MAX_WORDS = 8  # looked up at once: each costs milliseconds, and a query may hold fifty
MAX_STEMS = 20  # that an unfinished word may stand for, besides its own beginnings
# Stop words have no stem.
SIMILAR_WORDS = """
SELECT asked.word, known.word FROM unnest(%s::text[]) AS asked (word) CROSS JOIN LATERAL (
    SELECT word FROM map_words WHERE word %% asked.word
    ORDER BY similarity(word, asked.word) DESC, word LIMIT 20
) AS known
WHERE ts_lexize('english_stem', asked.word) <> '{}'"""
# Whether a word is complete, and the stems of words that begin with it, where the stems do not.
COMPLETIONS = """
SELECT EXISTS (SELECT FROM map_words WHERE word = %(word)s),
    ARRAY(
        SELECT stem FROM map_words, unnest(ts_lexize('english_stem', word)) AS stem
        WHERE word LIKE %(beginning)s AND NOT starts_with(stem, %(word)s)
        GROUP BY stem ORDER BY length(stem), stem LIMIT %(most)s
    )"""
# Counts, because with EXISTS PostgreSQL would scan the table of maps, and read all of it for a word that no
# map has.
IS_USED = """
(SELECT count(*) FROM maps WHERE is_public AND hidden_at IS NULL
    AND search @@ plainto_tsquery('english', map_words.word)) > 0"""
NEXT_WORDS = "SELECT word FROM map_words WHERE word > %s ORDER BY word LIMIT %s"
DELETE_UNUSED = f"DELETE FROM map_words WHERE word = ANY(%s) AND NOT {IS_USED} RETURNING word"  # noqa: S608
RESTORE_USED = f"""
INSERT INTO map_words (word) SELECT word FROM unnest(%s::text[]) AS map_words (word)
WHERE {IS_USED} ON CONFLICT DO NOTHING"""  # noqa: S608 - nothing from outside
DELETION_BATCH = 500  # words
HAS_NO_STEMS = "SELECT numnode(to_tsquery('english', %s)) = 0"

_remembered: OrderedDict[str, None] = OrderedDict()


def resolve_last_word(query: Query) -> Query:
    """Returns the query with its last word marked as complete, or with the stems that it begins.

    A player who typed "ford" means it, and a search for all words that begin with it takes the database ten
    times as long. Costs one database query, unless the word is remembered.
    """
    word = _unfinished_word(query)
    if word is None:
        return query
    if word in _remembered:
        return _change_last_term(query, unfinished=False)
    values: dict[str, str | int] = {"word": word, "beginning": f"{word}%", "most": MAX_STEMS}
    with connection.cursor() as cursor:
        cursor.execute(COMPLETIONS, values)
        is_complete, stems = cursor.fetchone()
    if not is_complete:
        return _change_last_term(query, stems=tuple(stems))
    _remember(word)
    return _change_last_term(query, unfinished=False)


def resolve_from_memory(query: Query) -> Query | None:
    """Does the same without the database. Returns None where the last word is not remembered."""
    word = _unfinished_word(query)
    if word is None:
        return query
    return _change_last_term(query, unfinished=False) if word in _remembered else None


def are_all_remembered(query: Query) -> bool:
    """Returns whether all words are known to be complete, so that none is a typing error.

    False for a query that only excludes words.
    """
    words = [word for term in query.terms if not term.negated for word in term.words]
    return bool(words) and all(word.lower() in _remembered for word in words)


def _unfinished_word(query: Query) -> str | None:
    last = query.terms[-1] if query.terms else None
    return last.words[-1].lower() if last and last.unfinished else None


def _change_last_term(query: Query, **changes: Any) -> Query:
    *others, last = query.terms
    return replace(query, terms=(*others, replace(last, **changes)))


def _remember(word: str) -> None:
    _remembered[word] = None
    while len(_remembered) > MAX_REMEMBERED_WORDS:
        _remembered.popitem(last=False)


def has_only_stop_words(query: Query) -> bool:
    """Returns whether all words are too common to search by. Costs one database query."""
    with connection.cursor() as cursor:
        cursor.execute(HAS_NO_STEMS, [to_tsquery(query.terms)])
        return bool(cursor.fetchone()[0])


def correct(query: Query) -> Query | None:
    """Returns the query with known words in place of typing errors, or None where none is similar.

    Costs at most one database query.
    """
    asked = {
        word.lower()
        for term in query.terms
        if not term.negated
        for word in term.words
        if len(word) >= MIN_WORD_LENGTH
    }
    if len(asked) > MAX_WORDS:
        return None
    similar: dict[str, list[str]] = {word: [] for word in asked}
    with connection.cursor() as cursor:
        cursor.execute(SIMILAR_WORDS, [sorted(asked)])
        for word, known in cursor.fetchall():
            similar[word].append(known)
            if word == known:
                _remember(word)
    terms = tuple(_correct_term(term, similar) for term in query.terms)
    return replace(query, terms=terms) if terms != query.terms else None


def _correct_term(term: Term, similar: dict[str, list[str]]) -> Term:
    if term.negated:
        return term
    *complete, last = term.words
    corrected = [_nearest_word(word, similar) for word in complete]
    is_beginning = term.unfinished and any(
        known.startswith(last.lower()) for known in similar.get(last.lower(), [])
    )
    return replace(term, words=(*corrected, last if is_beginning else _nearest_word(last, similar)))


def _nearest_word(word: str, similar: dict[str, list[str]]) -> str:
    """Returns the known word that was probably meant: the word itself where it is known, or like none."""
    known = similar.get(word.lower(), [])
    if not known or word.lower() in known:
        return word
    similarity, nearest = max((SequenceMatcher(None, word.lower(), k).ratio(), k) for k in known)
    return nearest if similarity >= MIN_SIMILARITY else word


def delete_unused_words() -> int:
    """Deletes the words that no published map has any more, and returns how many.

    A map that is published at the same moment may need a word that is being deleted. So each batch is
    checked again afterwards. A word remains while a map has a word of the same stem.
    """
    deleted, last = 0, ""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(NEXT_WORDS, [last, DELETION_BATCH])
            words = [row[0] for row in cursor.fetchall()]
            if not words:
                return deleted
            last = words[-1]
            cursor.execute(DELETE_UNUSED, [words])
            removed = [row[0] for row in cursor.fetchall()]
            cursor.execute(RESTORE_USED, [removed])
            deleted += len(removed) - cursor.rowcount
