"""The client library in a browser, before a server that does what a real one does only on bad days."""

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.templatetags.static import static
from playwright.sync_api import Page, WebSocketRoute, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("page", [1440], indirect=True),  # nothing here is seen
]
LOBBY: dict[str, Any] = {
    "id": str(UUID(int=1)),
    "status": "Lobby",
    "players": [],
    "countdown_ends_at": None,
}
START = """async (library) => {
    window.library = await import(library);
    const { LobbyClient } = window.library;
    window.client = new LobbyClient(new URL("/ws/test", location.href.replace("http", "ws")));
    window.told = [];
    for (const name of ["state", "lobby", "chat", "started", "closed", "error"]) {
        client.addEventListener(name, ({ detail }) => told.push([name, detail]));
    }
    client.open();
}"""


class Server:
    """What stands at the other end: it keeps what it hears, and says what a test has it say."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.heard: list[dict[str, Any]] = []
        self.greets = True  # answers hello
        self.answers = True  # answers commands
        self.version = 1

    def accept(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self.hear(socket, json.loads(text)))

    def hear(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        self.heard.append(message)
        if message["type"] == "hello" and self.greets:
            known = message["data"].get("version") == self.version
            data = {"player_id": "me", "time": 0, "lobby": None if known else LOBBY}
            self.say("welcome", data, re=message["id"])
        elif message["type"] not in ("hello", "ping") and self.answers:
            self.say("lobby", LOBBY, re=message["id"])

    def say(self, kind: str, data: Any, **more: Any) -> None:
        frame = {"type": kind, "version": self.version, "data": data} | more
        self.sockets[-1].send(json.dumps(frame))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["type"] == kind]


@pytest.fixture
def server(page: Page) -> Iterator[Server]:
    """A server, and a client that has begun to talk to it."""
    server = Server()
    page.route_web_socket("**/ws/test", server.accept)
    page.goto("/privacy/")
    page.evaluate(START, static("js/lobby/client.js"))
    is_live(page)
    yield server
    page.evaluate("client.close()")


def is_live(page: Page) -> None:
    sees(page, "client.state === 'live'")


def until(page: Page, holds: Callable[[], Any]) -> None:
    """Wait until the server has heard something."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(25)
    raise AssertionError("It did not happen.")


def sees(page: Page, what: str) -> None:
    """Wait until something is so in the page, whose policy forbids Playwright's own way of waiting."""
    until(page, lambda: page.evaluate(what))


def has_met(server: Server, sockets: int) -> bool:
    """Whether the client has come so many times."""
    return len(server.sockets) == sockets


def count(page: Page, name: str) -> int:
    found: int = page.evaluate("name => told.filter(([n]) => n === name).length", name)
    return found


def test_what_is_missed_is_asked_for(page: Page, server: Server) -> None:
    server.version = 5
    server.say("pong", {"time": 0, "asks": False}, re="ping")
    until(page, lambda: len(server.of("hello")) == 2)
    assert server.of("hello")[1]["data"] == {"version": 1}
    sees(page, "client.version === 5")
    server.say("chat", {"player_id": "x", "text": "hi", "at": "2026-01-01T00:00:00Z"})
    sees(page, "told.some(([name]) => name === 'chat')")
    assert len(server.of("hello")) == 2  # nothing is missed by that


def test_old_news_is_dropped(page: Page, server: Server) -> None:
    server.version = 3
    server.say("lobby", LOBBY)
    sees(page, "client.version === 3")
    before = count(page, "lobby")
    server.version = 2
    server.say("lobby", LOBBY)
    server.say("pong", {"time": 0, "asks": True})
    until(page, lambda: server.of("ping"))  # it has read both
    assert count(page, "lobby") == before
    assert page.evaluate("client.version") == 3


def test_a_sign_of_life_is_given_when_asked_for(page: Page, server: Server) -> None:
    server.say("pong", {"time": 0, "asks": True})
    until(page, lambda: len(server.of("ping")) == 1)
    for re in ("ping", ""):  # an answer is not answered, whatever it answers
        server.say("pong", {"time": 0, "asks": False}, re=re)
    server.say("chat", {"player_id": "x", "text": "hi", "at": "2026-01-01T00:00:00Z"})
    sees(page, "told.some(([name]) => name === 'chat')")
    assert len(server.of("ping")) == 1


def test_an_unanswered_command_is_sent_once_more(page: Page, server: Server) -> None:
    server.answers = False
    page.evaluate("window.answer = client.ready(true).catch((error) => error.code); 0")
    until(page, lambda: len(server.of("ready")) == 1)
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("ready")) == 2)
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 3)
    first, second = server.of("ready")
    assert first == second  # with its id, so that it is done once
    assert page.evaluate("answer") == "unanswered"


def test_commands_resolve_or_say_why_not(page: Page, server: Server) -> None:
    assert page.evaluate("client.start(true).then((lobby) => lobby.status)") == "Lobby"
    assert server.of("start")[0]["data"] == {"solo": True}
    server.answers = False
    page.evaluate("window.answer = client.kick('x').catch(({ code, detail }) => [code, detail]); 0")
    until(page, lambda: server.of("kick"))
    data = {"code": "not_host", "detail": "Only the host may do this."}
    server.say("error", data, re=server.of("kick")[0]["id"])
    assert page.evaluate("answer") == list(data.values())
    assert count(page, "error") == 0
    server.say("error", {"code": "not_json", "detail": "?"}, re=None)
    sees(page, "told.some(([name]) => name === 'error')")


@pytest.mark.parametrize("code", [1006, 1011, 1012, 4408, 4429])
def test_closes_that_say_come_back(page: Page, server: Server, code: int) -> None:
    if code == 1006:  # no server may send it
        page.evaluate("window.dispatchEvent(new Event('offline'))")
        server.answers = False
        until(page, lambda: server.of("ping"))
    else:
        server.sockets[-1].close(code=code)
    until(page, lambda: len(server.sockets) == 2)  # after 4 s of silence where nothing was said
    is_live(page)
    assert server.of("hello")[1]["data"] == {"version": 1}
    waits = page.evaluate("told.filter(([n, d]) => n === 'state' && d.state === 'waiting')")
    assert 0 < len(waits) <= 2
    assert waits[0][1]["reason"].endswith(".")


def test_a_sign_in_that_ended_is_tried_once_more(page: Page, server: Server) -> None:
    server.sockets[-1].close(code=4401)
    until(page, lambda: has_met(server, 2))
    is_live(page)  # it was renewed
    server.greets = False
    server.sockets[-1].close(code=4401)
    until(page, lambda: has_met(server, 3))
    server.sockets[-1].close(code=4401)
    sees(page, "client.state === 'ended'")
    assert "signed out" in page.evaluate("told.at(-1)[1].reason")


@pytest.mark.parametrize("code", [1009, 4400, 4403, 4404, 4409])
def test_closes_that_are_the_end(page: Page, server: Server, code: int) -> None:
    server.answers = False
    page.evaluate("window.answer = client.leave().catch((error) => error.code); 0")
    until(page, lambda: server.of("leave"))
    server.sockets[-1].close(code=code)
    sees(page, "client.state === 'ended'")
    assert page.evaluate("answer") == "ended"
    assert page.evaluate("client.ready(true).catch((error) => error.code)") == "ended"
    told = page.evaluate("told.filter(([name]) => name === 'state').at(-1)[1]")
    assert told["code"] == code
    assert len(told["reason"]) > 10
    page.wait_for_timeout(300)
    assert len(server.sockets) == 1


def test_tries_grow_rarer_and_online_ends_the_wait(page: Page, server: Server) -> None:
    server.greets = False
    page.evaluate("Math.random = () => 1")
    for n in range(2, 7):
        server.sockets[-1].close(code=1012)
        until(page, functools.partial(has_met, server, n))
    server.sockets[-1].close(code=1012)
    sees(page, "client.state === 'waiting'")
    left = page.evaluate("told.at(-1)[1].retryAt - Date.now()")
    assert 2_500 < left <= 3_200
    server.greets = True
    page.evaluate("window.dispatchEvent(new Event('online'))")
    is_live(page)


def test_a_ticket_is_fetched_for_each_connection(page: Page, server: Server) -> None:
    page.evaluate("client.close()")
    page.evaluate("""async () => {
        const { LobbyClient } = library;
        let n = 0;
        const ticket = async () => {
            n += 1;
            if (n === 3) throw Object.assign(new Error("Sign in again."), { final: true });
            return `ticket-${n}`;
        };
        client = new LobbyClient(new URL("/ws/test", location.href.replace("http", "ws")), { ticket });
        client.addEventListener("state", ({ detail }) => told.push(["state", detail]));
        client.open();
    }""")
    is_live(page)
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 3)
    assert [m["data"].get("ticket") for m in server.of("hello")] == [None, "ticket-1", "ticket-2"]
    is_live(page)
    server.sockets[-1].close(code=1012)
    sees(page, "client.state === 'ended'")
    assert page.evaluate("told.at(-1)[1].reason") == "Sign in again."


def test_the_clock_is_the_servers(page: Page, server: Server) -> None:
    server.greets = False
    page.evaluate("window.fast = Date.now; Date.now = () => fast() + 3600_000")
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 2)
    now = page.evaluate("fast() / 1000")
    server.say("welcome", {"player_id": "me", "time": now, "lobby": None}, re="hello")
    is_live(page)
    assert abs(page.evaluate("client.now() - fast()")) < 2_000
    expect(page.locator("main")).to_be_visible()
