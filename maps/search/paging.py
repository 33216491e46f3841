"""Finds the rows of a page, tier by tier. Does not use Django: callers run the statements.

The tiers of a search follow each other like parts of one list. A page that one of them does not fill is
continued in the next; backwards, in the one before.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from config.db.keyset import Cursor
from maps.search import words
from maps.search.conditions import DIMENSIONS, Where
from maps.search.sql import FIRST_ID, NO_WORDS, BrowseRequest, Statement, Tier, build_statements
from maps.search.words import Words

Row = Sequence[Any]
T = TypeVar("T")
Steps = Generator[Statement, list[Row], T]  # yields statements, receives their rows
MATCHES = "m.search @@ %s::tsquery"


@dataclass(frozen=True)
class FoundRow:
    """A row of a statement of maps/search/sql.py, and the number of its tier."""

    tier: int
    key: str
    map_id: str
    wrapped: int
    card: str


class Search:
    """The tiers of a request, which are built when they are needed."""

    def __init__(self, request: BrowseRequest, found: Words) -> None:
        self.request, self.words = request, found
        self.count = 1
        if found.has_word:
            self.count = 4 if self.sizes else 3

    @property
    def sizes(self) -> list[int]:
        """The indexes of the terms that are also sizes."""
        return [n for n, term in enumerate(self.words.terms) if term.dimensions]

    def tier(self, number: int) -> Steps[Tier | None]:
        """Returns a tier, or None if it has no maps."""
        found = self.words
        if number == 0:
            return self._first_tier()
        rest = Where([f"NOT {MATCHES}"], [found.loose])
        if number == 1:
            return Tier(Where([MATCHES], [found.only_loose]), len(found.terms), is_rest=True)
        if number == 2:
            authors = yield from self._of_authors()
            return Tier(authors + rest, is_rest=True, is_of_authors=True) if authors else None
        sizes = self._of_sizes() + rest
        return Tier(sizes, len(found.terms) - len(self.sizes), is_rest=True)

    def all_matches(self) -> Steps[Tier]:
        """Returns all tiers as one, to count their maps."""
        if self.count == 1:
            return self._first_tier()
        alternatives = [Where([MATCHES], [self.words.loose])]
        if authors := (yield from self._of_authors()):
            alternatives.append(authors)
        if self.sizes:
            alternatives.append(self._of_sizes())
        text = " OR ".join(f"({each.text})" for each in alternatives)
        values = [value for each in alternatives for value in each.values]
        return Tier(Where([f"({text})"], values), len(self.words.terms))

    def _first_tier(self) -> Tier:
        query = self.words.exact
        if not query:
            return NO_WORDS
        count = len(self.words.terms) if self.words.has_word else 0
        return Tier(Where([MATCHES], [query]), count)

    def _of_authors(self) -> Steps[Where | None]:
        """Returns the condition on maps of authors that are named by words, and have the other words."""
        runs = words.author_runs(self.words)
        rows = yield Statement(words.AUTHORS, words.author_values(runs), is_preparable=True)
        sql, values = [], []
        for n, author_ids in rows:
            part = Where(["m.user_id = ANY(%s::uuid[])"], [author_ids])
            if query := self.words.loose_without(runs[n]):
                part += Where([MATCHES], [query])
            sql.append(f"({part.text})")
            values += part.values
        return Where([f"({' OR '.join(sql)})"], values) if sql else None

    def _of_sizes(self) -> Where:
        """Returns the condition on maps that have the sizes, and the other words."""
        others = Where([], [])
        for n in self.sizes:
            others += Where([DIMENSIONS], sorted(self.words.terms[n].dimensions or ()))
        query = self.words.loose_except(self.sizes)
        return others + Where([MATCHES], [query]) if query else others


def prepare_search(request: BrowseRequest) -> Steps[Search]:
    """Returns the search of a request, whose words the database folds and stems."""
    if not request.query.terms:
        return Search(request, Words())
    values = words.term_values(request.query)
    rows = yield Statement(words.TERM_QUERIES, values, is_preparable=True)
    return Search(request, words.read_words(request.query, rows))


def find_rows(search: Search) -> Steps[list[FoundRow]]:
    """Returns the rows of a page, in its direction, and one more if there are more."""
    request = search.request
    step = -1 if request.is_backwards else 1
    number = request.cursor.tier if request.cursor else 0
    found: list[FoundRow] = []
    while number in range(search.count) and len(found) <= request.size:
        if tier := (yield from search.tier(number)):
            here = replace(request, size=request.size - len(found))
            rows = yield from _find_in_tier(here, tier)
            found += [FoundRow(number, *row) for row in rows]
        number += step
        request = _from_the_beginning(request)
    return found


def _find_in_tier(request: BrowseRequest, tier: Tier) -> Steps[list[Row]]:
    """Runs the statements until one returns a full page."""
    rows: list[Row] = []
    for statement in build_statements(request, tier):
        rows = yield statement
        if len(rows) > request.size:
            break
    return rows


def _from_the_beginning(request: BrowseRequest) -> BrowseRequest:
    """Returns the request for the next tier: from its beginning, or backwards from its end."""
    if request.sort != "random":
        return replace(request, cursor=None, from_end=request.is_backwards)
    assert request.cursor
    start = request.cursor.extra_values[0]
    wrapped = "1" if request.is_backwards else "0"
    cursor = Cursor(request.is_backwards, start, FIRST_ID, (start, wrapped))
    return replace(request, cursor=cursor)
