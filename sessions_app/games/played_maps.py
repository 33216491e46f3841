"""Maps as they were played, of which no game is left."""

from django.db import connection, transaction

BATCH = 100
UNUSED = """
NOT EXISTS (SELECT FROM game_sessions AS g
    WHERE g.map_id = p.map_id AND g.map_version = p.version)"""
FIND = f"SELECT p.id, p.map_id FROM played_maps AS p WHERE p.id > %s AND {UNUSED} ORDER BY p.id LIMIT %s"  # noqa: S608
# Whoever starts a game holds its map until the game has its version.
LOCK = "SELECT id FROM maps WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
DELETE = f"DELETE FROM played_maps AS p WHERE p.id = ANY(%s) AND {UNUSED}"  # noqa: S608
FIRST = "00000000-0000-0000-0000-000000000000"


def delete_unused() -> int:
    """Delete the maps that no game was played on, and return how many."""
    deleted, last = 0, FIRST
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FIND, [last, BATCH])
            found = cursor.fetchall()
            if not found:
                return deleted
            cursor.execute(LOCK, [[map_id for _, map_id in found]])
            cursor.execute(DELETE, [[played_id for played_id, _ in found]])
            deleted += cursor.rowcount
            last = found[-1][0]
