"""The tribes at a table, by what counts in play: as they are now, and from the start on as they were then."""

from typing import Any
from uuid import UUID

from accounts.models import User
from sessions_app.games.access import game_for
from tribes.config_cache import FIELDS, read_config
from tribes.models import Tribe


def tribes_at(session_id: UUID, player: User) -> list[dict[str, Any]]:
    """Whose tribe multiplies by what, those who joined first before the others.

    For whoever sits there and for game servers. Whoever left a running game is told too: towers of
    theirs may stand. Raises DomainError (404) for others.
    """
    seats = game_for(session_id, player).seats.order_by("joined_at", "user_id")
    told = []
    for player_id, tribe_id, fixed in seats.values_list("user_id", "tribe_id", "tribe_config"):
        try:
            # A start copies the tribe to its seat; until then it may change, and is read as it is.
            counts = fixed or vars(read_config(tribe_id))
        except Tribe.DoesNotExist:  # left this moment, and was deleted
            continue
        facts = {field: counts[field] for field in FIELDS}
        told.append({"player_id": player_id, "tribe_id": tribe_id} | facts)
    return told
