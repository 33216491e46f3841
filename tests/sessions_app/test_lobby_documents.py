"""The document of a lobby."""

from uuid import UUID

from sessions_app.lobby.documents import lobby_document
from tests.support.lobbies import EXAMPLE


def test_the_document_has_only_what_players_may_see() -> None:
    shown = lobby_document(EXAMPLE)
    assert shown["players"] == [
        {
            "player_id": UUID(int=3),
            "username": "Mira",
            "level": 2,
            "tribe": {"id": str(UUID(int=4))},
            "is_host": True,
            "is_ready": False,
            "is_connected": False,
            "joined_at": "2026-07-01T12:00:00.000000Z",
        }
    ]
    assert (shown["host"], shown["version"], shown["countdown_ends_at"]) == (UUID(int=3), 7, None)
