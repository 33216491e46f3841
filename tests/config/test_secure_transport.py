"""In production, secrets over plain HTTP are rejected and revoked, and never redirected."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.test import Client

from accounts.models import User
from accounts.tokens.actions import start_family
from config.http.secure_transport import is_secure
from sessions_app.kernel.protocol import Close
from tests.support.api import assert_error, bearer
from tests.support.factories import PASSWORD, make_map, make_user
from tests.support.live_site import Site
from tests.support.redis import redis_away
from tests.support.socket_clients import Caller

pytestmark = pytest.mark.django_db
TLS = {"X-Forwarded-Proto": "https"}


@pytest.fixture
def production(settings: Any) -> None:
    """The settings of a site behind a proxy that ends TLS."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.fixture
def client(production: None) -> Client:
    """A client that was made after the settings, because middleware reads them at its start."""
    return Client()


PLAIN: list[dict[str, str]] = [
    {},
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Proto": "http, https"},
    {"X-Forwarded-Proto": "HTTPS"},
    {"X-Forwarded-Proto": ""},
    {"X-Forwarded-Ssl": "on"},
]


@pytest.mark.parametrize("headers", PLAIN, ids=str)
def test_a_token_over_plain_http_is_rejected_and_revoked(
    client: Client, player: User, headers: dict[str, str]
) -> None:
    token = bearer(player)
    assert client.get("/api/v1/users/me", headers=token | TLS).status_code == 200
    response = client.get("/api/v1/users/me", headers=token | headers)
    assert_error(response, 403, "insecure_transport")
    assert "https" in response.json()["errors"][0]["detail"]
    assert response["X-RateLimit-Limit"] == "100"
    assert_error(client.get("/api/v1/users/me", headers=token | TLS), 401, "invalid_token")


@pytest.mark.parametrize("words", ["Bearer x", "Basic eDp5", "Bearer", "bearer  a b", "\xff"])
def test_other_authorization_headers_are_rejected(client: Client, words: str) -> None:
    response = client.get("/api/v1/maps", headers={"Authorization": words})
    assert_error(response, 403, "insecure_transport")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "auth/login", {"username": "Player1", "password": PASSWORD}),
        ("post", "auth/register", {"username": "Mira", "password": PASSWORD}),
        ("post", "auth/refresh", {"refresh": "x"}),
        ("post", "auth/logout", {}),
        ("patch", "users/me", {"password": PASSWORD}),
        ("post", "users/me/password", {"old_password": PASSWORD}),
        ("delete", f"maps/{uuid.UUID(int=1)}", None),
        ("put", "nowhere", [1]),
        ("post", "auth/refresh", {"refresh": 5}),
        ("post", "auth/refresh", {"refresh": "x" * 20_000}),
    ],
)
def test_writes_over_plain_http_are_rejected(
    client: Client, player: User, method: str, path: str, body: Any
) -> None:
    response = getattr(client, method)(f"/api/v1/{path}", json.dumps(body), "application/json")
    assert_error(response, 403, "insecure_transport")
    bad = getattr(client, method)(f"/api/v1/{path}", b"\xff{", "application/json")
    assert_error(bad, 403, "insecure_transport")


def test_a_refresh_token_in_a_body_is_revoked(client: Client, player: User) -> None:
    access, refresh = start_family(player, "tests")
    other = bearer(player)
    sent = json.dumps({"refresh": refresh})
    response = client.post("/api/v1/auth/refresh", sent, "application/json")
    assert_error(response, 403, "insecure_transport")
    again = client.post("/api/v1/auth/refresh", sent, "application/json", headers=TLS)
    assert_error(again, 401, "invalid_token")
    dead = {"Authorization": f"Bearer {access}"} | TLS
    assert client.get("/api/v1/users/me", headers=dead).status_code == 401
    assert (
        client.get("/api/v1/users/me", headers=other | TLS).status_code == 200
    )  # of another device


def test_reads_without_a_token_are_redirected_to_https(client: Client, settings: Any) -> None:
    for path in ("/api/v1/maps", "/maps/"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (
            301,
            f"https://{settings.SECURE_SSL_HOST}{path}",
        )


def test_forms_over_plain_http_get_an_error_page(client: Client) -> None:
    """A redirect would hide that others could read the password."""
    for path in ("/login/", "/signup/", "/reset/", "/account/password/"):
        response = client.post(path, {"username": "Player1", "password": "x"})
        assert response.status_code == 403
        assert "This was sent over plain HTTP" in response.content.decode()
        assert response["Content-Type"].startswith("text/html")


def test_plain_http_is_rejected_without_redis(client: Client, player: User) -> None:
    token = bearer(player)
    with redis_away():
        assert_error(client.get("/api/v1/maps", headers=token), 403, "insecure_transport")


def test_the_demo_accepts_plain_http(player: User) -> None:
    assert Client().get("/api/v1/users/me", headers=bearer(player)).status_code == 200


@pytest.mark.parametrize(
    ("scheme", "headers", "secure"),
    [
        ("https", [], True),
        ("wss", [], True),
        ("ws", [], False),
        ("http", [(b"x-forwarded-proto", b"https")], True),
        ("http", [(b"x-forwarded-proto", b"https, http")], True),
        ("http", [(b"x-forwarded-proto", b"http,https")], False),
        ("https", [(b"x-forwarded-proto", b"http")], False),
        ("ws", [(b"x-forwarded-proto", b"\xff")], False),
        ("ws", [(b"x-forwarded-proto", b"http"), (b"x-forwarded-proto", b"https")], False),
    ],
)
def test_a_request_is_secure_by_its_scheme_or_the_header_of_the_proxy(
    production: None, scheme: str, headers: list[tuple[bytes, bytes]], secure: bool
) -> None:
    assert is_secure({"scheme": scheme, "headers": headers}) is secure


# ---- On a real port: the fast lane and sockets --------------------------------------------------


@pytest.fixture
def http(production: None, site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url) as client:
        yield client


@pytest.mark.django_db(transaction=True)
def test_cached_responses_are_not_sent_for_tokens_over_plain_http(http: httpx.Client) -> None:
    player = make_user("Player1")
    address = f"/api/v1/maps/{make_map(player).pk}"
    token = bearer(player)
    for _ in range(3):
        assert http.get(address, headers=token | TLS).status_code == 200
        assert http.get(address).status_code == 301
    response = http.get(address, headers=token)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (
        403,
        "insecure_transport",
    )
    assert http.get(address, headers=token | TLS).status_code == 401
    refused = http.post("/api/v1/auth/login", json={"username": "Player1", "password": PASSWORD})
    assert refused.status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/ws/lobbies", f"/ws/game-sessions/{uuid.UUID(int=1)}"])
def test_sockets_without_tls_are_rejected(production: None, site: Site, path: str) -> None:
    for headers in ({}, {"X-Forwarded-Proto": "http"}):
        with Caller(site, path, additional_headers=headers) as caller:
            assert caller.refused() == ("insecure_transport", Close.BAD_PROTOCOL)
    with Caller(site, path, additional_headers=TLS) as caller:
        if path == "/ws/lobbies":
            caller.receive("lobbies")
        else:
            assert caller.ask("hello", ticket="x")["data"]["code"] == "bad_ticket"
