"""Clients that send or read slowly: what they can hold, and for how long.

`make faults` tests the same with a thousand connections and the real deadlines.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.server import (
    connections,
    http_protocol,
    request_bodies,
    transfer_rates,
    websocket_protocol,
)
from config.server.framing import read_framing
from config.server.http_protocol import HttpProtocol
from config.server.request_bodies import BodyStore, BodyTooLarge, NoRoomForBody
from config.server.transfer_rates import MIN_BYTES_PER_SECOND, WINDOW_SECONDS, TransferRate
from config.urls import handler404, urlpatterns
from tests.support.live_site import Site
from tests.support.raw_http import HANDSHAKE, Client, assert_shape, exchange
from tests.support.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_errors_logged"),
]

POST = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n"
)
GET = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LARGE = 4 * 1024 * 1024  # bytes, more than all buffers together
begun: list[str] = []


def large(request: HttpRequest) -> HttpResponse:
    begun.append(threading.current_thread().name)
    return HttpResponse(b"x" * LARGE)


class Urls:
    handler404 = handler404
    urlpatterns = [*urlpatterns, path("large", large)]


@pytest.fixture(autouse=True)
def own_urls(settings: Any) -> None:
    settings.ROOT_URLCONF = Urls
    begun.clear()


@pytest.fixture(autouse=True)
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CHECK_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(http_protocol, "CHECK_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(transfer_rates, "WINDOW_SECONDS", 0.3)


def connect(site: Site, *, receive_buffer: int = 0) -> socket.socket:
    """Returns a connection that sends and reads only what the test says."""
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.connect(("127.0.0.1", site.port))
    client.settimeout(8)
    return client


# ---- The rate of a transfer ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bytes_a_second", "is_ended"),
    [(0, True), (1, True), (MIN_BYTES_PER_SECOND - 1, True), (MIN_BYTES_PER_SECOND, False)],
)
def test_a_transfer_has_a_minimum_rate(
    monkeypatch: pytest.MonkeyPatch, bytes_a_second: int, is_ended: bool
) -> None:
    monkeypatch.setattr(transfer_rates, "WINDOW_SECONDS", WINDOW_SECONDS)
    transfer, ends = TransferRate(100.0), []
    for second in range(1, 61):
        transfer.move(bytes_a_second)
        ends.append(transfer.is_too_slow(100.0 + second))
    assert any(ends) is is_ended
    assert not any(ends[:9])


def test_a_fast_window_does_not_excuse_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_rates, "WINDOW_SECONDS", WINDOW_SECONDS)
    transfer = TransferRate(0.0)
    transfer.move(10**9)
    assert not transfer.is_too_slow(10.0)
    assert transfer.is_too_slow(20.0)


def test_a_transfer_has_a_deadline_without_pauses_of_the_server() -> None:
    transfer = TransferRate(0.0, deadline=20.0)
    for second in range(1, 20):
        transfer.move(10**6)
        assert not transfer.is_too_slow(second)
    transfer.pause(5.0)
    transfer.move(10**6)
    assert not transfer.is_too_slow(24.0)
    transfer.move(10**6)
    assert transfer.is_too_slow(26.0)


# ---- Bodies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"{", b'{"username": "a"'], ids=len)
def test_a_body_that_stops_is_rejected(site: Site, sent: bytes) -> None:
    assert_shape(exchange(site, POST % 2_400_000 + sent), 408, "body_too_slow")


def test_a_chunked_body_that_stops_is_rejected(site: Site) -> None:
    head = POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
    assert_shape(exchange(site, head + b"1\r\n{\r\n"), 408, "body_too_slow")


def test_a_body_has_a_deadline(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "BODY_TIMEOUT_SECONDS", 0.6)
    with Client(site) as client:
        client.send(POST % 2_400_000)
        stop = threading.Event()

        def send_slowly() -> None:
            with contextlib.suppress(OSError):
                while not stop.wait(0.02):  # faster than the minimum rate
                    client.socket.sendall(b" " * 2000)

        thread = threading.Thread(target=send_slowly)
        thread.start()
        response = client.receive()
        stop.set()
        thread.join()
    assert response
    assert_shape(response, 408, "body_too_slow")


def test_a_slow_body_after_its_response_ends_the_connection_without_an_error(
    site: Site,
) -> None:
    """Health checks and static files have a response before the body is complete."""
    with Client(site) as client:
        client.send(GET[:-2] % b"/health/live" + b"Content-Length: 1000000\r\n\r\nx")
        assert client.status() == 200
        assert client.receive() is None


def test_space_for_bodies_is_limited(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """In memory, in total and for each address. A body frees its space at its end."""
    for name, size in {
        "MAX_SMALL_BODY_BYTES": 0,
        "MAX_MEMORY_BYTES": 100,
        "MAX_TOTAL_BYTES": 1000,
        "MAX_BYTES_PER_ADDRESS": 600,
    }.items():
        monkeypatch.setattr(request_bodies, name, size)
    settings.MAX_BODY_BYTES = 500
    store = BodyStore()
    with store.receive("a") as first, store.receive("a") as second, store.receive("b") as third:
        first.write(b"x" * 80)
        second.write(b"y" * 80)  # on disk, because only 20 bytes are left in memory
        assert store.in_memory == 80
        first.write(b"x" * 80)  # moves to disk
        assert store.in_memory == 0
        third.write(b"z" * 100)
        assert store.in_memory == 100
        with pytest.raises(BodyTooLarge):
            first.write(b"x" * 341)
        first.write(b"x" * 340)
        with pytest.raises(NoRoomForBody):
            second.write(b"y" * 21)
        third.write(b"z" * 300)
        with pytest.raises(NoRoomForBody), store.receive("c") as fourth:
            fourth.write(b"x" * 21)
        for body, letter, size in ((first, b"x", 500), (second, b"y", 80), (third, b"z", 400)):
            body.file.seek(0)
            assert body.file.read() == letter * size
    assert (store.in_memory, store.total, dict(store.by_address)) == (0, 0, {})


def test_a_body_without_room_gets_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bodies, "MAX_TOTAL_BYTES", 1000)
    monkeypatch.setattr(request_bodies, "MAX_SMALL_BODY_BYTES", 950)
    for _ in range(3):
        response = httpx.post(site.url + "/api/v1/auth/login", content=b"x" * 1001)
        assert response.status_code == 503
        assert response.json()["errors"][0]["code"] == "busy"
    assert httpx.post(site.url + "/api/v1/auth/login", content=b"x" * 900).status_code == 415


# ---- Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [b"/large", b"/privacy/"])
def test_clients_that_read_nothing_block_no_thread(site: Site, settings: Any, where: bytes) -> None:
    mute = [connect(site, receive_buffer=4096) for _ in range(3 * settings.THREADS)]
    for client in mute:
        client.sendall((GET % b"/large") * 2 + GET % where)
    with httpx.Client(base_url=site.url, timeout=10) as http:
        assert [http.get("/privacy/").status_code for _ in range(20)] == [200] * 20
    for client in mute:
        client.close()


def test_a_request_waits_until_the_response_before_it_is_read(site: Site) -> None:
    with connect(site, receive_buffer=4096) as client:
        client.sendall(GET % b"/large" * 3)
        until(lambda: len(begun) == 1)
        assert httpx.get(site.url + "/large").status_code == 200
        assert len(begun) == 2  # only that of the other client
        reader = client.makefile("rb")
        for nth in range(3):
            assert reader.readline().startswith(b"HTTP/1.1 200")
            while reader.readline().strip():
                pass
            assert len(begun) <= nth + 3
            assert len(reader.read(LARGE)) == LARGE
        assert len(begun) == 4


def test_an_unread_response_ends_the_connection(site: Site) -> None:
    with connect(site, receive_buffer=4096) as client:
        client.sendall(GET % b"/large")
        until(lambda: bool(begun))
        until(lambda: not site.server.server_state.connections)


def test_unread_responses_have_a_common_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_rates, "WINDOW_SECONDS", 60)
    monkeypatch.setattr(connections, "MAX_UNREAD_BYTES", LARGE)
    mute = [connect(site, receive_buffer=4096) for _ in range(5)]
    for client in mute:
        client.sendall(GET % b"/large")
    state = site.server.server_state
    until(lambda: len(begun) == 5)
    until(lambda: len(state.connections) <= 1)
    for client in mute:
        client.close()


# ---- Too many -----------------------------------------------------------------------------------


@pytest.fixture
def silent(site: Site) -> Iterator[list[socket.socket]]:
    """Ten clients that send neither a complete head nor a complete body."""
    clients = [connect(site) for _ in range(10)]
    for n, client in enumerate(clients):
        client.sendall((POST % 10, (GET % b"/maps/")[:20], POST % 10 + b"{")[n % 3])
    until(lambda: len(site.server.server_state.connections) == 10)
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def long_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_rates, "WINDOW_SECONDS", 60)


@pytest.mark.usefixtures("long_window")
def test_a_full_server_closes_the_connection_that_waited_longest(
    site: Site, silent: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_EVICTED_TOGETHER", 1)
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 10)
    for path_ in ("/health/live", "/health/ready", "/maps/", "/api/v1/maps"):
        assert httpx.get(site.url + path_).status_code == 200, path_
    state = site.server.server_state
    until(lambda: len(state.connections) < 10)
    with contextlib.suppress(ConnectionResetError):
        assert silent[1].recv(1) == b""  # the first without a complete head
    silent[0].setblocking(False)
    with pytest.raises(BlockingIOError):
        silent[0].recv(1)


@pytest.mark.usefixtures("long_window", "silent")
def test_connections_of_one_address_are_limited(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(django_settings.ADDRESS_LIMITS, "connections", 10)
    assert httpx.get(site.url + "/health/live").status_code == 200
    until(lambda: len(site.server.server_state.connections) < 10)


@pytest.mark.usefixtures("long_window")
def test_connections_with_running_requests_are_not_closed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setitem(django_settings.ADDRESS_LIMITS, "connections", 2)
    monkeypatch.setattr(
        Urls, "urlpatterns", [path("wait", lambda request: HttpResponse(str(gate.wait(10))))]
    )
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(httpx.get, site.url + "/wait", timeout=20) for _ in range(2)]
        until(lambda: len(site.server.server_state.tasks) == 2)
        with Client(site) as client:
            response = client.receive()
            assert response
            assert response.status_code == 503
            assert response.json()["errors"][0]["code"] == "busy"
        gate.set()
        assert [each.result().status_code for each in waiting] == [200, 200]


@pytest.mark.usefixtures("long_window")
def test_the_address_of_a_trusted_proxy_has_no_limit(
    site: Site, silent: list[socket.socket], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    monkeypatch.setitem(django_settings.ADDRESS_LIMITS, "connections", 10)
    assert httpx.get(site.url + "/health/live").status_code == 200
    for client in silent:
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)


def test_health_has_a_response_on_a_full_server(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    assert httpx.get(site.url + "/maps/").status_code == 503
    for path_ in ("/health/live", "/health/ready"):
        assert httpx.get(site.url + path_).status_code == 200
        assert httpx.head(site.url + path_).status_code == 200
        assert httpx.post(site.url + path_).status_code == 405


# ---- Requests that two servers could read differently -------------------------------------------

HOST = (b"host", b"127.0.0.1")
AMBIGUOUS: dict[str, list[tuple[bytes, bytes]]] = {
    "no host": [],
    "no host, but others": [(b"accept", b"*/*"), (b"x-forwarded-host", b"x")],
    "an empty host": [(b"host", b"")],
    "two hosts": [HOST, HOST],
    "gzip, chunked": [HOST, (b"transfer-encoding", b"gzip, chunked")],
    "identity": [HOST, (b"transfer-encoding", b"identity")],
    "chunked twice": [HOST, (b"transfer-encoding", b"chunked, chunked")],
    "chunked on two lines": [
        HOST,
        (b"transfer-encoding", b"gzip"),
        (b"transfer-encoding", b"chunked"),
    ],
    "a parameter": [HOST, (b"transfer-encoding", b"chunked;q=1")],
    "quotes": [HOST, (b"transfer-encoding", b'"chunked"')],
    "TE": [HOST, (b"te", b"gzip, chunked")],
}


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=AMBIGUOUS)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("where", [b"/api/v1/maps", b"/health/live", b"/static/js/site.js"])
def test_an_ambiguous_request_is_rejected(
    site: Site, headers: list[tuple[bytes, bytes]], version: bytes, where: bytes
) -> None:
    assert read_framing(headers) is None
    lines = b"".join(b"%s: %s\r\n" % each for each in headers)
    response = exchange(site, b"GET %s HTTP/%s\r\n%s\r\n0\r\n\r\n" % (where, version, lines))
    assert_shape(response, 400, "bad_request")


def test_ordinary_requests_are_not_ambiguous() -> None:
    assert read_framing([HOST]) == "none"
    assert read_framing([HOST, (b"transfer-encoding", b"Chunked"), (b"te", b"trailers")]) == "body"
    assert read_framing([HOST, (b"content-length", b"0")]) == "body"


def test_a_handshake_without_a_host_is_rejected(site: Site) -> None:
    handshake = (HANDSHAKE % (b"/ws/lobbies", b"")).replace(b"Host: 127.0.0.1\r\n", b"")
    assert_shape(exchange(site, handshake), 400, "bad_request")


def test_trailers_are_dropped(site: Site, settings: Any) -> None:
    """Otherwise an address in a trailer would come after the one of the proxy, and be trusted."""
    settings.TRUSTED_PROXIES = 1
    head = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 192.0.2.1\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    )
    left = []
    with Client(site) as client:
        for n in range(3):
            client.send(head + b"X-Forwarded-For: 192.0.2.%d\r\nX-Request-Id: no\r\n\r\n" % (n + 2))
            response = client.receive()
            assert response
            assert response.headers["x-request-id"] != "no"
            left.append(response.headers["x-ratelimit-remaining"])
    assert left == ["99", "98", "97"]


# ---- Unusual ends -------------------------------------------------------------------------------


def test_endless_empty_lines_are_rejected(site: Site) -> None:
    response = exchange(site, b"\r\n" * 40_000)
    assert_shape(response, 431, "headers_too_large")


def test_a_connection_that_is_aborted_during_a_read_parses_no_more(site: Site) -> None:
    """It must not loop, because all connections share the event loop."""
    with Client(site) as client:
        client.send(GET % b"/health/live")
        assert client.status() == 200
        state = site.server.server_state
        (protocol,) = [each for each in state.connections if isinstance(each, HttpProtocol)]

        def end_and_read() -> None:
            protocol.transport.abort()
            protocol.data_received(b"GET /" + b"a" * 200_000)

        protocol.loop.call_soon_threadsafe(end_and_read)
        until(lambda: not state.connections)
    assert httpx.get(site.url + "/health/live").status_code == 200


def test_a_failing_check_does_not_stop_the_checks_of_others(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_SECONDS", 0.2)
    usual = HttpProtocol.check
    broken: list[HttpProtocol] = []

    def check(self: HttpProtocol, now: float) -> None:
        if not broken or self in broken:
            broken.append(self)
            raise RuntimeError("broken")
        usual(self, now)

    monkeypatch.setattr(HttpProtocol, "check", check)
    clients = [connect(site) for _ in range(2)]
    until(lambda: len(broken) > 0)
    until(lambda: not site.server.server_state.connections)
    for client in clients:
        client.close()
    assert "The check of a connection failed" in caplog.text
    caplog.clear()


def test_rejected_sockets_are_closed_to_make_room(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(django_settings.ADDRESS_LIMITS, "connections", 10)
    sockets = [connect(site) for _ in range(30)]
    for client in sockets:
        client.sendall(HANDSHAKE % (b"/ws/nowhere", b""))
    for client in sockets:  # until then their requests run, and they can't be closed
        with contextlib.suppress(ConnectionResetError):
            client.recv(1)
    for _ in range(5):
        assert httpx.get(site.url + "/privacy/").status_code == 200
    until(lambda: len(site.server.server_state.connections) <= 10)
    monkeypatch.setattr(websocket_protocol, "CLOSE_TIMEOUT_SECONDS", 0)
    for client in sockets:
        client.close()


def test_a_body_in_tiny_parts_is_rejected(site: Site) -> None:
    head = POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
    assert_shape(exchange(site, head + b"1\r\nx\r\n" * 5_000), 400, "bad_request")


def test_a_handshake_after_a_request_does_not_overtake_its_response(site: Site) -> None:
    with Client(site) as client:
        client.send(GET % b"/privacy/" + HANDSHAKE % (b"/ws/lobbies", b""))
        assert client.status() == 200
        assert client.receive() is None
