"""The lock on what a player stores in maps."""

from uuid import UUID

from django.db import connection

STORAGE_LOCKS = 77002  # our space of advisory locks; maps.browse.terrain_cache has another


def lock_storage(player_id: UUID) -> None:
    """Makes others wait that store maps of this player, until the transaction ends.

    To be taken before any row is locked. The lock on the player's row would deadlock: a change of a map
    updates the lobbies on it, and an action that takes a seat there holds the lobby and waits for the player.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [STORAGE_LOCKS, str(player_id)]
        )
