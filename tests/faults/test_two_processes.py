"""Two processes, one lobby: players receive each other's messages as if in one process."""

import asyncio
import json
from pathlib import Path

from sessions_app.kernel.protocol import Close
from tests.support.fault_players import Cluster, Player
from tests.support.processes import ServeProcess, run_setup, running_server
from tests.support.socket_clients import Caller, path_of


def test_one_lobby_in_two_processes(data: Path) -> None:
    with running_server(data, "--no-demo") as one, running_server(data, "--no-demo") as other:
        facts = json.loads(run_setup(data, "lobbies", "1"))
        [(session_id, (host, guest, *_))] = facts["lobbies"].items()

        async def ticket(player: str) -> str:
            players = Cluster(facts["redis"])
            try:
                return await players.ticket(Player(players, session_id, player))
            finally:
                await players.redis.aclose()

        def take_seat_by_socket(server: ServeProcess, player: str) -> Caller:
            caller = Caller(server, path_of(session_id))
            welcome = caller.ask("hello", ticket=asyncio.run(ticket(player)))
            assert welcome["type"] == "welcome"
            return caller

        with take_seat_by_socket(one, host) as first, take_seat_by_socket(other, guest) as second:
            version = second.ask("ready", is_ready=True)["version"]
            assert first.receive("lobby", version=version)
            first.send("chat", text="from one to the other")
            assert second.receive("chat", text="from one to the other")["data"]["player_id"] == host
            with take_seat_by_socket(one, guest) as newer:
                assert second.closed(within=1) == Close.REPLACED  # sooner than a sweep would
                assert first.ask("kick", player_id=guest)["type"] == "lobby"
                assert newer.closed(within=1) == Close.REMOVED
