"""SQL about games that the app of maps needs (maps/games.py, maps/quotas.py)."""

from maps.games import GameQueries
from sessions_app.kernel.statuses import OPEN_STATUSES, Status, to_sql

MAP_QUERIES = GameQueries(
    has_completed=f"""EXISTS (
    SELECT 1 FROM session_players s JOIN game_sessions g ON g.id = s.session_id
    WHERE g.map_id = m.id AND s.user_id = %s AND g.status = '{Status.COMPLETED}')""",  # noqa: S608
    seated_map_ids=f"""
SELECT g.map_id FROM session_players s JOIN game_sessions g ON g.id = s.session_id
WHERE s.user_id = %s AND s.left_at IS NULL AND g.status IN {to_sql(OPEN_STATUSES)}""",  # noqa: S608
)
# The earlier versions of an author's maps that are stored for games.
EARLIER_MAP_VERSIONS = """
SELECT p.document_bytes FROM maps AS m
JOIN played_maps AS p ON p.map_id = m.id AND p.version <> m.version WHERE m.user_id = %(subject)s"""
