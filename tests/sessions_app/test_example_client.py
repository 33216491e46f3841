"""The example clients of the documentation, with the real server."""

import asyncio
import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from accounts.tokens.actions import start_family
from config.kernel.errors import DomainError
from sessions_app.models import GameSession
from sessions_app.tickets import resume_tokens, tickets
from tests.support import waiting
from tests.support.factories import PASSWORD, make_map, make_user
from tests.support.live_site import Site
from tests.support.lobbies import Table

pytestmark = pytest.mark.django_db(transaction=True)
DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE, LOBBY_EXAMPLE = DOCS / "example_client.py", DOCS / "example_lobby_client.py"


def example(path: Path = EXAMPLE) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_signs_in_lists_maps_and_refreshes_its_token(site: Site) -> None:
    author = make_user("Author")
    for n in range(60):
        make_map(author, f"Ford {n:02}")
    client = example().Tribehold(site.url, "author", PASSWORD)
    assert len(list(client.maps())) == 60
    client.http.headers["Authorization"] = "Bearer dead"
    assert len(list(client.maps("ford"))) == 60
    assert client.ask("GET", "users/me")["username"] == "Author"
    client.refresh_token = "dead"
    client.http.headers["Authorization"] = "Bearer dead"
    with pytest.raises(httpx.HTTPStatusError):
        client.ask("GET", "users/me")
    client.close()


def test_the_example_runs_as_a_program(site: Site) -> None:
    make_map(make_user("Author"), "Quiet Ford")
    command = [sys.executable, str(EXAMPLE), site.url, "author", PASSWORD]
    response = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert response.stdout == "0.00 ★ Quiet Ford, by Author\n", response.stderr


@contextmanager
def begin(site: Site, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Runs the example client of lobbies as a program, for at most a minute."""
    command = [sys.executable, str(LOBBY_EXAMPLE), site.url, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as program:
        end = threading.Timer(60, program.kill)
        end.start()
        try:
            yield program
        finally:
            end.cancel()
            program.kill()


def until(program: "subprocess.Popen[str]", *words: str) -> str:
    """Returns the next line of a program with all of these words."""
    assert program.stdout
    for line in program.stdout:
        if all(word in line for word in words):
            return line
    raise AssertionError("It has ended.")


def has_begun(program: "subprocess.Popen[str]") -> None:
    said, complained = program.communicate(timeout=30)
    assert said.endswith("The game begins.\n"), said
    assert complained == ""


def test_two_lobby_clients_join_and_start(site: Site) -> None:
    make_map(make_user("Author"))
    make_user("Friend")
    with begin(site, "author", PASSWORD) as host:
        code = until(host, "Code:").split()[1]
        with begin(site, "friend", PASSWORD, code) as friend:
            has_begun(friend)
            has_begun(host)


def test_lobby_clients_reconnect_and_start(site: Site) -> None:
    """Connections are cut while one player is ready, and again during the countdown."""
    make_map(make_user("Author"))
    make_user("Friend")
    with begin(site, "author", PASSWORD) as host:
        code = until(host, "Code:").split()[1]
        until(host, "Author ✓")
        site.cut()
        with begin(site, "friend", PASSWORD, code) as friend:
            until(host, "Author ✓", "Friend ✓")
            waiting.until(lambda: bool(GameSession.objects.get().countdown_ends_at))
            site.cut()
            has_begun(friend)
            has_begun(host)


def test_a_lobby_client_refreshes_its_token_and_requests_a_new_ticket(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table(1)
    _, refresh = start_family(table.users[0], "tests")
    redeem, died = tickets.redeem_ticket, [True, False, True, True]

    async def redeem_some(*arguments: Any) -> Any:
        holder = await redeem(*arguments)
        return None if died.pop(0) else holder

    monkeypatch.setattr(tickets, "redeem_ticket", redeem_some)
    monkeypatch.setattr(resume_tokens, "find_holder", never_found)
    module = example(LOBBY_EXAMPLE)

    async def drill() -> list[str]:
        sign_in = module.SignIn(site.url, {"access": "dead", "refresh": refresh})
        async with httpx.AsyncClient(base_url=f"{site.url}/api/v1/", auth=sign_in) as api:
            client, kinds = module.LobbyClient(api, str(table.id)), []
            async for message in client.messages():
                kinds.append(message["type"])
                site.cut()
            return kinds

    kinds = asyncio.run(drill())
    assert "welcome" in kinds  # after one invalid ticket; after two in a row the client ends
    assert died == []
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        asyncio.run(signed_out(module, site, str(table.id)))


def test_a_lobby_client_resumes_its_seat_without_a_request(site: Site) -> None:
    """The address has used up its requests, so a ticket would be refused."""
    table = Table(1)
    access, refresh = start_family(table.users[0], "tests")
    module, requests = example(LOBBY_EXAMPLE), []

    async def drill() -> int:
        sign_in = module.SignIn(site.url, {"access": access, "refresh": refresh})
        async with httpx.AsyncClient(base_url=f"{site.url}/api/v1/", auth=sign_in) as api:
            api.event_hooks["request"].append(record)
            client, welcomes = module.LobbyClient(api, str(table.id)), 0
            async with aclosing(client.messages()) as messages:
                async for message in messages:
                    welcomes += message["type"] == "welcome"
                    if welcomes == 4:
                        break
                    site.cut()
            return welcomes

    async def record(request: httpx.Request) -> None:
        requests.append(request.url.path)

    assert asyncio.run(drill()) == 4
    assert requests == [f"/api/v1/game-sessions/{table.id}/ticket"]


@pytest.mark.parametrize(
    ("steady", "waits"), [(5, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]), (0, [0.1] * 8)]
)
def test_a_lobby_client_waits_longer_until_a_connection_lasts(
    monkeypatch: pytest.MonkeyPatch, steady: float, waits: list[float]
) -> None:
    """The server sends `welcome` and then closes each connection."""
    module, waited, asks = example(LOBBY_EXAMPLE), [], []
    monkeypatch.setattr(module, "STABLE_AFTER", steady)
    data = {"player_id": "me", "time": "2026-07-01T12:00:00Z", "lobby": None, "resume": "x"}

    def wait(_: float, longest: float) -> float:
        waited.append(longest)
        return 0

    monkeypatch.setattr(module.random, "uniform", wait)

    async def drop(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(
            json.dumps({"type": "welcome", "version": 1, "data": data, "re": "hello"})
        )
        for asks_again in (False, True):
            pong = {"type": "pong", "version": 0, "data": {"time": 0, "asks": asks_again}}
            await socket.send(json.dumps(pong | ({} if asks_again else {"re": ""})))
        asks.append(json.loads(await socket.recv())["type"])
        await socket.close(1012)

    def make_ticket(request: httpx.Request) -> httpx.Response:
        connect = {"path": "/ws/game-sessions/1", "subprotocol": "tribehold.v1"}
        return httpx.Response(201, json={"ticket": "x", "connect": connect})

    async def drill() -> None:
        async with serve(
            drop, "127.0.0.1", 0, subprotocols=[Subprotocol("tribehold.v1")]
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            transport, address = (
                httpx.MockTransport(make_ticket),
                f"http://127.0.0.1:{port}/api/v1/",
            )
            async with (
                httpx.AsyncClient(base_url=address, transport=transport) as api,
                aclosing(module.LobbyClient(api, "1").messages()) as messages,
            ):
                async for _ in messages:
                    if len(waited) == len(waits):
                        return

    asyncio.run(drill())
    assert waited == waits
    assert set(asks) == {"ping"}


def never_found(*_: Any) -> Iterator[Any]:
    """A resume token that has ended."""
    yield [("SELECT 1", [])]
    raise DomainError("bad_resume", "It has ended.")


async def signed_out(module: Any, site: Site, session_id: str) -> None:
    sign_in = module.SignIn(site.url, {"access": "dead", "refresh": "dead"})
    async with httpx.AsyncClient(base_url=f"{site.url}/api/v1/", auth=sign_in) as api:
        async for _ in module.LobbyClient(api, session_id).messages():
            pass
