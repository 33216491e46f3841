"""The SQL statements that find pages of maps. Does not use Django: callers execute the SQL.

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


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters. It `is_preparable` if one plan is best for all values."""

    sql: str
    values: list[Any]
    is_preparable: bool


EMPTY_QUERY = Query()


@dataclass(frozen=True)
class BrowseRequest:
    """A page to find: the query, the order, where the page begins, its size, and the viewer (an id).

    With an `author` (an id) only maps of that player are found. `includes_drafts` adds those of the author
    that are not public.
    """

    query: Query = EMPTY_QUERY
    sort: str = DEFAULT_ORDER
    cursor: Cursor | None = None
    size: int = 20
    viewer: str | None = None
    author: str | None = None
    includes_drafts: bool = False

    @property
    def order(self) -> Order:
        """The order of the page."""
        return ORDERS[self.sort]

    @property
    def has_word(self) -> bool:
        """Whether there is a word to find. The index of words can't find what must not occur."""
        return any(not term.negated for term in self.query.terms)

    @property
    def only_favourites(self) -> bool:
        """Whether the query selects only favourites of the viewer."""
        return self.viewer is not None and requires_field(self.query, "favourite")


# Returns the text of a statement for a request, the maps to choose from, the conditions and the direction.
Strategy = Callable[[BrowseRequest, Where, Where, str], str]


def build_statements(request: BrowseRequest) -> list[Statement]:
    """Returns the SQL for a page and one row more. A statement is needed if the one before finds fewer rows.

    Columns: the sort key, the id, whether it wrapped, the card.
    """
    conditions = query_conditions(request.query, request.viewer, request.order.column)
    build = _build_random if request.sort == "random" else _build_ordered
    return [
        Statement(sql, values, is_preparable=strategy is _search_window or not request.query.terms)
        for strategy in _choose_strategies(request, conditions)
        for sql, values in build(request, strategy, conditions)
    ]


def build_cards_statement(map_ids: Sequence[UUID]) -> Statement:
    """Returns the SQL for the cards of maps in the order of their ids. Columns as in `build_statements`."""
    chosen = """(
        SELECT maps.*, requested.place
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS requested (map_id, place)
        JOIN maps ON maps.id = requested.map_id
    )"""
    sql = _card("place", len(map_ids), chosen, "true", "ASC")
    return Statement(sql, [list(map_ids)], is_preparable=False)


def _choose_strategies(request: BrowseRequest, conditions: Where) -> tuple[Strategy, ...]:
    if _is_of_an_author(request):
        # The index of authors is in the order "new". In any other order the planner may scan all maps.
        return (_leave_to_planner,) if request.sort == "new" else (_sort_matches,)
    if request.only_favourites:
        # Their number is limited (maps/quotas.py), and they have an index of their own. The indexes of
        # orders lack the drafts among them. With an index that has drafts, the planner may scan all maps.
        return (_sort_matches,)
    if not conditions.sql or _matches_few(request):
        return (_leave_to_planner,)
    return (_search_window, _sort_matches if request.has_word else _walk_index)


def _build_ordered(
    request: BrowseRequest, strategy: Strategy, conditions: Where
) -> list[tuple[str, list[Any]]]:
    scope, cursor, order = _scope(request), request.cursor, request.order
    backwards = bool(cursor and cursor.is_backwards)
    if cursor:
        sign = ">" if backwards else "<"
        beyond = f"(m.{order.column}, m.id) {sign} (%s::{order.sql_type}, %s::uuid)"
        scope += Where([beyond], [cursor.key, cursor.row_id])
    sql = strategy(request, scope, conditions, "ASC" if backwards else "DESC")
    return [(sql, scope.values + conditions.values)]


def _build_random(
    request: BrowseRequest, strategy: Strategy, conditions: Where
) -> list[tuple[str, list[Any]]]:
    """Builds statements that read from the cursor down to 0, then from 1 down to the start."""
    cursor = request.cursor
    assert cursor
    start, wrapped = cursor.extra_values
    below = "(m.lot, m.id) < (%s::float8, %s::uuid)"
    from_one = _scope(request) + Where(["m.lot > %s::float8", below], [start])
    second = strategy(request, from_one, conditions, "DESC")
    second = second.replace("0 AS wrapped", "1 AS wrapped")
    if float(wrapped):
        return [(second, [*from_one.values, cursor.key, cursor.row_id, *conditions.values])]
    scope = _scope(request) + Where([below], [cursor.key, cursor.row_id])
    first = strategy(request, scope, conditions, "DESC")
    values = scope.values + conditions.values
    above_all = [*from_one.values, "2", cursor.row_id, *conditions.values]
    both = f"({first}) UNION ALL ({second}) LIMIT {request.size + 1}"
    return [(first, values), (both, values + above_all)]


# ---- Strategies ---------------------------------------------------------------------------------


def _leave_to_planner(
    request: BrowseRequest, scope: Where, conditions: Where, direction: str
) -> str:
    where = (scope + conditions).text
    return _card(request.order.column, request.size + 1, "maps", where, direction)


def _search_window(request: BrowseRequest, scope: Where, conditions: Where, direction: str) -> str:
    """Filters a window of the next maps of the order."""
    column = request.order.column
    length = WINDOW_WITH_TERMS if request.has_word else WINDOW
    window = f"""(
        SELECT * FROM maps m WHERE {scope.text}
        ORDER BY m.{column} {direction}, m.id {direction} LIMIT {length}
    )"""  # noqa: S608
    return _card(column, request.size + 1, window, conditions.text, direction)


def _walk_index(request: BrowseRequest, scope: Where, conditions: Where, direction: str) -> str:
    """Finds the next maps that meet the conditions by an index-only scan, and then reads their rows.

    The index has no words. They are looked up for each map that meets all other conditions.
    """
    column, limit, all_conditions = request.order.column, request.size + 1, scope + conditions
    if request.query.terms:
        # A subquery, because the planner evaluates it last and can't turn it into a scan of the table.
        *others, terms = all_conditions.sql
        terms = terms.replace("m.search", "w.search")
        looked_up = f"(SELECT {terms} FROM maps w WHERE w.id = m.id)"  # noqa: S608
        all_conditions = Where([*others, looked_up], all_conditions.values)
    # Comparing the keys, too, lets the planner know that the rows are already sorted.
    rows = f"""(
        SELECT maps.* FROM (
            SELECT m.id, m.{column} FROM maps m WHERE {all_conditions.text}
            ORDER BY m.{column} {direction}, m.id {direction} LIMIT {limit}
        ) next JOIN maps ON maps.id = next.id AND maps.{column} = next.{column}
    )"""  # noqa: S608
    return _card(column, limit, rows, "true", direction)


def _sort_matches(request: BrowseRequest, scope: Where, conditions: Where, direction: str) -> str:
    """Finds all maps that meet the conditions, and sorts them.

    OFFSET prevents the planner from scanning the index of the order instead.
    """
    where = (scope + conditions).text
    matches = f"(SELECT * FROM maps m WHERE {where} OFFSET 0)"  # noqa: S608
    return _card(request.order.column, request.size + 1, matches, "true", direction)


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


def _matches_few(request: BrowseRequest) -> bool:
    """Returns whether certainly few maps meet the conditions, so that a scan along the order is useless."""
    words = sum(len(term.words) for term in request.query.terms if not term.negated)
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
