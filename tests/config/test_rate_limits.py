"""Rate limits: exact under concurrency, correct in headers, and what happens without Redis."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth import get_user, hashers
from django.test import Client
from django.test.client import RequestFactory
from redis.connection import AbstractConnection as Connection

from accounts.models import User
from accounts.tokens.signing import stamp_of
from config.http.client import client_of
from config.limits import rate_limits
from config.limits.client_addresses import client_address_of_scope
from config.ops import readiness
from config.redis import clients
from config.redis.aliases import TIMEOUT_SECONDS
from config.redis.clients import durable
from tests.support.api import assert_error, bearer, login
from tests.support.concurrency import at_once
from tests.support.factories import PASSWORD, make_user
from tests.support.live_site import Site
from tests.support.redis import redis_away

pytestmark = pytest.mark.django_db


def test_of_two_hundred_at_once_five_pass() -> None:
    def try_five_times(_: int) -> int:
        passed = 0
        for _ in range(5):
            with contextlib.suppress(rate_limits.RateLimited):
                passed += rate_limits.count_one("login", "10.0.0.1") is not None
        return passed

    assert sum(at_once(40, try_five_times)) == 5
    assert int(str(durable().get("ratelimit:10.0.0.1:login"))) == 200


def test_the_key_and_lifetime_of_the_contract(client: Client) -> None:
    client.get("/api/v1/maps", headers={"X-Forwarded-For": "1.2.3.4"})
    assert durable().keys("ratelimit:*") == ["ratelimit:127.0.0.1:api"]
    assert 0 < durable().ttl("ratelimit:127.0.0.1:api") <= 60


def test_the_api_allows_a_hundred_requests_a_minute(client: Client) -> None:
    responses = [client.get("/api/v1/nowhere") for _ in range(101)]
    assert {response.status_code for response in responses[:100]} == {404}
    assert responses[0]["X-RateLimit-Limit"] == "100"
    assert responses[0]["X-RateLimit-Remaining"] == "99"
    assert responses[99]["X-RateLimit-Remaining"] == "0"
    assert "Retry-After" not in responses[99]
    assert_error(responses[100], 429, "rate_limited")
    assert 0 < int(responses[100]["Retry-After"]) <= 60
    assert responses[100]["Retry-After"] == responses[100]["X-RateLimit-Reset"]
    assert client.get("/maps/").status_code == 200


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
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "2001:DB8:1:2::9", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:3::9", "2001:db8:1:3::/64"),
        (1, "fe80::1%eth0", "fe80::/64"),
        (1, "::1", "::/64"),
        (1, "::ffff:1.2.3.4", "1.2.3.4"),
        (1, "1.2.3.4:5678", "1.2.3.4"),
        (1, "[2001:db8:1:2::9]:5678", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        (1, "[x]:1", "x"),
        (1, ":::", ":::"),
        (1, ":" * 500, ":" * 64),
    ],
)
def test_the_address_is_the_one_that_trusted_proxies_report(
    settings: Any, proxies: int, header: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header}, REMOTE_ADDR="10.1.1.1")
    assert client_of(request).address == address


def test_proxies_may_send_addresses_in_separate_header_lines(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 2
    lines = [b"9.9.9.9, 203.0.113.5", b"10.0.0.1"]
    scope = {"headers": [(b"x-forwarded-for", line) for line in lines], "client": ("10.0.0.2", 9)}
    assert client_address_of_scope(scope) == "203.0.113.5"


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/auth/login"])
def test_a_client_of_ipv6_is_counted_by_its_network(path: str) -> None:
    reported = [
        Client(REMOTE_ADDR=f"2001:db8:1:{network}::{n}").post(path)["X-RateLimit-Remaining"]
        for network, n in (("2", 1), ("2", 2), ("3", 1))
    ]
    assert reported == ["99", "98", "99"]
    assert "ratelimit:2001:db8:1:2::/64:api" in durable().keys("*")


def test_counts_are_recorded_for_the_request_that_made_them() -> None:
    rate_limits.require("login", "10.0.0.1")  # outside of a request: counted, and recorded nowhere
    with rate_limits.recorded_limits() as outer:
        rate_limits.require("api", "10.0.0.1")
        with rate_limits.recorded_limits() as inner:
            rate_limits.require("login", "10.0.0.1")
        assert (outer.headers["X-RateLimit-Limit"], inner.headers["X-RateLimit-Limit"]) == (
            "100",
            "5",
        )
        rate_limits.undo_count("api", "10.0.0.1")
        assert outer.headers["X-RateLimit-Remaining"] == "100"
        for _ in range(3):
            rate_limits.require("login", "10.0.0.1")
        with pytest.raises(rate_limits.RateLimited):
            rate_limits.require("login", "10.0.0.1")
        assert outer.rejection is not None
        assert outer.headers["Retry-After"]


def test_the_count_of_a_lockout_is_recorded_only_when_it_is_over() -> None:
    with rate_limits.recorded_limits() as record:
        for _ in range(5):
            rate_limits.require("lockout", "somebody")
        assert record.headers == {}
        with pytest.raises(rate_limits.RateLimited):
            rate_limits.require("lockout", "somebody")
        assert record.headers["X-RateLimit-Remaining"] == "0"


# ---- Signing in ---------------------------------------------------------------------------------


def test_the_api_allows_five_logins_a_minute(client: Client, player: User) -> None:
    responses = [login(client) for _ in range(6)]
    assert [response.status_code for response in responses] == [200] * 5 + [429]
    assert [response["X-RateLimit-Remaining"] for response in responses] == list("432100")
    assert {response["X-RateLimit-Limit"] for response in responses} == {"5"}
    assert all(0 < int(response["X-RateLimit-Reset"]) <= 60 for response in responses)
    assert ["Retry-After" in response for response in responses] == [False] * 5 + [True]
    assert_error(responses[5], 429, "rate_limited")


def test_headers_show_the_limit_with_the_least_remaining(client: Client, player: User) -> None:
    for _ in range(97):
        client.get("/api/v1/nowhere")
    reported = [
        (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"])
        for response in (login(client), login(client), login(client))
    ]
    assert reported == [("100", "2"), ("100", "1"), ("100", "0")]


def test_the_remaining_count_does_not_reveal_whose_address_it_is(
    client: Client, player: User
) -> None:
    for name in ("player1@example.com", "nobody@example.com"):
        durable().flushdb()
        assert login(client, "Player1", "wrong")["X-RateLimit-Remaining"] == "4"
        response = login(client, name, "wrong")
        assert_error(response, 401, "invalid_credentials")
        assert (response["X-RateLimit-Limit"], response["X-RateLimit-Remaining"]) == ("5", "3")
        assert int(response["X-RateLimit-Reset"]) <= 60


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
    # By name or by address, the right password too.
    assert_error(login(client, "player1@example.com"), 401, "invalid_credentials")


def test_a_lockout_does_not_reveal_which_address_belongs_to_a_name(
    client: Client, player: User
) -> None:
    def statuses(address: str) -> list[int]:
        found = []
        for name in ["Player1"] * 3 + [address] * 6:
            durable().delete("ratelimit:127.0.0.1:login")
            found.append(login(client, name, "wrong").status_code)
        for key in durable().keys("ratelimit:*:lockout"):
            durable().delete(key)
        return found

    assert statuses("player1@example.com") == statuses("nobody@example.com") == [401] * 8 + [429]


def test_a_lockout_lasts_from_the_attempt_that_causes_it(client: Client, player: User) -> None:
    def locked_for() -> int:
        durable().delete("ratelimit:127.0.0.1:login")  # a minute later
        return int(login(client)["Retry-After"])

    login(client, password="wrong")
    lock = rate_limits.key(
        "lockout", f"{rate_limits.hash_subject('Player1')}:127.0.0.1"
    )  # of the name as typed
    durable().expire(lock, 20)  # fourteen minutes and forty seconds later
    for _ in range(4):
        login(client, password="wrong")
    assert 890 < locked_for() <= 900
    durable().expire(lock, 300)
    assert locked_for() <= 300  # further attempts do not prolong it


@pytest.mark.parametrize("policy", rate_limits.POLICIES.values(), ids=rate_limits.POLICIES)
def test_only_lockouts_restart_their_window(policy: rate_limits.Policy) -> None:
    key = rate_limits.key(policy.name, "somebody")
    rate_limits.count_one(policy.name, "somebody")
    durable().incrby(key, policy.limit - 2)
    durable().expire(key, 30)
    standing = rate_limits.count_one(policy.name, "somebody")
    assert standing is not None
    assert standing.count == policy.limit
    assert (standing.reset > 30) == policy.is_lockout
    owners = ("password", "second_factor", "lockout")
    assert policy.is_lockout == policy.name.startswith(owners)


def test_an_unknown_account_is_locked_out_in_the_same_way(client: Client, db: None) -> None:
    for _ in range(5):
        assert_error(login(client, "Nobody", "wrong"), 401, "invalid_credentials")
    durable().delete("ratelimit:127.0.0.1:login")
    assert_error(login(client, "nobody", "wrong"), 429, "rate_limited")


def test_a_right_password_resets_the_count_of_wrong_ones(client: Client, player: User) -> None:
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


@pytest.mark.parametrize(
    ("send", "path", "given"),
    [
        ("post", "users/me/password", {"old_password": PASSWORD, "new_password": "12345678"}),
        ("patch", "users/me", {"password": PASSWORD, "email": "nowhere"}),
    ],
)
def test_right_passwords_do_not_count_as_wrong_ones(
    client: Client, player: User, send: str, path: str, given: dict[str, str]
) -> None:
    call, headers = getattr(client, send), bearer(player)

    def status(body: dict[str, str]) -> int:
        return int(call(f"/api/v1/{path}", body, "application/json", headers=headers).status_code)

    assert [status(given) for _ in range(6)] == [400] * 6
    wrong = dict.fromkeys(given, "wrong")
    assert [status(wrong) for _ in range(6)] == [400] * 5 + [429]
    assert status(given) == 429


# ---- Pages --------------------------------------------------------------------------------------

OTHER = "another quite long sentence"
# What each page is sent, and the policy that refuses it: counted for the address, or for the player.
PAGES = {
    "/login/": ({"username": "Player1", "password": PASSWORD}, "login"),
    "/admin/login/": ({"username": "Player1", "password": PASSWORD}, "login"),
    "/signup/": (
        {"username": "Mira", "email": "mira@example.com", "password": OTHER, "privacy": "on"},
        "signup",
    ),
    "/reset/": ({"name": "Player1"}, "email_requests"),
    "/account/password": (
        {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER},
        "password",
    ),
    "/account/address": ({"email": "new@example.com", "password": PASSWORD}, "password"),
}


@pytest.fixture
def visitor(client: Client, player: User, request: pytest.FixtureRequest) -> Client:
    """The visitor of a page: the player on pages of the account, else somebody signed out."""
    if request.getfixturevalue("path").startswith("/account/"):
        client.force_login(player)
    return client


def tried_by(client: Client, user: User) -> str:
    """What wrong passwords of a browser are counted for."""
    return f"{user.pk}:{rate_limits.hash_subject(client.session.session_key or '')}:127.0.0.1"


@pytest.mark.parametrize("path", PAGES)
def test_a_rate_limited_page_shows_the_reason(visitor: Client, player: User, path: str) -> None:
    given, name = PAGES[path]
    policy = rate_limits.POLICIES[name]
    for _ in range(policy.limit):
        rate_limits.count_one(
            name, tried_by(visitor, player) if name == "password" else "127.0.0.1"
        )
    page = visitor.post(path, given)
    assert page.status_code == 429
    assert (page["X-RateLimit-Limit"], page["X-RateLimit-Remaining"]) == (str(policy.limit), "0")
    assert policy.seconds - 5 < int(page["Retry-After"]) <= policy.seconds
    words = page.content.decode()
    assert f"{policy.message} Try again in" in words
    assert '<form method="post"' in " ".join(words.split()) or path == "/admin/login/"
    assert "hx-post" not in words  # htmx would not show a response with such a status
    assert "hx-boost" not in words


def test_forms_that_reveal_who_has_an_account_are_rate_limited(
    client: Client, player: User
) -> None:
    asked = PAGES["/signup/"][0] | {"username": "x", "email": "player1@example.com"}
    assert (
        b"account with this address"
        not in client.post("/signup/", asked | {"password": ""}).content
    )
    for _ in range(10):
        page = client.post("/signup/", asked)
        assert page.status_code == 200
        assert b"account with this address" in page.content
    page = client.post("/signup/", asked)
    assert page.status_code == 429
    assert page.context["form"].errors == {
        "__all__": ["You tried to make an account too often. Try again in 60 minutes."]
    }


def test_changing_ones_address_does_not_reveal_accounts_without_limit_either(
    signed_in: Client, player: User, author: User
) -> None:
    asked = {"email": author.email, "password": PASSWORD}
    for _ in range(20):
        assert b"account with this address" in signed_in.post("/account/address", asked).content
    page = signed_in.post("/account/address", asked)
    assert page.status_code == 429
    assert b"You tried to change your address too often." in page.content
    assert b"account with this address" not in page.content
    response = signed_in.patch(
        "/api/v1/users/me", asked, "application/json", headers=bearer(player)
    )
    assert_error(response, 429, "rate_limited")


@pytest.mark.parametrize("path", ["/account/password", "/account/address"])
def test_a_lockout_does_not_reveal_whether_a_password_was_right(
    signed_in: Client, player: User, path: str
) -> None:
    for _ in range(5):
        rate_limits.count_one("password", tried_by(signed_in, player))
    right = PAGES[path][0]
    for given in (right, dict.fromkeys(right, "wrong")):
        page = signed_in.post(path, given)
        assert page.status_code == 429
        assert list(page.context["form"].errors) == ["__all__"]
    assert rate_limits.POLICIES["password"].limit < int(
        str(durable().get(rate_limits.key("password", tried_by(signed_in, player))))
    )


@pytest.mark.parametrize(
    ("path", "bad"), [("/account/password", "new_password1"), ("/account/address", "email")]
)
def test_right_passwords_on_a_page_do_not_count_as_wrong_ones(
    signed_in: Client, path: str, bad: str
) -> None:
    given = PAGES[path][0] | {bad: "bad"}
    assert [signed_in.post(path, given).status_code for _ in range(6)] == [200] * 6


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_cannot_count_requests_is_a_503(
    visitor: Client, no_redis: Any, path: str
) -> None:
    page = visitor.post(path, PAGES[path][0])
    assert page.status_code == 503
    assert page["Retry-After"] == "2"
    assert "X-RateLimit-Limit" not in page
    assert b"This is not possible right now" in page.content


# ---- Locks that a thief could close ----------------------------------------------------------------

NEW = {"old_password": PASSWORD, "new_password": OTHER}
WRONG = NEW | {"old_password": "wrong"}


def change(token: dict[str, str], given: dict[str, str], address: str = "127.0.0.1") -> int:
    """The status of a change of password by the API."""
    client = Client(REMOTE_ADDR=address)
    response = client.post("/api/v1/users/me/password", given, "application/json", headers=token)
    return response.status_code


def test_a_thief_locks_no_other_sign_in_of_the_owner(player: User) -> None:
    stolen, own = bearer(player), bearer(player)
    statuses = [change(stolen, WRONG, "10.6.6.6") for _ in range(8)]
    assert statuses == [400] * 5 + [429] * 3
    browser = Client(REMOTE_ADDR="10.6.6.6")  # even behind the same address
    browser.force_login(player)
    page = browser.post("/account/address", {"email": "new@example.com", "password": PASSWORD})
    assert page.status_code == 302
    assert change(own, NEW, "10.6.6.6") == 200


def test_a_thief_locks_the_stolen_sign_in_for_no_other_address(player: User) -> None:
    stolen = bearer(player)
    assert [change(stolen, WRONG, "10.6.6.6") for _ in range(6)][-1] == 429
    assert change(stolen, NEW, "10.1.1.1") == 200


def test_a_thief_with_a_cookie_locks_no_other_browser(client: Client, player: User) -> None:
    client.force_login(player)
    stolen = Client()
    stolen.cookies["sessionid"] = client.cookies["sessionid"].value
    wrong = {"old_password": "wrong", "new_password1": OTHER, "new_password2": OTHER}
    assert [stolen.post("/account/password", wrong).status_code for _ in range(6)][-1] == 429
    own = Client()
    own.force_login(player)
    assert own.post("/account/password", wrong | {"old_password": PASSWORD}).status_code == 302


def test_changing_the_address_allows_no_more_guesses_than_signing_in(player: User) -> None:
    stolen, own = bearer(player), bearer(player)
    statuses = [change(stolen, WRONG, f"10.6.{n // 2}.6") for n in range(30)]
    assert statuses == [400] * 20 + [429] * 10
    assert change(stolen, NEW, "10.99.9.9") == 429
    assert change(own, NEW) == 200


def test_many_sign_ins_allow_no_more_guesses_than_the_account(player: User) -> None:
    statuses: list[int] = []
    for thief in range(8):
        stolen = bearer(player)
        statuses += [change(stolen, WRONG, f"10.{thief}.{n // 2}.6") for n in range(20)]
    assert statuses.count(400) == rate_limits.POLICIES["password_account"].limit == 100
    assert statuses[100:] == [429] * 60
    # The owner can reset the password by email, which restarts the count.
    player.set_password(OTHER)
    player.save()
    assert change(bearer(player), {"old_password": OTHER, "new_password": PASSWORD}) == 200


def test_right_passwords_are_not_counted(player: User) -> None:
    token = bearer(player)
    weak = NEW | {"new_password": "12345678"}
    assert [change(token, weak, f"10.0.{n}.1") for n in range(25)] == [400] * 25
    account = f"{player.pk}:{stamp_of(player)}"
    assert int(str(durable().get(rate_limits.key("password_account", account)))) == 0


def test_a_thief_uses_up_no_changes_of_address_of_the_owner(player: User) -> None:
    stolen, own = bearer(player), bearer(player)

    def move(token: dict[str, str], password: str, address: str) -> int:
        given = {"email": "new@example.com", "password": password}
        caller = Client(REMOTE_ADDR=address)
        path = "/api/v1/users/me"
        return caller.patch(path, given, "application/json", headers=token).status_code

    for name, most in (("password", 5), ("address", 20)):
        for _ in range(most):
            rate_limits.count_one(name, f"{player.pk}:10.6.6.6")
    assert [move(stolen, "wrong", "10.6.6.6") for _ in range(6)] == [429] * 6
    assert move(own, PASSWORD, "10.1.1.1") == 200


# ---- Without Redis ------------------------------------------------------------------------------


@pytest.fixture
def no_redis() -> Iterator[None]:
    """A Redis that refuses connections."""
    with redis_away():
        yield


def test_without_redis_reads_go_on_and_sign_in_refuses(
    client: Client, player: User, no_redis: Any
) -> None:
    client.raise_request_exception = False
    assert client.get("/maps/").status_code == 200
    response = client.get("/api/v1/maps")
    assert response.status_code == 200
    assert "X-RateLimit-Limit" not in response
    assert_error(login(client), 503, "unavailable")
    assert_error(
        client.get("/api/v1/users/me", headers={"Authorization": "Bearer x"}), 401, "invalid_token"
    )
    page = client.post("/login/", {"username": "Player1", "password": PASSWORD})
    assert b"not possible right now" in page.content
    assert readiness.check_services()["redis"] == "unreachable"


@pytest.fixture
def silent_redis() -> Iterator[None]:
    """It accepts connections and never replies, like a stopped process."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        with redis_away(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"):
            yield


def test_only_two_commands_wait_for_a_redis_that_hangs(
    client: Client,
    player: User,
    silent_redis: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That costs less than a second in all. The next command does not wait."""
    assert TIMEOUT_SECONDS < 0.5
    waits: list[str] = []
    connect = Connection.connect

    def counted(self: Connection) -> None:
        waits.append("connect")
        connect(self)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(clients, "CIRCUIT_OPEN_SECONDS", 60)
    monkeypatch.setattr(Connection, "connect", counted)
    client.raise_request_exception = False
    assert login(client).status_code == 503
    assert client.get("/api/v1/maps").status_code == 200
    assert client.get("/api/v1/maps").status_code == 200
    assert waits == ["connect"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_redis_that_hangs_delays_nobody(site: Site, player: User, silent_redis: None) -> None:
    """Thirty at once on four threads would wait for each other if each waited for Redis."""

    def ask(number: int) -> tuple[str, int, str]:
        with httpx.Client(base_url=site.url, timeout=20) as http:
            if number % 3:
                response = http.get("/api/v1/users/Player1")
                return "read", response.status_code, ""
            who = {"username": "Player1", "password": PASSWORD}
            response = http.post("/api/v1/auth/login", json=who)
            return "login", response.status_code, response.json()["errors"][0]["code"]

    assert set(at_once(30, ask)) == {("read", 200, ""), ("login", 503, "unavailable")}
