"""A thousand players at one process, and its end in good order."""

import asyncio
import json
import signal
import time
from pathlib import Path

from sessions_app.kernel.protocol import Close
from tests.support.fault_players import Cluster, Player
from tests.support.processes import memory, run_setup, running_server

LOBBIES = 345  # of two to four players


def test_a_full_process_ends_in_good_order(data: Path) -> None:
    with running_server(data, "--no-demo", TRUSTED_PROXIES="1") as server:
        facts = json.loads(run_setup(data, "lobbies", str(LOBBIES)))

        async def scenario() -> None:
            players = Cluster(facts["redis"])
            players.ports, players.is_still = [int(server.url.rsplit(":", 1)[1])], True
            seated = [
                Player(players, session_id, player_id)
                for session_id, ids in facts["lobbies"].items()
                for player_id in ids
            ][:1000]
            before, began = memory(server.process.pid), time.monotonic()
            async with players.live(seated):
                while not all(player.socket for player in seated):
                    assert time.monotonic() - began < 60
                    await asyncio.sleep(0.1)
                came, after = time.monotonic() - began, memory(server.process.pid)
                began = time.monotonic()
                assert await asyncio.to_thread(server.end, signal.SIGTERM) == 0
                took = time.monotonic() - began
                closes = sum(player.closes[Close.RESTARTING] for player in seated)
            print(  # noqa: T201
                f"\n{len(seated)} came in {came:.1f} s, {(after - before) * 1000 / len(seated):.0f} kB"
                f" each; all got code 1012, and the process ended in {took:.1f} s"
            )
            assert closes >= len(seated)
            assert took < 10

        asyncio.run(scenario())
        assert "Traceback" not in server.said, server.said[-3000:]
