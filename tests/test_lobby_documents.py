"""The document of a lobby."""

from uuid import UUID

from sessions_app.kernel.statuses import Status
from sessions_app.lobby.documents import lobby_document
from sessions_app.lobby.entities import Lobby, Seat

NOW = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
EXAMPLE = Lobby(
    id=UUID(int=1),
    status=Status.LOBBY,
    game_map={
        "id": str(UUID(int=2)),
        "name": "Ford",
        "width": 20,
        "height": 20,
        "version": 1,
        "is_playable": True,
    },
    seats=(Seat(UUID(int=3), "Mira", 2, {"id": str(UUID(int=4))}, NOW, is_host=True, lost_at=NOW),),
    code="ABC234",
    version=7,
    created_at=NOW,
    touched_at=NOW,
)


def test_the_document_has_only_what_players_may_know() -> None:
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
