"""Conditions on maps as SQL: who sees which maps, and what a query selects. Does not use Django.

In the SQL, a map is `m`. The SQL text is constant: everything that users type is the value of a parameter.
"""

from dataclasses import dataclass
from typing import Any

from maps.games import game_queries
from maps.search.language import Condition, Query
from maps.terrain.grid import TERRAINS

PUBLISHED = "m.is_public AND m.hidden_at IS NULL"
# The same as GameMap.is_playable.
PLAYABLE = "(m.hidden_at IS NULL AND (m.is_public OR m.found_valid_at IS NOT NULL))"
NOT_REMOVED = "m.removed_at IS NULL"
PUBLISHED_OR_OWN = f"({PUBLISHED} OR m.user_id = %s AND {NOT_REMOVED})"
FAVOURITE = "EXISTS (SELECT 1 FROM map_favourites f WHERE f.map_id = m.id AND f.user_id = %s)"
# The SQL of the fields with numbers.
FIELD_SQL = {
    "rating": "m.rating > 0 AND m.rating",  # 0 means without ratings
    "size": "greatest(m.width, m.height)",
    "plays": "m.play_count",
}
AUTHOR = "m.user_id = (SELECT id FROM users WHERE text_casefold(username) = text_casefold(%s))"
# In either orientation.
DIMENSIONS = "least(m.width, m.height) = %s AND greatest(m.width, m.height) = %s"
TERRAIN = "m.terrains = ANY(%s::smallint[])"
VIEWER_FIELDS = ("played", "favourite")  # their meaning depends on the viewer


@dataclass(frozen=True)
class Where:
    """Conditions that must all hold, and the values of their parameters, in order."""

    sql: list[str]
    values: list[Any]

    def __add__(self, other: "Where") -> "Where":
        return Where(self.sql + other.sql, self.values + other.values)

    @property
    def text(self) -> str:
        """All conditions as one."""
        return " AND ".join(self.sql) or "true"


def viewer_condition(field: str) -> str:
    """Returns the SQL of one of VIEWER_FIELDS. Its parameter is the id of the viewer."""
    return game_queries().has_completed if field == "played" else FAVOURITE


def requires_field(query: Query, field: str) -> bool:
    """Returns whether a query selects only maps that the viewer played, or marked as a favourite."""
    same_field = (c for c in query.conditions if c.field == field)
    return any(bool(c.value) is not c.negated for c in same_field)


def query_conditions(query: Query, viewer: str | None, column: str) -> Where:
    """Returns the conditions of a query without its terms, except those on the order's own column."""
    found = Where([], [])
    for condition in query.conditions:
        is_known = condition.field not in VIEWER_FIELDS or viewer
        if is_known and not is_on_column(condition, column):
            found += condition_sql(condition, viewer)
    return found


def is_on_column(condition: Condition, column: str) -> bool:
    """Returns whether a condition limits this column itself."""
    return FIELD_SQL.get(condition.field) == f"m.{column}"


def condition_sql(condition: Condition, viewer: str | None) -> Where:
    """Returns the SQL of one condition."""
    field, value, negated = condition.field, condition.value, condition.negated
    if field == "terrain":  # as a list of the sums that match, which an index can look up
        sums = [n for n in range(2 ** len(TERRAINS)) if bool(n & value) is not negated]
        return Where([TERRAIN], [sums])
    if field == "dimensions":
        found = Where([f"({DIMENSIONS})"], sorted(value))
        return Where([f"NOT {found.text}"], found.values) if negated else found
    if field in VIEWER_FIELDS:
        sql, negated, value = viewer_condition(field), bool(value) is negated, viewer
    else:
        sql = AUTHOR if field == "author" else f"{FIELD_SQL[field]} {condition.operator} %s"
    return Where([f"NOT ({sql})" if negated else f"({sql})"], [value])
