"""Corrects typing errors in queries, by the words that maps have, and suggests names of players.

The table `map_words` has the folded words of published names and descriptions, without stop words. Triggers
(migrations 0006_words and 0010_search) fill it. Similar words share trigrams
(https://www.postgresql.org/docs/current/pgtrgm.html). Among them, the one with the fewest differences is the
correction. Words of scripts without spaces are not in the table, and are not corrected.
"""

from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from django.db import connection

from maps.search.language import Query, Term

MIN_SIMILARITY = 0.7  # 0 to 1; less similar words are no corrections
MIN_WORD_LENGTH = 3  # shorter words are similar to too many
MAX_WORDS = 8  # of a query that is corrected: each costs milliseconds, and a query may have fifty
MAX_NAMES = 5  # of players that are suggested
# Stop words have no stem.
SIMILAR_WORDS = """
SELECT searched.word, folded.word, known.word
FROM unnest(%s::text[]) AS searched (word)
CROSS JOIN LATERAL text_fold(searched.word) AS folded (word)
CROSS JOIN LATERAL (
    SELECT word FROM map_words WHERE word %% folded.word
    ORDER BY similarity(word, folded.word) DESC, word LIMIT 20
) AS known
WHERE ts_lexize('english_stem', folded.word) <> '{}'"""
IS_PLAYER = "SELECT EXISTS (SELECT FROM users WHERE text_casefold(username) = text_casefold(%s))"
# Similar names, and names that begin with this one, of players with public maps.
SIMILAR_PLAYERS = f"""
SELECT username FROM (
    SELECT id, username, similarity(username_key(username), username_key(%(name)s)) AS likeness
    FROM users WHERE username_key(username) %% username_key(%(name)s)
    ORDER BY likeness DESC, username LIMIT 100
) AS alike
WHERE EXISTS (
    SELECT FROM maps WHERE user_id = alike.id AND is_public AND hidden_at IS NULL)
ORDER BY starts_with(username_key(username), username_key(%(name)s)) DESC, likeness DESC, username
LIMIT {MAX_NAMES}"""  # noqa: S608 - constants only
# Counts, because with EXISTS PostgreSQL would scan the whole table of maps for a word that no map has.
IS_USED = """
(SELECT count(*) FROM maps WHERE is_public AND hidden_at IS NULL
    AND search @@ ('''' || maps_lexeme(map_words.word) || '''')::tsquery) > 0"""
NEXT_WORDS = "SELECT word FROM map_words WHERE word > %s ORDER BY word LIMIT %s"
DELETE_UNUSED = f"DELETE FROM map_words WHERE word = ANY(%s) AND NOT {IS_USED} RETURNING word"  # noqa: S608
RESTORE_USED = f"""
INSERT INTO map_words (word) SELECT word FROM unnest(%s::text[]) AS map_words (word)
WHERE {IS_USED} ON CONFLICT DO NOTHING"""  # noqa: S608 - nothing from outside
DELETION_BATCH = 500  # words


@dataclass
class Similar:
    """A word of a query in its folded form, and the known words that are similar to it."""

    folded: str
    known: list[str]


def correct(query: Query) -> Query | None:
    """Returns the query with typing errors corrected, or None if there is no correction.

    Runs at most one database query.
    """
    searched = {
        word for term in query.wanted_terms for word in term.words if len(word) >= MIN_WORD_LENGTH
    }
    if len(searched) > MAX_WORDS:
        return None
    similar: dict[str, Similar] = {}
    with connection.cursor() as cursor:
        cursor.execute(SIMILAR_WORDS, [sorted(searched)])
        for word, folded, known in cursor.fetchall():
            similar.setdefault(word, Similar(folded, [])).known.append(known)
    terms = tuple(_correct_term(term, similar) for term in query.terms)
    return replace(query, terms=terms) if terms != query.terms else None


def nearest_players(name: str) -> tuple[str, ...] | None:
    """Returns similar names of players with public maps. None if there is a player of this name."""
    with connection.cursor() as cursor:
        cursor.execute(IS_PLAYER, [name])
        if cursor.fetchone()[0]:
            return None
        cursor.execute(SIMILAR_PLAYERS, {"name": name})
        return tuple(username for (username,) in cursor.fetchall())


def _correct_term(term: Term, similar: dict[str, Similar]) -> Term:
    if term.negated:
        return term
    *complete, last = term.words
    corrected = [_nearest_word(word, similar) for word in complete]
    found = similar.get(last)
    is_beginning = (
        term.unfinished and found and any(word.startswith(found.folded) for word in found.known)
    )
    words = (*corrected, last if is_beginning else _nearest_word(last, similar))
    return replace(term, words=words, typed="") if words != term.words else term


def _nearest_word(word: str, similar: dict[str, Similar]) -> str:
    """Returns the most similar known word; the word itself if it is known or has no similar one."""
    found = similar.get(word)
    if not found or found.folded in found.known:
        return word
    ratios = ((SequenceMatcher(None, found.folded, known).ratio(), known) for known in found.known)
    similarity, nearest = max(ratios)
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
