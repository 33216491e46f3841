"""The terms of a query as queries of PostgreSQL's full-text search, by tiers. Does not use Django.

Nothing here folds or stems text: functions of the database do (migration 0010_search), so that queries and
maps can't be treated differently. Exact matches rank before all others:

1. maps that have all words in their name or description, as they were typed;
2. maps that have them without accents, joined or split, or as parts of words;
3. maps of authors whose name is one of the words, or several joined. The other words must match the map;
4. maps of the size that one of the words is, such as 30x22.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from maps.search.language import Query, Term

Row = Sequence[Any]
MAX_JOINED = 3  # neighbouring words; and all of them
MIN_NAME = 3  # characters of a username
MAX_AUTHORS = 10  # for one word
TERM_QUERIES = """
SELECT queries.exact, queries.loose
FROM unnest(%s::text[], %s::boolean[], %s::boolean[])
    WITH ORDINALITY AS typed (text, is_unfinished, is_joined, n)
CROSS JOIN LATERAL maps_term_queries(typed.text, typed.is_unfinished, typed.is_joined) AS queries
ORDER BY typed.n"""
# The collation "C" orders by code point, so the names that begin with a text are a range.
AUTHORS = f"""
SELECT typed.n - 1, array_agg(found.id::text)
FROM unnest(%s::text[], %s::boolean[]) WITH ORDINALITY AS typed (text, is_unfinished, n)
CROSS JOIN LATERAL (SELECT username_key(typed.text) COLLATE "C" AS key) AS typed_key
CROSS JOIN LATERAL (
    SELECT id FROM users WHERE username_key(username) COLLATE "C" BETWEEN key
        AND CASE WHEN typed.is_unfinished THEN key || U&'\\+10FFFF' ELSE key END
    ORDER BY username_key(username) COLLATE "C" LIMIT {MAX_AUTHORS}
) AS found
WHERE length(key) >= {MIN_NAME}
GROUP BY typed.n"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class Run:
    """Neighbouring terms, from one index to another, that are looked up as one word.

    `name` is what their words are together without signs.
    """

    first: int
    end: int
    text: str
    name: str
    is_unfinished: bool


@dataclass(frozen=True)
class TermQueries:
    """The tsquery of the maps that have a term exactly, and of those that have it in any way.

    They are empty if no word is left of the term, which then says nothing.
    """

    exact: str = ""
    loose: str = ""


@dataclass(frozen=True)
class Words:
    """The terms of a query as texts of tsqueries: those to find, and those to exclude."""

    terms: tuple[Term, ...] = ()
    found: tuple[TermQueries, ...] = ()
    excluded: tuple[str, ...] = ()

    @property
    def has_word(self) -> bool:
        """Whether there is a word to find. The index of words can't find what must not occur."""
        return any(term.exact for term in self.found)

    @property
    def exact(self) -> str:
        """The tsquery of the first tier. Empty if the query has no words."""
        return self._all([term.exact for term in self.found])

    @property
    def loose(self) -> str:
        """The tsquery of all maps that have the words in any way."""
        return self._all([term.loose for term in self.found])

    @property
    def only_loose(self) -> str:
        """The tsquery of the second tier: of the maps that are not in the first."""
        exact = _join([term.exact for term in self.found])
        return _join([self.loose, f"!({exact})"])

    def loose_without(self, run: Run) -> str:
        """The tsquery of the terms outside of a run. Empty if there are none."""
        return self.loose_except(range(run.first, run.end))

    def loose_except(self, indexes: Collection[int]) -> str:
        """The tsquery of the terms except some. Empty if there are none."""
        others = [term.loose for n, term in enumerate(self.found) if n not in indexes]
        return self._all(others)

    def _all(self, wanted: Sequence[str]) -> str:
        return _join([*wanted, *(f"!({query})" for query in self.excluded)])


def term_values(query: Query) -> list[list[Any]]:
    """Returns the values of TERM_QUERIES: for each term its alternatives, then the joined runs."""
    texts = [(text, term.unfinished, False) for term in query.terms for text in _alternatives(term)]
    texts += [(run.text, run.is_unfinished, True) for run in _joined_runs(query)]
    return [list(column) for column in zip(*texts, strict=True)] or [[], [], []]


def read_words(query: Query, rows: Sequence[Row]) -> Words:
    """Returns the words of a query from the rows of TERM_QUERIES."""
    remaining = iter(rows)
    found, excluded = [], []
    for term in query.terms:
        queries = [next(remaining) for _ in _alternatives(term)]
        exact = _either([row[0] for row in queries])
        loose = _either([row[1] for row in queries])
        if term.negated:
            excluded.append(loose or exact)
        else:
            found.append(TermQueries(exact or loose, loose or exact))
    for run, (_, joined) in zip(_joined_runs(query), remaining, strict=True):
        for n in range(run.first, run.end):
            both = _either([found[n].loose, joined])
            found[n] = TermQueries(found[n].exact, both) if found[n].exact else found[n]
    return Words(query.wanted_terms, tuple(found), tuple(filter(None, excluded)))


def author_runs(words: Words) -> list[Run]:
    """Returns the terms, and the runs of terms, that may be the name of an author."""
    count = len(words.terms)
    return [_run(words.terms, n, n + 1) for n in range(count)] + _runs(words.terms)


def author_values(runs: Sequence[Run]) -> list[list[Any]]:
    """Returns the values of AUTHORS."""
    return [[run.name for run in runs], [run.is_unfinished for run in runs]]


def _joined_runs(query: Query) -> list[Run]:
    return _runs(query.wanted_terms)


def _runs(terms: Sequence[Term]) -> list[Run]:
    """Returns the runs of two, three and all neighbouring terms."""
    count = len(terms)
    sizes = sorted({*range(2, min(MAX_JOINED, count) + 1), *([count] if count > 1 else [])})
    return [_run(terms, n, n + size) for size in sizes for n in range(count - size + 1)]


def _run(terms: Sequence[Term], first: int, end: int) -> Run:
    text = " ".join(term.text for term in terms[first:end])
    name = "".join(word for term in terms[first:end] for word in term.words)
    return Run(first, end, text, name, terms[end - 1].unfinished)


def _alternatives(term: Term) -> list[str]:
    """Returns the texts that a term stands for: "30x22" is also written "30 × 22" and "30 x 22"."""
    if term.dimensions is None:
        return [term.text]
    width, height = term.dimensions
    return [term.text, f"{width} {height}", f"{width} x {height}"]


def _either(queries: Sequence[str | None]) -> str:
    return " | ".join(dict.fromkeys(query for query in queries if query))


def _join(queries: Sequence[str]) -> str:
    return " & ".join(f"({query})" for query in queries if query)
