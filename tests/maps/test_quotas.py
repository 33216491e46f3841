"""Quotas: exact for simultaneous requests, with warnings before. Only growth is refused."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.devices import actions as device_actions
from accounts.models import PageSession, User
from config.http.quotas import QUOTA_HEADER
from config.kernel.errors import DomainError
from config.limits import quotas, rate_limits
from config.limits.quotas import QUOTAS, QuotaReached
from maps.collections.actions import add_map
from maps.collections.actions import create_collection as make_collection
from maps.editing import actions as editing_actions
from maps.feedback.actions import add_favourite
from maps.models import GameMap, MapCollection
from maps.terrain.grid import Grid
from maps.terrain.validation import DOCUMENT_KEYS
from sessions_app.models import PlayedMap
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.documents import document_of
from tests.support.factories import flat_grid, make_map, make_tribe, make_user
from tests.support.quotas import set_limit

DOCUMENT = document_of(flat_grid()) | {"name": "Quiet Ford"}
NAMES = ["tribes", "maps", "drafts", "map_bytes", "collections", "favourites"]


def ask(user: User, method: str, path: str, body: Any = None) -> Any:
    call = getattr(Client(), method)
    return call(f"/api/v1{path}", body, "application/json", headers=bearer(user))


def post_map(user: User, **more: Any) -> Any:
    return ask(user, "post", "/maps", DOCUMENT | more)


def used(user: User, name: str) -> int:
    return quotas.read_usage(user.pk, [name])[0].used


def assert_refused(response: Any, name: str, use: int, limit: int) -> None:
    [error] = response.json()["errors"]
    assert (response.status_code, error["code"], error["attr"]) == (409, "quota_reached", None)
    assert response[QUOTA_HEADER] == f"{name};used={use};limit={limit}"
    if name != "map_bytes":
        assert f"{use} of {limit}" in error["detail"]
    assert error["detail"].endswith(QUOTAS[name].advice)


# ---- Many at once -------------------------------------------------------------------------------


def add_at_once(monkeypatch: pytest.MonkeyPatch, threads: int) -> list[str]:
    """Returns the results of simultaneous creations of maps by a player with two maps."""
    author = make_user("Author")
    for n in range(2):
        make_map(author, f"Map {n}", is_public=False)
    monkeypatch.setattr(rate_limits, "require_if_successful", lambda name, subject: nullcontext())

    def work(number: int) -> str:
        try:
            editing_actions.create_map(author=author, given=DOCUMENT)
        except DomainError as refusal:
            return refusal.code
        return "made"

    return sorted(at_once(threads, work))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["maps", "drafts", "map_bytes"])
def test_only_one_of_fifty_simultaneous_maps_fits(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    set_limit(monkeypatch, name, 3 * 31_000 if name == "map_bytes" else 3)
    assert add_at_once(monkeypatch, 50) == ["made"] + ["quota_reached"] * 49
    assert GameMap.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_more_than_one_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests count before one writes, which shows that the test above can fail."""
    set_limit(monkeypatch, "maps", 3)
    barrier, growth = threading.Barrier(8), quotas.limit_growth

    @contextmanager
    def wait_then_write(*arguments: Any) -> Iterator[None]:
        barrier.wait(10)
        with growth(*arguments):
            yield

    monkeypatch.setattr(editing_actions, "lock_storage", lambda player_id: None)
    monkeypatch.setattr(quotas, "limit_growth", wait_then_write)
    assert add_at_once(monkeypatch, 8) == ["made"] * 8


@pytest.mark.django_db(transaction=True)
def test_simultaneous_changes_never_exceed_the_space(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    author = make_user("Author")
    maps = [make_map(author, f"Map {n}", is_public=False) for n in range(8)]
    larger = document_of(flat_grid(30, 30))
    growth = 40_000  # bytes, roughly: there is room for three of eight
    set_limit(monkeypatch, "map_bytes", used(author, "map_bytes") + 3 * growth)

    def work(number: int) -> bool:
        try:
            editing_actions.change_map(author=author, map_id=maps[number].pk, given=larger)
        except QuotaReached:
            return False
        return True

    grown = sum(at_once(8, work))
    assert 1 <= grown <= 3
    assert GameMap.objects.filter(width=30).count() == grown
    assert used(author, "map_bytes") <= QUOTAS["map_bytes"].limit


@pytest.mark.django_db(transaction=True)
def test_only_one_simultaneous_collection_and_entry_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    player = make_user("Player1")
    maps = [make_map(player, f"Map {n}") for n in range(12)]
    set_limit(monkeypatch, "collections", 1)

    def begin(number: int) -> str:
        try:
            make_collection(player=player, given={"name": f"Fords {number}"})
        except DomainError as refusal:
            return refusal.code
        return "made"

    assert sorted(at_once(12, begin)) == ["made"] + ["quota_reached"] * 11
    collection = MapCollection.objects.get()
    set_limit(monkeypatch, "collection_maps", 1)

    def add(number: int) -> str:
        try:
            add_map(player=player, collection_id=collection.pk, map_id=maps[number].pk)
        except DomainError as refusal:
            return refusal.code
        return "made"

    assert sorted(at_once(12, add)) == ["made"] + ["quota_reached"] * 11


# ---- What is refused, and what is not -----------------------------------------------------------


@pytest.mark.django_db
def test_an_error_names_quota_use_limit_and_advice(
    monkeypatch: pytest.MonkeyPatch, author: User
) -> None:
    make_map(author)
    set_limit(monkeypatch, "maps", 1)
    assert_refused(post_map(author), "maps", 1, 1)
    set_limit(monkeypatch, "maps", 10)
    set_limit(monkeypatch, "drafts", 0)
    assert_refused(post_map(author), "drafts", 0, 0)
    set_limit(monkeypatch, "drafts", 10)
    use = used(author, "map_bytes")
    set_limit(monkeypatch, "map_bytes", use + 100)
    assert_refused(post_map(author), "map_bytes", use, use + 100)
    assert GameMap.objects.count() == 1


@pytest.mark.django_db
def test_a_refused_map_is_not_counted_by_the_rate_limit(
    monkeypatch: pytest.MonkeyPatch, author: User
) -> None:
    set_limit(monkeypatch, "maps", 0)
    for _ in range(rate_limits.POLICIES["maps"].limit + 2):
        assert post_map(author).status_code == 409
    set_limit(monkeypatch, "maps", 1)
    assert post_map(author).status_code == 201


@pytest.mark.django_db
def test_staff_have_the_same_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = User.objects.create_superuser("Admin", "admin@example.com", "a quite long sentence")
    set_limit(monkeypatch, "maps", 0)
    assert_refused(post_map(admin), "maps", 0, 0)


@pytest.mark.django_db
def test_a_lower_limit_deletes_nothing_and_refuses_only_growth(
    monkeypatch: pytest.MonkeyPatch, author: User
) -> None:
    game_map = make_map(author, is_public=False, grid=flat_grid(30, 30))
    path = f"/maps/{game_map.pk}"
    use = used(author, "map_bytes")
    for name in ("maps", "drafts", "map_bytes"):
        set_limit(monkeypatch, name, 0)
    assert ask(author, "patch", path, {"name": "Another Name"}).status_code == 200
    same = document_of(flat_grid(30, 30))
    same["terrain_data"].reverse()
    assert ask(author, "patch", path, same).status_code == 200
    longer = document_of(flat_grid(31, 30))
    assert_refused(ask(author, "patch", path, longer), "map_bytes", use, 0)
    game_map.refresh_from_db()
    assert (game_map.width, game_map.name) == (30, "Another Name")
    assert ask(author, "patch", path, document_of(flat_grid())).status_code == 200
    assert ask(author, "post", f"{path}/publish").status_code == 200
    # Taking something back is never refused.
    unpublished = ask(author, "post", f"{path}/unpublish")
    assert (unpublished.status_code, unpublished[QUOTA_HEADER]) == (200, "drafts;used=1;limit=0")
    assert ask(author, "delete", path).status_code == 204
    assert used(author, "map_bytes") == 0


@pytest.mark.django_db
def test_played_versions_count_when_they_differ_from_the_map(
    monkeypatch: pytest.MonkeyPatch, author: User
) -> None:
    """Otherwise a player could change and play one map again and again, and each version would be stored."""
    game_map = make_map(author, is_public=False)
    size = used(author, "map_bytes")
    game_map.refresh_from_db()
    parts = {part: getattr(game_map, part) for part in DOCUMENT_KEYS}
    PlayedMap.objects.create(map_id=game_map.pk, version=1, name="Ford", **parts)
    assert used(author, "map_bytes") == size
    set_limit(monkeypatch, "map_bytes", 2 * size + 10)
    path = f"/maps/{game_map.pk}"
    assert ask(author, "patch", path, {"goal_point": {"x": 1, "y": 3}}).status_code == 200
    assert used(author, "map_bytes") in range(2 * size - 10, 2 * size + 10)
    GameMap.objects.update(removed_at="2026-01-01T00:00Z", is_public=False)
    assert (used(author, "maps"), used(author, "drafts")) == (0, 0)
    assert used(author, "map_bytes") > size  # remains for its games
    GameMap.objects.update(removed_at=None)
    set_limit(monkeypatch, "map_bytes", 2 * size - 10)
    parts = {"version": 2, "name": "Ford", **parts}
    PlayedMap.objects.create(map_id=game_map.pk, **parts)
    response = ask(author, "patch", path, {"goal_point": {"x": 1, "y": 4}})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (409, "quota_reached")


# ---- The size of a map --------------------------------------------------------------------------


def size_of(game_map: GameMap) -> tuple[int, int]:
    """Returns the stored bytes of a map and its real bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT document_bytes, octet_length(terrain_data::text) + octet_length(wave_config::text)"
            " + octet_length(spawn_point::text) + octet_length(goal_point::text) FROM maps WHERE id = %s",
            [game_map.pk],
        )
        found: tuple[int, int] = cursor.fetchone()
        return found


@pytest.mark.django_db
def test_the_database_counts_the_bytes_of_every_write(author: User) -> None:
    game_map = make_map(author)
    stored, real = size_of(game_map)
    assert stored == real > 30_000
    changes: list[dict[str, Any]] = [
        {"wave_config": {"waves": []}},
        {"terrain_data": []},
        {"spawn_point": {"x": 10, "y": 10}},
        {"document_bytes": 0},
        {"document_bytes": 5, "play_count": 3},
        {"name": "Another"},
    ]
    for change in changes:
        GameMap.objects.filter(pk=game_map.pk).update(**change)
        stored, real = size_of(game_map)
        assert stored == real, change


@pytest.mark.django_db
@pytest.mark.parametrize("terrains", [2, 6])
def test_seeded_maps_have_their_bytes(terrains: int) -> None:
    call_command("seed", maps=6, players=2, terrains=terrains, verbosity=0)
    for game_map in GameMap.objects.only("pk"):
        stored, real = size_of(game_map)
        assert stored == real > 0


@pytest.mark.django_db
def test_the_largest_map_fits_and_larger_documents_do_not(author: User) -> None:
    rng = np.random.default_rng(1)
    cells = (rng.integers(0, n, (100, 100)).astype(np.uint8) for n in (5, 6, 2))
    group = {"type": "Flying", "count": 200, "spawnInterval": 0.12345678901234568}
    waves = [{"waveNumber": n + 1, "enemies": [group] * 10} for n in range(100)]
    game_map = make_map(author, grid=Grid(*cells), wave_config={"waves": waves}, is_public=False)
    assert size_of(game_map)[0] < 900_000
    large = json.dumps("x" * 3_000_000)
    for column in ("terrain_data", "wave_config", "spawn_point", "goal_point"):
        with (
            pytest.raises(IntegrityError, match="map_document_size"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE maps SET {column} = %s::jsonb", [large])


# ---- Warnings -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_api_warns_from_eighty_percent_on(
    monkeypatch: pytest.MonkeyPatch, author: User, player: User
) -> None:
    set_limit(monkeypatch, "maps", 5)
    for n in range(3):
        make_map(author, f"Map {n}")
    fourth, fifth = post_map(author), post_map(author)
    assert fourth[QUOTA_HEADER] == "maps;used=4;limit=5"
    assert fifth[QUOTA_HEADER] == "maps;used=5;limit=5"
    assert QUOTA_HEADER not in post_map(player)
    path = f"/maps/{fifth.json()['id']}"
    set_limit(monkeypatch, "map_bytes", used(author, "map_bytes") + 100)
    changed = ask(author, "patch", path, {"goal_point": {"x": 1, "y": 1}})
    assert changed[QUOTA_HEADER].startswith("map_bytes;used=")


@pytest.mark.django_db
def test_the_api_warns_about_each_kind_of_addition(
    monkeypatch: pytest.MonkeyPatch, player: User, game_map: GameMap
) -> None:
    for name in ("collections", "collection_maps", "favourites", "tribes"):
        set_limit(monkeypatch, name, 1)
    made = ask(player, "post", "/collections", {"name": "Fords"})
    assert made[QUOTA_HEADER] == "collections;used=1;limit=1"
    entry = ask(player, "put", f"/collections/{made.json()['id']}/maps/{game_map.pk}", {})
    assert entry[QUOTA_HEADER] == "collection_maps;used=1;limit=1"
    marked = ask(player, "put", f"/maps/{game_map.pk}/favourite")
    assert marked[QUOTA_HEADER] == "favourites;used=1;limit=1"
    tribe = {"name": "Ravens", "archetype": "Balanced"}
    assert ask(player, "post", "/tribes", tribe)[QUOTA_HEADER] == "tribes;used=1;limit=1"
    assert_refused(ask(player, "post", "/tribes", tribe | {"name": "Owls"}), "tribes", 1, 1)


@pytest.mark.django_db
def test_the_account_document_has_all_quotas(author: User) -> None:
    make_map(author)
    make_map(author, is_public=False)
    make_tribe(author)
    first = ask(author, "get", "/users/me")
    found = first.json()["quotas"]
    assert list(found) == NAMES
    assert {name: found[name]["used"] for name in NAMES if name != "map_bytes"} == {
        "tribes": 1,
        "maps": 2,
        "drafts": 1,
        "collections": 0,
        "favourites": 0,
    }
    assert found["map_bytes"]["used"] > 60_000
    assert all(use["limit"] == QUOTAS[name].limit for name, use in found.items())
    make_map(author)
    assert ask(author, "get", "/users/me")["ETag"] != first["ETag"]


@pytest.mark.django_db
def test_pages_warn_and_refuse(
    monkeypatch: pytest.MonkeyPatch, signed_in: Client, player: User, game_map: GameMap
) -> None:
    for name in ("collections", "favourites", "tribes", "collection_maps"):
        set_limit(monkeypatch, name, 1)
    new = {"name": "Fords", "description": ""}
    made = signed_in.post("/collections/", new, follow=True).content.decode()
    assert "You have used 1 of 1 collections. This is the maximum. Delete those" in made
    again = signed_in.post("/collections/", new | {"name": "Others"}).content.decode()
    assert "You have used 1 of 1 collections, so there is no room for this." in again
    url = f"/maps/{game_map.pk}/favourite"
    assert b"1 of 1 favourites. This is the maximum" in signed_in.post(url, follow=True).content
    signed_in.post(url, {"favourite": "no"})
    part = signed_in.post(url, headers={"HX-Request": "true"}).content
    assert b"1 of 1 favourites. This is the maximum" in part
    collect = {"collection": str(MapCollection.objects.get().pk)}
    added = signed_in.post(f"/maps/{game_map.pk}/collect", collect, follow=True).content
    assert b"1 of 1 maps in this collection" in added


@pytest.mark.django_db
def test_the_account_page_shows_the_use_of_each_quota(
    monkeypatch: pytest.MonkeyPatch, signed_in: Client, player: User, game_map: GameMap
) -> None:
    set_limit(monkeypatch, "maps", 5)
    for n in range(4):
        make_map(player, f"Map {n}")
    add_favourite(player=player, map_id=game_map.pk)
    page = signed_in.get("/account/").content.decode()
    for words in ("4 of 5", "0 of 200", "1 of 1,000", "0 of 10", "of 200.0\xa0MB"):
        assert words in page, words
    assert page.count("<meter") == len(NAMES)
    assert page.count("You are close to the maximum.") == 1


# ---- Other things that add up -------------------------------------------------------------------


@pytest.mark.django_db
def test_a_player_is_signed_in_on_fifty_browsers_at_most(
    player: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert device_actions.MAX_BROWSERS == 50
    monkeypatch.setattr(device_actions, "MAX_BROWSERS", 20)
    browsers = [Client() for _ in range(22)]
    for browser in browsers:
        browser.force_login(player)
    assert PageSession.objects.filter(user=player).count() == 20
    assert browsers[1].get("/account/").status_code == 302
    assert browsers[2].get("/account/").status_code == 200
    assert browsers[-1].get("/account/").status_code == 200
