"""Two processes, one lobby: players hear each other as if they sat in one."""

import asyncio
import json
from pathlib import Path

from sessions_app.kernel.protocol import Close
from tests.support.fault_players import Player, Stage
from tests.support.processes import Serving, serving, stage
from tests.support.socket_clients import Caller, path_of


def test_one_lobby_in_two_processes(data: Path) -> None:
    with serving(data, "--no-demo") as one, serving(data, "--no-demo") as other:
        facts = json.loads(stage(data, "people", "1"))
        [(session_id, (host, guest, *_))] = facts["lobbies"].items()

        async def ticket(player: str) -> str:
            players = Stage(facts["redis"])
            try:
                return await players.ticket(Player(players, session_id, player))
            finally:
                await players.redis.aclose()

        def sit_down(server: Serving, player: str) -> Caller:
            caller = Caller(server, path_of(session_id))
            welcome = caller.ask("hello", ticket=asyncio.run(ticket(player)))
            assert welcome["type"] == "welcome"
            return caller

        with sit_down(one, host) as first, sit_down(other, guest) as second:
            version = second.ask("ready", is_ready=True)["version"]
            assert first.hear("lobby", version=version)
            first.say("chat", text="from one to the other")
            assert second.hear("chat", text="from one to the other")["data"]["player_id"] == host
            with sit_down(one, guest) as newer:
                assert second.closed(within=1) == Close.REPLACED  # sooner than a sweep would
                assert first.ask("kick", player_id=guest)["type"] == "lobby"
                assert newer.closed(within=1) == Close.REMOVED
