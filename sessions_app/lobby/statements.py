"""SQL of lobbies. The statements are constants, built at import; values are always parameters."""

from maps.search.conditions import PLAYABLE, PUBLISHED
from sessions_app.kernel.statuses import OPEN_STATUSES, RUNNING_STATUSES, Status, to_sql
from sessions_app.lobby.rules import GRACE_PERIOD, IDLE_LIMIT

MAX_DUE_LOBBIES = 100  # of one sweep
# A process whose heartbeat is older than this has ended, and holds no sockets.
SERVER_TIMEOUT_SECONDS = 15
# A timer starts the game at the end of a countdown. A sweep does so only if the timer has failed.
COUNTDOWN_MARGIN_SECONDS = 1

IS_OPEN = f"status IN {to_sql(OPEN_STATUSES)}"
TRIBE = """json_build_object('id', t.id, 'name', t.name, 'archetype', t.archetype,
    'color_theme', t.color_theme, 'damage_bonus', t.damage_bonus::float,
    'attack_speed_bonus', t.attack_speed_bonus::float, 'range_bonus', t.range_bonus::float)"""

# The last time at which players could reconnect, and at which a process could write. Until something has
# measured them, they are now. See sessions_app/live/clock.py.
AVAILABLE_AT = """
    least(statement_timestamp(), (SELECT available_at FROM lobby_clock WHERE id = 1))"""
WRITTEN_AT = "least(statement_timestamp(), (SELECT written_at FROM lobby_clock WHERE id = 1))"
IS_ORPHANED = f"""(v.seen_at IS NULL
        OR v.seen_at < {WRITTEN_AT} - interval '{SERVER_TIMEOUT_SECONDS} seconds')"""

# ---- Reading ------------------------------------------------------------------------------------

LOCK = "SELECT 1 FROM game_sessions WHERE id = %s FOR NO KEY UPDATE"
# Separate from LOCK, because only a later statement sees what was committed while LOCK waited. If the game
# has a map version, `p` is its played map. Seats with `left_at` are those of players who may come back.
READ = f"""
SELECT statement_timestamp(), g.id, g.status,
    json_build_object('id', m.id, 'name', coalesce(p.name, m.name),
        'width', coalesce(p.width, m.width), 'height', coalesce(p.height, m.height),
        'version', coalesce(g.map_version, m.version),
        'is_playable', g.map_version IS NOT NULL OR {PLAYABLE}),
    g.code, g.version, g.created_at, g.touched_at, g.is_public, g.seat_limit, g.kicked,
    g.countdown_ends_at, g.started_at, g.departed, {PUBLISHED}, {AVAILABLE_AT},
    s.left_at IS NOT NULL, s.user_id, u.username, u.level, coalesce(s.tribe_config::json, {TRIBE}),
    s.joined_at, s.is_host, s.is_ready, s.lost_at, s.connection, s.server_id, {IS_ORPHANED}
FROM game_sessions AS g JOIN maps AS m ON m.id = g.map_id
LEFT JOIN played_maps AS p ON p.map_id = g.map_id AND p.version = g.map_version
LEFT JOIN (session_players AS s JOIN users AS u ON u.id = s.user_id
        JOIN tribes AS t ON t.id = s.tribe_id LEFT JOIN lobby_servers AS v ON v.id = s.server_id)
    ON s.session_id = g.id AND (s.left_at IS NULL OR g.status IN {to_sql(RUNNING_STATUSES)})
WHERE g.id = %s ORDER BY s.joined_at, s.user_id"""  # noqa: S608 - constants only
READ_VERSION = "SELECT version FROM game_sessions WHERE id = %s"
# Returns no row for a game whose map was saved between READ and START.
READ_STARTED_VERSION = """
SELECT g.version FROM game_sessions AS g
JOIN played_maps AS p ON p.map_id = g.map_id AND p.version = g.map_version WHERE g.id = %s"""
READ_NEWCOMER = f"""
SELECT u.username, u.level, {TRIBE}, statement_timestamp()
FROM tribes AS t JOIN users AS u ON u.id = t.user_id
WHERE t.id = %s AND t.user_id = %s AND u.is_active"""  # noqa: S608 - constants only
FIND_BY_CODE = f"SELECT id FROM game_sessions WHERE code = %s AND {IS_OPEN}"  # noqa: S608
FIND_BY_PLAYER = f"""
SELECT g.id FROM session_players AS s JOIN game_sessions AS g ON g.id = s.session_id
WHERE s.user_id = %s AND s.left_at IS NULL AND g.{IS_OPEN}"""  # noqa: S608
# Whether a player has a reason to connect: a seat, one to come back to, or a departure to be confirmed.
MAY_CONNECT = f"""
SELECT 1 FROM game_sessions AS g WHERE g.id = %s AND (%s = ANY(g.departed) OR EXISTS (
    SELECT FROM session_players AS s WHERE s.session_id = g.id AND s.user_id = %s
        AND (g.status IN {to_sql(RUNNING_STATUSES)} OR (s.left_at IS NULL AND g.{IS_OPEN}))))"""  # noqa: S608
# The lobbies that `rules.apply_due_changes` changes. A lateral join reads only the seats of open games, and
# not those of all games ever played.
FIND_DUE_LOBBIES = f"""
SELECT g.id FROM game_sessions AS g CROSS JOIN LATERAL (
    SELECT bool_or(s.is_host) AS have_host,
        bool_and(s.is_ready AND s.lost_at IS NULL) AS are_ready,
        bool_or(
            s.lost_at <= {AVAILABLE_AT} - interval '{GRACE_PERIOD.seconds} seconds'
            OR (s.lost_at IS NULL AND {IS_ORPHANED})) AS are_due
    FROM session_players AS s LEFT JOIN lobby_servers AS v ON v.id = s.server_id
    WHERE s.session_id = g.id AND s.left_at IS NULL) AS seats
WHERE g.{IS_OPEN} AND (
    seats.have_host IS NOT TRUE OR seats.are_due
    OR (g.countdown_ends_at IS NOT NULL AND NOT seats.are_ready)
    OR g.countdown_ends_at
        <= statement_timestamp() - interval '{COUNTDOWN_MARGIN_SECONDS} seconds'
    OR (g.status = '{Status.LOBBY}'
        AND g.touched_at <= statement_timestamp() - interval '{IDLE_LIMIT.seconds} seconds'))
LIMIT {MAX_DUE_LOBBIES}"""  # noqa: S608 - constants only

# ---- Writing ------------------------------------------------------------------------------------

INSERT_LOBBY = """
INSERT INTO game_sessions (map_id, is_public, seat_limit, code) VALUES (%s, %s, %s, %s) RETURNING id"""
WRITE_LAST_STATE = "UPDATE game_sessions SET game_state = %s::jsonb WHERE id = %s RETURNING id"
# A player who comes back to a running game has a row already, with gold and tribe.
INSERT_SEAT = """
INSERT INTO session_players (session_id, user_id, tribe_id, is_host, is_ready, is_connected, lost_at,
    connection, server_id, joined_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (session_id, user_id) DO UPDATE SET left_at = NULL, is_host = EXCLUDED.is_host,
    is_ready = EXCLUDED.is_ready, is_connected = EXCLUDED.is_connected, lost_at = EXCLUDED.lost_at,
    connection = EXCLUDED.connection, server_id = EXCLUDED.server_id"""
DELETE_SEAT = "DELETE FROM session_players WHERE session_id = %s AND user_id = %s"
# The assignments that delete the resume token of a seat.
CLEARED_RESUME_COLUMNS = """resume_hash = NULL, previous_resume_hash = NULL, resume_family = NULL,
    resume_page = NULL, resume_stamp = NULL"""
# For a seat in a game that has started: the row remains for the history.
LEAVE_SEAT = f"""
UPDATE session_players SET left_at = %s, is_host = false, is_connected = false, connection = NULL,
    server_id = NULL, {CLEARED_RESUME_COLUMNS} WHERE session_id = %s AND user_id = %s"""  # noqa: S608 - constants only
DELETE_RESUME_TOKENS = f"""
UPDATE session_players SET {CLEARED_RESUME_COLUMNS}
WHERE session_id = %s AND resume_hash IS NOT NULL"""  # noqa: S608 - constants only
PLAYED_MAP_COLUMNS = ", ".join(
    "version name width height terrain_data spawn_point goal_point wave_config document_bytes".split()
)
# Copies and counts at the start of a game. They run once: only one transaction finds the game in its lobby.
START = (
    "UPDATE game_sessions AS g SET game_state = jsonb_build_object("
    "'towers', '[]'::jsonb, 'enemies', '[]'::jsonb, 'resources', (SELECT jsonb_object_agg(user_id, gold)"
    " FROM session_players WHERE session_id = g.id AND left_at IS NULL)) WHERE id = %s",
    f"UPDATE session_players AS s SET tribe_config = {TRIBE} FROM tribes AS t"  # noqa: S608
    " WHERE t.id = s.tribe_id AND s.session_id = %s",
    "UPDATE users SET total_games_played = total_games_played + 1 WHERE id IN"
    " (SELECT user_id FROM session_players WHERE session_id = %s AND left_at IS NULL ORDER BY 1)",
    # The update of the play count locks the map. The map is copied only if it has the version of the game.
    f"""
    WITH game AS (SELECT map_id, map_version FROM game_sessions WHERE id = %s),
    counted AS (
        UPDATE maps AS m SET play_count = play_count + 1 FROM game WHERE m.id = game.map_id
        RETURNING m.id AS map_id, {PLAYED_MAP_COLUMNS})
    INSERT INTO played_maps (map_id, {PLAYED_MAP_COLUMNS})
    SELECT * FROM counted WHERE version = (SELECT map_version FROM game)
    ON CONFLICT DO NOTHING""",  # noqa: S608 - constants only
)
