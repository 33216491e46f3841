"""Cached responses are those of Django, byte for byte, and never stale."""

import asyncio
import gzip
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import psycopg
import pytest
from django.db import connection, connections

from accounts.models import User
from config.db.pools import connection_string
from config.redis.clients import disposable, durable
from config.server import fast_lane
from maps.browse import invalidation, read_through, terrain_cache, top_maps
from maps.feedback.actions import rate_map
from maps.models import GameMap
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.database import cut_database, no_connections
from tests.support.factories import make_map, make_user
from tests.support.fast_lane import ORDINARY, comparable, hide
from tests.support.live_site import Site
from tests.support.redis import cache_away
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def author(transactional_db: None) -> User:
    return make_user("Author")


def names(maps_http: httpx.Client, path: str = "/api/v1/maps") -> list[str]:
    return [row["name"] for row in maps_http.get(path).json()["results"]]


QUERIES = [
    "", "?sort=top", "?sort=new", "?sort=plays&page_size=7", "?q=ford", "?q=ford%203",
    "?q=plays%3E3", "?terrain=grass&size_max=50", "?q=terrain:lava", "?q=nonsense:x", "?q=fard",
    "?sort=nonsense", "?page_size=0", "?cursor=x", "?q=%00", "?q=" + "x" * 201, "?filter=own",
    "?q=played:yes", "?q=a&q=ford", "?", "?unknown=1", "?q=%ff", "?q=%22ford%22", "?q=+",
    "?author=AUTHOR", "?favourite=yes", "?q=" + "x" * 3000, "?" + "&" * 1500,
    "?q=sort=random", "?sort=random&sort=new", "?q=-the", "?q=-the%20ford", "?q=-%22of%20the%22",
    "?q=-the+rating%3E4", "?q=-ford", "?q=%3E4", "?q=%25%25%25", "?q=rating+4", "?q=-%E1%8D%A2",
    "?q=-and%20-ford",
]  # fmt: skip


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html"])
def test_the_cached_list_is_the_same_byte_for_byte(maps_http: httpx.Client, accept: str) -> None:
    for query in QUERIES:
        address = "/api/v1/maps" + query
        headers = {"Accept": accept, "X-Request-Id": "same"}
        ordinary = maps_http.get(address, headers=headers | ORDINARY)
        for _ in range(3):  # header templates, then the response, then from the cache
            assert comparable(maps_http.get(address, headers=headers)) == comparable(ordinary), (
                query
            )
        durable().flushdb()


def test_pages_by_cursor_are_the_same(maps_http: httpx.Client) -> None:
    address: str | None = "/api/v1/maps?sort=plays&page_size=7"
    seen = 0
    while address:
        fast, slow = maps_http.get(address), maps_http.get(address, headers=ORDINARY)
        assert comparable(fast) == comparable(slow)
        seen += len(fast.json()["results"])
        cursor = fast.json()["next"]
        address = f"/api/v1/maps?sort=plays&page_size=7&cursor={cursor}" if cursor else None
    assert seen == 30


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("part", ["", "/terrain"])
def test_a_cached_map_is_the_same_byte_for_byte(
    maps_http: httpx.Client, thirty_maps: list[GameMap], part: str, encoding: str
) -> None:
    address, headers = f"/api/v1/maps/{thirty_maps[0].pk}{part}", {"Accept-Encoding": encoding}
    ordinary = maps_http.get(address, headers=headers | ORDINARY)
    for _ in range(2):
        response = maps_http.get(address, headers=headers)
        assert comparable(response) == comparable(ordinary)
    tag = response.headers["ETag"]
    for wanted, status in ((tag, 304), (f'"x", {tag}', 304), ("*", 304), ('"x"', 200)):
        conditional = headers | {"If-None-Match": wanted}
        response, ordinary = (
            maps_http.get(address, headers=conditional | more) for more in ({}, ORDINARY)
        )
        assert response.status_code == status
        assert comparable(response) == comparable(ordinary)
    assert maps_http.get("/api/v1/maps/" + str(uuid.uuid4()) + part).status_code == 404


def test_gzip_is_not_sent_to_a_client_that_refuses_it(
    maps_http: httpx.Client, thirty_maps: list[GameMap]
) -> None:
    address = f"/api/v1/maps/{thirty_maps[0].pk}/terrain"
    accepted = {"gzip": 1, "br, GZIP;q=0.5": 1, "gzip;q=0": 0, "gzip; q=0.000, br": 0, "xgzip": 0}
    for encoding, zipped in accepted.items():
        for more in ({}, {}, ORDINARY):
            response = maps_http.get(address, headers={"Accept-Encoding": encoding} | more)
            assert ("Content-Encoding" in response.headers) is bool(zipped), encoding
            tag = {"If-None-Match": response.headers["ETag"]}
            known = maps_http.get(address, headers={"Accept-Encoding": encoding} | more | tag)
            assert "Content-Encoding" not in known.headers


def test_requests_with_unknown_conditions_go_to_django(
    maps_http: httpx.Client, thirty_maps: list[GameMap]
) -> None:
    address = f"/api/v1/maps/{thirty_maps[0].pk}"
    for _ in range(2):
        assert maps_http.get(address).status_code == 200
        assert maps_http.get(address, headers={"If-Match": '"x"'}).status_code == 412


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain; charset=latin1", "x; charset*=x''y"]
)
def test_headers_about_a_body_are_read_by_both(
    maps_http: httpx.Client, thirty_maps: list[GameMap], kind: str
) -> None:
    address, headers = (
        f"/api/v1/maps/{thirty_maps[0].pk}",
        {"Content-Type": kind, "X-Request-Id": "same"},
    )
    for _ in range(2):
        assert maps_http.get(address).status_code == 200
    ordinary = maps_http.get(address, headers=headers | ORDINARY)
    assert comparable(maps_http.get(address, headers=headers)) == comparable(ordinary)


def test_a_silent_database_connection_is_replaced(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was cut silently. Here it is busy for longer than the check waits."""
    monkeypatch.setattr(invalidation, "CHECK_TIMEOUT_SECONDS", 0.2)

    async def listen() -> None:
        async with await psycopg.AsyncConnection.connect(connection_string()) as database:
            await invalidation.check_connection(database)
            busy = asyncio.create_task(database.execute("SELECT pg_sleep(60)"))
            await asyncio.sleep(0)  # it has begun
            try:
                await invalidation.check_connection(database)
            finally:
                busy.cancel()
                await asyncio.gather(busy, return_exceptions=True)

    with pytest.raises(psycopg.OperationalError):
        asyncio.run(listen())


def test_the_cached_page_is_the_same_byte_for_byte(maps_http: httpx.Client) -> None:
    for query in ("", "?q=ford", "?sort=top", "?q=fard", "?cursor=x"):
        for headers in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Target": "more"}):
            ordinary = maps_http.get("/maps/" + query, headers=headers | ORDINARY)
            for _ in range(2):
                assert comparable(maps_http.get("/maps/" + query, headers=headers)) == comparable(
                    ordinary
                )


def test_a_conditional_request_fills_the_cache(
    maps_http: httpx.Client, thirty_maps: list[GameMap], django_paths: list[str]
) -> None:
    address = f"/api/v1/maps/{thirty_maps[0].pk}/terrain"
    tag = maps_http.get(address, headers=ORDINARY).headers["ETag"]
    django_paths.clear()
    for _ in range(2):
        assert maps_http.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert len(django_paths) == 1


def test_cached_responses_do_not_reach_django(
    maps_http: httpx.Client, django_paths: list[str]
) -> None:
    for path in ("/api/v1/maps", "/maps/", "/maps/?q=ford"):
        for _ in range(2):
            assert maps_http.get(path).is_success
        django_paths.clear()
        maps_http.get(path)
        assert django_paths == []
    maps_http.get("/maps/", headers=ORDINARY)
    maps_http.get("/api/v1/maps", headers={"Authorization": "Bearer x"})
    maps_http.post("/maps/")
    assert len(django_paths) == 3


def test_a_random_order_is_never_cached(maps_http: httpx.Client) -> None:
    assert (
        len({tuple(names(maps_http, "/api/v1/maps?sort=random&page_size=5")) for _ in range(8)}) > 1
    )


def test_a_random_order_in_another_spelling_does_not_change_other_headers(
    maps_http: httpx.Client,
) -> None:
    surprises = [maps_http.get("/api/v1/maps?sort=%72andom&page_size=5") for _ in range(8)]
    assert len({response.content for response in surprises}) > 1
    assert {response.headers["Cache-Control"] for response in surprises} == {"no-store"}
    for _ in range(3):
        assert "Cache-Control" not in maps_http.get("/api/v1/maps").headers


def test_unusual_requests_do_not_displace_the_others(
    maps_http: httpx.Client, thirty_maps: list[GameMap], django_paths: list[str]
) -> None:
    for n in range(fast_lane.MAX_HEADER_TEMPLATES + 5):
        maps_http.get("/api/v1/maps", headers={"HX-Target": str(n)})
        durable().flushdb()
    maps_http.get("/api/v1/maps")
    django_paths.clear()
    maps_http.get("/api/v1/maps?page_size=3")
    assert django_paths == []
    for _ in range(2):  # too long to be part of a key
        maps_http.get("/maps/", headers={"HX-Target": "x" * 5000})
    assert len(django_paths) == 2


# ---- What changes is seen -----------------------------------------------------------------------


def change_by_orm(game_map: GameMap) -> None:
    GameMap.objects.filter(pk=game_map.pk).update(name="Changed")


def change_by_save(game_map: GameMap) -> None:
    game_map.name = "Changed"
    game_map.save()


@pytest.mark.parametrize("change", [change_by_orm, change_by_save])
def test_a_change_by_this_process_is_seen_at_once(
    maps_http: httpx.Client, thirty_maps: list[GameMap], change: Callable[[GameMap], None]
) -> None:
    address = f"/api/v1/maps/{thirty_maps[0].pk}"
    for _ in range(3):
        assert "Changed" not in names(maps_http, "/api/v1/maps?page_size=50")
        assert maps_http.get(address).json()["name"] == "Ford 0"
    change(thirty_maps[0])
    assert "Changed" in names(maps_http, "/api/v1/maps?page_size=50")
    assert maps_http.get(address).json()["name"] == "Changed"
    assert "Changed" in maps_http.get("/maps/?q=changed").text


def test_a_change_from_outside_invalidates_the_cache(
    maps_http: httpx.Client,
    thirty_maps: list[GameMap],
    listener: "psycopg.Connection[Any]",
) -> None:
    one = f"/api/v1/maps/{thirty_maps[0].pk}"
    for _ in range(3):
        assert len(names(maps_http, "/api/v1/maps?page_size=50")) == 30
        maps_http.get("/maps/")
        maps_http.get(one)
    listener.execute("UPDATE maps SET is_public = false WHERE name = 'Ford 3'")
    until(lambda: len(names(maps_http, "/api/v1/maps?page_size=50")) == 29)
    listener.execute("UPDATE users SET username = 'Renamed' WHERE username = 'Author'")
    until(lambda: "Renamed" in maps_http.get("/maps/").text)
    until(
        lambda: (
            maps_http.get("/api/v1/maps").json()["results"][0]["author"]["username"] == "Renamed"
        )
    )
    until(lambda: maps_http.get(one).json()["author"]["username"] == "Renamed")
    listener.execute("DELETE FROM users WHERE username = 'Renamed'")
    until(lambda: names(maps_http) == [])


def test_a_hidden_map_disappears_at_once(
    maps_http: httpx.Client, thirty_maps: list[GameMap]
) -> None:
    gone = thirty_maps[5]
    addresses = [f"/api/v1/maps/{gone.pk}", f"/api/v1/maps/{gone.pk}/terrain"]
    for _ in range(3):
        assert [maps_http.get(address).status_code for address in addresses] == [200, 200]
        assert "Ford 5" in names(maps_http, "/api/v1/maps?q=ford%205")
        assert "Ford 5" in maps_http.get("/maps/?q=ford+5").text
    assert str(gone.pk) in top_maps.read_top_maps()
    hide(gone)
    assert [maps_http.get(address).status_code for address in addresses] == [404, 404]
    assert "Ford 5" not in names(maps_http, "/api/v1/maps?q=ford%205")
    assert ">Ford 5<" not in maps_http.get("/maps/?q=ford+5").text
    until(lambda: str(gone.pk) not in top_maps.read_top_maps())


def test_a_rating_is_shown_at_once(maps_http: httpx.Client, thirty_maps: list[GameMap]) -> None:
    for _ in range(3):
        maps_http.get("/api/v1/maps?sort=top")
    rate_map(player=make_user("Rater"), map_id=thirty_maps[9].pk, stars=5)
    first = maps_http.get("/api/v1/maps?sort=top").json()["results"][0]
    assert (first["name"], first["rating"], first["rating_count"]) == ("Ford 9", 5, 1)


def test_a_reopened_connection_is_watched_once(maps_http: httpx.Client) -> None:
    counts = set()
    for _ in range(3):
        connection.ensure_connection()
        counts.add(len(connection.execute_wrappers))
        connection.close()
    assert len(counts) == 1


def test_a_response_made_during_a_change_is_not_cached(
    maps_http: httpx.Client, thirty_maps: list[GameMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow response begins before a change and ends after it."""
    address = f"/api/v1/maps/{thirty_maps[0].pk}/terrain"
    begun, go_on = threading.Event(), threading.Event()
    make = terrain_cache.read_terrain

    def slow(*arguments: Any) -> bytes:
        made = make(*arguments)
        begun.set()
        go_on.wait(5)
        return made

    monkeypatch.setattr(terrain_cache, "read_terrain", slow)
    old: list[int] = []
    thread = threading.Thread(target=lambda: old.append(maps_http.get(address).status_code))
    thread.start()
    assert begun.wait(5)
    GameMap.objects.filter(pk=thirty_maps[0].pk).update(is_public=False)
    assert httpx.get(f"{maps_http.base_url}{address}").status_code == 404  # nor is it waited for
    go_on.set()
    thread.join()
    assert old == [200]  # it began before
    assert maps_http.get(address).status_code == 404


# ---- Limits, tokens, failures --------------------------------------------------------------------


def test_cached_responses_count_for_the_rate_limit(site: Site, thirty_maps: list[GameMap]) -> None:
    def ask(_: int) -> int:
        return httpx.get(site.url + "/api/v1/maps").status_code

    responses = at_once(12, lambda n: [ask(n) for _ in range(10)])
    statuses = [status for some in responses for status in some]
    assert statuses.count(200) == 100
    assert statuses.count(429) == 20
    refused = httpx.get(site.url + "/api/v1/maps")
    ordinary = httpx.get(site.url + "/api/v1/maps", headers=ORDINARY)
    assert refused.json()["errors"] == ordinary.json()["errors"]
    assert refused.json()["request_id"] == refused.headers["X-Request-Id"]
    assert refused.headers["Retry-After"]
    assert set(refused.headers) - {"content-length"} <= set(ordinary.headers)


def test_each_request_is_counted_once(maps_http: httpx.Client) -> None:
    left = [
        int(maps_http.get(path, headers=headers).headers["X-RateLimit-Remaining"])
        for path in ("/api/v1/maps", "/api/v1/maps?sort=nonsense", "/api/v1/maps?q=fard")
        for headers in ({}, {}, ORDINARY)
    ]
    assert left == list(range(99, 90, -1))


def test_the_authors_requests_go_to_django(
    maps_http: httpx.Client, thirty_maps: list[GameMap], author: User
) -> None:
    GameMap.objects.update(is_public=False)
    address = f"/api/v1/maps/{thirty_maps[0].pk}"
    for _ in range(2):
        assert maps_http.get(address, headers=bearer(author)).status_code == 200
        assert maps_http.get(address).status_code == 404


def test_unknown_hosts_are_refused(maps_http: httpx.Client) -> None:
    for _ in range(2):
        assert maps_http.get("/api/v1/maps").status_code == 200
        assert maps_http.get("/api/v1/maps", headers={"Host": "evil.example"}).status_code == 400


def test_cached_responses_need_no_redis(
    maps_http: httpx.Client, thirty_maps: list[GameMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("redis.asyncio.connection.AbstractConnection.connect", fail)
    for path in ("/api/v1/maps", f"/api/v1/maps/{thirty_maps[0].pk}/terrain"):
        for _ in range(3):
            assert maps_http.get(path).status_code == 200


def test_cut_connections_cost_no_response(maps_http: httpx.Client) -> None:
    for _ in range(3):
        assert maps_http.get("/api/v1/maps?sort=top").status_code == 200
        cut_database()
        for n in range(6):
            assert maps_http.get(f"/api/v1/maps?sort=top&page_size={n + 1}").status_code == 200
            assert maps_http.get(f"/maps/?q={n}").status_code == 200


def test_a_database_that_returns_is_used_at_once(
    maps_http: httpx.Client, django_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fast lane waits for no pause between the tries of its pool."""
    assert maps_http.get("/api/v1/maps").status_code == 200
    with no_connections(monkeypatch) as tried:
        cut_database()
        for n in range(2):
            assert maps_http.get(f"/api/v1/maps?page_size={n + 1}").status_code == 200
        until(lambda: len(tried) > 3)
    django_paths.clear()
    assert maps_http.get("/api/v1/maps?page_size=3").status_code == 200
    assert django_paths == []


# ---- What Redis stores -------------------------------------------------------------------------


def test_a_terrain_is_cached_ready_to_send(
    maps_http: httpx.Client, thirty_maps: list[GameMap]
) -> None:
    key = f"map:{thirty_maps[0].pk}:data"
    body = maps_http.get(f"/api/v1/maps/{thirty_maps[0].pk}/terrain").content
    assert gzip.decompress(disposable().get(key)) == body
    assert 0 < disposable().ttl(key) <= 15 * 60
    GameMap.objects.filter(pk=thirty_maps[0].pk).update(goal_point={"x": 5, "y": 5})
    until(lambda: not disposable().has_key(key))


def test_ratings_and_plays_do_not_invalidate_a_terrain(
    maps_http: httpx.Client,
    thirty_maps: list[GameMap],
    django_paths: list[str],
    listener: "psycopg.Connection[Any]",
) -> None:
    """A game that begins is counted, and just then all its players ask for the terrain."""
    address = f"/api/v1/maps/{thirty_maps[0].pk}"
    for part in ("", "/terrain"):
        maps_http.get(address + part)
    rate_map(player=make_user("Rater"), map_id=thirty_maps[0].pk, stars=5)
    assert maps_http.get(address).json()["rating_count"] == 1
    listener.execute("UPDATE maps SET play_count = 77")
    until(lambda: maps_http.get(address).json()["play_count"] == 77)
    django_paths.clear()
    assert maps_http.get(address + "/terrain").is_success
    assert django_paths == []
    assert disposable().has_key(f"map:{thirty_maps[0].pk}:data")


@pytest.mark.parametrize("changed", ["is_public = false", "hidden_at = now()", "width = 21"])
def test_changes_of_a_terrain_invalidate_it(
    maps_http: httpx.Client,
    thirty_maps: list[GameMap],
    changed: str,
    listener: "psycopg.Connection[Any]",
) -> None:
    address, key = f"/api/v1/maps/{thirty_maps[0].pk}/terrain", f"map:{thirty_maps[0].pk}:data"
    assert maps_http.get(address).is_success
    listener.execute(f"UPDATE maps SET {changed} WHERE name = 'Ford 0'")
    until(lambda: not disposable().has_key(key))
    until(lambda: not maps_http.get(address).is_success)


@pytest.mark.parametrize("where", ["name = 'Ford 0'", "true"], ids=["one", "all"])
def test_a_terrain_changed_by_sql_is_new_everywhere(
    maps_http: httpx.Client,
    author: User,
    thirty_maps: list[GameMap],
    where: str,
    listener: "psycopg.Connection[Any]",
) -> None:
    """Also for so many maps that a notification has no room for their ids."""
    for n in range(100):
        make_map(author, f"Moor {n}")
    address = f"/api/v1/maps/{thirty_maps[0].pk}/terrain"
    old = maps_http.get(address)
    lava = "jsonb_set(terrain_data, '{9,terrainType}', '\"Lava\"')"
    listener.execute(f"UPDATE maps SET terrain_data = {lava} WHERE {where}")
    until(lambda: maps_http.get(address).json()["rows"] != old.json()["rows"])
    again = maps_http.get(address, headers={"If-None-Match": old.headers["ETag"]})
    assert again.status_code == 200
    assert again.json()["hash"] != old.json()["hash"]
    assert "Ford 0" in names(maps_http, "/api/v1/maps?terrain=lava&page_size=50&q=ford")


def test_a_change_of_many_maps_invalidates_all_their_terrains(
    maps_http: httpx.Client,
    author: User,
    thirty_maps: list[GameMap],
    listener: "psycopg.Connection[Any]",
) -> None:
    """The notification has no room for all ids. The changed ones come last."""
    for n in range(100):
        make_map(author, f"Moor {n}")
    address = f"/api/v1/maps/{thirty_maps[0].pk}/terrain"
    assert maps_http.get(address).is_success
    listener.execute("UPDATE maps SET play_count = 3 WHERE name = 'Ford 0'")  # now the last
    listener.execute("UPDATE maps SET hidden_at = CASE name WHEN 'Ford 0' THEN now() END")
    until(lambda: maps_http.get(address).status_code == 404)


def test_one_request_fills_the_cache_of_a_terrain(
    thirty_maps: list[GameMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[uuid.UUID] = []
    asked: list[int] = []
    make = terrain_cache._build_terrain

    def slow(map_id: uuid.UUID) -> bytes:
        made.append(map_id)
        until(lambda: len(asked) == 8)
        return make(map_id)

    monkeypatch.setattr(terrain_cache, "_build_terrain", slow)

    def ask(number: int) -> bytes:
        asked.append(number)
        try:
            return terrain_cache.read_terrain(thirty_maps[0].pk, thirty_maps[0].terrain_hash)
        finally:
            connections.close_all()

    assert len(set(at_once(8, ask))) == 1
    assert len(made) == 1


def test_a_stale_terrain_is_never_sent(thirty_maps: list[GameMap]) -> None:
    first = terrain_cache.read_terrain(thirty_maps[0].pk, thirty_maps[0].terrain_hash)
    other = make_map(thirty_maps[0].user, "Other", goal_point={"x": 5, "y": 5})
    disposable().set(f"map:{other.pk}:data", first)
    assert terrain_cache.read_terrain(other.pk, "0" * 64) != first


def cached_top_maps() -> list[str]:
    stored: list[str] = orjson.loads(disposable().get(top_maps.TOP_MAPS_KEY) or b"[]")
    return stored


def test_a_map_hidden_while_the_top_maps_are_read_is_not_among_them(
    thirty_maps: list[GameMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, find = thirty_maps[6], top_maps._query_top_maps

    def slow() -> list[str]:
        found = find()
        hiding.start()
        hiding.join()  # hidden, and deleted from Redis, before the list is stored
        return found

    def hide_in_another_thread() -> None:
        hide(gone)
        top_maps.invalidate_top_maps()
        connections.close_all()

    hiding = threading.Thread(target=hide_in_another_thread)
    monkeypatch.setattr(top_maps, "_query_top_maps", slow)
    assert str(gone.pk) not in top_maps.read_top_maps()
    monkeypatch.undo()
    assert str(gone.pk) not in cached_top_maps()
    assert len(top_maps.read_top_maps()) == 29


def test_a_map_hidden_without_redis_is_not_among_the_top_maps(
    thirty_maps: list[GameMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(thirty_maps[6].pk) in top_maps.read_top_maps()
    with monkeypatch.context() as away, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # it doesn't listen
        cache = cache_away(f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        away.setattr(read_through, "disposable", lambda: cache)
        hide(thirty_maps[6])
        top_maps.invalidate_top_maps()
    assert str(thirty_maps[6].pk) in cached_top_maps()
    assert str(thirty_maps[6].pk) not in top_maps.read_top_maps()
    assert str(thirty_maps[6].pk) not in cached_top_maps()


def test_the_top_maps_are_deleted_when_listening_begins_again(
    maps_http: httpx.Client, thirty_maps: list[GameMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert maps_http.get("/api/v1/maps").status_code == 200
    with no_connections(monkeypatch) as tried:
        cut_database()
        until(lambda: len(tried) > 0)  # it has noticed that there are no notifications
        disposable().set(top_maps.TOP_MAPS_KEY, orjson.dumps([str(thirty_maps[6].pk)]))
        hide(thirty_maps[6])
        before = len(tried)
        until(lambda: len(tried) > before)
        assert cached_top_maps() == [str(thirty_maps[6].pk)]  # no notification
    until(lambda: cached_top_maps() == [])
