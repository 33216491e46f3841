"""Statements that fire each trigger for any number of rows, and the rows that they change.

Players, maps, tribes, lobbies, seats and ratings are numbered: the number is the id. Player n is the author
of map n, rates map n - 1, has tribe n, and sits with it in lobby n, on map n.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
ID_FUNCTIONS = """
CREATE OR REPLACE FUNCTION bench_id(number int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT lpad(to_hex(number), 32, '0')::uuid
$$;
CREATE OR REPLACE FUNCTION bench_number(id uuid) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || right(id::text, 8))::bit(32)::int
$$;
"""
# Documents are as small as the constraints allow, because triggers are measured and not JSON.
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
TABLES = {
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
PLAYED_MAPS = """
INSERT INTO played_maps (map_id, version, name, width, height, terrain_data, spawn_point, goal_point,
    wave_config)
SELECT bench_id(n), 1, 'Map ' || n, 20, 20, '[]', '{{}}', '{{}}', '{{}}'
FROM generate_series({first}, {last}) AS n"""
FIRST_ROWS = "WHERE id <= bench_id({last})"


@dataclass(frozen=True)
class TriggerStatement:
    """SQL that fires triggers for `{last}` rows. `setup` is run before it and is not measured."""

    name: str
    sql: str
    fires: str  # names of triggers
    setup: str = ""


def update(table: str, change: str, fires: str) -> TriggerStatement:
    return TriggerStatement(
        f"UPDATE {table} SET {change}", f"UPDATE {table} SET {change} {FIRST_ROWS}", fires
    )


def insert(table: str, sql: str, fires: str, setup: str = "") -> TriggerStatement:
    return TriggerStatement(f"INSERT INTO {table}", sql.replace("{first}", "1"), fires, setup)


def delete(table: str, fires: str, setup: str = "") -> TriggerStatement:
    return TriggerStatement(
        f"DELETE FROM {table}", f"DELETE FROM {table} {FIRST_ROWS}", fires, setup
    )


DELETE_GAMES = f"DELETE FROM game_sessions {FIRST_ROWS}"
DELETE_SEATS = f"DELETE FROM session_players {FIRST_ROWS}"
DELETE_RATINGS = f"DELETE FROM map_ratings {FIRST_ROWS}"
# The ratings that these players gave and received.
DELETE_OWN_RATINGS = "DELETE FROM map_ratings WHERE id <= bench_id({last} + 1)"
NEW_IDS = 2**30  # the first id of rows that a statement adds
STATEMENTS = (
    update("users", "is_active = NOT is_active", "users_count_closings"),
    update("users", "level = level + 1", "maps_notify_author"),
    delete("users", "maps_notify_delete tribes_notify_delete", setup=DELETE_GAMES),
    TriggerStatement("TRUNCATE users", "TRUNCATE users CASCADE", "maps_notify_truncate"),
    insert(
        "maps",
        MAPS.replace("{offset}", str(NEW_IDS)),
        "maps_notify_insert maps_add_words_insert maps_count_bytes_insert maps_set_search_insert",
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
    update(
        "maps",
        "description = concat('Moor', name)",
        "maps_add_words_update maps_next_version maps_set_search_update",
    ),
    TriggerStatement(
        "UPDATE maps SET id",
        f"UPDATE maps SET id = bench_id({NEW_IDS} + bench_number(id)) {FIRST_ROWS}",
        "maps_notify_update",
        setup=f"{DELETE_GAMES}; {DELETE_OWN_RATINGS}",
    ),
    delete(
        "maps",
        "maps_notify_delete maps_after_rating_delete maps_pictures_delete",
        setup=DELETE_GAMES,
    ),
    insert(
        "map_ratings", RATINGS, "maps_after_rating_insert maps_notify_update", setup=DELETE_RATINGS
    ),
    update("map_ratings", "stars = 6 - stars", "maps_after_rating_update maps_notify_update"),
    delete("map_ratings", "maps_after_rating_delete maps_notify_update"),
    update("tribes", "color_theme = '#4477AA'", "tribes_notify_update tribes_change_lobbies"),
    delete("tribes", "tribes_notify_delete", setup=DELETE_SEATS),
    update("game_sessions", "status = 'InProgress'", "game_sessions_next_version"),
    update("game_sessions", "status = 'Abandoned'", "game_sessions_next_version"),
    insert(
        "session_players",
        SEATS,
        "session_players_check_seat session_players_count_change",
        setup=DELETE_SEATS,
    ),
    update("session_players", "is_ready = true", "session_players_count_change"),
    update(
        "session_players",
        "left_at = now()",
        "session_players_check_seat session_players_count_change",
    ),
    delete("session_players", "session_players_count_change"),
    insert("played_maps", PLAYED_MAPS, "played_maps_count_bytes"),
)
# Triggers that only reject rows, so that a statement would end with the first.
REJECTING_TRIGGERS = {"game_sessions_stay_over"}


def find_triggers(connection: Connection) -> dict[str, bool]:
    """Returns our triggers, without those of the task queue. True if plans report the trigger."""
    found = connection.execute(
        # The bits of 34 are BEFORE and TRUNCATE, which plans do not report.
        "SELECT tgname, tgtype & 34 = 0 FROM pg_trigger WHERE NOT tgisinternal"
        " AND tgname NOT LIKE 'procrastinate%' AND NOT EXISTS ("
        " SELECT FROM pg_depend WHERE objid = pg_trigger.oid AND deptype = 'e')"
    )
    return dict(found.fetchall())


def find_unmeasured_triggers(connection: Connection) -> set[str]:
    """Returns the triggers that no statement here fires."""
    fired = {name for statement in STATEMENTS for name in statement.fires.split()}
    return set(find_triggers(connection)) - fired - REJECTING_TRIGGERS


def fill(connection: Connection, first: int, last: int) -> None:
    """Adds the rows with these numbers to each table."""
    connection.execute(ID_FUNCTIONS)
    for sql in TABLES.values():
        connection.execute(sql.format(first=first, last=last))
