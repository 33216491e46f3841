"""Deletes played maps that no game refers to any more."""

from uuid import UUID

from django.db import connection, transaction

BATCH_SIZE = 100
IS_UNUSED = """
NOT EXISTS (SELECT FROM game_sessions AS g
    WHERE g.map_id = p.map_id AND g.map_version = p.version)"""
FIND_UNUSED = (
    f"SELECT p.id, p.map_id FROM played_maps AS p WHERE p.id > %s AND {IS_UNUSED}"  # noqa: S608
    " ORDER BY p.id LIMIT %s"
)
# The start of a game locks its map until the game has the map's version.
LOCK_MAPS = "SELECT id FROM maps WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
DELETE = f"DELETE FROM played_maps AS p WHERE p.id = ANY(%s) AND {IS_UNUSED}"  # noqa: S608


def delete_unused_maps() -> int:
    """Deletes the played maps without games. Returns how many."""
    deleted, last = 0, UUID(int=0)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FIND_UNUSED, [last, BATCH_SIZE])
            found = cursor.fetchall()
            if not found:
                return deleted
            cursor.execute(LOCK_MAPS, [[map_id for _, map_id in found]])
            cursor.execute(DELETE, [[played_id for played_id, _ in found]])
            deleted += cursor.rowcount
            last = found[-1][0]
