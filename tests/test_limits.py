"""Limits: exact under concurrency, honest in headers, and what becomes of them without Redis."""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user, hashers
from django.test import Client
from django.test.client import RequestFactory

from accounts.models import User
from config import limits
from config.redis import durable
from tests.cast import PASSWORD, make_user
from tests.conftest import redis_away
from tests.races import at_once
from tests.test_api import assert_error
from tests.test_tokens import login

pytestmark = pytest.mark.django_db


def test_of_two_hundred_at_once_five_pass() -> None:
    def try_five_times(_: int) -> int:
        passed = 0
        for _ in range(5):
            with contextlib.suppress(limits.TooMany):
                passed += limits.hit("login", "10.0.0.1") is not None
        return passed

    assert sum(at_once(40, try_five_times)) == 5
    assert int(str(durable().get("ratelimit:10.0.0.1:login"))) == 200


def test_the_key_and_lifetime_of_the_contract(client: Client) -> None:
    client.get("/api/v1/maps", headers={"X-Forwarded-For": "1.2.3.4"})
    assert durable().keys("ratelimit:*") == ["ratelimit:127.0.0.1:api"]
    assert 0 < durable().ttl("ratelimit:127.0.0.1:api") <= 60


def test_a_hundred_requests_of_the_api(client: Client) -> None:
    answers = [client.get("/api/v1/nowhere") for _ in range(101)]
    assert {answer.status_code for answer in answers[:100]} == {404}
    assert answers[0]["X-RateLimit-Limit"] == "100"
    assert answers[0]["X-RateLimit-Remaining"] == "99"
    assert answers[99]["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in answers[99]
    assert_error(answers[100], 429, "rate_limited")
    assert 0 < int(answers[100]["Retry-After"]) <= 60
    assert answers[100]["Retry-After"] == answers[100]["X-RateLimit-Reset"]
    assert client.get("/maps/").status_code == 200
    assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "", "10.1.1.1"),
        (0, "1.2.3.4", "10.1.1.1"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
        (2, "1.2.3.4", "10.1.1.1"),
        (1, "", "10.1.1.1"),
        (1, " , ", "10.1.1.1"),
        (1, "x" * 500, "x" * 64),
    ],
)
def test_the_address_is_the_one_that_trusted_proxies_report(
    settings: Any, proxies: int, header: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header}, REMOTE_ADDR="10.1.1.1")
    assert limits.client_address(request) == address


# ---- Signing in ---------------------------------------------------------------------------------


def test_five_logins_a_minute(client: Client, player: User) -> None:
    for _ in range(5):
        assert login(client).status_code == 200
    answer = login(client)
    assert_error(answer, 429, "rate_limited")
    assert answer["X-RateLimit-Limit"] == "5"


def test_an_account_is_locked_for_an_address_and_no_other(client: Client, player: User) -> None:
    for _ in range(5):
        assert login(client, password="wrong").status_code == 401
    durable().delete("ratelimit:127.0.0.1:login")  # a minute later
    locked = login(client)
    assert_error(locked, 429, "rate_limited")
    assert int(locked["Retry-After"]) > 60
    elsewhere = Client(REMOTE_ADDR="10.9.9.9")
    assert login(elsewhere).status_code == 200
    durable().delete("ratelimit:127.0.0.1:login")
    assert login(client, "player1@example.com").status_code == 429  # by name or address


def test_an_unknown_account_is_locked_alike(client: Client, db: None) -> None:
    for _ in range(5):
        assert_error(login(client, "Nobody", "wrong"), 401, "invalid_credentials")
    durable().delete("ratelimit:127.0.0.1:login")
    assert_error(login(client, "nobody", "wrong"), 429, "rate_limited")


def test_a_good_password_forgets_the_bad_ones(client: Client, player: User) -> None:
    for _ in range(3):
        for _ in range(3):
            login(client, password="wrong")
        assert login(client).status_code == 200
        durable().delete("ratelimit:127.0.0.1:login")


@pytest.mark.parametrize("name", ["Player1", "Nobody"])
@pytest.mark.django_db(transaction=True)
def test_a_hundred_wrong_passwords_at_once_cost_five_hashes(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make_user("Player1")
    hashes = []
    hasher = hashers.get_hasher()
    encode = type(hasher).encode

    def count(self: Any, *arguments: Any) -> Any:
        hashes.append(1)
        return encode(self, *arguments)

    monkeypatch.setattr(type(hasher), "encode", count)
    statuses = at_once(20, lambda _: [login(Client(), name, "wrong").status_code for _ in range(5)])
    assert sum(part.count(401) for part in statuses) <= 5
    assert 1 <= len(hashes) <= 5


def test_the_page_and_the_admin_count_too(client: Client, player: User) -> None:
    make_user("Chief", is_staff=True)
    wrong = {"username": "Chief", "password": "wrong"}
    for _ in range(3):
        client.post("/login/", wrong)
    for _ in range(2):
        client.post("/admin/login/", wrong)
    page = client.post("/admin/login/", {"username": "Chief", "password": PASSWORD})
    assert b"You tried to sign in too often. Try again in a minute." in page.content
    assert not get_user(client).is_authenticated
    assert login(client).status_code == 429


# ---- Without Redis ------------------------------------------------------------------------------


@pytest.fixture
def no_redis() -> Iterator[None]:
    """A Redis that nobody answers for."""
    with redis_away():
        yield


def test_without_redis_reads_go_on_and_sign_in_refuses(
    client: Client, player: User, no_redis: Any
) -> None:
    client.raise_request_exception = False
    assert client.get("/maps/").status_code == 200
    answer = client.get("/api/v1/maps")
    assert answer.status_code == 200
    assert "X-RateLimit-Limit" not in answer
    assert_error(login(client), 503, "unavailable")
    assert_error(
        client.get("/api/v1/users/me", headers={"Authorization": "Bearer x"}), 401, "invalid_token"
    )
    page = client.post("/login/", {"username": "Player1", "password": PASSWORD})
    assert b"not possible right now" in page.content
    assert client.get("/health/ready").json()["redis"] == "unreachable"


def test_a_redis_that_hangs_costs_half_a_second(
    client: Client, player: User, settings: Any
) -> None:
    """It takes connections and never answers, as a stopped process does."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        durable.cache_clear()
        limits._script.cache_clear()
        client.raise_request_exception = False
        try:
            started = time.monotonic()
            read = client.get("/api/v1/maps").status_code
            between = time.monotonic()
            refused = login(client).status_code
            ended = time.monotonic()
        finally:
            durable().close()
            durable.cache_clear()
            limits._script.cache_clear()
    assert (read, refused) == (200, 503)
    # Bounds of a promise, far from how long it takes: half a second more, and within a second.
    assert between - started < 1.5
    assert ended - between < 2
