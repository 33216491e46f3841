"""Which clients the sockets accept, and how they end bad ones: with an error, and never a traceback."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import orjson
import psycopg
import pytest
from django.contrib.auth import get_user
from django.db import OperationalError, transaction
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from accounts.identity import passwords
from accounts.models import User
from accounts.moderation import actions as moderation_actions
from accounts.tokens import families
from config.db.pools import connection_string
from config.limits.address_limits import ADDRESS_LIMITS
from config.management.commands.serve import open_listener, server_config
from config.redis.clients import durable
from config.server import websocket_protocol
from config.server.tcp import UNACKED_TIMEOUT_SECONDS
from sessions_app.kernel.protocol import Close
from sessions_app.live import consumers, hub, reconciliation, socket_slots
from sessions_app.live.rooms import Room
from sessions_app.live.sockets import MESSAGE_BURST, MESSAGES_PER_SECOND
from sessions_app.lobby import rules
from sessions_app.lobby_list import feed
from sessions_app.tickets import sign_in_checks, tickets
from tests.support.database import execute
from tests.support.factories import make_moderator
from tests.support.live_site import Site
from tests.support.lobbies import Table
from tests.support.socket_clients import (
    Caller,
    Frame,
    path_of,
    seated,
    take_seat_by_socket,
    ticket_for,
    token_of,
)
from tests.support.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_errors_logged"),
]


def has_lost_the_other(frame: Frame) -> bool:
    """Returns whether the second player of a lobby has no socket, or no seat."""
    return not any(seat["is_connected"] for seat in frame["data"]["players"][1:])


# ---- Getting in ---------------------------------------------------------------------------------


def test_another_subprotocol_is_refused(site: Site) -> None:
    for subprotocols in (None, ["tribehold.v2"], ["chat", "tribehold"]):
        for path in ("/ws/lobbies", path_of(uuid4())):
            with Caller(site, path, subprotocols=subprotocols) as caller:
                assert caller.refused() == ("bad_subprotocol", Close.BAD_PROTOCOL)


WRONG_PATHS = [
    "/ws/x",
    "/ws/",
    "/ws",
    "/ws/game-sessions/",
    "/ws/game-sessions/1",
    "/ws/game-sessions/x" + "x" * 35,
    f"/ws/game-sessions/{uuid4().hex}",
    f"/ws/game-sessions/{{{uuid4()}}}",
    f"/ws/game-sessions/{uuid4()}/",
    f"/ws/game-sessions/{uuid4()}/watch",
    f"/ws/Game-Sessions/{uuid4()}",
    f"/game-sessions/{uuid4()}",
    "/ws/lobbies/",
    "/api/v1/maps",
    "/",
]


@pytest.mark.parametrize("path", WRONG_PATHS, ids=range(len(WRONG_PATHS)))
def test_a_wrong_path_or_id_is_refused_so_that_a_browser_sees_it(site: Site, path: str) -> None:
    """Browsers fail with 1006 if none of the subprotocols that they offered is chosen."""
    for offered in (["tribehold.v1"], ["tribehold.v2", "tribehold.v1"], ["chat"]):
        with Caller(site, path, subprotocols=offered) as caller:
            assert caller.refused() == ("not_found", Close.NO_SUCH_SESSION)
            chosen = "tribehold.v1" if "tribehold.v1" in offered else "chat"
            assert caller.socket.subprotocol == chosen


def test_the_letters_of_an_id_may_be_upper_case(site: Site) -> None:
    table = Table(1)
    with Caller(site, path_of(str(table.id).upper())) as caller:
        assert caller.ask("hello", ticket=ticket_for(table))["type"] == "welcome"


def test_an_invalid_ticket_is_refused(site: Site) -> None:
    table = Table(1)
    for ticket in (None, "x" * 32, tickets.create_ticket(token_of(table.users[0]), uuid4())):
        with Caller(site, path_of(table.id)) as caller:
            message_id = caller.send("hello", ticket=ticket)
            code = "bad_ticket" if ticket else "not_signed_in"
            assert caller.refused() == (code, Close.NOT_LET_IN)
            assert caller.received[-1]["re"] == caller.received[-1]["data"]["re"] == message_id


def test_a_ticket_is_valid_once(site: Site) -> None:
    table = Table(1)
    ticket = ticket_for(table)
    with Caller(site, path_of(table.id)) as first, Caller(site, path_of(table.id)) as second:
        assert first.ask("hello", ticket=ticket)["type"] == "welcome"
        second.send("hello", ticket=ticket)
        assert second.refused() == ("bad_ticket", Close.NOT_LET_IN)
        assert first.ask("ping")["type"] == "pong"


def test_a_ticket_expires_after_thirty_seconds(site: Site) -> None:
    table = Table(1)
    ticket = ticket_for(table)
    [key] = durable().scan_iter("ticket:*")
    assert 25 < durable().ttl(key) <= 30
    assert ticket not in key
    durable().delete(key)  # as its expiry does
    with Caller(site, path_of(table.id)) as caller:
        caller.send("hello", ticket=ticket)
        assert caller.refused() == ("bad_ticket", Close.NOT_LET_IN)


def test_a_player_without_a_seat_is_refused(site: Site) -> None:
    table, other = Table(1), Table(1)
    with Caller(site, path_of(table.id)) as caller:
        caller.send("hello", ticket=tickets.create_ticket(token_of(other.users[0]), table.id))
        assert caller.refused() == ("not_seated", Close.NO_SUCH_SESSION)
    missing = uuid4()
    with Caller(site, path_of(missing)) as caller:
        caller.send("hello", ticket=tickets.create_ticket(token_of(other.users[0]), missing))
        assert caller.refused() == ("not_found", Close.NO_SUCH_SESSION)


ORIGINS = {
    "none": (None, False),
    "ours": ("http://127.0.0.1:{port}", True),
    "ours by TLS": ("https://127.0.0.1:{port}", True),  # the demo behind a proxy
    "null": ("null", False),
    "foreign": ("https://evil.example", False),
    "ours as a part": ("http://127.0.0.1:{port}.evil.example", False),
    "ours as a beginning": ("http://127.0.0.1.evil.example:{port}", False),
    "another port": ("http://127.0.0.1:1", False),
    "no port": ("http://127.0.0.1", False),
    "as a user": ("http://127.0.0.1:{port}@evil.example", False),
    "another name of ours": ("http://localhost:{port}", False),
    "another scheme": ("ftp://127.0.0.1:{port}", False),
    "no address": ("http://[", False),
}


def test_a_cookie_is_accepted_only_from_pages_of_the_site(site: Site) -> None:
    table, browser = Table(1), Client()
    browser.force_login(table.users[0])
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    for name, (origin, is_accepted) in ORIGINS.items():
        headers = cookie | ({"Origin": origin.format(port=site.port)} if origin else {})
        with Caller(site, path_of(table.id), additional_headers=headers) as caller:
            caller.send("hello")
            if is_accepted:
                assert caller.receive("welcome"), name
            else:
                assert caller.refused() == ("not_signed_in", Close.NOT_LET_IN), name


def test_the_list_accepts_pages_of_the_site_and_programs(site: Site) -> None:
    for name, (origin, is_accepted) in ORIGINS.items():
        headers = {"Origin": origin.format(port=site.port)} if origin else {}
        with Caller(site, "/ws/lobbies", additional_headers=headers) as looker:
            if is_accepted or origin is None:
                assert looker.receive("lobbies"), name
            else:
                assert looker.refused() == ("foreign_origin", Close.NOT_LET_IN), name


def test_an_invalid_cookie_is_refused(site: Site) -> None:
    table = Table(1)
    for cookie in ("", "x", "a" * 32, "%00" * 8, "\xe9" * 10, "a" * 4000, "a;sessionid", '"\\000"'):
        headers = {"Cookie": f"sessionid={cookie}", "Origin": f"http://127.0.0.1:{site.port}"}
        with Caller(site, path_of(table.id), additional_headers=headers) as caller:
            caller.send("hello")
            assert caller.refused() == ("not_signed_in", Close.NOT_LET_IN)


def test_a_cookie_that_can_not_be_checked_asks_the_client_to_reconnect(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cookies are checked on Django's own connection, whose errors are Django's."""

    def away(key: str) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(tickets, "find_page_holder", away)
    headers = {"Cookie": f"sessionid={'a' * 32}", "Origin": f"http://127.0.0.1:{site.port}"}
    with Caller(site, path_of(uuid4()), additional_headers=headers) as caller:
        caller.send("hello")
        assert caller.refused() == ("unavailable", Close.RESTARTING)


def test_a_client_that_disconnects_before_hello_frees_its_place(site: Site) -> None:
    """As a page does that is left while it connects. Twenty of them must not block their address."""
    for _ in range(ADDRESS_LIMITS["sockets"][0] + 5):
        with Caller(site, path_of(uuid4())) as caller:
            caller.socket.socket.shutdown(socket.SHUT_RDWR)
    with take_seat_by_socket(site, Table(1)) as player:
        assert player.ask("ping")["type"] == "pong"


def test_a_client_without_hello_is_closed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.2)
    with Caller(site, path_of(uuid4())) as caller:
        assert caller.refused() == ("silent", Close.SILENT)


def test_a_first_message_that_is_not_hello_is_refused(site: Site) -> None:
    for first in ('{"type":"ping"}', "[]", "hello", b"\x00"):
        with Caller(site, path_of(uuid4())) as caller:
            caller.socket.send(first)
            code, close = caller.refused()
            assert close == Close.BAD_PROTOCOL
            assert code == ("hello_first" if first == '{"type":"ping"}' else code)


# ---- Bad frames ---------------------------------------------------------------------------------

DEEP = "[" * 1000 + "]" * 1000
GARBAGE: list[str | bytes] = [
    "",
    "not JSON",
    "[]",
    "1",
    "null",
    '"text"',
    "NaN",
    "{",
    "{}",
    DEEP,
    "[" * 5000,
    '{"a":' * 1500 + "1" + "}" * 1500,
    f'{{"type":"chat","data":{{"text":{DEEP}}}}}',
    b"binary",
    b"",
    '{"type":"started"}',
    '{"type":1}',
    '{"type":null}',
    '{"type":["chat"]}',
    '{"type":"__class__"}',
    '{"type":"ready"}',
    '{"type":"ready","data":null}',
    '{"type":"ready","data":[]}',
    '{"type":"ready","data":{"is_ready":1}}',
    '{"type":"ready","data":{"is_ready":"true"}}',
    '{"type":"ready","data":{"is_ready":true,"player_id":"00000000-0000-0000-0000-000000000001"}}',
    '{"type":"leave","data":{"player_id":"00000000-0000-0000-0000-000000000001"}}',
    '{"type":"kick","data":{"player_id":"' + "z" * 36 + '"}}',
    '{"type":"kick","data":{"player_id":"1"}}',
    '{"type":"kick"}',
    '{"type":"settings","data":{"seats":5}}',
    '{"type":"settings","data":{"seats":2.0}}',
    '{"type":"settings","data":{"seats":true}}',
    '{"type":"settings","data":{"seats":1e999}}',
    '{"type":"chat","data":{"text":""}}',
    '{"type":"chat","data":{"text":" "}}',
    '{"type":"chat","data":{"text":"' + "x" * 301 + '"}}',
    '{"type":"chat","data":{"text":"\\u0000"}}',
    '{"type":"chat","data":{"text":"\\u202e"}}',
    '{"type":"chat","data":{"text":"\\ud800"}}',
    '{"type":"chat","data":{"\\ud800":1}}',
    '{"type":"hello","data":{"version":-1}}',
    '{"type":"hello","data":{"version":99999999999999999999999}}',
    '{"type":"hello","data":{"ticket":7}}',
    '{"type":"ping","id":7}',
    '{"type":"ping","id":""}',
    '{"type":"ping","id":"' + "x" * 65 + '"}',
    '{"type":"ping","more":1}',
    '{"type":"ping","data":{"more":1}}',
    '{"type":"ping","' + "k" * 10_000 + '":1}',
    "\ufeff{}",
]


def test_each_bad_frame_gets_an_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand malformed frames of every kind. A valid one in between resets their count."""
    monkeypatch.setattr("sessions_app.live.sockets.MESSAGE_BURST", 10_000)
    monkeypatch.setattr(websocket_protocol, "FRAME_BURST", 30_000)
    table = Table(2)
    with seated(site, table) as (host, guest):
        version = table.version
        for n in range(1000):
            host.socket.send(GARBAGE[n % len(GARBAGE)])
            frame = host.next()
            assert frame["type"] == "error", GARBAGE[n % len(GARBAGE)]
            assert frame["data"].keys() == {"code", "detail", "re"}
            assert len(orjson.dumps(frame)) < 1000
            if n % 15 == 0:
                assert host.ask("ping")["version"] == version
        assert guest.frames_within(0.05) == []


def test_no_message_acts_for_another_player(site: Site) -> None:
    """No message names its own seat. The only one that names a player is the host's kick."""
    table = Table(2)
    with seated(site, table) as (host, guest):
        for kind in ("ready", "tribe", "leave", "chat"):
            response = guest.ask(kind, player_id=str(table.users[0].pk))
            assert response["data"]["code"] == "unknown_field"
        assert host.frames_within(0.05) == []


def test_twenty_bad_frames_in_a_row_close_the_socket(site: Site) -> None:
    table = Table(1)
    with take_seat_by_socket(site, table) as caller:
        for _ in range(20):
            caller.socket.send("garbage")
        assert caller.refused() == ("not_json", Close.BAD_PROTOCOL)
        assert len([f for f in caller.received if f["type"] == "error"]) == 20


RAW: dict[str, tuple[bytes, int]] = {
    "invalid UTF-8": (b"\x81\x84\x00\x00\x00\x00\xff\xfe\xc3\x28", 1007),
    "a megabyte": (b"\x81\xff" + struct.pack("!Q", 2**20) + b"\0" * 4 + b"x" * 65536, 1009),
    "16 KiB and one": (b"\x81\xfe" + struct.pack("!H", 16385) + b"\0" * 4 + b"x" * 16385, 1009),
    "a reserved kind": (b"\x83\x80\x00\x00\x00\x00", 1002),
    "not masked": (b"\x81\x02{}", 1002),
    "a long ping": (b"\x89\xfe\x00\x80" + b"\0" * 132, 1002),
}


def test_invalid_websocket_frames_close_the_socket(site: Site) -> None:
    table = Table(2)
    with take_seat_by_socket(site, table) as host:
        for name, (frame, code) in RAW.items():
            with take_seat_by_socket(site, table, 1) as guest:
                host.until(lambda lobby: not has_lost_the_other(lobby))
                guest.socket.socket.sendall(frame)
                assert guest.closed() == code, name
                assert host.until(has_lost_the_other)


def test_a_frame_of_16_kib_is_read(site: Site) -> None:
    with take_seat_by_socket(site, Table(1)) as caller:
        caller.socket.send("x" * 16 * 1024)
        assert caller.receive("error")["data"]["code"] == "not_json"


# ---- Too much -----------------------------------------------------------------------------------


def test_a_flood_of_messages_is_limited_and_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the rate limit of messages. tests/config/test_http_protocol.py has that of frames."""
    monkeypatch.setattr(websocket_protocol, "FRAME_BURST", 10_000)
    table = Table(2)
    with seated(site, table) as (host, guest):
        began = time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            for n in range(5000):  # a busy machine needs more of them
                guest.send("chat", text=str(n))
        assert guest.closed() == Close.TOO_MUCH
        most = MESSAGE_BURST + MESSAGES_PER_SECOND * (time.monotonic() - began)
        errors = [f for f in guest.received if f["type"] == "error"]
        assert {error["data"]["code"] for error in errors} == {"rate_limited"}
        assert len(errors) <= 60
        host.frames_within(0.1)
        assert MESSAGE_BURST <= len([f for f in host.received if f["type"] == "chat"]) <= most
        assert host.ask("ping")["type"] == "pong"
    with take_seat_by_socket(
        site, table, 1
    ) as again:  # the rate limit is the player's, not the socket's
        assert again.ask("chat", text="x")["data"].get("code") in (None, "rate_limited")


def test_a_client_that_ignores_the_rate_limit_gets_the_reason(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MAX_EXCESS_MESSAGES", 3)
    with take_seat_by_socket(site, Table(1)) as caller:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(100):
                caller.send("ping")
        assert caller.refused() == ("rate_limited", Close.TOO_MUCH)


@pytest.mark.parametrize("per_second", [15, 30, 45])
def test_a_client_that_goes_on_too_fast_is_closed_in_the_end(
    site: Site, monkeypatch: pytest.MonkeyPatch, per_second: int
) -> None:
    """Whatever its speed: some of its messages are within the rate limit."""
    now = [time.monotonic()]
    monkeypatch.setattr(websocket_protocol, "FRAME_BURST", 10_000)
    with take_seat_by_socket(site, Table(1)) as caller:
        monkeypatch.setattr(consumers, "time", SimpleNamespace(monotonic=lambda: now[0]))
        with contextlib.suppress(ConnectionClosed):
            for _ in range(60 * per_second):
                now[0] += 1 / per_second
                caller.ask("ping")
        assert caller.refused() == ("rate_limited", Close.TOO_MUCH)


def test_a_client_within_the_rate_limit_is_never_closed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr(websocket_protocol, "FRAME_BURST", 10_000)
    with take_seat_by_socket(site, Table(1)) as caller:
        monkeypatch.setattr(consumers, "time", SimpleNamespace(monotonic=lambda: now[0]))
        for _ in range(500):
            now[0] += 1 / 9.9
            assert caller.ask("ping")["type"] == "pong"


@pytest.mark.parametrize("frames", [1_000, 20_000, 100_000])
def test_a_heavy_flood_gets_its_close_frame(site: Site, frames: int) -> None:
    """The client still sends when the server closes. It reads only afterwards."""
    pings = b"\x89\x80\x00\x00\x00\x00" * frames
    with take_seat_by_socket(site, Table(1)) as caller:
        caller.socket.socket.sendall(pings)
        assert caller.closed() == Close.TOO_MUCH


def test_a_command_that_waits_for_a_lock_delays_no_ping(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (_, guest), psycopg.connect(connection_string()) as holder:
        holder.execute("SELECT 1 FROM game_sessions WHERE id = %s FOR UPDATE", [table.id])
        waiting = [guest.send("ready", is_ready=n % 2 == 0) for n in range(3)]
        for _ in range(5):
            began = time.monotonic()
            assert guest.ask("ping")["type"] == "pong"
            assert time.monotonic() - began < 1  # a lock is waited for two seconds
        chat = guest.send("chat", text="after these")
        assert not any(frame.get("re") in waiting for frame in guest.received)
        holder.rollback()
        order = [guest.receive(re=message_id) for message_id in [*waiting, chat]]
        assert [frame["type"] for frame in order] == ["lobby"] * 3 + ["chat"]
        ready = [f["data"]["players"][1]["is_ready"] for f in order[:3]]
        assert ready == [True, False, True]  # in their order


def test_too_many_commands_that_wait_are_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MAX_WAITING_MESSAGES", 2)
    table = Table(1)
    with (
        take_seat_by_socket(site, table) as caller,
        psycopg.connect(connection_string()) as holder,
    ):
        holder.execute("SELECT 1 FROM game_sessions WHERE id = %s FOR UPDATE", [table.id])
        sent = [caller.send("ready", is_ready=True) for _ in range(4)]
        assert caller.receive(re=sent[-1])["data"]["code"] == "rate_limited"
        holder.rollback()
        for message_id in sent[:3]:
            assert caller.receive(re=message_id)["type"] == "lobby"


def test_a_client_that_leaves_and_disconnects_at_once_has_left(site: Site) -> None:
    table = Table(2)
    with take_seat_by_socket(site, table, 1) as guest:
        guest.send("ready", is_ready=True)
        guest.send("leave")
        guest.socket.close()
    until(lambda: len(table.now.seats) == 1)


def test_an_address_has_at_most_twenty_sockets(site: Site) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(Caller(site, "/ws/lobbies")).receive("lobbies")
        with Caller(site, "/ws/lobbies") as one_more:
            assert one_more.refused() == ("too_many_sockets", Close.TOO_MUCH)

    def is_accepted() -> bool:
        with Caller(site, "/ws/lobbies") as again:
            return bool(again.next()["type"] == "lobbies")

    until(is_accepted)  # those who left make room


def test_a_process_refuses_sockets_beyond_its_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert socket_slots.MAX_SOCKETS == 1000
    monkeypatch.setattr(socket_slots, "MAX_SOCKETS", 3)
    monkeypatch.setattr(socket_slots, "SOCKETS_RESERVED_FOR_SEATS", 2)
    table, later = Table(2), Table(1)
    with Caller(site, "/ws/lobbies") as looking, seated(site, table):
        looking.receive("lobbies")
        with Caller(site, path_of(later.id)) as fourth:
            fourth.send("hello", ticket=ticket_for(later))
            assert fourth.refused() == ("too_many_sockets", Close.TOO_MUCH)


def silent_sockets(site: Site, number: int, stack: contextlib.ExitStack) -> list[Caller]:
    """Opens sockets that never say hello."""
    return [stack.enter_context(Caller(site, path_of(uuid4()))) for _ in range(number)]


def test_silent_sockets_take_no_places_of_seats(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest is closed for a newer one. A player who says hello gets in."""
    monkeypatch.setattr(socket_slots, "MAX_PENDING_SOCKETS", 5)
    monkeypatch.setattr(socket_slots, "MAX_SOCKETS", 2)
    with contextlib.ExitStack() as stack:
        silent = silent_sockets(site, 5, stack)
        with seated(site, Table(2)) as (host, guest):
            assert host.ask("ping")["type"] == guest.ask("ping")["type"] == "pong"
        assert silent[0].refused() == ("too_many_sockets", Close.TOO_MUCH)
        assert silent[-1].frames_within(0.1) == []


def test_silent_sockets_of_an_address_evict_each_other(site: Site, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.ADDRESS_LIMITS = settings.ADDRESS_LIMITS | {"sockets": 3}
    other = {"X-Forwarded-For": "10.0.0.1"}
    with contextlib.ExitStack() as stack:
        elsewhere = stack.enter_context(Caller(site, path_of(uuid4()), additional_headers=other))
        silent = silent_sockets(site, 4, stack)
        assert silent[0].refused() == ("too_many_sockets", Close.TOO_MUCH)
        assert elsewhere.frames_within(0.1) == silent[1].frames_within(0.1) == []
        with take_seat_by_socket(site, Table(1)) as player:
            assert player.ask("ping")["type"] == "pong"


def test_list_sockets_of_an_address_leave_its_seats_alone(site: Site, settings: Any) -> None:
    settings.ADDRESS_LIMITS = settings.ADDRESS_LIMITS | {"sockets": 1}
    with Caller(site, "/ws/lobbies") as looking, take_seat_by_socket(site, Table(1)) as player:
        looking.receive("lobbies")
        assert player.ask("ping")["type"] == "pong"
        table = Table(1)
        with Caller(site, path_of(table.id)) as second:
            second.send("hello", ticket=ticket_for(table))
            assert second.refused() == ("too_many_sockets", Close.TOO_MUCH)


def test_list_sockets_leave_places_for_players(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert socket_slots.SOCKETS_RESERVED_FOR_SEATS == 500
    monkeypatch.setattr(socket_slots, "MAX_SOCKETS", 3)
    monkeypatch.setattr(socket_slots, "SOCKETS_RESERVED_FOR_SEATS", 2)
    with Caller(site, "/ws/lobbies") as looking:
        looking.receive("lobbies")
        with Caller(site, "/ws/lobbies") as another:
            assert another.closed() == Close.TOO_MUCH
        with seated(site, Table(2)) as (host, guest):
            assert host.ask("ping")["type"] == guest.ask("ping")["type"] == "pong"


def test_a_client_that_disconnects_in_the_handshake_is_not_counted() -> None:
    """A client may be gone before it is accepted. The ASGI server raises OSError then."""
    own_hub = hub.Hub()

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        raise ConnectionResetError

    scope = {
        "subprotocols": ["tribehold.v1"],
        "headers": [],
        "client": ("192.0.2.1", 1),
        "url_route": {"kwargs": {"session_id": uuid4()}},
    }
    for consumer in (
        consumers.SeatConsumer(own_hub),
        consumers.ListConsumer(feed.ListFeed(own_hub)),
    ):
        with pytest.raises(ConnectionResetError):
            asyncio.run(consumer(scope, receive, send))
    assert (own_hub.socket_slots.sockets, own_hub.socket_slots.addresses) == (set(), {})


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
def test_a_connection_that_nobody_reads_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options of the listener hold for accepted connections. test_slow_clients.py shows the rest."""
    monkeypatch.setenv("PORT", "0")
    with open_listener() as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            waits = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            keeps = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert waits == UNACKED_TIMEOUT_SECONDS * 1000
    assert waits < 9_000  # its kernel may notice a second late; gone within ten is promised
    assert keeps <= 2 * 256 * 1024


# ---- Silence, and the end of sign-ins -----------------------------------------------------------


@pytest.fixture
def frequent_reconciliation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes reconciliation frequent. Request it before `site`, which reads the values at its start."""
    monkeypatch.setattr(reconciliation, "CHECK_SOCKETS_SECONDS", 0.1)
    monkeypatch.setattr(reconciliation, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(reconciliation, "PING_AFTER_SECONDS", 0.5)
    monkeypatch.setattr(reconciliation, "SILENCE_SECONDS", 1.5)


def test_a_silent_client_is_pinged_and_then_closed(
    frequent_reconciliation: None, site: Site
) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        asked = 0
        while asked < 2 or guest.socket.state is not State.CLOSED:
            with contextlib.suppress(TimeoutError):
                if host.next(0.2)["data"].get("asks"):
                    asked += 1
                    host.socket.send('{"type": "ping"}')
        assert asked < 10  # a reply needs no reply
        responses = [f for f in host.received if f["type"] == "pong" and not f["data"]["asks"]]
        assert [f["re"] for f in responses] == ["ping"] * len(responses)
        assert guest.refused() == ("silent", Close.SILENT)
        assert "pong" in {f["type"] for f in guest.received}


def test_a_client_that_sends_the_close_code_of_a_restart_loses_its_seat(
    frequent_reconciliation: None, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seats of a process that stops are unchanged. A client may send the same close code."""
    assert (server_config(None).timeout_graceful_shutdown or 0) < hub.SHUTDOWN_SECONDS
    monkeypatch.setattr(hub, "SHUTDOWN_SECONDS", 0.3)
    table = Table(2)
    with take_seat_by_socket(site, table) as host:
        with take_seat_by_socket(site, table, 1) as guest:
            host.until(lambda lobby: not has_lost_the_other(lobby))
            guest.socket.close(Close.RESTARTING)
        assert host.until(has_lost_the_other)


def test_a_graceful_restart_keeps_readiness_and_the_countdown(
    frequent_reconciliation: None, site: Site, static_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process reconciles the lobby many times before the players are back."""
    monkeypatch.setattr(rules, "COUNTDOWN", timedelta(seconds=3600))
    looks: list[None] = []
    sweep = reconciliation.Reconciler.sweep

    async def counted(self: reconciliation.Reconciler) -> None:
        await sweep(self)
        looks.append(None)

    monkeypatch.setattr(reconciliation.Reconciler, "sweep", counted)
    table = Table(2)
    other = Site(static_root)
    try:
        with seated(site, table) as (host, guest):
            for caller in (host, guest):
                caller.ask("ready", is_ready=True)
            ends_at = host.ask("start")["data"]["countdown_ends_at"]
            site.stop()
            assert host.closed() == guest.closed() == Close.RESTARTING
        before = table.now
        looks.clear()
        until(lambda: len(looks) > 5)
        assert table.now == before
        for n in range(2):
            with take_seat_by_socket(other, table, n) as back:
                lobby = back.received[0]["data"]["lobby"]
                assert [seat["is_ready"] for seat in lobby["players"]] == [True, True]
                assert lobby["countdown_ends_at"] == ends_at
                if n == 0:
                    assert back.ask("ping")["type"] == "pong"
                back.socket.close(Close.RESTARTING)  # so that the seat is unchanged
    finally:
        other.stop()


def test_a_seat_may_be_disconnected_by_reconciliation_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_hub, room, player_id, socket_id = hub.Hub(), Room(uuid4()), uuid4(), uuid4()
    room.update = cast("Any", SimpleNamespace(connections={player_id: socket_id}))
    leaver = cast("Any", SimpleNamespace(id=socket_id, room=room, player_id=player_id))

    async def disconnect(*_: Any, **__: Any) -> None:
        assert own_hub.pending_disconnects == {socket_id: (room.game_id, player_id)}
        own_hub.pending_disconnects.clear()  # as reconciliation does

    monkeypatch.setattr(own_hub.database, "run", disconnect)
    asyncio.run(own_hub.leave(leaver, is_server_stopping=False))
    assert own_hub.pending_disconnects == {}


def banned(table: Table) -> None:
    execute("UPDATE users SET is_active = false WHERE id = %s", table.users[1].pk)


def erased(table: Table) -> None:
    execute("DELETE FROM users WHERE id = %s", table.users[1].pk)


def erased_by_the_site(table: Table) -> None:
    table.users[1].delete()


def signed_out_everywhere(table: Table) -> None:
    families.revoke_all(table.users[1].pk)


# Reconciliation finds first either that the seat of an erased player is gone, or that the player is.
ERASED = {("closed", Close.NO_SUCH_SESSION), ("suspended", Close.REMOVED)}
ENDS: dict[str, tuple[Callable[[Table], None], set[tuple[str, Close]]]] = {
    "banned": (banned, {("suspended", Close.REMOVED)}),
    "erased in psql": (erased, ERASED),
    "erased": (erased_by_the_site, ERASED),
    "signed out everywhere": (signed_out_everywhere, {("signed_out", Close.NOT_LET_IN)}),
}


@pytest.mark.parametrize(("end", "ends"), ENDS.values(), ids=ENDS)
def test_an_open_socket_ends_with_its_sign_in(
    site: Site, end: Callable[[Table], None], ends: set[tuple[str, Close]]
) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        end(table)
        code = guest.closed(within=5)
        last = guest.received[-1]
        assert (last["data"].get("code", last["type"]), code) in ends
        assert host.until(has_lost_the_other)
        assert host.ask("ping")["type"] == "pong"


def banned_for_a_while(table: Table) -> None:
    with transaction.atomic():  # a check between the two would find a banned player
        banned(table)
        execute("UPDATE users SET is_active = true WHERE id = %s", table.users[1].pk)


def new_password(table: Table) -> None:
    user = User.objects.get(pk=table.users[1].pk)
    user.set_password("another quite long sentence")
    passwords.save_password(user)


def new_password_in_psql(table: Table) -> None:
    execute(
        "UPDATE users SET password_hash = 'x' || password_hash WHERE id = %s", table.users[1].pk
    )


def banned_by_a_moderator(table: Table) -> None:
    players = User.objects.filter(pk=table.users[1].pk)
    moderator = make_moderator(f"Moderator{table.version}")
    action = moderation_actions.Action.BAN
    moderation_actions.decide(
        moderator=moderator, players=players, action=action, reason="It cheats."
    )


SUSPENDED, SIGNED_OUT = ("suspended", Close.REMOVED), ("signed_out", Close.NOT_LET_IN)
BETWEEN: dict[str, tuple[Callable[[Table], None], tuple[str, Close]]] = {
    "banned": (banned, SUSPENDED),
    "banned by a moderator": (banned_by_a_moderator, SUSPENDED),
    "banned for a while": (banned_for_a_while, SIGNED_OUT),
    "erased": (erased, SUSPENDED),
    "a new password": (new_password, SIGNED_OUT),
    "a new password in psql": (new_password_in_psql, SIGNED_OUT),
    "signed out everywhere": (signed_out_everywhere, SIGNED_OUT),
}


@pytest.mark.parametrize(("end", "ends"), BETWEEN.values(), ids=BETWEEN)
def test_a_ticket_ends_with_its_sign_in(
    site: Site, end: Callable[[Table], None], ends: tuple[str, Close]
) -> None:
    table = Table(2)
    with take_seat_by_socket(site, table) as host:
        ticket = ticket_for(table, 1)
        end(table)
        with Caller(site, path_of(table.id)) as caller:
            message_id = caller.send("hello", ticket=ticket)
            assert caller.refused() == ends
            assert [frame["type"] for frame in caller.received] == ["error"]  # no welcome before it
            assert caller.received[0]["re"] == message_id
        assert not any(seat.is_connected for seat in table.now.seats[1:])
        assert host.ask("ping")["type"] == "pong"


def test_a_ticket_ends_only_with_its_own_token_family(site: Site) -> None:
    table = Table(1)
    token, other = token_of(table.users[0]), token_of(table.users[0])
    ticket, good = tickets.create_ticket(token, table.id), tickets.create_ticket(other, table.id)
    families.revoke(token.user_id, token.family)
    with Caller(site, path_of(table.id)) as caller:
        caller.send("hello", ticket=ticket)
        assert caller.refused() == SIGNED_OUT
    with Caller(site, path_of(table.id)) as caller:
        assert caller.ask("hello", ticket=good)["type"] == "welcome"


@pytest.mark.parametrize(
    ("end", "ends", "by_page"),
    [
        (banned, SUSPENDED, False),
        (banned, SUSPENDED, True),
        (new_password_in_psql, SIGNED_OUT, False),
    ],
)
def test_a_sign_in_that_ends_while_the_seat_is_taken_is_refused(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Table], None],
    ends: tuple[str, Close],
    by_page: bool,
) -> None:
    """The account is checked in the transaction that takes the seat."""
    table, browser = Table(2), Client()
    browser.force_login(table.users[1])
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    ticket = None if by_page else ticket_for(table, 1)
    enter = hub.Hub.enter

    async def end_first(own_hub: hub.Hub, *arguments: Any) -> None:
        await own_hub.database.call(end, table)
        await enter(own_hub, *arguments)

    monkeypatch.setattr(hub.Hub, "enter", end_first)
    with Caller(site, path_of(table.id), additional_headers=headers) as caller:
        caller.send("hello", ticket=ticket)
        assert caller.refused() == ends
        assert [frame["type"] for frame in caller.received] == ["error"]


@pytest.mark.parametrize("end", [banned_for_a_while, new_password_in_psql])
def test_an_open_socket_ends_when_the_account_changes(
    site: Site, monkeypatch: pytest.MonkeyPatch, end: Callable[[Table], None]
) -> None:
    """Only the row of the account has changed. Token families and sessions of pages are all there."""
    looked = threading.Semaphore(0)
    check = sign_in_checks.SignInChecker.check

    async def checked(own: sign_in_checks.SignInChecker, holders: Any) -> None:
        await check(own, holders)
        looked.release()

    monkeypatch.setattr(sign_in_checks.SignInChecker, "check", checked)
    table, browser = Table(2), Client()
    with take_seat_by_socket(site, table, 1) as guest:
        end(table)
        assert guest.refused() == SIGNED_OUT
    browser.force_login(User.objects.get(pk=table.users[1].pk))
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    with Caller(site, path_of(table.id), additional_headers=headers) as page:
        assert page.ask("hello")["type"] == "welcome"
        while looked.acquire(blocking=False):
            pass
        assert looked.acquire(timeout=5)  # this check may have started before the welcome
        assert looked.acquire(timeout=5)
        end(table)
        assert page.refused() == ("unavailable", Close.RESTARTING)
    with Caller(site, path_of(table.id), additional_headers=headers) as page:
        page.send("hello")
        assert page.refused() == ("not_signed_in", Close.NOT_LET_IN)


@pytest.mark.parametrize(
    "end",
    [banned, new_password, erased, "signed out"],
    ids=["banned", "new password", "erased", "signed out"],
)
def test_a_cookie_of_a_sign_in_that_has_ended_is_refused(site: Site, end: Any) -> None:
    table, browser = Table(2), Client()
    browser.force_login(table.users[1])
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    if end == "signed out":
        browser.logout()
    else:
        end(table)
    headers = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{site.port}"}
    with Caller(site, path_of(table.id), additional_headers=headers) as caller:
        caller.send("hello")
        assert caller.refused() == ("not_signed_in", Close.NOT_LET_IN)


def test_an_emptied_redis_has_no_tickets(site: Site) -> None:
    table = Table(1)
    ticket = ticket_for(table)
    durable().flushdb()
    with Caller(site, path_of(table.id)) as caller:
        caller.send("hello", ticket=ticket)
        assert caller.refused() == ("bad_ticket", Close.NOT_LET_IN)
        assert caller.received[0]["type"] == "error"
    with take_seat_by_socket(site, table):  # a new sign-in is accepted
        pass


@pytest.fixture
def delayed_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays the next full comparison until after the test. Rooms are compared as often as usual."""
    monkeypatch.setattr(reconciliation, "SLICES", reconciliation.SLICES * 10)
    monkeypatch.setattr(reconciliation, "SWEEP_SECONDS", reconciliation.SWEEP_SECONDS * 10)


def test_an_emptied_redis_closes_no_socket(delayed_sweep: None, site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        for _ in range(3):
            durable().flushdb()
            assert guest.frames_within(0.5) == []
        assert guest.ask("ready", is_ready=True)["type"] == "lobby"
        assert host.receive("lobby")
        # A later sign-in can end again.
        with take_seat_by_socket(site, table, 1) as again:
            host.frames_within(0.5)
            families.revoke_all(table.users[1].pk)
            assert again.closed() == Close.NOT_LET_IN


def test_a_page_stays_signed_in_when_keys_are_rotated(site: Site, settings: Any) -> None:
    """A socket can not give a browser another session key."""
    table, browser = Table(1), Client()
    browser.force_login(table.users[0])
    key = browser.cookies["sessionid"].value
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    headers = {"Cookie": f"sessionid={key}", "Origin": f"http://127.0.0.1:{site.port}"}
    for _ in range(2):
        with Caller(site, path_of(table.id), additional_headers=headers) as caller:
            assert caller.ask("hello")["type"] == "welcome"
    assert get_user(browser) == table.users[0]


@pytest.fixture
def frequent_clean_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the clean-up frequent. Request it before `site`."""
    monkeypatch.setattr(reconciliation, "CLEAN_UP_SECONDS", 0.1)


def test_the_set_of_processes_expires_after_the_last(frequent_clean_up: None, site: Site) -> None:
    until(lambda: durable().ttl("lobby:servers") > 0)


def test_a_page_that_signs_out_loses_its_socket(site: Site) -> None:
    table, browser = Table(1), Client()
    browser.force_login(table.users[0])
    key = browser.cookies["sessionid"].value
    headers = {"Cookie": f"sessionid={key}", "Origin": f"http://127.0.0.1:{site.port}"}
    with Caller(site, path_of(table.id), additional_headers=headers) as caller:
        assert caller.ask("hello")["type"] == "welcome"
        browser.logout()
        assert caller.closed(within=5) == Close.NOT_LET_IN
