"""Requests with a token get what strangers get from the cache, made by Django; only good tokens do."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from accounts.models import User
from accounts.tokens import families, signing
from config.redis import clients
from config.redis.clients import durable
from maps.browse import terrain_cache, top_maps
from maps.models import GameMap
from tests.support.api import assert_error, bearer
from tests.support.database import cut_database, no_connections
from tests.support.factories import make_user
from tests.support.fast_lane import ORDINARY, comparable, hide
from tests.support.redis import forget_failures, open_circuit
from tests.support.waiting import TIMEOUT, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def player(transactional_db: None) -> User:
    return make_user("Player")


@pytest.fixture
def shown(player: User) -> dict[str, str]:
    """The player's token, as a header."""
    return bearer(player)


@pytest.fixture
def address(thirty_maps: list[GameMap]) -> str:
    return f"/api/v1/maps/{thirty_maps[0].pk}/terrain"


def fill_caches(maps_http: httpx.Client, address: str, shown: dict[str, str]) -> None:
    """Has the response to strangers cached."""
    assert maps_http.get(address).status_code in (200, 404)
    for _ in range(2):
        assert maps_http.get(address, headers=shown).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("part", ["", "/terrain"])
def test_a_map_is_the_same_with_a_token_and_from_the_cache(
    maps_http: httpx.Client,
    thirty_maps: list[GameMap],
    django_paths: list[str],
    shown: dict[str, str],
    part: str,
    encoding: str,
) -> None:
    address, headers = (
        f"/api/v1/maps/{thirty_maps[0].pk}{part}",
        shown | {"Accept-Encoding": encoding},
    )
    ordinary = maps_http.get(address, headers=headers | ORDINARY)
    for _ in range(3):
        assert comparable(maps_http.get(address, headers=headers)) == comparable(ordinary)
    tag = {"If-None-Match": ordinary.headers["ETag"]}
    known = maps_http.get(address, headers=headers | tag | ORDINARY)
    assert known.status_code == 304
    assert comparable(maps_http.get(address, headers=headers | tag)) == comparable(known)
    del headers["Authorization"]
    for _ in range(2):
        assert comparable(maps_http.get(address, headers=headers)) == comparable(ordinary)
    django_paths.clear()
    assert comparable(maps_http.get(address, headers=headers)) == comparable(ordinary)
    assert comparable(maps_http.get(address, headers=headers | tag)) == comparable(known)
    assert django_paths == []


def test_lists_with_a_token_are_not_cached(
    maps_http: httpx.Client,
    django_paths: list[str],
    shown: dict[str, str],
) -> None:
    for _ in range(3):
        response = maps_http.get("/api/v1/maps", headers=shown)
        assert response.headers["Cache-Control"] == "private, no-cache"
    assert len(django_paths) == 3


@pytest.mark.parametrize("part", ["", "/terrain"])
def test_drafts_are_cached_for_nobody_else(
    maps_http: httpx.Client,
    thirty_maps: list[GameMap],
    author: User,
    shown: dict[str, str],
    part: str,
) -> None:
    own, address = bearer(author), f"/api/v1/maps/{thirty_maps[0].pk}{part}"
    fill_caches(maps_http, address, own)
    fill_caches(maps_http, address, shown)
    GameMap.objects.filter(pk=thirty_maps[0].pk).update(is_public=False)
    for _ in range(3):
        response = maps_http.get(address, headers=own)
        assert response.headers["Cache-Control"] == "private, no-cache"
        tag = {"If-None-Match": response.headers["ETag"]}
        assert maps_http.get(address, headers=own | tag).status_code == 304
        assert maps_http.get(address, headers=shown).status_code == 404
        assert maps_http.get(address).status_code == 404


def test_a_hidden_map_disappears_from_cached_lists_at_once(
    maps_http: httpx.Client,
    thirty_maps: list[GameMap],
    address: str,
    shown: dict[str, str],
) -> None:
    fill_caches(maps_http, address, shown)
    hide(thirty_maps[0])
    assert maps_http.get(address, headers=shown).status_code == 404


# ---- Tokens that are good no more ---------------------------------------------------------------


def sign_out(player: User, shown: dict[str, str]) -> None:
    token = shown["Authorization"].removeprefix("Bearer ")
    families.revoke(player.pk, signing.read(token, "access").family)


def empty_redis(player: User, shown: dict[str, str]) -> None:
    durable().flushdb()


def change_password(player: User, shown: dict[str, str]) -> None:
    player.set_password("another good password")
    player.save()
    families.revoke_all(player.pk)


@pytest.mark.parametrize("end", [sign_out, empty_redis, change_password])
def test_ended_token_is_rejected_at_once(
    maps_http: httpx.Client,
    player: User,
    address: str,
    shown: dict[str, str],
    end: Callable[[User, dict[str, str]], None],
) -> None:
    fill_caches(maps_http, address, shown)
    end(player, shown)
    refused = maps_http.get(address, headers=shown)
    assert_error(refused, 401, "invalid_token")
    assert refused.headers["WWW-Authenticate"]
    assert maps_http.get(address).status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET is_active = false WHERE username = 'Player'",
        "UPDATE users SET is_active = false",
        "UPDATE users SET password_hash = 'x' WHERE username = 'Player'",
        "UPDATE users SET id = gen_random_uuid() WHERE username = 'Player'",
        "DELETE FROM users WHERE username = 'Player'",
    ],
)
def test_changes_in_psql_end_tokens(
    maps_http: httpx.Client,
    address: str,
    shown: dict[str, str],
    statement: str,
    listener: "psycopg.Connection[Any]",
) -> None:
    fill_caches(maps_http, address, shown)
    listener.execute(statement)
    until(lambda: maps_http.get(address, headers=shown).status_code == 401)


def test_truncated_table_ends_all_tokens(
    maps_http: httpx.Client,
    address: str,
    shown: dict[str, str],
    listener: "psycopg.Connection[Any]",
) -> None:
    fill_caches(maps_http, address, shown)
    assert maps_http.get(address).status_code == 200
    listener.execute("TRUNCATE users CASCADE")
    until(lambda: maps_http.get(address, headers=shown).status_code == 401)
    until(lambda: maps_http.get(address).status_code == 404)


def test_a_ban_does_not_wait_for_redis(
    maps_http: httpx.Client,
    address: str,
    shown: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    listener: "psycopg.Connection[Any]",
) -> None:
    """Ratings and plays are frequent, and each would delete keys in a Redis that may hang."""
    fill_caches(maps_http, address, shown)
    dropped: list[None] = []
    go_on = threading.Event()

    def slow(*_: str) -> None:
        dropped.append(None)
        go_on.wait(TIMEOUT)

    monkeypatch.setattr(top_maps, "delete_keys", slow)
    for n in range(20):
        listener.execute("UPDATE maps SET play_count = %s WHERE name = 'Ford 3'", [100 + n])
    listener.execute("UPDATE users SET is_active = false WHERE username = 'Player'")
    until(lambda: maps_http.get(address, headers=shown).status_code == 401)
    assert len(dropped) <= 1  # it still waits
    go_on.set()
    until(lambda: len(dropped) > 1)
    assert len(dropped) < 10  # what waits goes together


def test_unban_does_not_revive_old_tokens(
    maps_http: httpx.Client,
    address: str,
    shown: dict[str, str],
    listener: "psycopg.Connection[Any]",
) -> None:
    fill_caches(maps_http, address, shown)
    for is_active in (False, True):
        listener.execute("UPDATE users SET is_active = %s WHERE username = 'Player'", [is_active])
    until(lambda: maps_http.get(address, headers=shown).status_code == 401)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer x",
        "Basic x",
        "Bearer \u00ff",
        "Bearer x y",
        "Bearer " + "x" * 5000,
    ],
)
def test_malformed_tokens_get_no_cached_response(
    maps_http: httpx.Client,
    address: str,
    shown: dict[str, str],
    header: str,
) -> None:
    fill_caches(maps_http, address, shown)
    headers = httpx.Headers(
        [(b"Authorization", header.encode("latin1")), (b"X-Request-Id", b"same")]
    )
    response = maps_http.get(address, headers=headers)
    headers.update(ORDINARY)
    ordinary = maps_http.get(address, headers=headers)
    assert comparable(response) == comparable(ordinary)
    assert ordinary.status_code == (401 if header.strip() else 200)


# ---- Limits, failures ----------------------------------------------------------------------------


def test_requests_with_a_token_are_counted_once(
    maps_http: httpx.Client,
    thirty_maps: list[GameMap],
    player: User,
    shown: dict[str, str],
) -> None:
    def left(name: str) -> int:
        response = maps_http.get(f"/api/v1/maps/{name}/terrain", headers=shown)
        return int(response.headers["X-RateLimit-Remaining"])

    known, unknown = str(thirty_maps[0].pk), str(uuid.uuid4())
    assert [left(name) for name in (known, known, unknown, known)] == [99, 98, 97, 96]
    families.revoke_all(player.pk)
    assert [left(known), left(known)] == [95, 94]
    assert {left(known) for _ in range(120)} >= {0}
    assert_error(maps_http.get(f"/api/v1/maps/{known}/terrain", headers=shown), 429, "rate_limited")


def test_no_token_is_accepted_without_redis(
    maps_http: httpx.Client,
    address: str,
    shown: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill_caches(maps_http, address, shown)
    monkeypatch.setattr(clients, "CIRCUIT_OPEN_SECONDS", 60)
    open_circuit()
    assert_error(maps_http.get(address, headers=shown), 503, "unavailable")
    assert maps_http.get(address).status_code == 200
    forget_failures()
    assert maps_http.get(address, headers=shown).status_code == 200


def test_a_ban_counts_without_notifications(
    maps_http: httpx.Client,
    address: str,
    shown: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A banned player does not share the response that a visitor is waiting for."""
    begun, go_on, make = threading.Event(), threading.Event(), terrain_cache.read_terrain

    def slow(*arguments: Any) -> bytes:
        begun.set()
        go_on.wait(TIMEOUT)
        return make(*arguments)

    fill_caches(maps_http, address, shown)
    with no_connections(monkeypatch) as tried:
        cut_database()
        until(lambda: len(tried) > 0)  # it has noticed that there are no notifications
        monkeypatch.setattr(terrain_cache, "read_terrain", slow)
        stranger = threading.Thread(target=lambda: httpx.get(f"{maps_http.base_url}{address}"))
        stranger.start()
        assert begun.wait(TIMEOUT)
        User.objects.filter(username="Player").update(is_active=False)
        assert maps_http.get(address, headers=shown).status_code == 401
        go_on.set()
        stranger.join()
