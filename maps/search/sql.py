"""The SQL statements that find maps of one tier of a search. Does not use Django: callers execute the SQL.

A page is read from the index of its order and is not sorted. If few maps meet the conditions, or none near
the start of the order, an index scan would take long, so it ends after a window of maps. If those do not fill
the page, another statement follows:

- with a word to find: all maps that have it, from the index of words, sorted;
- otherwise: an index-only scan along the order (maps/models/indexes.py).

An author has few maps, so these are sorted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.db.keyset import Cursor, Order
from config.kernel.timestamps import to_json_sql
from maps.drawing.formats import DRAWING_VERSION, FORMATS
from maps.search.conditions import (
    NOT_REMOVED,
    PUBLISHED,
    PUBLISHED_OR_OWN,
    VIEWER_FIELDS,
    Where,
    condition_sql,
    is_on_column,
    query_conditions,
    requires_field,
)
from maps.search.language import Query

ORDERS = {
    order.name: order
    for order in (
        Order("hot", "hot_score", "float8"),
        Order("top", "top_score", "float8"),
        Order("new", "created_at", "timestamptz"),
        Order("plays", "play_count", "int"),
        Order("random", "lot", "float8", extra_values=2),  # the start, and whether it wrapped
    )
}
DEFAULT_ORDER = "hot"
# A card as in the API, joined as text: PostgreSQL's functions that build JSON from a row take 50 % longer.
# Texts and times go through to_json, which escapes them.
CARD_JSON = """concat(
    '{{"id":"', m.id, '","name":', to_json(m.name),
    ',"description":', coalesce(to_json(m.description)::text, 'null'),
    ',"author":{{"id":"', u.id, '","username":', to_json(u.username), ',"level":', u.level,
    '}},"width":', m.width, ',"height":', m.height,
    ',"rating":', m.rating, ',"rating_count":', m.rating_count, ',"play_count":', m.play_count,
    ',"is_public":', CASE WHEN m.is_public THEN 'true' ELSE 'false' END,
    ',"is_hidden":', CASE WHEN m.hidden_at IS NULL THEN 'false' ELSE 'true' END,
    ',"created_at":"', {created_at}, '"',
    ',"preview":"/maps/', m.id, '/card-', coalesce(nullif(m.terrain_hash, ''), 'unknown'), '{ending}"}}'
)"""
# The author's row is joined only for the chosen maps. The limit is part of the text: with the limit as a
# parameter, the planner never reuses a plan, and planning costs more than reading the page.
CARD = """
SELECT m.{column}::text, m.id::text, 0 AS wrapped, {card}
FROM (
    SELECT * FROM {maps} m WHERE {where}
    ORDER BY m.{column} {direction}, m.id {direction} LIMIT {limit}
) m JOIN users u ON u.id = m.user_id
ORDER BY m.{column} {direction}, m.id {direction}"""
WINDOW = 1_000  # maps; beyond that, an index-only scan costs less
WINDOW_WITH_TERMS = 10_000  # the indexes of orders have no words
FIRST_ID = str(UUID(int=0))  # before all ids


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters. It `is_preparable` if one plan is best for all values."""

    sql: str
    values: list[Any]
    is_preparable: bool


EMPTY_QUERY = Query()


@dataclass(frozen=True)
class Tier:
    """What a tier of a search adds to the conditions of the query (maps/search/words.py).

    `words` is the number of words that the index of words finds together; 0 if it can't find any. `is_rest`:
    only maps that are not in the tiers before. `is_of_authors`: these maps are found by their authors.
    """

    where: Where = Where([], [])  # noqa: RUF009 - immutable
    words: int = 0
    is_rest: bool = False
    is_of_authors: bool = False


NO_WORDS = Tier()


@dataclass(frozen=True)
class BrowseRequest:
    """A page to find: the query, the order, where the page begins, its size, and the viewer (an id).

    With an `author` (an id) only maps of that player are found. `includes_drafts` adds those of the author
    that are not public. Without a cursor, a page `from_end` has the last maps, from the last.
    """

    query: Query = EMPTY_QUERY
    sort: str = DEFAULT_ORDER
    cursor: Cursor | None = None
    size: int = 20
    viewer: str | None = None
    author: str | None = None
    includes_drafts: bool = False
    from_end: bool = False

    @property
    def is_backwards(self) -> bool:
        """Whether the maps before the cursor are wanted, the nearest first."""
        return self.cursor.is_backwards if self.cursor else self.from_end

    @property
    def order(self) -> Order:
        """The order of the page."""
        return ORDERS[self.sort]

    @property
    def only_favourites(self) -> bool:
        """Whether the query selects only favourites of the viewer."""
        return self.viewer is not None and requires_field(self.query, "favourite")


@dataclass(frozen=True)
class _Search:
    """A request within a tier."""

    request: BrowseRequest
    tier: Tier
    conditions: Where


# Returns the text of a statement for a search, the maps to choose from and the direction.
Strategy = Callable[[_Search, Where, str], str]


def build_statements(request: BrowseRequest, tier: Tier = NO_WORDS) -> list[Statement]:
    """Returns the SQL for a page and one row more. A statement is needed if the one before finds fewer rows.

    Columns: the sort key, the id, whether it wrapped, the card.
    """
    # The conditions of the tier come last.
    conditions = query_conditions(request.query, request.viewer, request.order.column) + tier.where
    search = _Search(request, tier, conditions)
    build = _build_random if request.sort == "random" else _build_ordered
    return [
        Statement(sql, values, is_preparable=strategy is _search_window or not tier.where.sql)
        for strategy in _choose_strategies(search)
        for sql, values in build(search, strategy)
    ]


def build_count_statement(request: BrowseRequest, tier: Tier, limit: int) -> Statement:
    """Returns the SQL that counts the maps of a search, up to a limit."""
    conditions = query_conditions(request.query, request.viewer, request.order.column) + tier.where
    where = _scope(request) + conditions
    sql = f"SELECT count(*) FROM (SELECT FROM maps m WHERE {where.text} LIMIT {limit}) AS found"  # noqa: S608
    return Statement(sql, where.values, is_preparable=False)


def build_estimate_statement(request: BrowseRequest, tier: Tier) -> Statement:
    """Returns the SQL for the plan of a search, which has the estimated number of maps."""
    conditions = query_conditions(request.query, request.viewer, request.order.column) + tier.where
    where = _scope(request) + conditions
    sql = f"EXPLAIN (FORMAT JSON) SELECT FROM maps m WHERE {where.text}"
    return Statement(sql, where.values, is_preparable=False)


def build_cards_statement(map_ids: Sequence[UUID]) -> Statement:
    """Returns the SQL for the cards of maps in the order of their ids. Columns as in `build_statements`."""
    chosen = """(
        SELECT maps.*, requested.place
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS requested (map_id, place)
        JOIN maps ON maps.id = requested.map_id
    )"""
    sql = _card("place", len(map_ids), chosen, "true", "ASC")
    return Statement(sql, [list(map_ids)], is_preparable=False)


def _choose_strategies(search: _Search) -> tuple[Strategy, ...]:
    request, tier = search.request, search.tier
    if _is_of_an_author(request):
        # The index of authors is in the order "new". In any other order the planner may scan all maps.
        is_ordered = request.sort == "new" and not tier.is_rest
        return (_leave_to_planner,) if is_ordered else (_sort_matches,)
    if request.only_favourites or tier.is_of_authors:
        # Their number is limited (maps/quotas.py), and they have an index of their own. The indexes of
        # orders lack the drafts among them. With an index that has drafts, the planner may scan all maps.
        return (_sort_matches,)
    if tier.is_rest and tier.words:
        # They are few, unless a word is much more frequent without accents. The planner can't know.
        return _search_window, _sort_matches
    if not search.conditions.sql or _matches_few(search):
        return (_leave_to_planner,)
    return (_search_window, _sort_matches if tier.words else _walk_index)


def _build_ordered(search: _Search, strategy: Strategy) -> list[tuple[str, list[Any]]]:
    request = search.request
    scope, cursor, order = _scope(request), request.cursor, request.order
    if cursor:
        sign = ">" if cursor.is_backwards else "<"
        beyond = f"(m.{order.column}, m.id) {sign} (%s::{order.sql_type}, %s::uuid)"
        scope += Where([beyond], [cursor.key, cursor.row_id])
    sql = strategy(search, scope, "ASC" if request.is_backwards else "DESC")
    return [(sql, scope.values + search.conditions.values)]


def _build_random(search: _Search, strategy: Strategy) -> list[tuple[str, list[Any]]]:
    """Builds statements that read from the cursor down to 0, then from 1 down to the start.

    Backwards they read from the cursor up to 1, then from 0 up to the start.
    """
    request, cursor = search.request, search.request.cursor
    assert cursor
    start, wrapped = cursor.extra_values
    key, is_wrapped = [cursor.key, cursor.row_id], bool(float(wrapped))
    above, below = (
        "(m.lot, m.id) > (%s::float8, %s::uuid)",
        "(m.lot, m.id) < (%s::float8, %s::uuid)",
    )
    scope, all_below = _scope(request), [start, FIRST_ID]
    if cursor.is_backwards:
        direction, first_is_wrapped = "ASC", is_wrapped
        if is_wrapped:  # those above the start, then all below it
            first = scope + Where(["m.lot > %s::float8", above], [start, *key])
        else:
            first = scope + Where([below, above], [*all_below, *key])
        second = scope + Where([below], all_below)
        continues = is_wrapped
    else:
        direction, first_is_wrapped = "DESC", is_wrapped
        if is_wrapped:
            first = scope + Where(["m.lot > %s::float8", below], [start, *key])
        else:
            first = scope + Where([below], key)
        second = scope + Where(["m.lot > %s::float8"], [start])
        continues = not is_wrapped
    conditions = search.conditions.values
    one = _mark(strategy(search, first, direction), first_is_wrapped)
    statements = [(one, first.values + conditions)]
    if continues:
        other = _mark(strategy(search, second, direction), not first_is_wrapped)
        both = f"({one}) UNION ALL ({other}) LIMIT {request.size + 1}"
        statements.append((both, first.values + conditions + second.values + conditions))
    return statements


def _mark(sql: str, is_wrapped: bool) -> str:
    return sql.replace("0 AS wrapped", "1 AS wrapped") if is_wrapped else sql


# ---- Strategies ---------------------------------------------------------------------------------


def _leave_to_planner(search: _Search, scope: Where, direction: str) -> str:
    where = (scope + search.conditions).text
    request = search.request
    return _card(request.order.column, request.size + 1, "maps", where, direction)


def _search_window(search: _Search, scope: Where, direction: str) -> str:
    """Filters a window of the next maps of the order."""
    column = search.request.order.column
    tier = search.tier
    length = WINDOW_WITH_TERMS if tier.words and not tier.is_rest else WINDOW
    window = f"""(
        SELECT * FROM maps m WHERE {scope.text}
        ORDER BY m.{column} {direction}, m.id {direction} LIMIT {length}
    )"""  # noqa: S608
    return _card(column, search.request.size + 1, window, search.conditions.text, direction)


def _walk_index(search: _Search, scope: Where, direction: str) -> str:
    """Finds the next maps that meet the conditions by an index-only scan, and then reads their rows.

    The index has no words. They are looked up for each map that meets all other conditions.
    """
    column, limit = search.request.order.column, search.request.size + 1
    all_conditions = scope + search.conditions
    if terms := [sql for sql in all_conditions.sql if "m.search" in sql]:  # they come last
        # A subquery, because the planner evaluates it last and can't turn it into a scan of the table.
        others = all_conditions.sql[: -len(terms)]
        words = " AND ".join(terms).replace("m.search", "w.search")
        looked_up = f"(SELECT {words} FROM maps w WHERE w.id = m.id)"  # noqa: S608
        all_conditions = Where([*others, looked_up], all_conditions.values)
    # Comparing the keys, too, lets the planner know that the rows are already sorted.
    rows = f"""(
        SELECT maps.* FROM (
            SELECT m.id, m.{column} FROM maps m WHERE {all_conditions.text}
            ORDER BY m.{column} {direction}, m.id {direction} LIMIT {limit}
        ) next JOIN maps ON maps.id = next.id AND maps.{column} = next.{column}
    )"""  # noqa: S608
    return _card(column, limit, rows, "true", direction)


def _sort_matches(search: _Search, scope: Where, direction: str) -> str:
    """Finds all maps that meet the conditions, and sorts them.

    OFFSET prevents the planner from scanning the index of the order instead.
    """
    where = (scope + search.conditions).text
    matches = f"(SELECT * FROM maps m WHERE {where} OFFSET 0)"  # noqa: S608
    order = search.request.order
    return _card(order.column, search.request.size + 1, matches, "true", direction)


def _card(column: str, limit: int, maps: str, where: str, direction: str) -> str:
    return CARD.format(
        maps=maps,
        where=where,
        column=column,
        direction=direction,
        limit=limit,
        # The address of the preview is the same as GameMap.card_picture.
        card=CARD_JSON.format(
            created_at=to_json_sql("m.created_at"), ending=f"-{DRAWING_VERSION}.{FORMATS['card']}"
        ),
    )


# ---- Properties of a request --------------------------------------------------------------------


def _matches_few(search: _Search) -> bool:
    """Returns whether certainly few maps meet the conditions, so that a scan along the order is useless."""
    request, words = search.request, search.tier.words
    if request.viewer is None:
        return words > 1
    return words > 1 or any(requires_field(request.query, field) for field in VIEWER_FIELDS)


def _is_of_an_author(request: BrowseRequest) -> bool:
    is_named = any(c.field == "author" and not c.negated for c in request.query.conditions)
    return is_named or bool(request.author)


def _scope(request: BrowseRequest) -> Where:
    """Returns the conditions on who sees which maps, and those on the key of the order."""
    if request.includes_drafts:
        scope = Where([NOT_REMOVED], [])
    elif request.only_favourites:  # the viewer's drafts can be favourites, too
        scope = Where([PUBLISHED_OR_OWN], [request.viewer])
    else:
        scope = Where([PUBLISHED], [])
    for condition in request.query.conditions:
        if is_on_column(condition, request.order.column):
            scope += condition_sql(condition, request.viewer)
    return scope + Where(["m.user_id = %s"], [request.author]) if request.author else scope
