"""The client library in a browser, with a server that fails in ways that a real one rarely does."""

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
]
TIME = "2026-07-01T12:00:00.000000Z"
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
    window.events = [];
    for (const name of ["state", "lobby", "chat", "started", "closed", "error"]) {
        client.addEventListener(name, ({ detail }) => events.push([name, detail]));
    }
    client.open();
}"""


class Server:
    """A server for one client: it records messages, and sends those that a test wants."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.received: list[dict[str, Any]] = []
        self.greets = True  # replies to hello
        self.replies = True  # replies to commands
        self.version = 1
        self.resume = ""  # the token in welcome

    def accept(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self.receive(socket, json.loads(text)))

    def receive(self, socket: WebSocketRoute, message: dict[str, Any]) -> None:
        self.received.append(message)
        if message["type"] == "hello" and self.greets:
            known = message["data"].get("version") == self.version
            data = {"player_id": "me", "time": TIME, "lobby": None if known else LOBBY}
            data["resume"] = self.resume
            self.send("welcome", data, re=message["id"])
        elif message["type"] not in ("hello", "ping") and self.replies:
            self.send("lobby", LOBBY, re=message["id"])

    def send(self, kind: str, data: Any, **more: Any) -> None:
        frame = {"type": kind, "version": self.version, "data": data} | more
        self.sockets[-1].send(json.dumps(frame))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message["type"] == kind]


@pytest.fixture
def server(page: Page) -> Iterator[Server]:
    """A server, and a client that is connected to it."""
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
    """Waits until the server has received a message."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(25)
    raise AssertionError("It did not happen.")


def sees(page: Page, what: str) -> None:
    """Waits for a condition in the page, whose policy forbids Playwright's own waiting."""
    until(page, lambda: page.evaluate(what))


def has_sockets(server: Server, sockets: int) -> bool:
    """Returns whether the client has connected so many times."""
    return len(server.sockets) == sockets


def has_said_hello(server: Server, times: int) -> bool:
    return len(server.of("hello")) == times


def count(page: Page, name: str) -> int:
    found: int = page.evaluate("name => events.filter(([n]) => n === name).length", name)
    return found


def test_the_client_requests_missed_versions(page: Page, server: Server) -> None:
    server.version = 5
    server.send("pong", {"time": TIME, "asks": False}, re="ping")
    until(page, lambda: len(server.of("hello")) == 2)
    assert server.of("hello")[1]["data"] == {"version": 1}
    sees(page, "client.version === 5")
    server.send("chat", {"player_id": "x", "text": "hi", "at": "2026-01-01T00:00:00Z"})
    sees(page, "events.some(([name]) => name === 'chat')")
    assert len(server.of("hello")) == 2  # no message is missed


def test_older_versions_are_ignored(page: Page, server: Server) -> None:
    server.version = 3
    server.send("lobby", LOBBY)
    sees(page, "client.version === 3")
    before = count(page, "lobby")
    server.version = 2
    server.send("lobby", LOBBY)
    server.send("pong", {"time": TIME, "asks": True})
    until(page, lambda: server.of("ping"))  # it has read both
    assert count(page, "lobby") == before
    assert page.evaluate("client.version") == 3


def test_the_client_pings_when_the_server_asks(page: Page, server: Server) -> None:
    server.send("pong", {"time": TIME, "asks": True})
    until(page, lambda: len(server.of("ping")) == 1)
    for re in ("ping", ""):  # a reply gets no reply
        server.send("pong", {"time": TIME, "asks": False}, re=re)
    server.send("chat", {"player_id": "x", "text": "hi", "at": "2026-01-01T00:00:00Z"})
    sees(page, "events.some(([name]) => name === 'chat')")
    assert len(server.of("ping")) == 1


def test_a_command_without_a_reply_is_sent_once_more(page: Page, server: Server) -> None:
    server.replies = False
    page.evaluate("window.reply = client.ready(true).catch((error) => error.code); 0")
    until(page, lambda: len(server.of("ready")) == 1)
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("ready")) == 2)
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 3)
    first, second = server.of("ready")
    assert first == second  # with its id, so that it is done once
    assert page.evaluate("reply") == "unanswered"


def test_commands_resolve_or_reject_with_the_reason(page: Page, server: Server) -> None:
    assert page.evaluate("client.start(true).then((lobby) => lobby.status)") == "Lobby"
    assert server.of("start")[0]["data"] == {"solo": True}
    server.replies = False
    page.evaluate("window.reply = client.kick('x').catch(({ code, detail }) => [code, detail]); 0")
    until(page, lambda: server.of("kick"))
    data = {"code": "not_host", "detail": "Only the host may do this."}
    server.send("error", data, re=server.of("kick")[0]["id"])
    assert page.evaluate("reply") == list(data.values())
    assert count(page, "error") == 0
    server.send("error", {"code": "not_json", "detail": "?"}, re=None)
    sees(page, "events.some(([name]) => name === 'error')")


@pytest.mark.parametrize("code", [1006, 1011, 1012, 4408, 4429])
def test_other_close_codes_make_the_client_reconnect(page: Page, server: Server, code: int) -> None:
    if code == 1006:  # no server may send it
        page.evaluate("window.dispatchEvent(new Event('offline'))")
        server.replies = False
        until(page, lambda: server.of("ping"))
    else:
        server.sockets[-1].close(code=code)
    until(page, lambda: len(server.sockets) == 2)  # after 4 s without a message
    is_live(page)
    assert server.of("hello")[1]["data"] == {"version": 1}
    waits = page.evaluate("events.filter(([n, d]) => n === 'state' && d.state === 'waiting')")
    assert 0 < len(waits) <= 2
    assert waits[0][1]["reason"].endswith(".")


def test_a_sign_in_that_ended_is_tried_once_more(page: Page, server: Server) -> None:
    server.sockets[-1].close(code=4401)
    until(page, lambda: has_sockets(server, 2))
    is_live(page)  # it was renewed
    server.greets = False
    server.sockets[-1].close(code=4401)
    until(page, lambda: has_sockets(server, 3))
    server.sockets[-1].close(code=4401)
    sees(page, "client.state === 'ended'")
    assert "signed out" in page.evaluate("events.at(-1)[1].reason")


@pytest.mark.parametrize("code", [1002, 1007, 1009, 4400, 4403, 4404, 4409])
def test_final_close_codes_end_the_client(page: Page, server: Server, code: int) -> None:
    server.replies = False
    page.evaluate("window.reply = client.leave().catch((error) => error.code); 0")
    until(page, lambda: server.of("leave"))
    server.sockets[-1].close(code=code)
    sees(page, "client.state === 'ended'")
    assert page.evaluate("reply") == "ended"
    assert page.evaluate("client.ready(true).catch((error) => error.code)") == "ended"
    reported = page.evaluate("events.filter(([name]) => name === 'state').at(-1)[1]")
    assert reported["code"] == code
    assert len(reported["reason"]) > 10
    page.evaluate("client.retryNow()")
    assert page.evaluate("client.state") == "ended"
    assert len(server.sockets) == 1


def test_retries_slow_down_and_going_online_ends_the_wait(page: Page, server: Server) -> None:
    server.greets = False
    page.evaluate("Math.random = () => 1")
    for n in range(2, 7):
        server.sockets[-1].close(code=1012)
        until(page, functools.partial(has_sockets, server, n))
    server.sockets[-1].close(code=1012)
    sees(page, "client.state === 'waiting'")
    left = page.evaluate("events.at(-1)[1].retryAt - Date.now()")
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
        client.addEventListener("state", ({ detail }) => events.push(["state", detail]));
        client.open();
    }""")
    is_live(page)
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 3)
    assert [m["data"].get("ticket") for m in server.of("hello")] == [None, "ticket-1", "ticket-2"]
    is_live(page)
    server.sockets[-1].close(code=1012)
    sees(page, "client.state === 'ended'")
    assert page.evaluate("events.at(-1)[1].reason") == "Sign in again."


def test_the_client_resumes_its_seat_before_it_fetches_a_ticket(page: Page, server: Server) -> None:
    page.evaluate("client.close()")
    server.resume = "token-1"
    page.evaluate("""async () => {
        const { LobbyClient } = library;
        window.tickets = 0;
        const ticket = async () => `ticket-${(tickets += 1)}`;
        client = new LobbyClient(new URL("/ws/test", location.href.replace("http", "ws")), { ticket });
        client.open();
    }""")
    is_live(page)
    server.greets = False
    for n in (3, 4):  # the token stays while welcome is lost
        server.sockets[-1].close(code=1012)
        until(page, functools.partial(has_said_hello, server, n))
    server.sockets[-1].close(code=4401)  # it has ended: a ticket is fetched
    until(page, lambda: len(server.of("hello")) == 5)
    sent = [(m["data"].get("resume"), m["data"].get("ticket")) for m in server.of("hello")[1:]]
    assert sent == [(None, "ticket-1"), ("token-1", None), ("token-1", None), (None, "ticket-2")]
    assert page.evaluate("tickets") == 2
    server.sockets[-1].close(code=4401)
    until(page, lambda: len(server.of("hello")) == 6)
    server.sockets[-1].close(code=4401)
    sees(page, "client.state === 'ended'")


def test_a_page_falls_back_to_its_cookie(page: Page, server: Server) -> None:
    server.resume = "token-1"
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 2)
    is_live(page)
    server.greets = False
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 3)
    server.sockets[-1].close(code=4401)
    until(page, lambda: len(server.of("hello")) == 4)
    assert [m["data"].get("resume") for m in server.of("hello")] == [None, None, "token-1", None]
    server.sockets[-1].close(code=4401)
    sees(page, "client.state === 'ended'")


def test_a_lost_response_to_leave_resolves_after_the_reconnect(page: Page, server: Server) -> None:
    server.replies = False
    page.evaluate("window.reply = client.leave().then((data) => data.reason); 0")
    until(page, lambda: server.of("leave"))
    server.greets = False
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 2)
    server.send("closed", {"reason": "left"}, re="hello")
    server.sockets[-1].close(code=4404)
    assert page.evaluate("reply") == "left"
    assert page.evaluate("events.some(([n, d]) => n === 'closed' && d.reason === 'left')")


def test_the_clock_is_the_servers(page: Page, server: Server) -> None:
    server.greets = False
    page.evaluate("window.fast = Date.now; Date.now = () => fast() + 3600_000")
    server.sockets[-1].close(code=1012)
    until(page, lambda: len(server.of("hello")) == 2)
    now = page.evaluate("new Date(fast()).toISOString()")
    server.send("welcome", {"player_id": "me", "time": now, "lobby": None}, re="hello")
    is_live(page)
    assert abs(page.evaluate("client.now() - fast()")) < 2_000
    expect(page.locator("main")).to_be_visible()
