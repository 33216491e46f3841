"""Statements that fire each trigger, for any number of rows, and rows for them to change.

Players, maps, tribes, lobbies, seats and ratings are numbered: the number is the id. Player n is the author
of map n, rates map n - 1, has tribe n, and sits with it in lobby n, on map n.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
NUMBERED = """
CREATE OR REPLACE FUNCTION bench_id(number int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT lpad(to_hex(number), 32, '0')::uuid
$$;
CREATE OR REPLACE FUNCTION bench_number(id uuid) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || right(id::text, 8))::bit(32)::int
$$;
"""
# Documents as small as the constraints let them be: what triggers do is measured, not what JSON weighs.
MAPS = """
INSERT INTO maps (id, user_id, name, description, width, height, terrain_data, terrain_hash, spawn_point,
    goal_point, wave_config, is_public)
SELECT bench_id({offset} + n), bench_id(n), 'Map ' || n, 'Word' || n % 1000, 20, 20, '[]', 'x', '{{}}',
    '{{}}', '{{}}', true FROM generate_series({first}, {last}) AS n"""
SEATS = """
INSERT INTO session_players (id, session_id, user_id, tribe_id, is_host)
SELECT bench_id(n), bench_id(n), bench_id(n), bench_id(n), true FROM generate_series({first}, {last}) AS n"""
RATINGS = """
INSERT INTO map_ratings (id, user_id, map_id, stars)
SELECT bench_id(n), bench_id(n), bench_id(greatest(1, n - 1)), 1 + n % 5
FROM generate_series({first}, {last}) AS n"""
WORLD = {
    "users": """
INSERT INTO users (id, username, email, password_hash, is_active, is_staff, is_superuser)
SELECT bench_id(n), 'Player' || n, 'player' || n || '@example.com', '!', true, false, false
FROM generate_series({first}, {last}) AS n""",
    "maps": MAPS.replace("{offset} + ", ""),
    "tribes": """
INSERT INTO tribes (id, user_id, name, archetype, damage_bonus, color_theme)
SELECT bench_id(n), bench_id(n), 'Ravens', 'Aggressive', 0.50, '#FFD700'
FROM generate_series({first}, {last}) AS n""",
    "game_sessions": """
INSERT INTO game_sessions (id, map_id) SELECT bench_id(n), bench_id(n)
FROM generate_series({first}, {last}) AS n""",
    "session_players": SEATS,
    "map_ratings": RATINGS,
}
PLAYED = """
INSERT INTO played_maps (map_id, version, name, width, height, terrain_data, spawn_point, goal_point,
    wave_config)
SELECT bench_id(n), 1, 'Map ' || n, 20, 20, '[]', '{{}}', '{{}}', '{{}}'
FROM generate_series({first}, {last}) AS n"""
FEW = "WHERE id <= bench_id({last})"


@dataclass(frozen=True)
class Firing:
    """A statement that fires triggers for `{last}` rows, and what must be done before it."""

    name: str
    statement: str
    fires: str  # names of triggers
    before: str = ""


def update(table: str, change: str, fires: str) -> Firing:
    return Firing(f"UPDATE {table} SET {change}", f"UPDATE {table} SET {change} {FEW}", fires)


def insert(table: str, statement: str, fires: str, before: str = "") -> Firing:
    return Firing(f"INSERT INTO {table}", statement.replace("{first}", "1"), fires, before)


def delete(table: str, fires: str, before: str = "") -> Firing:
    return Firing(f"DELETE FROM {table}", f"DELETE FROM {table} {FEW}", fires, before)


NO_GAMES = f"DELETE FROM game_sessions {FEW}"
NO_SEATS = f"DELETE FROM session_players {FEW}"
NO_RATINGS = f"DELETE FROM map_ratings {FEW}"
OWN_RATINGS = "DELETE FROM map_ratings WHERE id <= bench_id({last} + 1)"  # by and of these players
OTHERS = 2**30  # the ids of rows that a statement adds begin here
FIRINGS = (
    update("users", "is_active = NOT is_active", "users_count_closings"),
    update("users", "level = level + 1", "maps_notify_author"),
    delete("users", "maps_notify_delete tribes_notify_delete", before=NO_GAMES),
    Firing("TRUNCATE users", "TRUNCATE users CASCADE", "maps_notify_truncate"),
    insert(
        "maps",
        MAPS.replace("{offset}", str(OTHERS)),
        "maps_notify_insert maps_add_words_insert maps_count_bytes_insert",
    ),
    update("maps", "play_count = play_count + 1", "maps_notify_update"),
    update("maps", "is_public = NOT is_public", "maps_notify_update maps_change_lobbies"),
    update("maps", "hidden_at = now()", "maps_notify_update maps_change_lobbies"),
    update(
        "maps",
        "width = 21",
        "maps_next_version maps_clear_validity maps_clear_terrain_hash maps_notify_update maps_change_lobbies"
        " maps_pictures_update",
    ),
    update("maps", """spawn_point = '{{"x": 1}}'""", "maps_next_version maps_count_bytes_update"),
    update("maps", "description = concat('Moor', name)", "maps_add_words_update maps_next_version"),
    Firing(
        "UPDATE maps SET id",
        f"UPDATE maps SET id = bench_id({OTHERS} + bench_number(id)) {FEW}",
        "maps_notify_update",
        before=f"{NO_GAMES}; {OWN_RATINGS}",
    ),
    delete(
        "maps", "maps_notify_delete maps_after_rating_delete maps_pictures_delete", before=NO_GAMES
    ),
    insert(
        "map_ratings", RATINGS, "maps_after_rating_insert maps_notify_update", before=NO_RATINGS
    ),
    update("map_ratings", "stars = 6 - stars", "maps_after_rating_update maps_notify_update"),
    delete("map_ratings", "maps_after_rating_delete maps_notify_update"),
    update("tribes", "color_theme = '#4477AA'", "tribes_notify_update tribes_change_lobbies"),
    delete("tribes", "tribes_notify_delete", before=NO_SEATS),
    update("game_sessions", "status = 'InProgress'", "game_sessions_next_version"),
    update("game_sessions", "status = 'Abandoned'", "game_sessions_next_version"),
    insert(
        "session_players",
        SEATS,
        "session_players_check_seat session_players_count_change",
        before=NO_SEATS,
    ),
    update("session_players", "is_ready = true", "session_players_count_change"),
    update(
        "session_players",
        "left_at = now()",
        "session_players_check_seat session_players_count_change",
    ),
    delete("session_players", "session_players_count_change"),
    insert("played_maps", PLAYED, "played_maps_count_bytes"),
)
# Triggers that do nothing but refuse a row: the statement would end with the first.
REFUSALS = {"game_sessions_stay_over"}


def triggers(connection: Connection) -> dict[str, bool]:
    """Our triggers, not those of the task queue; true for those that a plan names when they fire."""
    found = connection.execute(
        # 34: BEFORE, and TRUNCATE, of which there is no plan.
        "SELECT tgname, tgtype & 34 = 0 FROM pg_trigger WHERE NOT tgisinternal"
        " AND tgname NOT LIKE 'procrastinate%' AND NOT EXISTS ("
        " SELECT FROM pg_depend WHERE objid = pg_trigger.oid AND deptype = 'e')"
    )
    return dict(found.fetchall())


def without_entry(connection: Connection) -> set[str]:
    """Triggers that no statement here fires."""
    fired = {name for firing in FIRINGS for name in firing.fires.split()}
    return set(triggers(connection)) - fired - REFUSALS


def fill(connection: Connection, first: int, last: int) -> None:
    """Add the rows of these numbers to each table."""
    connection.execute(NUMBERED)
    for statement in WORLD.values():
        connection.execute(statement.format(first=first, last=last))
