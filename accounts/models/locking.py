"""One after the other for each player: a count is right only until somebody else adds to it."""

from uuid import UUID

from django.db import connection
from django.shortcuts import get_object_or_404

from accounts.models import User

STORAGE = 77002  # our space of advisory locks; maps.browse.terrain_cache has another


def lock_player(player: User) -> None:
    """Make others wait who count what this player has. Raises Http404 for one who is gone."""
    get_object_or_404(User.objects.select_for_update(no_key=True).only("pk"), pk=player.pk)


def lock_storage(player_id: UUID) -> None:
    """Make others wait who store maps of this player, until the transaction is over.

    To be taken before any row is locked. The player's row won't do: a change of a map updates the lobbies
    on it, and whoever sits down in one of those holds the lobby and waits for the player.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [STORAGE, str(player_id)])
