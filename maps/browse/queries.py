"""Finding maps: parses parameters, runs the statement and builds a page from its rows.

Pages and API use these functions. The fast lane (maps/browse/cacheable.py) runs the same statement
(maps/search/sql.py) without Django's ORM. The database returns each row as the JSON of a card, so all of them
send the same bytes.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from config.kernel.errors import DomainError, InvalidInput
from config.kernel.text import check_text
from config.kernel.validators import read_integer
from maps.search import language, spelling
from maps.search.conditions import VIEWER_FIELDS
from maps.search.sql import (
    DEFAULT_ORDER,
    ORDERS,
    BrowseRequest,
    build_cards_statement,
    build_statements,
)

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 20, 50
OWN_FILTER = "own"  # the only value of the parameter `filter`
PARAMETERS = ("q", *language.FILTERS, "sort", "cursor", "page_size", "filter")


@dataclass(frozen=True)
class ResultPage:
    """One page of maps: cards as JSON, the cursors of the pages beside it, and notes about the query.

    `corrected` are the words that were searched for instead, because the given words match nothing.
    """

    cards: tuple[str, ...]
    next: str | None = None
    previous: str | None = None
    notes: tuple[str, ...] = ()
    corrected: str | None = None

    def to_json(self) -> bytes:
        """Returns the document of the REST API."""
        rest = {
            "next": self.next,
            "previous": self.previous,
            "notes": self.notes,
            "corrected": self.corrected,
        }
        return b'{"results":[' + ",".join(self.cards).encode() + b"]," + orjson.dumps(rest)[1:]


# ---- Parameters ---------------------------------------------------------------------------------


def read_parameters(
    parameters: Mapping[str, str], *, viewer: str | None = None, size: int = DEFAULT_PAGE_SIZE
) -> BrowseRequest:
    """Parses the parameters of an address. Raises DomainError with the parameter's name."""
    sort = parameters.get("sort", DEFAULT_ORDER)
    searched = {
        name: check_text(parameters[name], "search", name)
        for name in ("q", *language.FILTERS)
        if name in parameters
    }
    if sort not in ORDERS:
        raise InvalidInput("invalid_choice", f"Sort by {', '.join(ORDERS)}.", field="sort")
    size = read_integer(parameters, "page_size", 1, MAX_PAGE_SIZE, default=size)
    own = "filter" in parameters
    if own and parameters["filter"] != OWN_FILTER:
        raise InvalidInput("invalid_choice", f"The only value is `{OWN_FILTER}`.", field="filter")
    if own and viewer is None:
        raise DomainError("not_authenticated", "Sign in to see your own maps.")
    cursor = ORDERS[sort].decode_cursor(parameters.get("cursor", ""))
    query = language.parse(searched.get("q", ""), searched)
    return BrowseRequest(
        query, sort, cursor, size, viewer, author=viewer if own else None, includes_drafts=own
    )


def with_random_start(browse: BrowseRequest) -> BrowseRequest:
    """Returns the same request with a random start, if its order is random and it has no cursor yet."""
    if browse.sort != "random" or browse.cursor:
        return browse
    return replace(browse, cursor=browse.order.decode_cursor(random_cursor()))


def random_cursor() -> str:
    """Returns a cursor of the random order with a random start."""
    start = repr(random.random())  # noqa: S311 - the start is no secret
    return ORDERS["random"].encode_cursor(start, str(uuid.UUID(int=0)), start, "0")


# ---- Pages --------------------------------------------------------------------------------------


def find_maps(browse: BrowseRequest) -> ResultPage:
    """Returns a page of maps. If the words match nothing, their spelling is corrected."""
    browse = with_random_start(replace(browse, query=spelling.resolve_last_word(browse.query)))
    page = _run(browse)
    if not has_no_match(browse, page):
        return page
    if corrected := spelling.correct(browse.query):
        second = _run(with_random_start(replace(browse, query=corrected)))
        if second.cards:
            return replace(second, corrected=language.format_terms(corrected.terms))
    if spelling.has_only_stop_words(browse.query):
        words = language.format_terms(browse.query.terms)
        note = f"“{words}” is too common to search for. Add another word."
        return replace(page, notes=(*page.notes, note))
    return page


def find_cards(map_ids: Sequence[UUID]) -> tuple[str, ...]:
    """Returns the cards of maps in the order of their ids. The caller has checked who may see them."""
    statement = build_cards_statement(map_ids)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.values)
        return tuple(row[-1] for row in cursor.fetchall())


def build_page(browse: BrowseRequest, rows: Sequence[Sequence[Any]]) -> ResultPage:
    """Builds a page from the statement's rows: one more than the page size if there is a next page."""
    cursor, order = browse.cursor, browse.order
    backwards = bool(cursor and cursor.is_backwards)
    has_more, shown = len(rows) > browse.size, list(rows[: browse.size])
    if backwards:
        shown.reverse()
    notes = browse.query.notes + _sign_in_notes(browse)
    cards = tuple(row[-1] for row in shown)
    if not shown:
        return ResultPage(cards, notes=notes)
    (first_key, first_id, *_), (last_key, last_id, wrapped, _) = shown[0], shown[-1]
    if order.name == "random":
        assert cursor
        start = cursor.extra_values[0]
        next_cursor = (
            order.encode_cursor(last_key, last_id, start, str(wrapped)) if has_more else None
        )
        return ResultPage(cards, next_cursor, None, notes)
    has_next = has_more or backwards
    has_previous = has_more if backwards else bool(cursor)
    return ResultPage(
        cards,
        order.encode_cursor(last_key, last_id) if has_next else None,
        order.encode_cursor(first_key, first_id, backwards=True) if has_previous else None,
        notes,
    )


def has_no_match(browse: BrowseRequest, page: ResultPage) -> bool:
    """Returns whether the query has words and matches nothing."""
    return bool(browse.query.terms) and not page.cards


def _run(browse: BrowseRequest) -> ResultPage:
    """Runs the statements until one returns a full page."""
    with connection.cursor() as cursor:
        for statement in build_statements(browse):
            cursor.execute(statement.sql, statement.values)
            rows = cursor.fetchall()
            if len(rows) > browse.size:
                break
    return build_page(browse, rows)


def _sign_in_notes(browse: BrowseRequest) -> tuple[str, ...]:
    """Returns notes about the conditions that need a signed-in viewer."""
    if browse.viewer:
        return ()
    names = [c.field for c in browse.query.conditions if c.field in VIEWER_FIELDS]
    return tuple(f"“{name}” was left out: sign in to use it." for name in names)
