"""Open public lobbies, the newest first, for the API, the page and the list socket.

All three show the same cards, which are built in SQL. `find_page_cards` adds the fields of the page.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from config.db.keyset import Order
from config.kernel.timestamps import to_json_sql
from config.kernel.validators import check_id, read_integer
from maps.models import GameMap
from maps.search.conditions import PUBLISHED
from sessions_app.kernel.limits import MAX_SEATS
from sessions_app.kernel.statuses import Status
from sessions_app.lobby.transactions import Steps, run_query

PAGE_SIZE, MAX_PAGE_SIZE = 20, 50
MAX_LISTED = 200  # cards on the page and on the list socket; the API lists all of them
MAX_FREE_SEATS = MAX_SEATS - 1  # the host has a seat
ORDER = Order("new", "g.created_at", "timestamptz")
CARD = f"""json_build_object(
    'id', g.id, 'created_at', {to_json_sql("g.created_at")}, 'seats', g.seat_limit,
    'free_seats', g.seat_limit - seated.count, 'host', seated.host,
    'map', json_build_object('id', m.id, 'name', m.name, 'width', m.width, 'height', m.height))"""
FROM_OPEN_LOBBIES = f"""
FROM game_sessions AS g JOIN maps AS m ON m.id = g.map_id
CROSS JOIN LATERAL (
    SELECT count(*)::int AS count, max(u.username) FILTER (WHERE s.is_host) AS host
    FROM session_players AS s JOIN users AS u ON u.id = s.user_id
    WHERE s.session_id = g.id AND s.left_at IS NULL) AS seated
WHERE g.status = '{Status.LOBBY}' AND g.is_public AND seated.count > 0 AND {PUBLISHED}"""  # noqa: S608
NEWEST_FIRST = "ORDER BY g.created_at DESC, g.id DESC"
LIST_CARDS = (
    f"SELECT {CARD}, g.created_at::text, g.id::text"
    f" {FROM_OPEN_LOBBIES} {{conditions}} {NEWEST_FIRST} LIMIT {{limit}}"
)
# One statement, so that cards and counts are consistent. Lobbies beyond the limit have no card.
SUMMARIZE = f"""
SELECT CASE WHEN row_number() OVER ({NEWEST_FIRST}) <= %s THEN {CARD} END,
    g.id::text, m.id::text, g.seat_limit - seated.count
{FROM_OPEN_LOBBIES} AND g.seat_limit > seated.count {NEWEST_FIRST}"""


@dataclass(frozen=True)
class LobbyFilter:
    """Which lobbies to list: on one map or with `words` in the map's name, with at least `free_seats`.

    `size` is the number of lobbies to list, `cursor` where to continue.
    """

    map_id: UUID | None = None
    free_seats: int = 0
    size: int = PAGE_SIZE
    cursor: str = ""
    words: str = ""


def parse_filter(parameters: Mapping[str, str]) -> LobbyFilter:
    """Reads the parameters `map`, `free_seats`, `page_size` and `cursor`. Raises InvalidInput."""
    return LobbyFilter(
        check_id(parameters["map"], "map") if "map" in parameters else None,
        read_integer(parameters, "free_seats", 0, MAX_FREE_SEATS, default=0),
        read_integer(parameters, "page_size", 1, MAX_PAGE_SIZE, default=PAGE_SIZE),
        parameters.get("cursor", ""),
    )


def list_open_lobbies(lobby_filter: LobbyFilter) -> Steps[tuple[list[dict[str, Any]], str | None]]:
    """Returns a page of cards, and the cursor of the next page. Raises InvalidInput for a bad cursor."""
    conditions, values = [], []
    if lobby_filter.map_id:
        conditions.append("AND g.map_id = %s")
        values.append(str(lobby_filter.map_id))
    if lobby_filter.words:
        conditions.append("AND strpos(text_fold(m.name), text_fold(%s)) > 0")
        values.append(lobby_filter.words)
    if lobby_filter.free_seats:
        conditions.append("AND g.seat_limit - seated.count >= %s")
        values.append(str(lobby_filter.free_seats))
    if cursor := ORDER.decode_cursor(lobby_filter.cursor):
        conditions.append("AND (g.created_at, g.id) < (%s::timestamptz, %s::uuid)")
        values += [cursor.key, cursor.row_id]
    sql = LIST_CARDS.format(conditions=" ".join(conditions), limit=lobby_filter.size + 1)
    rows = yield [(sql, values)]
    shown = rows[: lobby_filter.size]
    has_more = len(rows) > lobby_filter.size
    return [row[0] for row in shown], ORDER.encode_cursor(*shown[-1][1:]) if has_more else None


@dataclass(frozen=True)
class Summary:
    """All open lobbies with a free seat: cards of the newest, ids of all, and counts for each map."""

    cards: list[dict[str, Any]]
    ids: frozenset[str]
    maps: dict[str, dict[str, int]]


def summarize_open_lobbies(max_cards: int) -> Steps[Summary]:
    """Returns the summary for the list socket."""
    rows = yield [(SUMMARIZE, [max_cards])]
    maps: dict[str, dict[str, int]] = {}
    for _, _, map_id, free_seats in rows:
        counts = maps.setdefault(map_id, {"lobbies": 0, "free_seats": 0})
        counts["lobbies"] += 1
        counts["free_seats"] += free_seats
    cards = [card for card, *_ in rows if card]
    return Summary(cards, frozenset(row[1] for row in rows), maps)


def find_page_cards(lobby_filter: LobbyFilter) -> list[dict[str, Any]]:
    """Returns the cards of a page of lobbies, with links, pictures and seats for the template."""
    cards, _ = run_query(list_open_lobbies, lobby_filter)
    maps = GameMap.objects.for_cards().in_bulk({card["map"]["id"] for card in cards})
    pictures = {str(game_map.pk): game_map.card_picture for game_map in maps.values()}
    return [
        card
        | {
            "url": reverse("lobbies:detail", args=[card["id"]]),
            "picture": pictures[card["map"]["id"]],
            "created_at": datetime.datetime.fromisoformat(card["created_at"]),
            "pips": seat_pips(card["seats"], card["free_seats"]),
            "taken": card["seats"] - card["free_seats"],
        }
        for card in cards
    ]


def seat_pips(seats: int, free_seats: int) -> list[bool]:
    """Returns for each seat whether it is taken, the taken ones first."""
    return [True] * (seats - free_seats) + [False] * free_seats
