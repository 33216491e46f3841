"""The rate limits of pages, forms, pictures and sockets: whatever is sent counts, for its address."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from django.test import Client

from accounts.models import User
from config.limits import rate_limits
from config.limits.request_policies import find_policy
from config.redis.clients import durable
from maps.drawing.formats import FORMATS
from maps.models import GameMap
from sessions_app.kernel.protocol import Close
from tests.support.api import assert_error
from tests.support.concurrency import at_once
from tests.support.live_site import Site
from tests.support.redis import redis_away
from tests.support.socket_clients import Caller

pytestmark = pytest.mark.django_db
HERE = "127.0.0.1"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def set_limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets how often policies allow something: the rules are the same for small numbers."""

    def set_most(**most: int) -> None:
        for name, number in most.items():
            policy = replace(rate_limits.POLICIES[name], limit=number)
            monkeypatch.setitem(rate_limits.POLICIES, name, policy)

    return set_most


@pytest.fixture
def http(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url) as client:
        yield client


def count_of(name: str, subject: str = HERE) -> int:
    return int(str(durable().get(rate_limits.key(name, subject)) or 0))


# ---- What counts as what ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "policy"),
    [
        ("GET", "/", "pages"),
        ("GET", "/maps/", "pages"),
        ("HEAD", "/maps/", "pages"),
        ("OPTIONS", "/maps/", "pages"),
        ("GET", "/nowhere", "pages"),
        ("GET", "//", "pages"),
        ("GET", "/admin/", "pages"),
        ("GET", "/sitemap.xml", "pages"),
        ("GET", "/robots.txt", "pages"),
        ("GET", "/static/nowhere.css", "pages"),
        ("GET", "/health", "pages"),
        ("GET", "/health/live/", "pages"),
        ("GET", "/apis", "pages"),
        ("GET", "/maps/x/card-unknown-1.webp", "pages"),
        ("GET", "/nowhere.webp", "pages"),
        ("GET", f"/maps/{uuid.UUID(int=1)}/terrain.json", "pages"),
        ("POST", "/maps/", "page_writes"),
        ("POST", "/health/ready", "page_writes"),
        ("DELETE", "/nowhere", "page_writes"),
        ("BREW", "/", "page_writes"),
        ("GET", "/api", "api"),
        ("GET", "/api/docs", "api"),
        ("POST", "/api/v1/maps", "api"),
        ("OPTIONS", "/api/v1/maps", "api"),
    ],
)
def test_each_request_has_one_policy(method: str, path: str, policy: str) -> None:
    assert find_policy(method, path) == policy


@pytest.mark.parametrize("size", FORMATS)
def test_pictures_have_a_rate_limit_of_their_own(
    game_map: GameMap, size: str, client: Client
) -> None:
    address = {
        "card": game_map.card_picture,
        "page": game_map.page_picture,
        "link": game_map.link_picture,
    }[size]
    assert find_policy("GET", address) == "pictures"
    client.get(address)
    assert (count_of("pictures"), count_of("pages")) == (1, 0)


READS: list[tuple[str, dict[str, Any], int]] = [
    ("/maps/", {}, 200),
    ("/maps/?q=ford", {}, 200),
    ("/maps/", {"headers": {"HX-Request": "true", "HX-Target": "more"}}, 200),
    ("/", {}, 302),
    ("/account/", {}, 302),
    ("/admin/", {}, 302),
    ("/admin/login/", {}, 200),
    ("/sitemap.xml", {}, 200),
    ("/robots.txt", {}, 200),
    ("/nowhere", {}, 404),
    ("/maps", {}, 301),
    ("/maps/", {"headers": {"Host": "evil.example"}}, 400),
    ("/maps/", {"headers": {"Content-Type": "text/plain; charset=latin1"}}, 400),
    ("/maps/?q=%ff", {}, 200),
    (f"/maps/{uuid.UUID(int=1)}/terrain.json", {}, 404),
]


@pytest.mark.django_db(transaction=True)
def test_every_read_counts_whatever_its_result(http: httpx.Client) -> None:
    for n, (path, options, status) in enumerate(READS, 1):
        response = http.get(path, **options)
        assert response.status_code == status, path
        assert response.headers["X-RateLimit-Remaining"] == str(300 - n), path
    assert count_of("pages") == len(READS)
    assert http.get("/health/live").is_success
    assert http.get("/health/ready").is_success
    assert "X-RateLimit-Limit" not in http.get("/health/ready").headers
    assert count_of("pages") == len(READS)


@pytest.mark.django_db(transaction=True)
def test_every_write_counts_whatever_its_result(http: httpx.Client, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1000
    reported = [
        http.put("/robots.txt", headers={"X-CSRFToken": "x"}),
        http.post("/login/", data={"username": "x"}),  # no CSRF token
        http.post("/nowhere"),
        http.delete("/maps/"),
        http.post("/login/", content=b"x" * 1001, headers={"Content-Type": FORM}),
        http.post("/login/", content=iter([b"x" * 800] * 2)),
        http.post("/login/", content=b"x", headers={"Content-Type": "text/plain; charset=x"}),
    ]
    assert [response.status_code for response in reported] == [403, 403, 404, 403, 413, 413, 400]
    assert [response.headers["X-RateLimit-Remaining"] for response in reported] == [
        str(60 - n) for n in range(1, 8)
    ]
    too_large = http.post("/api/v1/maps", content=b"x" * 1001)
    assert (too_large.status_code, too_large.headers["X-RateLimit-Remaining"]) == (413, "99")


@pytest.mark.django_db(transaction=True)
def test_static_files_do_not_count(http: httpx.Client) -> None:
    page = http.get("/maps/").text
    file = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert http.get(file).is_success
    assert count_of("pages") == 1


# ---- The limit ----------------------------------------------------------------------------------


def test_the_site_allows_three_hundred_pages_a_minute(client: Client) -> None:
    for _ in range(300):
        rate_limits.count_one("pages", HERE)
    page = client.get("/maps/")
    assert page.status_code == 429
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert (page["X-RateLimit-Limit"], page["X-RateLimit-Remaining"]) == ("300", "0")
    assert 0 < int(page["Retry-After"]) <= 60
    assert b"You opened too many pages. Try again in a minute." in page.content
    assert b"Try again</a>" in page.content
    for path in ("/nowhere", "/sitemap.xml", "/", "/admin/"):
        assert client.get(path).status_code == 429
    # What is limited by itself goes on.
    assert client.get("/api/v1/maps").status_code == 200
    assert client.post("/maps/").status_code == 405
    assert Client(REMOTE_ADDR="10.9.9.9").get("/maps/").status_code == 200


def test_documents_for_scripts_are_refused_in_json(
    client: Client, game_map: GameMap, set_limits: Callable[..., None]
) -> None:
    set_limits(pages=1)
    assert client.get(f"/maps/{game_map.pk}/terrain.json").status_code == 200
    assert_error(client.get(f"/maps/{game_map.pk}/terrain.json"), 429, "rate_limited")


def test_errors_of_documents_for_scripts_are_json(client: Client) -> None:
    assert_error(client.get(f"/maps/{uuid.UUID(int=1)}/terrain.json"), 404, "not_found")
    response = client.post(f"/maps/{uuid.UUID(int=1)}/terrain.json")
    assert_error(response, 405, "method_not_allowed")


def test_forms_from_one_address_are_limited(
    client: Client, set_limits: Callable[..., None]
) -> None:
    set_limits(page_writes=2)
    assert [client.post("/maps/").status_code for _ in range(3)] == [405, 405, 429]
    page = client.post("/maps/")
    assert b"You sent too many forms." in page.content
    assert b"Try again</a>" not in page.content  # a form's address may be none to read
    assert client.get("/maps/").status_code == 200


def test_forms_of_a_player_are_limited_over_all_addresses(
    player: User, game_map: GameMap, set_limits: Callable[..., None]
) -> None:
    set_limits(player_writes=3)
    stars = f"/maps/{game_map.pk}/rating"
    reported = []
    for n in range(4):
        client = Client(REMOTE_ADDR=f"10.0.0.{n}")
        client.force_login(player)
        reported.append(client.post(stars, {"stars": n + 1}))
    assert [response.status_code for response in reported] == [302, 302, 302, 429]
    assert [response["X-RateLimit-Remaining"] for response in reported] == list("2100")
    assert "Retry-After" in reported[3]
    game_map.refresh_from_db()
    assert game_map.rating_sum == 3
    assert Client(REMOTE_ADDR="10.0.0.9").post(stars).status_code == 302  # a stranger: to sign in


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "policy"),
    [("/maps/", "pages"), ("/nowhere", "pages"), ("/api/v1/maps", "api"), ("/privacy/", "pages")],
)
def test_of_sixty_at_once_exactly_the_limit_passes(
    site: Site, set_limits: Callable[..., None], path: str, policy: str
) -> None:
    set_limits(**{policy: 25})

    def ask(_: int) -> list[int]:
        with httpx.Client(base_url=site.url) as http:
            return [http.get(path).status_code for _ in range(10)]

    statuses = [status for part in at_once(6, ask) for status in part]
    assert statuses.count(429) == 35
    assert count_of(policy) == 60


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/maps/", "/api/v1/maps", "/x.json", "/maps/?q=x"])
def test_fast_lane_and_django_refuse_alike(
    http: httpx.Client, client: Client, set_limits: Callable[..., None], path: str
) -> None:
    set_limits(pages=1, api=1)
    http.get(path)
    same = {"X-Request-Id": "same"}
    fast = http.get(path, headers=same)
    with_body = http.request("GET", path, content=b"{}", headers=same)  # it is parsed by Django
    ordinary = client.get(path, headers=same)
    for response in (fast, with_body):
        assert response.status_code == ordinary.status_code == 429
        assert response.content == ordinary.content
        headers = {name: response.headers.get(name) for name in ordinary.headers}
        assert headers | {"X-RateLimit-Reset": "", "Retry-After": ""} == dict(ordinary.headers) | {
            "X-RateLimit-Reset": "",
            "Retry-After": "",
        }


@pytest.mark.django_db(transaction=True)
def test_a_refused_head_has_no_body(http: httpx.Client, set_limits: Callable[..., None]) -> None:
    set_limits(pages=1)
    http.get("/maps/")
    response = http.head("/maps/")
    assert (response.status_code, response.content) == (429, b"")
    assert http.head("/maps/").status_code == 429  # the connection is of use still


def test_scrolling_does_not_reach_the_limit_of_pictures() -> None:
    """Twenty-four a page, two pages a second, for a whole minute."""
    assert rate_limits.POLICIES["pictures"].limit >= 24 * 2 * 60
    assert rate_limits.POLICIES["pages"].limit >= 2 * 60
    assert rate_limits.POLICIES["sockets"].limit >= rate_limits.POLICIES["pages"].limit


def test_without_redis_pages_are_not_counted(
    client: Client, player: User, game_map: GameMap, set_limits: Callable[..., None]
) -> None:
    set_limits(pages=1, page_writes=1, player_writes=1)
    client.force_login(player)
    with redis_away():
        for _ in range(3):
            response = client.get("/maps/")
            assert response.status_code == 200
            assert "X-RateLimit-Limit" not in response
            assert client.post(f"/maps/{game_map.pk}/rating", {"stars": 4}).status_code == 302


# ---- Sockets ------------------------------------------------------------------------------------


REFUSALS = {
    "/ws/lobbies": ("too_many_sockets", Close.TOO_MUCH),
    f"/ws/game-sessions/{uuid.UUID(int=1)}": ("not_signed_in", Close.NOT_LET_IN),
    "/ws/x": ("not_found", Close.NO_SUCH_SESSION),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", REFUSALS)
def test_sockets_count_when_they_open(
    site: Site, settings: Any, set_limits: Callable[..., None], path: str
) -> None:
    settings.TRUSTED_PROXIES = 1
    set_limits(sockets=2)

    def connect_from(address: str) -> Caller:
        return Caller(site, path, additional_headers={"X-Forwarded-For": address})

    for _ in range(2):  # closed at once: none is open when the next one comes
        with connect_from("10.1.1.1"):
            pass
    with connect_from("10.1.1.1") as third:
        if path.startswith("/ws/game-sessions"):  # a ticket or a resume token would get in
            third.send("hello")
        assert third.refused() == REFUSALS[path]
    with connect_from("10.1.1.2") as other:
        if path == "/ws/lobbies":
            other.receive("lobbies")
    assert count_of("sockets", "10.1.1.1") == 3
