"""The application with the real server: threads, limits, static files, sockets."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import websockets.sync.client
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from psycopg.conninfo import conninfo_to_dict
from websockets.exceptions import ConnectionClosedError

from accounts.models import User
from config.db import pools
from config.server import handler
from config.urls import handler404, urlpatterns
from maps.models import GameMap
from tests.support.api import bearer
from tests.support.factories import PASSWORD, make_map, make_user
from tests.support.live_site import Site
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def http(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, timeout=10) as client:
        yield client


# ---- Views of these tests -----------------------------------------------------------------------

WAITING = "SELECT 'a request that waits'"
gate = threading.Event()
seen_threads: set[str] = set()


def wait(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
    seen_threads.add(threading.current_thread().name)
    assert gate.wait(10)
    return HttpResponse("done")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        for _ in range(3):
            yield threading.current_thread().name + "\n"

    return StreamingHttpResponse(parts())


def echo(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(request.body)
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


def hang(request: HttpRequest) -> HttpResponse:
    """Acts like a stopped database, which does not keep its timeouts."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET client_connection_check_interval = 100")
        cursor.execute("SELECT pg_sleep(60)")
    return HttpResponse("never")


class Urls:
    handler404 = handler404
    urlpatterns = [
        *urlpatterns,
        path("wait", wait),
        path("stream", stream),
        path("api/echo", echo),
        path("api/hang", hang),
    ]


@pytest.fixture(autouse=True)
def own_urls(settings: Any) -> None:
    settings.ROOT_URLCONF = Urls
    gate.clear()
    seen_threads.clear()


# ---- Threads ------------------------------------------------------------------------------------


def test_threads_and_connections_are_limited_and_the_rest_gets_a_503(
    http: httpx.Client, site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "THREAD_TIMEOUT_SECONDS", 0.5)
    before = set(threading.enumerate())
    with ThreadPoolExecutor(30) as pool:
        waiting = [pool.submit(httpx.get, site.url + "/wait", timeout=20) for _ in range(20)]
        until(lambda: sum(future.done() for future in waiting) >= 20 - settings.THREADS)
        refused = [future.result() for future in waiting if future.done()]
        assert {response.status_code for response in refused} == {503}
        assert {response.headers["Retry-After"] for response in refused} == {"2"}
        busy = refused[0]  # a page, made without Django's views
        assert busy.headers["Content-Type"] == "text/html; charset=utf-8"
        assert ">Try again</a>" in busy.text
        assert busy.headers["X-Request-Id"] in busy.text
        (styles,) = set(re.findall(r'href="(/static/css/site\.[^"]+)"', busy.text))
        assert httpx.get(site.url + styles).status_code == 200
        with connection.cursor() as cursor:
            # Found by their query: sockets have their own connections, and PostgreSQL has workers.
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query = %s", [WAITING])
            (connections,) = cursor.fetchone()
        assert connections == settings.THREADS
        gate.set()
        responses = [future.result().status_code for future in waiting]
    assert responses.count(200) == settings.THREADS
    assert len(seen_threads) == settings.THREADS
    assert all(name.startswith("request-") for name in seen_threads)
    begun = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in begun if name.startswith("request-")} - seen_threads


def test_sequential_requests_use_one_thread(http: httpx.Client) -> None:
    gate.set()
    for _ in range(20):
        assert http.get("/wait").text == "done"
    assert len(seen_threads) == 1


def test_a_streamed_response_is_made_in_one_thread(http: httpx.Client) -> None:
    assert len(set(http.get("/stream").text.split())) == 1


def test_the_503_of_the_api_is_json(
    http: httpx.Client, site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "THREAD_TIMEOUT_SECONDS", 0.1)
    with ThreadPoolExecutor(10) as pool:
        waiting = [
            pool.submit(httpx.get, site.url + "/wait", timeout=20) for _ in range(settings.THREADS)
        ]
        until(lambda: len(seen_threads) >= settings.THREADS)
        response = http.get("/api/v1/maps")
        gate.set()
        assert all(future.result().status_code == 200 for future in waiting)
    assert response.status_code == 503
    assert response.json()["errors"][0]["code"] == "busy"
    assert response.json()["request_id"] == response.headers["X-Request-Id"] != ""


def test_liveness_needs_no_thread(http: httpx.Client, site: Site, settings: Any) -> None:
    with ThreadPoolExecutor(10) as pool:
        waiting = [
            pool.submit(httpx.get, site.url + "/wait", timeout=20) for _ in range(settings.THREADS)
        ]
        until(lambda: len(seen_threads) >= settings.THREADS)
        alive = http.get("/health/live", headers={"Host": "10.0.0.1"})
        gate.set()
        assert all(future.result().status_code == 200 for future in waiting)
    assert alive.json() == {"status": "ok"}


def test_a_silent_database_does_not_block_threads(
    http: httpx.Client, site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "RESPONSE_TIMEOUT_SECONDS", 0.5)
    threads = settings.THREADS
    for _ in range(2):  # all threads, and all of them again
        with ThreadPoolExecutor(threads) as pool:
            asked = pool.map(
                lambda _: httpx.get(site.url + "/api/hang", timeout=10), range(threads)
            )
            responses = list(asked)
        assert {response.status_code for response in responses} == {503}
        assert {response.json()["errors"][0]["code"] for response in responses} == {"unavailable"}
        assert {response.headers["Retry-After"] for response in responses} == {"2"}
    assert http.get("/api/v1/maps?page_size=7").status_code == 200


def test_a_request_that_waits_for_a_lock_times_out(http: httpx.Client, player: User) -> None:
    game_map = make_map(make_user("Author"))
    with transaction.atomic():
        GameMap.objects.filter(pk=game_map.pk).update(play_count=1)  # holds the row
        response = httpx.put(
            f"{http.base_url}/api/v1/maps/{game_map.pk}/rating",
            json={"stars": 5},
            headers=bearer(player),
            timeout=20,
        )
    assert response.status_code == 503
    assert response.json()["errors"][0]["code"] == "unavailable"


# ---- Bodies -------------------------------------------------------------------------------------


def test_bodies_and_several_cookies_pass_through(site: Site) -> None:
    with httpx.Client(base_url=site.url) as client:
        page = client.get("/login/")
        token = page.cookies["csrftoken"]
        headers = {"X-CSRFToken": token, "Referer": site.url}
        response = client.post("/api/echo", content=b"x" * 100_000, headers=headers)
    assert response.content == b"x" * 100_000
    assert len(response.headers.get_list("set-cookie")) == 2


def test_a_too_large_body_is_rejected_while_it_arrives(http: httpx.Client) -> None:
    def flood() -> Iterator[bytes]:
        for _ in range(12):
            yield b"x" * 1024 * 1024

    response = http.post("/api/v1/auth/login", content=flood())
    assert response.status_code == 413
    assert response.json()["errors"][0]["code"] == "body_too_large"


def test_a_chunked_body_is_read(http: httpx.Client, player: User) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"username": "Player1", '
        yield b'"password": "' + PASSWORD.encode() + b'"}'

    headers = {"Content-Type": "application/json"}
    response = http.post("/api/v1/auth/login", content=chunks(), headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/login/", "/api/v1/auth/login", "/nowhere"])
@pytest.mark.parametrize(
    "content_type",
    [
        "a/b; x*=nonsense''%41",
        "multipart/form-data; boundary=X; charset=hex",
        "multipart/form-data; boundary=X; charset=idna",
        "application/json; charset=utf-16",
    ],
)
def test_malformed_headers_get_a_400(http: httpx.Client, path: str, content_type: str) -> None:
    response = http.post(path, content=b"--X--", headers={"Content-Type": content_type})
    assert response.status_code == 400
    is_json = response.headers["content-type"] == "application/json"
    assert is_json is path.startswith("/api/")
    assert response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_malformed_requests_count_for_the_rate_limit(http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json; charset=utf-16"}
    for left in (99, 98):
        response = http.post("/api/v1/auth/login", content=b"{}", headers=headers)
        assert response.headers["x-ratelimit-remaining"] == str(left)


def test_errors_without_a_body_get_the_form_of_ours(http: httpx.Client, player: User) -> None:
    address = f"/api/v1/maps/{make_map(player).pk}"
    for _ in range(2):  # the connection can be used again
        response = http.get(address, headers={"If-Match": '"x"'})
        assert response.status_code == 412
        assert response.json()["errors"][0]["code"] == "precondition_failed"
        response = http.get("/logout/")
        assert response.status_code == 405
        assert "is not allowed" in response.text


def test_a_query_that_is_not_text_is_no_server_error(site: Site) -> None:
    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET /maps/?q=\xff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        response = await reader.read()
        writer.close()
        return response

    assert asyncio.run(ask()).split(b" ")[1] in (b"400", b"200")


def test_an_error_outside_django_has_the_form_of_ours(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(handler, "set_script_prefix", fail)
    response = http.get("/api/v1/maps")
    assert response.status_code == 500
    assert response.json()["errors"][0]["code"] == "error"


def test_a_client_that_leaves_during_its_body_does_no_harm(site: Site, http: httpx.Client) -> None:
    async def leave() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nxx")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    asyncio.run(leave())
    assert http.get("/health/live").status_code == 200


def test_slow_bodies_block_no_thread(site: Site, http: httpx.Client, settings: Any) -> None:
    async def send_slowly() -> int:
        writers = []
        for _ in range(settings.THREADS * 2):
            _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(
                b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nx"
            )
            await writer.drain()
            writers.append(writer)
        status = (await asyncio.to_thread(http.get, "/maps/")).status_code
        for writer in writers:
            writer.close()
        return status

    assert asyncio.run(send_slowly()) == 200


# ---- Pages, static files, sockets ---------------------------------------------------------------


def test_pages_have_security_headers(http: httpx.Client) -> None:
    headers = http.get("/maps/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def test_static_files_are_hashed_compressed_and_cacheable(http: httpx.Client) -> None:
    page = http.get("/maps/").text
    url = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert len(url.rsplit("/", 1)[1].split(".")) == 3  # name, hash, css
    for encoding in ("br", "gzip"):
        response = http.get(url, headers={"Accept-Encoding": encoding})
        assert response.headers["content-encoding"] == encoding
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
    again = http.get(url, headers={"If-Modified-Since": response.headers["last-modified"]})
    assert again.status_code == 304
    part = http.get(url, headers={"Range": "bytes=0-9", "Accept-Encoding": "identity"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert http.head(url).content == b""
    assert http.post(url).status_code == 405
    before = threading.active_count()
    for _ in range(20):
        http.get(url)
    assert threading.active_count() == before
    assert http.get("/static/nothing.css").status_code == 404
    assert http.get("/static/../config/settings.py").status_code == 404
    assert http.get("/static/%2e%2e/manage.py").status_code == 404


def test_head_and_health_checks_have_responses(http: httpx.Client) -> None:
    assert http.head("/maps/").content == b""
    assert http.get("/health/live").json() == {"status": "ok"}
    ready = http.get("/health/ready")
    assert (ready.status_code, ready.json()["postgres"], ready.json()["redis"]) == (200, "ok", "ok")


def test_a_socket_with_an_unknown_path_gets_a_close_code(site: Site) -> None:
    url = site.url.replace("http", "ws")
    for address in ("/ws/nowhere", "/", "/ws/game-sessions/x"):
        with websockets.sync.client.connect(url + address) as socket:
            last_word = json.loads(socket.recv(timeout=5))
            assert (last_word["type"], last_word["data"]["code"]) == ("error", "not_found")
            with pytest.raises(ConnectionClosedError) as closed:
                socket.recv(timeout=5)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4404, "no_such_session")


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ({"HOST": "", "OPTIONS": {"host": "/sockets"}}, "/sockets"),
        ({"HOST": "db.example", "OPTIONS": {}}, "db.example"),
        ({"HOST": "db.example", "OPTIONS": {"host": "/sockets"}}, "db.example"),
    ],
)
def test_pools_reach_the_database_that_django_reaches(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], host: str
) -> None:
    other = connection.copy()
    other.settings_dict = connection.settings_dict | given
    monkeypatch.setattr(pools, "connection", other)
    parameters = conninfo_to_dict(pools.connection_string())
    assert parameters["host"] == host == other.get_connection_params()["host"]
