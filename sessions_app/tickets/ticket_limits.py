"""The rate limit of tickets: of each player, and not of the address.

Otherwise a player who lost the socket could not come back while another client at the same address uses up
its requests.
"""

import re

from accounts.tokens import signing
from config.limits.request_policies import PlayerRoute


def read_player(authorization: str) -> str | None:
    """Returns the id of the player whose access token a request has; None without a valid signature.

    Whether the token is still active is checked later. A player can at most use up the player's own limit.
    """
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer":
        return None
    try:
        return str(signing.read(token.strip(), "access").user_id)
    except signing.UnreadableToken:
        return None


TICKETS = PlayerRoute(
    "POST", re.compile(r"/api/v1/game-sessions/[0-9A-Fa-f-]{36}/ticket/?"), "tickets", read_player
)
