"""Where clients connect to their seats. Pure."""

from uuid import UUID

SUBPROTOCOL = "tribehold.v1"


def socket_address(game_id: UUID) -> dict[str, str]:
    """Returns where and how a client connects to its seat, for documents of the API."""
    return {"path": f"/ws/game-sessions/{game_id}", "subprotocol": SUBPROTOCOL}
