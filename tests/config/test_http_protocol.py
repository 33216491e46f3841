"""Limits for one connection: floods of frames, endless heads, malformed requests."""

import asyncio
import contextlib
import resource
import socket
import struct
import time
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from uvicorn.server import ServerState

from config.kernel import close_codes
from config.management.commands.serve import server_config
from config.server import connections, http_protocol, websocket_protocol
from config.server.connections import GUARD, ConnectionGuard
from config.server.http_protocol import (
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    HttpProtocol,
)
from config.server.websocket_protocol import FRAME_BURST, FRAMES_PER_SECOND, WebSocketProtocol
from sessions_app.kernel.protocol import Close
from sessions_app.live import consumers, sockets
from tests.support.live_site import Site
from tests.support.lobbies import Table
from tests.support.raw_http import HANDSHAKE, Client, assert_shape, exchange
from tests.support.socket_clients import Caller, take_seat_by_socket
from tests.support.waiting import TIMEOUT, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_errors_logged"),
]

MASK = b"\x00" * 4  # clients must send one; zeros leave the payload unchanged


def protocol_of(site: Site) -> WebSocketProtocol:
    """Returns the server's side of the only socket."""
    connections = site.server.server_state.connections
    [protocol] = [each for each in connections if isinstance(each, WebSocketProtocol)]
    return protocol


# ---- Frames -------------------------------------------------------------------------------------

PING = b"\x89\xfd" + MASK + b"x" * 125
PONG = b"\x8a\x80" + MASK
EMPTY_PART = b"\x00\x80" + MASK
BEGINNING = b"\x01\x80" + MASK  # of a message that never ends
BINARY = b"\x82\xfe" + struct.pack("!H", 16 * 1024) + MASK + b"x" * 16 * 1024
# The first frame, the frame that is repeated, and whether the client reads.
FLOODS: dict[str, tuple[bytes, bytes, bool]] = {
    "pings, read": (b"", PING, True),
    "pings, never read": (b"", PING, False),
    "pongs": (b"", PONG, False),
    "empty parts": (BEGINNING, EMPTY_PART, False),
    "large messages": (b"", BINARY, False),
}


def flood(client: socket.socket, first: bytes, frame: bytes, *, reads: bool) -> tuple[bool, int]:
    """Sends frames until the connection is ended; returns whether it was, and the bytes sent."""
    client.settimeout(TIMEOUT)
    chunk = first + frame * max(1, 65536 // len(frame))
    sent, deadline = 0, time.monotonic() + TIMEOUT
    try:
        while time.monotonic() < deadline:
            client.sendall(chunk)
            sent += len(chunk)
            chunk = chunk[len(first) :]
            first = b""
            if reads:
                with contextlib.suppress(BlockingIOError):
                    if not client.recv(2**20, socket.MSG_DONTWAIT):
                        return True, sent
    except TimeoutError:
        return False, sent
    except OSError:
        return True, sent
    return False, sent


@pytest.mark.parametrize("where", ["seat", "list"])
@pytest.mark.parametrize(("first", "frame", "reads"), FLOODS.values(), ids=FLOODS)
def test_a_flood_of_frames_ends_only_its_own_socket(
    site: Site, where: str, first: bytes, frame: bytes, reads: bool
) -> None:
    with take_seat_by_socket(site, Table(1)) as player:
        flooder = (
            take_seat_by_socket(site, Table(1)) if where == "seat" else Caller(site, "/ws/lobbies")
        )
        raw = socket.fromfd(flooder.socket.socket.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with raw:
            is_ended, sent = flood(raw, first, frame, reads=reads)
            assert player.ask("ping")["type"] == "pong"
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        assert is_ended, f"the server accepted {sent / 2**20:.1f} MiB"
        assert grown < 24, f"{grown:.0f} MiB"  # without the kernel's buffers
        with contextlib.suppress(Exception):
            flooder.socket.close()


def test_a_flood_gets_the_reason_of_its_close(site: Site) -> None:
    assert int(Close.TOO_MUCH) == close_codes.TOO_MUCH
    with Caller(site, "/ws/lobbies") as looker:
        looker.receive("lobbies")
        looker.socket.socket.sendall(PONG * int(FRAME_BURST + FRAMES_PER_SECOND))
        assert looker.closed() == Close.TOO_MUCH


def test_each_kibibyte_of_a_frame_costs_a_token(site: Site) -> None:
    with Caller(site, "/ws/lobbies") as looker:
        looker.receive("lobbies")
        looker.socket.socket.sendall(BINARY * int(FRAME_BURST / 17 + 4))
        assert looker.closed() == Close.TOO_MUCH


def test_the_limit_leaves_room_for_the_pace_of_players() -> None:
    """So a player who is too fast gets errors before the close."""
    assert 2 * (sockets.MESSAGE_BURST + consumers.MAX_EXCESS_MESSAGES) < FRAME_BURST
    assert 4 * sockets.MESSAGES_PER_SECOND < FRAMES_PER_SECOND


def test_a_client_within_the_frame_limit_stays_connected(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With frames, messages and messages in parts, for longer than a burst lasts."""
    monkeypatch.setattr(websocket_protocol, "FRAME_BURST", 60)
    with take_seat_by_socket(site, Table(1)) as player:
        began = time.monotonic()
        for said in range(30, 150, 30):
            pongs = [player.socket.ping() for _ in range(12)]
            for _ in range(12):
                player.socket.pong()
            assert all(pong.wait(2) for pong in pongs)
            player.socket.send(iter(['{"type":', '"ping",', '"id":"parts"}']))
            assert player.receive(re="parts")["type"] == "pong"
            assert player.ask("ping")["type"] == "pong"
            # The pace of a client, not a wait for a state: a slower client stays connected, too.
            time.sleep(max(0, began + said / FRAMES_PER_SECOND - time.monotonic()))
        assert player.ask("ping")["type"] == "pong"


def test_the_server_accepts_pongs_to_its_own_pings(site: Site) -> None:
    with Caller(site, "/ws/lobbies") as looker:
        looker.receive("lobbies")
        protocol = protocol_of(site)
        before = protocol.ping_timer
        protocol.loop.call_soon_threadsafe(protocol.send_keepalive_ping)
        until(lambda: protocol.ping_timer not in (None, before))  # the next one
        assert protocol.pong_timer is None
        assert looker.ask("ping")["type"] == "pong"


def test_pongs_that_are_not_read_end_the_socket(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count for the limit of everything that clients have not read."""
    for name in ("FRAMES_PER_SECOND", "FRAME_BURST"):
        monkeypatch.setattr(websocket_protocol, name, 10**9)
    monkeypatch.setattr(connections, "CHECK_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(connections, "MAX_UNREAD_BYTES", 64 * 1024)
    with Client(site) as client:
        client.send(HANDSHAKE % (b"/ws/lobbies", b""))
        assert flood(client.socket, b"", PING, reads=False)[0]


@pytest.mark.parametrize("frames", [b"\x83\x80" + MASK, PONG * 1000], ids=["bad", "many"])
def test_bad_frames_before_the_accept_abort_the_connection(frames: bytes) -> None:
    """No close frame can be sent before the accept. The application gets a disconnect."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        received.append(await receive())

    async def attempt() -> None:
        config, state = server_config(application), ServerState()
        config.load()
        protocol = WebSocketProtocol(config, state, {GUARD: ConnectionGuard()})
        transport = Mock(
            **{
                "abort.side_effect": lambda: protocol.connection_lost(None),
                "get_extra_info.return_value": None,
                "is_closing.return_value": False,
            }
        )
        protocol.connection_made(transport)
        protocol.data_received(HANDSHAKE % (b"/ws/lobbies", b""))
        protocol.data_received(frames)
        transport.abort.assert_called_once()
        await asyncio.gather(*state.tasks)

    received: list[Any] = []
    asyncio.run(attempt())
    assert received == [{"type": "websocket.disconnect", "code": 1006}]


# ---- Heads --------------------------------------------------------------------------------------


START = b"GET /api/v1/maps HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LARGE: dict[str, tuple[bytes, ...]] = {
    "one header of many": (START + b"X: ", *[b"x" * 2**20] * 40),
    "200,000 lines": (START, *[b"a: b\r\n" * 10_000] * 20),
    "a line too many": (START + b"a: b\r\n" * MAX_HEADERS + b"\r\n",),
    "a byte too many": (START + b"X: " + b"x" * (MAX_HEAD_BYTES - len(START) - 6) + b"\r\n\r\n1",),
    "an address": (b"GET /api/", *[b"x" * 2**20] * 4),
    "trailers": (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\nx\r\n0\r\nX: ",
        *[b"x" * 2**20] * 4,
    ),
    "an extension of a chunk": (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        *[b"x" * 2**20] * 4,
    ),
}


@pytest.mark.parametrize("parts", LARGE.values(), ids=LARGE)
def test_a_head_above_a_limit_is_rejected(site: Site, parts: tuple[bytes, ...]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert_shape(exchange(site, *parts), 431, "headers_too_large")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024
    assert httpx.get(site.url + "/health/live").status_code == 200


def test_a_head_of_64_kib_is_accepted(site: Site) -> None:
    """Also as the second of a connection, in small pieces, and after a body."""
    end = b"\r\n\r\n"
    large = START + b"X: " + b"x" * (MAX_HEAD_BYTES - len(START) - 3 - len(end)) + end
    body = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 200000\r\n\r\n"
    with Client(site) as client:
        for request, status in ((large, 200), (body + b"x" * 200_000, 415), (large, 200)):
            for start in range(0, len(request), 1000):
                client.send(request[start : start + 1000])
            assert client.status() == status


def test_a_page_request_with_too_large_headers_gets_a_page(site: Site) -> None:
    cookies = b"".join(b"Cookie: c%d=%s\r\n" % (n, b"x" * 4000) for n in range(20))
    response = exchange(site, b"GET /maps/?q=x HTTP/1.1\r\n" + cookies + b"\r\n")
    assert response.status_code == 431
    assert response.headers["content-type"].startswith("text/html")
    assert "too large" in response.text
    assert response.headers["x-request-id"]


@pytest.mark.parametrize("begun", [b"", b"\r\n", START], ids=["nothing", "a line", "half a head"])
@pytest.mark.parametrize("before", [b"", START + b"\r\n"], ids=["the first", "the second"])
def test_a_slow_head_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, site: Site, begun: bytes, before: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.2)
    site.server.config.timeout_keep_alive = 1  # for a second request that never begins
    with Client(site) as client:
        if before:
            client.send(before)
            assert client.status() == 200
        client.send(begun)
        assert client.receive() is None  # a timeout of the client would raise


def test_a_slow_body_does_not_count_as_a_slow_head(
    monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.1)
    moments: list[float] = []
    check = HttpProtocol.check

    def watched(self: HttpProtocol, now: float) -> None:
        check(self, now)
        moments.append(now)

    monkeypatch.setattr(HttpProtocol, "check", watched)
    with Client(site) as client:
        head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n"
        client.send(head + b"{")
        until(lambda: len(moments) > 1 and moments[-1] - moments[0] > 0.3)
        client.send(b"}")
        assert client.status() == 415


def test_pipelined_requests_are_limited(site: Site) -> None:
    """MAX_PIPELINED requests may wait. A client that sends thousands gets only the responses to those."""
    request = START + b"\r\n"
    for count in (MAX_PIPELINED, 20_000):
        with Client(site) as client:
            client.send(request * count)
            for _ in range(MAX_PIPELINED):
                assert client.status() == 200
            if count > MAX_PIPELINED:
                assert client.status() in (200, None)  # the request that the others waited for
                assert client.receive() is None


# ---- Malformed requests -------------------------------------------------------------------------

MALFORMED: dict[str, bytes] = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 60,
    "an unknown method": b"FROBNICATE /api/v1/maps HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/9.9": b"GET /api/v1/maps HTTP/9.9\r\nHost: x\r\n\r\n",
    "two lengths": START + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "no length": START + b"Content-Length: -1\r\n\r\n",
    "length and chunks": START
    + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad byte in the address": b"GET /api/v1/\x00maps HTTP/1.1\r\nHost: x\r\n\r\n",
    "UTF-8 in the address": b"GET /api/v1/maps/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bad byte in a header": START + b"X\x00: y\r\n\r\n",
    "a bad chunk": START.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "UTF-8 in a socket's address": HANDSHAKE % (b"/ws/\xc3\xa9", b""),
    "a socket with a body": HANDSHAKE % (b"/ws/lobbies", b"Content-Length: 3\r\n"),
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_rejected(site: Site, request_bytes: bytes) -> None:
    assert_shape(exchange(site, request_bytes), 400, "bad_request")
    assert httpx.get(site.url + "/health/live").status_code == 200


@pytest.mark.parametrize(
    ("address", "header"),
    [(b"/ws/lobbies", b"Cookie: " + b"x" * 9000 + b"\r\n"), (b"/ws/" + b"x" * 9000, b"")],
    ids=["header", "address"],
)
def test_a_handshake_with_too_long_a_line_is_rejected(
    site: Site, address: bytes, header: bytes
) -> None:
    response = exchange(site, HANDSHAKE % (address, header))
    assert response.status_code == 431
    assert response.headers["x-request-id"]
    until(lambda: not site.server.server_state.connections)


def test_errors_have_the_request_id_of_the_proxy(site: Site) -> None:
    given = START + b"X-Request-Id: abc-1\r\n"
    for rest in (b"Content-Length: x\r\n\r\n", b"a: b\r\n" * 200 + b"\r\n"):
        assert exchange(site, given + rest).headers["x-request-id"] == "abc-1"
    harmful = START + b"X-Request-Id: <script>\r\nContent-Length: x\r\n\r\n"
    assert "script" not in exchange(site, harmful).text


def test_a_pending_response_is_sent_before_the_connection_ends(site: Site) -> None:
    """The error for the next request must not look like the response to the first."""
    with Client(site) as client:
        client.send(START + b"\r\n" + MALFORMED["an unknown method"])
        assert client.status() == 200
        assert client.receive() is None


def test_a_full_server_sends_a_503_in_our_form(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    response = httpx.get(site.url + "/api/v1/maps")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.json()["errors"][0]["code"] == "busy"
    assert response.json()["request_id"] == response.headers["x-request-id"] != ""
