"""Completes the last word of a query, and corrects typing errors, by the words that maps have.

The table `map_words` has the words of published names and descriptions, without stop words. Triggers
(migration 0006_words) fill it. Similar words share trigrams
(https://www.postgresql.org/docs/current/pgtrgm.html). Among them, the one with the fewest differences is the
correction.

Each process caches words that it found in the table. Words that no published map has any more are deleted
once a day (`delete_unused_words`). A deleted word that is still cached is not corrected in queries, which
find nothing.
"""

from collections import OrderedDict
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from django.db import connection

from maps.search.language import Query, Term, to_tsquery

MIN_SIMILARITY = 0.7  # 0 to 1; less similar words are no corrections
MAX_CACHED_WORDS = 20_000
MIN_WORD_LENGTH = 3  # shorter words are similar to too many
MAX_WORDS = 8  # of a query that is corrected: each costs milliseconds, and a query may have fifty
MAX_STEMS = 20  # of an unfinished word
# Stop words have no stem.
SIMILAR_WORDS = """
SELECT searched.word, known.word FROM unnest(%s::text[]) AS searched (word) CROSS JOIN LATERAL (
    SELECT word FROM map_words WHERE word %% searched.word
    ORDER BY similarity(word, searched.word) DESC, word LIMIT 20
) AS known
WHERE ts_lexize('english_stem', searched.word) <> '{}'"""
# Returns whether a word is complete, and the stems of words that begin with it, if the stems do not.
COMPLETIONS = """
SELECT EXISTS (SELECT FROM map_words WHERE word = %(word)s),
    ARRAY(
        SELECT stem FROM map_words, unnest(ts_lexize('english_stem', word)) AS stem
        WHERE word LIKE %(beginning)s AND NOT starts_with(stem, %(word)s)
        GROUP BY stem ORDER BY length(stem), stem LIMIT %(most)s
    )"""
# Counts, because with EXISTS PostgreSQL would scan the whole table of maps for a word that no map has.
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

_cached_words: OrderedDict[str, None] = OrderedDict()


def resolve_last_word(query: Query) -> Query:
    """Returns the query with its last word marked as complete, or with the stems of its completions.

    If "ford" is a word, it is not completed: a search for all words that begin with it would take ten times
    as long. Runs one database query, unless the word is cached.
    """
    word = _unfinished_word(query)
    if word is None:
        return query
    if word in _cached_words:
        return _change_last_term(query, unfinished=False)
    values: dict[str, str | int] = {"word": word, "beginning": f"{word}%", "most": MAX_STEMS}
    with connection.cursor() as cursor:
        cursor.execute(COMPLETIONS, values)
        is_complete, stems = cursor.fetchone()
    if not is_complete:
        return _change_last_term(query, stems=tuple(stems))
    _cache_word(word)
    return _change_last_term(query, unfinished=False)


def resolve_from_cache(query: Query) -> Query | None:
    """Resolves the last word without the database. Returns None if it is not cached."""
    word = _unfinished_word(query)
    if word is None:
        return query
    return _change_last_term(query, unfinished=False) if word in _cached_words else None


def are_all_cached(query: Query) -> bool:
    """Returns whether all words are cached, so that none is a typing error.

    False for a query that only excludes words.
    """
    words = [word for term in query.terms if not term.negated for word in term.words]
    return bool(words) and all(word.lower() in _cached_words for word in words)


def _unfinished_word(query: Query) -> str | None:
    last = query.terms[-1] if query.terms else None
    return last.words[-1].lower() if last and last.unfinished else None


def _change_last_term(query: Query, **changes: Any) -> Query:
    *others, last = query.terms
    return replace(query, terms=(*others, replace(last, **changes)))


def _cache_word(word: str) -> None:
    _cached_words[word] = None
    while len(_cached_words) > MAX_CACHED_WORDS:
        _cached_words.popitem(last=False)


def has_only_stop_words(query: Query) -> bool:
    """Returns whether all words are stop words. Runs one database query."""
    with connection.cursor() as cursor:
        cursor.execute(HAS_NO_STEMS, [to_tsquery(query.terms)])
        return bool(cursor.fetchone()[0])


def correct(query: Query) -> Query | None:
    """Returns the query with typing errors corrected, or None if there is no correction.

    Runs at most one database query.
    """
    searched = {
        word.lower()
        for term in query.terms
        if not term.negated
        for word in term.words
        if len(word) >= MIN_WORD_LENGTH
    }
    if len(searched) > MAX_WORDS:
        return None
    similar: dict[str, list[str]] = {word: [] for word in searched}
    with connection.cursor() as cursor:
        cursor.execute(SIMILAR_WORDS, [sorted(searched)])
        for word, known in cursor.fetchall():
            similar[word].append(known)
            if word == known:
                _cache_word(word)
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
    """Returns the most similar known word; the word itself if it is known or has no similar one."""
    known = similar.get(word.lower(), [])
    if not known or word.lower() in known:
        return word
    similarity, nearest = max((SequenceMatcher(None, word.lower(), k).ratio(), k) for k in known)
    return nearest if similarity >= MIN_SIMILARITY else word


def delete_unused_words() -> int:
    """Deletes the words that no published map has. Returns how many.

    A map that is published at the same time may need a word that is being deleted. So each batch is checked
    again afterwards. A word is not deleted while a map has a word with the same stem.
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
