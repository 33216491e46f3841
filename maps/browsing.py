"""Finding maps: what may be asked for, the one statement that answers it, and a page of its rows.

Pages and API ask here, and so does the fast lane (maps/hot.py), which sends the same statement past
Django's ORM. Each row comes as the JSON of a card, made by the database, so that all of them answer
the same bytes.

The orders are read off their indexes, never sorted. A condition that few maps meet would make that
reading long, so it ends after WINDOW maps; if they don't fill the page, the condition's own index finds
the few that meet it, and those are sorted.
"""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from config.keyset import InvalidCursor, Order, Place
from config.refusals import Refused
from maps import query
from maps.pictures import DRAWING, FORMATS
from maps.query import Condition, Query
from maps.terrain import TERRAINS

ORDERS = {
    order.name: order
    for order in (
        Order("hot", "hot_score", "float8"),
        Order("top", "top_score", "float8"),
        Order("new", "created_at", "timestamptz"),
        Order("plays", "play_count", "int"),
        Order("random", "lot", "float8"),
    )
}
USUAL_ORDER = "hot"
PAGE_SIZE, LARGEST_PAGE = 20, 50
LONGEST_CURSOR = 500
PARAMETERS = {"q", "sort", "cursor", "page_size", "filter", *query.CONTROLS}

# A card as the API shows it. The author's row is joined for each of a page's few maps.
CARD = """
SELECT m.{column}::text, m.id::text, 0 AS wrapped,
    (SELECT row_to_json(card)::text FROM (SELECT
        m.id, m.name, m.description,
        json_build_object('id', u.id, 'username', u.username, 'level', u.level) AS author,
        m.width, m.height, m.rating::float8 AS rating, m.rating_count, m.play_count, m.is_public,
        to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
        '/maps/' || m.id || '/card-' || coalesce(nullif(m.terrain_hash, ''), 'unknown') || '{ending}'
            AS preview
    ) AS card)
FROM {maps} m JOIN users u ON u.id = m.user_id
WHERE {where}
ORDER BY m.{column} {direction}, m.id {direction} LIMIT %s"""
WINDOW = 10_000  # maps
CANDIDATES = 500  # for a likeness
PUBLISHED = "m.is_public AND m.hidden_at IS NULL"
KEPT = "m.removed_at IS NULL"  # none that the author removed
PLAYED = """EXISTS (
    SELECT 1 FROM session_players s JOIN game_sessions g ON g.id = s.session_id
    WHERE g.map_id = m.id AND s.user_id = %s AND g.status = 'Completed')"""
FAVOURITE = "EXISTS (SELECT 1 FROM map_favourites f WHERE f.map_id = m.id AND f.user_id = %s)"
# Conditions in SQL, where the value is the parameter; those of COLUMNS are compared by their sign.
COLUMNS = {
    "rating": "m.rating_count > 0 AND m.rating",
    "size": "greatest(m.width, m.height)",
    "plays": "m.play_count",
}
AUTHOR = "m.user_id = (SELECT id FROM users WHERE lower(username) = %s)"
TERRAIN = "m.terrains = ANY(%s::smallint[])"
OF_THE_VIEWER = {"played": PLAYED, "favourite": FAVOURITE}
NARROW = {"author", *OF_THE_VIEWER}
Statement = tuple[str, list[Any]]


@dataclass(frozen=True)
class Where:
    """Conditions on maps `m` in SQL, and the values of their parameters, in order."""

    sql: list[str]
    values: list[Any]

    def __add__(self, other: "Where") -> "Where":
        return Where(self.sql + other.sql, self.values + other.values)

    @property
    def text(self) -> str:
        """All of them as one condition."""
        return " AND ".join(self.sql) or "true"


Way = Callable[["Browse", Where, Where, str], str]

EVERYTHING = Query()


@dataclass(frozen=True)
class Browse:
    """What is asked for: a page of an order, narrowed down; `viewer` is who asks, by id."""

    query: Query = EVERYTHING
    sort: str = USUAL_ORDER
    place: Place | None = None
    size: int = PAGE_SIZE
    viewer: str | None = None
    author: str | None = None  # only the maps of this player, by id
    drafts: bool = False  # the author's own ones that are not public, too

    @property
    def order(self) -> Order:
        """The order of the page."""
        return ORDERS[self.sort]


@dataclass(frozen=True)
class Found:
    """One page: cards as JSON, cursors of the pages beside it, and what was not understood.

    `similar` says that nothing matched, and that these are maps with names like what was asked for.
    """

    cards: tuple[str, ...]
    next: str | None = None
    previous: str | None = None
    notes: tuple[str, ...] = ()
    similar: bool = False

    def body(self) -> bytes:
        """The page as the API answers it."""
        rest = {
            "next": self.next,
            "previous": self.previous,
            "notes": self.notes,
            "similar": self.similar,
        }
        return b'{"results":[' + ",".join(self.cards).encode() + b"]," + orjson.dumps(rest)[1:]


def read(
    parameters: Mapping[str, str], *, viewer: str | None = None, size: int = PAGE_SIZE
) -> Browse:
    """What the parameters of an address ask for. Raises Refused, pointing at the parameter."""
    words, sort = parameters.get("q", ""), parameters.get("sort") or USUAL_ORDER
    if len(words) > query.LONGEST or "\0" in words:
        detail = f"Search for up to {query.LONGEST} characters of text."
        raise Refused("invalid", detail, status=400, field="q")
    if sort not in ORDERS:
        raise Refused("invalid_choice", f"Sort by {', '.join(ORDERS)}.", status=400, field="sort")
    if (given := parameters.get("page_size")) is not None:
        if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= LARGEST_PAGE):
            detail = f"Ask for 1 to {LARGEST_PAGE} maps."
            raise Refused("invalid", detail, status=400, field="page_size")
        size = int(given)
    own = parameters.get("filter", "")
    if own not in ("", "own"):
        raise Refused("invalid_choice", "There is `own` only.", status=400, field="filter")
    if own and viewer is None:
        raise Refused("not_authenticated", "Sign in to see your own maps.", status=401)
    place = read_cursor(parameters.get("cursor", ""), ORDERS[sort])
    asked = query.read(words, parameters)
    return Browse(
        asked, sort, place, size, viewer, author=viewer if own else None, drafts=bool(own)
    )


def read_cursor(cursor: str, order: Order) -> Place | None:
    """The place that a cursor of an order stands for; None for none. Raises Refused."""
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise InvalidCursor
        return order.read(cursor, more=2 if order.name == "random" else 0) if cursor else None
    except InvalidCursor as error:
        detail = "This cursor is not from a page in this order. Start without one."
        raise Refused("invalid_cursor", detail, status=400, field="cursor") from error


def find(browse: Browse) -> Found:
    """A page of maps: one query, or two where nothing matches and names like it are looked for."""
    browse = begun(browse)
    with connection.cursor() as cursor:
        for sql, values in statements(browse):
            cursor.execute(sql, values)
            rows = cursor.fetchall()
            if len(rows) > browse.size:
                break
        found = page(browse, rows)
        if looks_mistyped(browse, found):
            cursor.execute(*similar_statement(browse))
            found = replace(found, cards=tuple(row[-1] for row in cursor.fetchall()))
            found = replace(found, similar=bool(found.cards))
    return found


def begun(browse: Browse) -> Browse:
    """The same, begun at a place by chance where the order is random and none is given yet."""
    if browse.sort != "random" or browse.place:
        return browse
    start = repr(random.random())  # noqa: S311 - where to begin is no secret
    return replace(browse, place=Place(False, start, str(uuid.UUID(int=0)), (start, "0")))


def statements(browse: Browse) -> list[Statement]:
    """SQL for a page and one row more; where there are two, the second is for when the first brings less.

    Columns: the sort key, the id, wrapped or not, the card.
    """
    conditions = _conditions(browse)
    ways = (_whole,) if not conditions.sql or _is_narrow(browse) else (_windowed, _few)
    make = _random_statement if browse.sort == "random" else _statement
    return [make(browse, way, conditions) for way in ways]


def page(browse: Browse, rows: Sequence[Sequence[Any]]) -> Found:
    """The page that the statement's rows make."""
    place, order = browse.place, browse.order
    backwards = bool(place and place.backwards)
    more, kept = len(rows) > browse.size, list(rows[: browse.size])
    if backwards:
        kept.reverse()
    notes = browse.query.notes + _notes_for_strangers(browse)
    cards = tuple(row[-1] for row in kept)
    if not kept:
        return Found(cards, notes=notes)
    (first_key, first_id, *_), (last_key, last_id, wrapped, _) = kept[0], kept[-1]
    if order.name == "random":
        assert place
        start = place.more[0]
        following = order.cursor(last_key, last_id, start, str(wrapped)) if more else None
        return Found(cards, following, None, notes)
    return Found(
        cards,
        order.cursor(last_key, last_id) if more or backwards else None,
        order.cursor(first_key, first_id, backwards=True)
        if (more if backwards else place)
        else None,
        notes,
    )


def cards(map_ids: Sequence[UUID]) -> tuple[str, ...]:
    """The cards of maps in the order of their ids; who may see them is the caller's to know."""
    chosen = """(
        SELECT maps.*, wanted.place
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (map_id, place)
        JOIN maps ON maps.id = wanted.map_id
    )"""
    with connection.cursor() as cursor:
        cursor.execute(_card("place", chosen, "true", "ASC"), [list(map_ids), len(map_ids)])
        return tuple(row[-1] for row in cursor.fetchall())


def looks_mistyped(browse: Browse, found: Found) -> bool:
    """Whether nothing matched words that may have been meant otherwise."""
    return bool(browse.query.words) and not found.cards and not browse.place


def similar_statement(browse: Browse) -> Statement:
    """SQL for maps whose names are like the words, the most alike first; columns as in `statements`.

    Alike by trigrams: https://www.postgresql.org/docs/current/pgtrgm.html. Only so many candidates
    are ranked, since a short word is a little like very many names.
    """
    # Only SQL of our own is put together here; what was asked for goes as parameters.
    words = [w for group in browse.query.words if not group.negated for w in group.words]
    plain = replace(browse, query=replace(browse.query, words=()))
    asked = _scope(plain) + _conditions(plain) + Where(["m.name %%> %s"] * len(words), [*words])
    candidates = f"SELECT m.id FROM maps m WHERE {asked.text} LIMIT {CANDIDATES}"  # noqa: S608
    likeness = " + ".join(["word_similarity(%s, m.name)"] * len(words)) or "0"
    chosen = _card(browse.order.column, "maps", f"m.id IN ({candidates})")
    ranked = chosen.replace("ORDER BY ", f"ORDER BY {likeness} DESC, ")
    return ranked, [*asked.values, *words, browse.size]


# ---- The parts of a statement -------------------------------------------------------------------


def _statement(browse: Browse, way: Way, conditions: Where) -> Statement:
    scope, place, order = _scope(browse), browse.place, browse.order
    backwards = bool(place and place.backwards)
    if place:
        beyond = (
            f"(m.{order.column}, m.id) {'>' if backwards else '<'} (%s::{order.kind}, %s::uuid)"
        )
        scope += Where([beyond], [place.key, place.row_id])
    sql = way(browse, scope, conditions, "ASC" if backwards else "DESC")
    return sql, [*scope.values, *conditions.values, browse.size + 1]


def _random_statement(browse: Browse, way: Way, conditions: Where) -> Statement:
    """From the place down to zero, then from one down to where it all began."""
    place, size = browse.place, browse.size + 1
    assert place
    start, wrapped = place.more
    below = "(m.lot, m.id) < (%s::float8, %s::uuid)"
    again = _scope(browse) + Where(["m.lot > %s::float8", below], [start])
    second = way(browse, again, conditions, "DESC").replace("0 AS wrapped", "1 AS wrapped")
    if float(wrapped):
        return second, [*again.values, place.key, place.row_id, *conditions.values, size]
    scope = _scope(browse) + Where([below], [place.key, place.row_id])
    first = way(browse, scope, conditions, "DESC")
    values = [*scope.values, *conditions.values, size]
    values += [*again.values, "2", place.row_id, *conditions.values, size]
    return f"({first}) UNION ALL ({second}) LIMIT %s", [*values, size]


def _whole(browse: Browse, scope: Where, conditions: Where, direction: str) -> str:
    """The planner chooses."""
    return _card(browse.order.column, "maps", (scope + conditions).text, direction)


def _windowed(browse: Browse, scope: Where, conditions: Where, direction: str) -> str:
    """Those of the next WINDOW maps of the order that meet the conditions."""
    column = browse.order.column
    window = f"""(
        SELECT * FROM maps m WHERE {scope.text}
        ORDER BY m.{column} {direction}, m.id {direction} LIMIT {WINDOW}
    )"""  # noqa: S608
    return _card(column, window, conditions.text, direction)


def _few(browse: Browse, scope: Where, conditions: Where, direction: str) -> str:
    """All that meet the conditions, sorted. OFFSET keeps the planner from walking the order again."""
    few = f"(SELECT * FROM maps m WHERE {(scope + conditions).text} OFFSET 0)"  # noqa: S608
    return _card(browse.order.column, few, "true", direction)


def _card(column: str, maps: str, where: str, direction: str = "DESC") -> str:
    return CARD.format(
        maps=maps,
        where=where,
        column=column,
        direction=direction,
        ending=f"-{DRAWING}.{FORMATS['card']}",  # as GameMap.card_picture has it
    )


def _is_narrow(browse: Browse) -> bool:
    """Whether few maps meet the conditions for certain, so that walking the order is no use."""
    words = sum(len(group.words) for group in browse.query.words if not group.negated)
    asked = (c for c in browse.query.conditions if c.name in NARROW)
    return words > 1 or bool(browse.author) or any(c.value and not c.negated for c in asked)


def _scope(browse: Browse) -> Where:
    """Which maps there are to choose from."""
    scope = Where([KEPT if browse.drafts else PUBLISHED], [])
    return scope + Where(["m.user_id = %s"], [browse.author]) if browse.author else scope


def _conditions(browse: Browse) -> Where:
    """What was asked for."""
    found = Where([], [])
    if browse.query.words:
        words = query.text_query(browse.query.words)
        found += Where(["m.search @@ to_tsquery('english', %s)"], [words])
    for condition in browse.query.conditions:
        if condition.name not in OF_THE_VIEWER or browse.viewer:
            found += _condition(condition, browse.viewer)
    return found


def _condition(condition: Condition, viewer: str | None) -> Where:
    name, value, negated = condition.name, condition.value, condition.negated
    if name == "terrain":  # as a list of sums, which an index can look up
        sums = [n for n in range(2 ** len(TERRAINS)) if bool(n & value) is not negated]
        return Where([TERRAIN], [sums])
    if name in OF_THE_VIEWER:
        sql, negated, value = OF_THE_VIEWER[name], bool(value) is negated, viewer
    else:
        sql = AUTHOR if name == "author" else f"{COLUMNS[name]} {condition.sign} %s"
    return Where([f"NOT ({sql})" if negated else f"({sql})"], [value])


def _notes_for_strangers(browse: Browse) -> tuple[str, ...]:
    """What can't be answered to somebody who is not signed in."""
    if browse.viewer:
        return ()
    names = [c.name for c in browse.query.conditions if c.name in OF_THE_VIEWER]
    return tuple(f"“{name}” was left out: sign in to use it." for name in names)
