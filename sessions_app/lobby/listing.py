"""Open lobbies that everybody may join, the newest first: for the API, the pages and the list socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.db.keyset import Order
from config.kernel.errors import InvalidInput
from config.kernel.timestamps import to_json_sql
from config.kernel.validators import read_integer
from maps.search.conditions import PUBLISHED
from config.kernel.validators import integer_parameter
from maps.search.sql import PUBLISHED
from sessions_app.kernel.limits import MAX_SEATS
from sessions_app.kernel.statuses import Status
from sessions_app.lobby.store import Steps

PAGE_SIZE, LARGEST_PAGE = 20, 50
MOST_FREE = MAX_SEATS - 1
ORDER = Order("new", "g.created_at", "timestamptz")
CARD = f"""json_build_object(
    'id', g.id, 'created_at', {to_json_sql("g.created_at")}, 'seats', g.seat_limit,
    'free_seats', g.seat_limit - seated.count, 'host', seated.host,
    'map', json_build_object('id', m.id, 'name', m.name, 'width', m.width, 'height', m.height))"""
OPEN = f"""
FROM game_sessions AS g JOIN maps AS m ON m.id = g.map_id
CROSS JOIN LATERAL (
    SELECT count(*)::int AS count, max(u.username) FILTER (WHERE s.is_host) AS host
    FROM session_players AS s JOIN users AS u ON u.id = s.user_id
    WHERE s.session_id = g.id AND s.left_at IS NULL) AS seated
WHERE g.status = '{Status.LOBBY}' AND g.is_public AND seated.count > 0 AND {PUBLISHED}"""  # noqa: S608
NEWEST = "ORDER BY g.created_at DESC, g.id DESC"
CARDS = (
    f"SELECT {CARD}, g.created_at::text, g.id::text {OPEN} {{narrowed}} {NEWEST} LIMIT {{limit}}"
)
# One statement, so that cards and counts are of the same moment.
ROOMY = f"""
SELECT CASE WHEN row_number() OVER ({NEWEST}) <= %s THEN {CARD} END,
    g.id::text, m.id::text, g.seat_limit - seated.count
{OPEN} AND g.seat_limit > seated.count {NEWEST}"""


@dataclass(frozen=True)
class Wanted:
    """Which lobbies: on a map, or with words in its name; seats free; how many of them, and after which."""

    map_id: UUID | None = None
    free_seats: int = 0
    size: int = PAGE_SIZE
    cursor: str = ""
    words: str = ""


def read(parameters: Mapping[str, str]) -> Wanted:
    """What the parameters `map`, `free_seats`, `page_size` and `cursor` ask for. Raises InvalidInput."""
    map_id = parameters.get("map", "").strip()
    try:
        wanted_map = UUID(map_id) if map_id else None
    except ValueError as error:
        raise InvalidInput("invalid", "This is no id of a map.", field="map") from error
    return Wanted(
        wanted_map,
        read_integer(parameters, "free_seats", 0, MOST_FREE, default=0),
        read_integer(parameters, "page_size", 1, LARGEST_PAGE, default=PAGE_SIZE),
        parameters.get("cursor", ""),
    )


def listing(wanted: Wanted) -> Steps[tuple[list[dict[str, Any]], str | None]]:
    """A page of cards, and the cursor of the next one. Raises DomainError (400) for a bad cursor."""
    narrowed, values = [], []
    if wanted.map_id:
        narrowed.append("AND g.map_id = %s")
        values.append(str(wanted.map_id))
    if wanted.words:
        narrowed.append("AND strpos(lower(m.name), lower(%s)) > 0")
        values.append(wanted.words)
    if wanted.free_seats:
        narrowed.append("AND g.seat_limit - seated.count >= %s")
        values.append(str(wanted.free_seats))
    if after := ORDER.decode_cursor(wanted.cursor):
        narrowed.append("AND (g.created_at, g.id) < (%s::timestamptz, %s::uuid)")
        values += [after.key, after.row_id]
    sql = CARDS.format(narrowed=" ".join(narrowed), limit=wanted.size + 1)
    rows = yield [(sql, values)]
    shown = rows[: wanted.size]
    more = len(rows) > wanted.size
    return [row[0] for row in shown], ORDER.encode_cursor(*shown[-1][1:]) if more else None


@dataclass(frozen=True)
class Overview:
    """All open lobbies with a free seat: ids, counts of each map, and cards of the newest."""

    cards: list[dict[str, Any]]
    ids: frozenset[str]
    maps: dict[str, dict[str, int]]


def overview(most: int) -> Steps[Overview]:
    """What a list shows that has so many cards at the most, and knows of the others."""
    rows = yield [(ROOMY, [most])]
    maps: dict[str, dict[str, int]] = {}
    for _, _, map_id, free in rows:
        counts = maps.setdefault(map_id, {"lobbies": 0, "free_seats": 0})
        counts["lobbies"] += 1
        counts["free_seats"] += free
    cards = [card for card, *_ in rows if card]
    return Overview(cards, frozenset(row[1] for row in rows), maps)
