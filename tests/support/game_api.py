"""Games by the API: players, a map, and calls in their names."""

import datetime
import json
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.test import Client

from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import transactions
from sessions_app.models import GameSession
from tests.support.api import bearer
from tests.support.factories import make_map, make_tribe, make_user

ROUTE = "/api/v1/game-sessions"


class Table:
    """Four players with tribes, a map, and calls of the API in their names."""

    def __init__(self) -> None:
        self.players = [make_user(f"Player{n}") for n in range(5)]
        self.tribes = [make_tribe(player) for player in self.players]
        self.game_map = make_map(self.players[4])
        self.headers = [bearer(player) for player in self.players]

    def ask(self, who: int | None, method: str, path: str = "", body: Any = None) -> Any:
        """Returns (status, document) of a call of the API."""
        client = Client(REMOTE_ADDR=f"10.1.0.{who}")
        headers = {} if who is None else self.headers[who]
        response = client.generic(
            method,
            ROUTE + path,
            "" if body is None else json.dumps(body, default=str),
            content_type="application/json",
            headers=headers,
        )
        return response.status_code, response.json() if response.content else None

    def open(self, who: int = 0, **more: Any) -> Any:
        """A lobby's document."""
        body = {"map_id": self.game_map.pk, "tribe_id": self.tribes[who].pk} | more
        status, lobby = self.ask(who, "POST", "", body)
        assert status == 201, lobby
        return lobby

    def join(self, who: int, lobby: Any) -> Any:
        body = {"tribe_id": self.tribes[who].pk}
        return self.ask(who, "POST", f"/{lobby['id']}/join", body)

    def start(self, lobby: Any, *players: int) -> None:
        """Starts a game: all players are connected and ready, and the countdown is over."""
        session_id = UUID(lobby["id"])
        for player in map(self.players.__getitem__, players):
            transactions.run(
                lobby_actions.connect, session_id, player.pk, connection=uuid4(), server=None
            )
            transactions.run(lobby_actions.set_ready, session_id, player.pk, is_ready=True)
        status, _ = self.ask(0, "POST", f"/{session_id}/start", {"solo": len(players) == 1})
        assert status == 200
        over = datetime.timedelta(seconds=4)
        game = GameSession.objects.get(pk=session_id)
        assert game.countdown_ends_at
        game.countdown_ends_at -= over
        game.save(update_fields=["countdown_ends_at"])
        server = uuid4()
        with connection.cursor() as cursor:  # a process that holds the sockets
            cursor.execute("INSERT INTO lobby_servers (id) VALUES (%s)", [server])
            cursor.execute(
                "UPDATE session_players SET server_id = %s WHERE session_id = %s",
                [server, session_id],
            )
        transactions.run(lobby_actions.apply_due_changes, session_id)


def code_of(response: Any) -> tuple[int, str]:
    status, body = response
    return status, body["errors"][0]["code"]
