"""Finding maps: parses parameters, runs the statement and builds a page from its rows.

Pages and API use these functions. The fast lane (maps/browse/cacheable.py) runs the same statement
(maps/search/sql.py) without Django's ORM. The database returns each row as the JSON of a card, so all of them
send the same bytes.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

import orjson
from django.db import OperationalError, connection, transaction
from django.db.models.expressions import RawSQL
from psycopg.errors import QueryCanceled

from config.db.keyset import Cursor
from config.kernel.errors import DomainError, InvalidInput
from config.kernel.text import check_text
from config.kernel.validators import read_integer
from maps.search import language, spelling
from maps.search.conditions import VIEWER_FIELDS, query_conditions
from maps.search.language import Query
from maps.search.paging import FoundRow, Search, Steps, find_rows, prepare_search
from maps.search.sql import (
    DEFAULT_ORDER,
    FIRST_ID,
    ORDERS,
    BrowseRequest,
    Statement,
    build_cards_statement,
    build_count_statement,
    build_estimate_statement,
)

T = TypeVar("T")
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 20, 50
OWN_FILTER = "own"  # the only value of the parameter `filter`
PARAMETERS = ("q", *language.FILTERS, "sort", "cursor", "page_size", "filter", "count")
MAX_COUNTED = 1_000  # maps; the number of more is estimated
COUNT_TIMEOUT = 100  # milliseconds
MAX_ESTIMATE = 2**31 - 1
MAX_SUGGESTED = 3  # names in a query for which others are suggested


@dataclass(frozen=True)
class Count:
    """The number of maps that a search finds."""

    number: int
    is_estimate: bool = False


@dataclass(frozen=True)
class Suggestion:
    """A name of a player that is similar to one in the query."""

    typed: str
    name: str


@dataclass(frozen=True)
class ResultPage:
    """One page of maps: cards as JSON, the cursors of the pages beside it, and notes about the query.

    `corrected` are the words that were searched for instead, because the given words match nothing.
    `suggestions` are names of players for those that do not exist. The number of all maps is only there if it
    was asked for.
    """

    cards: tuple[str, ...]
    next: str | None = None
    previous: str | None = None
    notes: tuple[str, ...] = ()
    corrected: str | None = None
    suggestions: tuple[Suggestion, ...] = ()
    count: Count | None = None

    def to_json(self) -> bytes:
        """Returns the document of the REST API."""
        rest: dict[str, Any] = {
            "next": self.next,
            "previous": self.previous,
            "notes": self.notes,
            "corrected": self.corrected,
            "suggestions": [f"author:{suggestion.name}" for suggestion in self.suggestions],
            "count": self.count.number if self.count else None,
            "count_is_estimate": self.count is not None and self.count.is_estimate,
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


def read_count(parameters: Mapping[str, str]) -> bool:
    """Returns whether the number of maps is wanted. Raises InvalidInput for another value than yes or no."""
    value = parameters.get("count", "no")
    if value not in ("yes", "no"):
        raise InvalidInput("invalid_choice", "This is yes or no.", field="count")
    return value == "yes"


def random_cursor() -> str:
    """Returns a cursor of the random order with a random start."""
    start = repr(random.random())  # noqa: S311 - the start is no secret
    return ORDERS["random"].encode_cursor(start, str(uuid.UUID(int=0)), start, "0")


# ---- Pages --------------------------------------------------------------------------------------


def find_maps(browse: BrowseRequest, *, counts: bool = False) -> ResultPage:
    """Returns a page of maps. If the words match nothing, their spelling is corrected.

    `counts` adds the number of maps on all pages.
    """
    browse = with_random_start(browse)
    search, page = _find_page(browse)
    if has_no_match(browse, page):
        corrected = spelling.correct(browse.query) if browse.query.terms else None
        second = _find_page(replace(browse, query=corrected)) if corrected else (search, page)
        if corrected and second[1].cards:
            search, page = second
            page = replace(page, corrected=language.format_terms(corrected.terms))
        else:
            page = _with_suggestions(browse, page)
    if not counts:
        return page
    is_only_page = not (page.next or page.previous or browse.cursor)
    return replace(page, count=Count(len(page.cards)) if is_only_page else count_maps(search))


def count_maps(search: Search) -> Count:
    """Returns the number of maps on all pages of a search. It takes COUNT_TIMEOUT at most."""
    request = search.request
    matches = run_steps(search.all_matches())
    counted = _run_for_short_time(build_count_statement(request, matches, MAX_COUNTED + 1))
    if counted is not None and counted <= MAX_COUNTED:
        return Count(counted)
    statement = build_estimate_statement(request, matches)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.values)
        plan = cursor.fetchone()[0]
    rows = (orjson.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"]
    at_least = MAX_COUNTED + 1 if counted is not None else 0
    return Count(min(max(_round(rows), at_least), MAX_ESTIMATE), is_estimate=True)


def find_map_ids(text: str) -> tuple[RawSQL, tuple[str, ...]]:
    """Returns the ids of all maps that a query selects, for staff, and notes about the query.

    Raises InvalidInput for a text that can't be searched for.
    """
    query = language.parse(check_text(text, "search", "q"))
    request = BrowseRequest(query)
    search = run_steps(prepare_search(request))
    where = query_conditions(query, None, "") + run_steps(search.all_matches()).where
    sql = f"SELECT m.id FROM maps m WHERE {where.text}"  # noqa: S608
    personal = [c.field for c in query.conditions if c.field in VIEWER_FIELDS]
    notes = tuple(f"“{field}” was left out: it is about a player." for field in personal)
    return RawSQL(sql, where.values), query.notes + notes  # noqa: S611


def find_cards(map_ids: Sequence[UUID]) -> tuple[str, ...]:
    """Returns the cards of maps in the order of their ids. The caller has checked who may see them."""
    statement = build_cards_statement(map_ids)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.values)
        return tuple(row[-1] for row in cursor.fetchall())


def build_page(browse: BrowseRequest, rows: Sequence[FoundRow]) -> ResultPage:
    """Builds a page from its rows: one more than the page size if there is a next page."""
    cursor = browse.cursor
    backwards = bool(cursor and cursor.is_backwards)
    has_more, shown = len(rows) > browse.size, list(rows[: browse.size])
    if backwards:
        shown.reverse()
    notes = browse.query.notes + _sign_in_notes(browse)
    cards = tuple(row.card for row in shown)
    if not shown:
        return ResultPage(cards, notes=notes)
    has_next = has_more or backwards
    has_previous = has_more if backwards else bool(cursor and not _is_start(cursor))
    return ResultPage(
        cards,
        _cursor_at(browse, shown[-1]) if has_next else None,
        _cursor_at(browse, shown[0], backwards=True) if has_previous else None,
        notes,
    )


def has_no_match(browse: BrowseRequest, page: ResultPage) -> bool:
    """Returns whether the query matches nothing, so that something else may be suggested."""
    return bool(browse.query.terms or author_names(browse.query)) and not page.cards


def author_names(query: Query) -> list[str]:
    """Returns the names of players whose maps a query selects."""
    return [c.value for c in query.conditions if c.field == "author" and not c.negated]


def run_steps(steps: Steps[T]) -> T:
    """Runs statements on the connection of Django. Returns the result of the steps."""
    with connection.cursor() as cursor:
        try:
            statement = next(steps)
            while True:
                cursor.execute(statement.sql, statement.values)
                statement = steps.send(cursor.fetchall())
        except StopIteration as stop:
            result: T = stop.value
            return result


def page_steps(browse: BrowseRequest) -> Steps[ResultPage]:
    """Returns a page of maps, without corrections."""
    search = yield from prepare_search(browse)
    rows = yield from find_rows(search)
    return build_page(browse, rows)


def _find_page(browse: BrowseRequest) -> tuple[Search, ResultPage]:
    search = run_steps(prepare_search(browse))
    return search, build_page(browse, run_steps(find_rows(search)))


def _cursor_at(browse: BrowseRequest, row: FoundRow, *, backwards: bool = False) -> str:
    """Returns the cursor of the page after a row, or before it."""
    extra: tuple[str, ...] = ()
    if browse.sort == "random":
        assert browse.cursor
        extra = browse.cursor.extra_values[0], str(row.wrapped)
    return browse.order.encode_cursor(
        row.key, row.map_id, *extra, backwards=backwards, tier=row.tier
    )


def _is_start(cursor: Cursor) -> bool:
    """Returns whether this is the cursor of the first page of a random order."""
    return cursor.row_id == FIRST_ID and not cursor.tier


def _with_suggestions(browse: BrowseRequest, page: ResultPage) -> ResultPage:
    """Adds the names of players that are similar to those that do not exist."""
    notes, suggestions = list(page.notes), list(page.suggestions)
    for name in author_names(browse.query)[:MAX_SUGGESTED]:
        nearest = spelling.nearest_players(name)
        if nearest is not None:
            notes.append(f"There is no player “{name}”.")
            suggestions += [Suggestion(name, other) for other in nearest]
    return replace(page, notes=tuple(notes), suggestions=tuple(suggestions))


def _run_for_short_time(statement: Statement) -> int | None:
    """Returns the number that a statement selects, or None if it takes too long."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {COUNT_TIMEOUT}")
            cursor.execute(statement.sql, statement.values)
            return int(cursor.fetchone()[0])
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return None


def _round(number: float) -> int:
    """Returns an estimate with its first two digits."""
    return int(float(f"{number:.2g}"))


def _sign_in_notes(browse: BrowseRequest) -> tuple[str, ...]:
    """Returns notes about the conditions that need a signed-in viewer."""
    if browse.viewer:
        return ()
    names = [c.field for c in browse.query.conditions if c.field in VIEWER_FIELDS]
    return tuple(f"“{name}” was left out: sign in to use it." for name in names)
