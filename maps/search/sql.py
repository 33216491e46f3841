"""The SQL of finding maps. Pure of Django: text and values, for whoever sends them.

The orders are read off their indexes, never sorted. A condition that few maps meet, or none at this end
of the order, would make that reading long, so it ends after a window of them. If they don't fill the
page, the few maps with a word are found by the index of words, and sorted; maps that meet other
conditions, or don't have a word, are found further along the order, by what its index holds
(maps/models/indexes.py); an author's are few, and sorted. All text is ours: what was asked for goes as
values.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.db.keyset import Order, Place
from config.kernel.timestamps import to_json_sql
from maps.drawing.pictures import DRAWING, FORMATS
from maps.search.language import Condition, Query, Words, begun_query, text_query
from maps.terrain.grid import TERRAINS

ORDERS = {
    order.name: order
    for order in (
        Order("hot", "hot_score", "float8"),
        Order("top", "top_score", "float8"),
        Order("new", "created_at", "timestamptz"),
        Order("plays", "play_count", "int"),
        Order("random", "lot", "float8", more=2),  # where it began, and whether it is round
    )
}
USUAL_ORDER = "hot"
# A card as the API shows it, put together as text: PostgreSQL's functions that make JSON of a row take
# half as long again. What is text or time goes through to_json, which escapes it.
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
# The author's row is joined for a page's few maps alone, once they are chosen. The limit stands in the
# text: with one that it does not know, the planner takes no plan for good, and planning costs more than
# the page.
CARD = """
SELECT m.{column}::text, m.id::text, 0 AS wrapped, {card}
FROM (
    SELECT * FROM {maps} m WHERE {where}
    ORDER BY m.{column} {direction}, m.id {direction} LIMIT {limit}
) m JOIN users u ON u.id = m.user_id
ORDER BY m.{column} {direction}, m.id {direction}"""
WINDOW = 1_000  # maps; looking further by the index alone costs less from there on
WINDOW_OF_WORDS = 10_000  # they are in no index of an order
PUBLISHED = "m.is_public AND m.hidden_at IS NULL"
# As GameMap.is_playable has it.
PLAYABLE = "(m.hidden_at IS NULL AND (m.is_public OR m.found_valid_at IS NOT NULL))"
KEPT = "m.removed_at IS NULL"  # none that the author removed
PUBLISHED_OR_OWN = f"({PUBLISHED} OR m.user_id = %s AND {KEPT})"
PLAYED = """EXISTS (
    SELECT 1 FROM session_players s JOIN game_sessions g ON g.id = s.session_id
    WHERE g.map_id = m.id AND s.user_id = %s AND g.status = 'Completed')"""
FAVOURITE = "EXISTS (SELECT 1 FROM map_favourites f WHERE f.map_id = m.id AND f.user_id = %s)"
# Conditions in SQL, where the value is the parameter; those of COLUMNS are compared by their sign.
COLUMNS = {
    "rating": "m.rating > 0 AND m.rating",  # without stars it is 0
    "size": "greatest(m.width, m.height)",
    "plays": "m.play_count",
}
AUTHOR = "m.user_id = (SELECT id FROM users WHERE lower(username) = %s)"
TERRAIN = "m.terrains = ANY(%s::smallint[])"
OF_THE_VIEWER = {"played": PLAYED, "favourite": FAVOURITE}


@dataclass(frozen=True)
class Statement:
    """SQL and the values of its parameters. Steady: one plan is the best for all values."""

    sql: str
    values: list[Any]
    steady: bool


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


EVERYTHING = Query()


@dataclass(frozen=True)
class Browse:
    """What is asked for: a page of an order, narrowed down; `viewer` is who asks, by id."""

    query: Query = EVERYTHING
    sort: str = USUAL_ORDER
    place: Place | None = None
    size: int = 20
    viewer: str | None = None
    author: str | None = None  # only the maps of this player, by id
    drafts: bool = False  # the author's own ones that are not public, too

    @property
    def order(self) -> Order:
        """The order of the page."""
        return ORDERS[self.sort]

    @property
    def has_word(self) -> bool:
        """Whether there is a word to find: the index of words has none for those that must not occur."""
        return any(not group.negated for group in self.query.words)


Way = Callable[[Browse, Where, Where, str], str]


def statements(browse: Browse) -> list[Statement]:
    """SQL for a page and one row more; where there are several, each is for when those before bring less.

    Columns: the sort key, the id, wrapped or not, the card.
    """
    conditions = _conditions(browse)
    ways = _ways(browse, conditions)
    make = _random_statements if browse.sort == "random" else _statements
    return [
        Statement(sql, values, steady=way is _windowed or not browse.query.words)
        for way in ways
        for sql, values in make(browse, way, conditions)
    ]


def _ways(browse: Browse, conditions: Where) -> tuple[Way, ...]:
    """How to look: by the next way where those before bring less than a page."""
    if _is_of_an_author(browse):
        # The index of authors has this order itself; in any other the planner may walk all maps for them.
        return (_whole,) if browse.sort == "new" else (_few,)
    if _wants(browse, "favourite"):
        # A thousand at the most (maps/quotas.py), found by their index. No index of an order
        # has the drafts among them, and one that has may tempt the planner to walk all maps.
        return (_few,)
    if not conditions.sql or _is_narrow(browse):
        return (_whole,)
    return (_windowed, _few if browse.has_word else _walked)


def cards_statement(map_ids: Sequence[UUID]) -> Statement:
    """SQL for the cards of maps in the order of their ids; columns as in `statements`."""
    chosen = """(
        SELECT maps.*, wanted.place
        FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (map_id, place)
        JOIN maps ON maps.id = wanted.map_id
    )"""
    sql = _card("place", len(map_ids), chosen, "true", "ASC")
    return Statement(sql, [list(map_ids)], steady=False)


def _statements(browse: Browse, way: Way, conditions: Where) -> list[tuple[str, list[Any]]]:
    scope, place, order = _scope(browse), browse.place, browse.order
    backwards = bool(place and place.backwards)
    if place:
        beyond = (
            f"(m.{order.column}, m.id) {'>' if backwards else '<'} (%s::{order.kind}, %s::uuid)"
        )
        scope += Where([beyond], [place.key, place.row_id])
    sql = way(browse, scope, conditions, "ASC" if backwards else "DESC")
    return [(sql, scope.values + conditions.values)]


def _random_statements(browse: Browse, way: Way, conditions: Where) -> list[tuple[str, list[Any]]]:
    """From the place down to zero; then also from one down to where it all began."""
    place = browse.place
    assert place
    start, wrapped = place.more
    below = "(m.lot, m.id) < (%s::float8, %s::uuid)"
    again = _scope(browse) + Where(["m.lot > %s::float8", below], [start])
    second = way(browse, again, conditions, "DESC").replace("0 AS wrapped", "1 AS wrapped")
    if float(wrapped):
        return [(second, [*again.values, place.key, place.row_id, *conditions.values])]
    scope = _scope(browse) + Where([below], [place.key, place.row_id])
    first = way(browse, scope, conditions, "DESC")
    values = scope.values + conditions.values
    more = [*again.values, "2", place.row_id, *conditions.values]
    both = f"({first}) UNION ALL ({second}) LIMIT {browse.size + 1}"
    return [(first, values), (both, values + more)]


def _whole(browse: Browse, scope: Where, conditions: Where, direction: str) -> str:
    """The planner chooses."""
    return _card(browse.order.column, browse.size + 1, "maps", (scope + conditions).text, direction)


def _windowed(browse: Browse, scope: Where, conditions: Where, direction: str) -> str:
    """Those of the next maps of the order that meet the conditions."""
    column = browse.order.column
    length = WINDOW_OF_WORDS if browse.has_word else WINDOW
    window = f"""(
        SELECT * FROM maps m WHERE {scope.text}
        ORDER BY m.{column} {direction}, m.id {direction} LIMIT {length}
    )"""  # noqa: S608
    return _card(column, browse.size + 1, window, conditions.text, direction)


def _walked(browse: Browse, scope: Where, conditions: Where, direction: str) -> str:
    """The next of the order that meet the conditions, by its index alone; only then their rows.

    Words are in no such index: they are looked up map by map, where all other conditions are met.
    """
    column, limit, asked = browse.order.column, browse.size + 1, scope + conditions
    if browse.query.words:
        # As a query of its own, which the planner leaves for last, and can't make reading the table of.
        *others, words = asked.sql
        words = words.replace("m.search", "w.search")
        looked_up = f"(SELECT {words} FROM maps w WHERE w.id = m.id)"  # noqa: S608
        asked = Where([*others, looked_up], asked.values)
    # That the keys are the same tells the planner that the rows are in order already.
    rows = f"""(
        SELECT maps.* FROM (
            SELECT m.id, m.{column} FROM maps m WHERE {asked.text}
            ORDER BY m.{column} {direction}, m.id {direction} LIMIT {limit}
        ) next JOIN maps ON maps.id = next.id AND maps.{column} = next.{column}
    )"""  # noqa: S608
    return _card(column, limit, rows, "true", direction)


def _few(browse: Browse, scope: Where, conditions: Where, direction: str) -> str:
    """All that meet the conditions, sorted. OFFSET keeps the planner from walking the order again."""
    few = f"(SELECT * FROM maps m WHERE {(scope + conditions).text} OFFSET 0)"  # noqa: S608
    return _card(browse.order.column, browse.size + 1, few, "true", direction)


def _card(column: str, limit: int, maps: str, where: str, direction: str) -> str:
    return CARD.format(
        maps=maps,
        where=where,
        column=column,
        direction=direction,
        limit=limit,
        # The picture's address is as GameMap.card_picture has it.
        card=CARD_JSON.format(
            created_at=to_json_sql("m.created_at"), ending=f"-{DRAWING}.{FORMATS['card']}"
        ),
    )


def _is_narrow(browse: Browse) -> bool:
    """Whether few maps meet the conditions for certain, so that walking the order is no use."""
    words = sum(len(group.words) for group in browse.query.words if not group.negated)
    return words > 1 or any(_wants(browse, name) for name in OF_THE_VIEWER)


def _wants(browse: Browse, name: str) -> bool:
    """Whether only maps are asked for that the viewer played, or has among the favourites."""
    asked = (c for c in browse.query.conditions if c.name == name)
    return browse.viewer is not None and any(bool(c.value) is not c.negated for c in asked)


def _is_of_an_author(browse: Browse) -> bool:
    named = any(c.name == "author" and not c.negated for c in browse.query.conditions)
    return named or bool(browse.author)


def _is_on_key(browse: Browse, condition: Condition) -> bool:
    """Whether it is on the column of the order itself, and so says where to begin and to end."""
    return COLUMNS.get(condition.name) == f"m.{browse.order.column}"


def _scope(browse: Browse) -> Where:
    """Which maps there are to choose from."""
    if browse.drafts:
        scope = Where([KEPT], [])
    elif _wants(browse, "favourite"):  # drafts of one's own bear a heart too
        scope = Where([PUBLISHED_OR_OWN], [browse.viewer])
    else:
        scope = Where([PUBLISHED], [])
    for condition in browse.query.conditions:
        if _is_on_key(browse, condition):
            scope += _condition(condition, browse.viewer)
    return scope + Where(["m.user_id = %s"], [browse.author]) if browse.author else scope


def _conditions(browse: Browse) -> Where:
    """What was asked for; the words are the last of it."""
    found = Where([], [])
    for condition in browse.query.conditions:
        answered = condition.name not in OF_THE_VIEWER or browse.viewer
        if answered and not _is_on_key(browse, condition):
            found += _condition(condition, browse.viewer)
    return found + _words(browse.query.words) if browse.query.words else found


def _words(words: tuple[Words, ...]) -> Where:
    *others, last = words
    if not last.unfinished:
        return Where(["m.search @@ to_tsquery('english', %s)"], [text_query(words)])
    *before, _ = last.words
    begun = """(to_tsquery('english', %s)
        || (to_tsquery('english', %s) <-> to_tsquery('simple', %s)))"""
    values = [text_query((last,)), " <-> ".join(before), begun_query(last)]
    return Where(
        [f"m.search @@ (to_tsquery('english', %s) && {begun})"],
        [text_query(tuple(others)), *values],
    )


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
