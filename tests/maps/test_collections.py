"""Collections: the API, and simultaneous requests."""

import contextlib
import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.kernel.errors import DomainError, NotFound
from config.limits.quotas import QUOTAS
from maps.collections.actions import add_map, create_collection, move_map, remove_map
from maps.collections.queries import visible_map_ids
from maps.collections.rules import reorder
from maps.models import GameMap, MapCollection, MapCollectionEntry
from maps.quotas import MAX_COLLECTION_MAPS, MAX_COLLECTIONS
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, make_map, make_moderator, make_user
from tests.support.quotas import set_limit

pytestmark = pytest.mark.django_db
BASE = "/api/v1/collections"
HTMX = {"HX-Request": "true"}


class Api:
    """Requests of one player to the API of collections."""

    def __init__(self, user: User | None) -> None:
        self.headers = bearer(user) if user else {}

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = {"data": body, "content_type": "application/json"} if body is not None else {}
        return getattr(Client(), method)(BASE + path, headers=self.headers, **data)


@pytest.fixture
def maps(author: User) -> list[GameMap]:
    return [make_map(author, f"Map {letter}") for letter in "ABCD"]


@pytest.fixture
def fords(player: User, maps: list[GameMap]) -> MapCollection:
    """A public collection with the maps A, B and C."""
    collection = create_collection(player=player, given={"name": "Fords", "is_public": True})
    for game_map in maps[:3]:
        add_map(player=player, collection_id=collection.pk, map_id=game_map.pk)
    return collection


def map_order(viewer: User | None, collection: MapCollection) -> str:
    found = Api(viewer)("get", f"/{collection.pk}").json()
    assert found["map_count"] == len(found["maps"])
    return "".join(card["name"][-1] for card in found["maps"])


def positions(collection: MapCollection) -> list[int]:
    return list(collection.entries.values_list("position", flat=True))


def code(response: Any) -> tuple[int, str, str | None]:
    error = response.json()["errors"][0]
    return response.status_code, error["code"], error["attr"]


# ---- By API -------------------------------------------------------------------------------------


def test_a_collection_is_created_changed_and_deleted(player: User, maps: list[GameMap]) -> None:
    api = Api(player)
    made = api("post", "", {"name": "  Fords ", "description": "Wet."})
    assert made.status_code == 201
    assert made["Location"] == f"{BASE}/{made.json()['id']}"
    facts = made.json()
    assert facts["owner"]["username"] == "Player1"
    reported = {"name": "Fords", "description": "Wet.", "is_public": False, "map_count": 0}
    assert facts.items() >= reported.items()
    one = f"/{facts['id']}"
    for n, game_map in enumerate(maps, start=1):
        assert api("put", f"{one}/maps/{game_map.pk}").json() == {"position": n}
    assert api("put", f"{one}/maps/{maps[0].pk}").json() == {"position": 1}
    assert api("put", f"{one}/maps/{maps[3].pk}", {"position": 2}).json() == {"position": 2}
    assert api("get", "").json()["results"][0]["map_count"] == 4
    assert map_order(player, MapCollection.objects.get()) == "ADBC"
    assert api("delete", f"{one}/maps/{maps[0].pk}").status_code == 204
    assert api("delete", f"{one}/maps/{maps[0].pk}").status_code == 404
    changed = api("patch", one, {"name": "Deep fords", "is_public": True, "description": None})
    reported = {"name": "Deep fords", "description": "", "is_public": True, "map_count": 3}
    assert changed.json().items() >= reported.items()
    assert api("delete", one).status_code == 204
    assert api("get", one).status_code == 404
    assert GameMap.objects.count() == 4


def test_collections_have_the_same_cards_as_the_list_of_maps(
    fords: MapCollection, client: Client
) -> None:
    of_list = client.get("/api/v1/maps?sort=new").json()["results"]
    assert Api(None)("get", f"/{fords.pk}").json()["maps"] == of_list[:0:-1]


def test_the_etag_changes_with_the_collection(
    client: Client, player: User, fords: MapCollection, maps: list[GameMap]
) -> None:
    first = client.get(f"{BASE}/{fords.pk}")
    known = {"If-None-Match": first["ETag"]}
    assert client.get(f"{BASE}/{fords.pk}", headers=known).status_code == 304
    move_map(player=player, collection_id=fords.pk, map_id=maps[0].pk, by=1)
    assert client.get(f"{BASE}/{fords.pk}", headers=known).status_code == 200


def test_private_collections_are_a_404_for_others(
    player: User, author: User, fords: MapCollection, maps: list[GameMap]
) -> None:
    MapCollection.objects.update(is_public=False)
    one = f"/{fords.pk}"
    for other in (author, make_moderator()):
        api = Api(other)
        entry = f"{one}/maps/{maps[0].pk}"
        asked = [api("get", one), api("patch", one, {}), api("delete", one)]
        asked += [api("put", entry), api("delete", entry)]
        assert {response.status_code for response in asked} == {404}
        assert api("get", "").json() == {"results": []}
    assert Api(None)("get", one).status_code == 404
    assert map_order(player, fords) == "ABC"


def test_others_may_read_but_not_change(author: User, fords: MapCollection) -> None:
    assert map_order(None, fords) == map_order(author, fords) == "ABC"
    response = Api(author)("patch", f"/{fords.pk}", {"name": "Mine now"})
    assert code(response) == (403, "not_your_collection", None)


def test_collections_of_a_banned_player_are_not_shared(player: User, fords: MapCollection) -> None:
    User.objects.filter(pk=player.pk).update(is_active=False)
    assert Api(None)("get", f"/{fords.pk}").status_code == 404


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("   ", "name_length"),
        ("ab", "name_length"),
        ("x" * 61, "name_length"),
        ("two\nlines", "control_character"),
        ("bell\x07s", "control_character"),
        ("Ford\u202eevil", "bidirectional_character"),
        ("\u200b\u200b\u200b", "invisible_character"),
        ("\u2800\u2800\u2800", "name_blank"),
        ("A" + "\u0301" * 9, "too_many_marks"),
        (7, "invalid"),
        ([], "invalid"),
        (None, "null"),
    ],
)
def test_invalid_names_are_refused(player: User, name: Any, wrong: str) -> None:
    assert code(Api(player)("post", "", {"name": name})) == (400, wrong, "name")
    assert MapCollection.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("description", "x" * 501),
        ("description", 7),
        ("description", "a\u2066b"),
        ("is_public", 1),
        ("is_public", "true"),
        ("is_public", []),
    ],
)
def test_other_invalid_fields_are_refused(player: User, field: str, value: Any) -> None:
    response = Api(player)("post", "", {"name": "Fords", field: value})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == field


def test_all_errors_are_reported_at_once(player: User) -> None:
    response = Api(player)("post", "", {"name": "x", "description": 7, "is_public": 7})
    assert [e["attr"] for e in response.json()["errors"]] == ["name", "description", "is_public"]


@pytest.mark.parametrize("body", ["[]", "4", "null", "{", '{"name": "\\ud800"}', "{}"])
def test_bodies_that_are_no_collection_are_refused(player: User, body: str) -> None:
    assert Api(player)("post", "", body).status_code == 400


@pytest.mark.parametrize("position", [0, -1, 201, 10**9, 10**30, "1", 1.0, True, [], None])
def test_invalid_positions_are_refused(
    player: User, fords: MapCollection, maps: list[GameMap], position: Any
) -> None:
    response = Api(player)("put", f"/{fords.pk}/maps/{maps[0].pk}", {"position": position})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "position"
    assert map_order(player, fords) == "ABC"


def test_maps_that_the_owner_cannot_see_are_a_404(
    player: User, author: User, fords: MapCollection
) -> None:
    private = make_map(author, is_public=False)
    for map_id in (private.pk, NOBODY):
        for method in ("put", "delete"):
            assert Api(player)(method, f"/{fords.pk}/maps/{map_id}").status_code == 404
    assert Api(author)("put", f"/{NOBODY}/maps/{private.pk}").status_code == 404


def test_names_are_unique_for_each_owner_ignoring_case(
    player: User, author: User, fords: MapCollection
) -> None:
    assert code(Api(player)("post", "", {"name": "FORDS"})) == (409, "name_taken", "name")
    assert Api(author)("post", "", {"name": "Fords"}).status_code == 201
    other = Api(player)("post", "", {"name": "Others"}).json()["id"]
    assert code(Api(player)("patch", f"/{other}", {"name": "fords"}))[1] == "name_taken"
    assert Api(player)("patch", f"/{fords.pk}", {"name": "FORDS"}).status_code == 200


def test_a_player_has_at_most_fifty_collections(
    player: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = QUOTAS["collections"].limit, QUOTAS["collection_maps"].limit
    assert limits == (MAX_COLLECTIONS, MAX_COLLECTION_MAPS) == (50, 200)
    set_limit(monkeypatch, "collections", 1)
    create_collection(player=player, given={"name": "First"})
    assert code(Api(player)("post", "", {"name": "Second"}))[:2] == (409, "quota_reached")


def test_a_player_suspended_from_publishing_cannot_publish_texts(
    player: User, fords: MapCollection
) -> None:
    player.publishing_suspended_until = timezone.now() + datetime.timedelta(days=1)
    player.save()
    api, one = Api(player), f"/{fords.pk}"
    assert code(api("patch", one, {"name": "Rude words"})) == (403, "suspended", None)
    assert code(api("post", "", {"name": "Others", "is_public": True}))[0] == 403
    assert api("patch", one, {"is_public": False}).status_code == 200
    assert api("patch", one, {"name": "Own words"}).status_code == 200


# ---- Maps come and go ---------------------------------------------------------------------------


def test_maps_that_a_reader_cannot_see_are_left_out_and_keep_their_place(
    player: User, author: User, fords: MapCollection, maps: list[GameMap]
) -> None:
    GameMap.objects.filter(pk=maps[1].pk).update(is_public=False)
    assert map_order(player, fords) == map_order(None, fords) == "AC"
    assert map_order(author, fords) == "ABC"
    assert Api(player)("get", "").json()["results"][0]["map_count"] == 2
    # One step is one step among those that one sees.
    assert move_map(player=player, collection_id=fords.pk, map_id=maps[2].pk, by=-1) == 1
    assert map_order(player, fords) == "CA"
    add_map(player=player, collection_id=fords.pk, map_id=maps[3].pk)
    GameMap.objects.update(is_public=True)
    assert map_order(player, fords) == "CABD"
    GameMap.objects.filter(pk=maps[1].pk).update(hidden_at=timezone.now())
    assert map_order(None, fords) == "CAD"
    assert map_order(author, fords) == "CABD"  # its author sees a hidden map


def test_a_removed_map_is_shown_to_nobody(
    author: User, fords: MapCollection, maps: list[GameMap]
) -> None:
    GameMap.objects.filter(pk=maps[1].pk).update(is_public=False, removed_at=timezone.now())
    assert map_order(None, fords) == map_order(author, fords) == "AC"


def test_the_next_change_closes_the_gap_of_a_deleted_map(
    player: User, fords: MapCollection, maps: list[GameMap]
) -> None:
    maps[0].delete()
    assert map_order(player, fords) == "BC"
    add_map(player=player, collection_id=fords.pk, map_id=maps[3].pk)
    assert (map_order(player, fords), positions(fords)) == ("BCD", [1, 2, 3])


def test_a_map_has_a_position_in_each_collection(
    player: User, fords: MapCollection, maps: list[GameMap]
) -> None:
    other = create_collection(player=player, given={"name": "Others"})
    for game_map in reversed(maps):
        add_map(player=player, collection_id=other.pk, map_id=game_map.pk)
    assert (map_order(player, fords), map_order(player, other)) == ("ABC", "DCBA")
    listed = Api(player)("get", "").json()["results"]
    assert [(one["name"], one["map_count"]) for one in listed] == [("Fords", 3), ("Others", 4)]


def test_moving_stops_at_the_ends(player: User, fords: MapCollection, maps: list[GameMap]) -> None:
    for by, expected in ((-1, "ABC"), (1, "BAC"), (1, "BCA"), (1, "BCA"), (-9, "ABC")):
        move_map(player=player, collection_id=fords.pk, map_id=maps[0].pk, by=by)
        assert map_order(player, fords) == expected
        assert positions(fords) == [1, 2, 3]


def test_a_removed_map_is_added_again_at_its_position(
    player: User, fords: MapCollection, maps: list[GameMap]
) -> None:
    named: dict[str, Any] = {"player": player, "collection_id": fords.pk, "map_id": maps[1].pk}
    at = remove_map(**named)
    assert (at, map_order(player, fords), positions(fords)) == (2, "AC", [1, 2])
    assert add_map(**named, position=at) == 2
    assert map_order(player, fords) == "ABC"


@pytest.mark.parametrize(
    ("seen", "number", "position", "expected"),
    [
        ({1, 2, 3}, 3, 1, [3, 1, 2]),
        ({1, 2, 3}, 1, 9, [2, 3, 1]),
        ({1, 3}, 3, 1, [3, 1, 2]),
        ({1, 3}, 1, 2, [2, 3, 1]),
        ({2, 3}, 2, 1, [1, 2, 3]),
        ({1, 2}, 4, 2, [1, 4, 2, 3]),
    ],
)
def test_reorder_counts_only_visible_maps(
    seen: set[int], number: int, position: int, expected: list[int]
) -> None:
    ids = {n: UUID(int=n) for n in range(1, 5)}
    arranged = reorder([ids[n] for n in (1, 2, 3)], {ids[n] for n in seen}, ids[number], position)
    assert [one.int for one in arranged] == expected


# ---- Many threads -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_only_one_of_twenty_simultaneous_adds_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    set_limit(monkeypatch, "collection_maps", 3)
    player, author = make_user("Clicker"), make_user("Author")
    collection = create_collection(player=player, given={"name": "Fords"})
    maps = [make_map(author, f"Map {n}") for n in range(22)]
    for game_map in maps[20:]:
        add_map(player=player, collection_id=collection.pk, map_id=game_map.pk)

    def work(number: int) -> str:
        try:
            add_map(player=player, collection_id=collection.pk, map_id=maps[number].pk)
        except DomainError as refusal:
            return refusal.code
        return "added"

    assert sorted(at_once(20, work)) == ["added"] + ["quota_reached"] * 19
    assert positions(collection) == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_moves_lose_no_map() -> None:
    player, author = make_user("Clicker"), make_user("Author")
    collection = create_collection(player=player, given={"name": "Fords"})
    maps = [make_map(author, f"Map {n}") for n in range(10)]
    for game_map in maps:
        add_map(player=player, collection_id=collection.pk, map_id=game_map.pk)

    def work(number: int) -> int:
        for _ in range(5):
            map_id = maps[number].pk
            at = move_map(player=player, collection_id=collection.pk, map_id=map_id, by=1)
        return at

    assert len(at_once(8, work)) == 8
    assert sorted(visible_map_ids(collection, player)) == sorted(game_map.pk for game_map in maps)
    assert positions(collection) == list(range(1, 11))


@pytest.mark.django_db(transaction=True)
def test_only_one_of_twenty_simultaneous_collections_gets_the_name() -> None:
    player = make_user("Clicker")

    def work(_: int) -> str:
        try:
            create_collection(player=player, given={"name": "Fords"})
        except DomainError as refusal:
            return refusal.code
        return "made"

    assert sorted(at_once(20, work)) == ["made"] + ["name_taken"] * 19


@pytest.mark.django_db(transaction=True)
def test_a_map_can_be_deleted_while_it_is_added_to_a_collection() -> None:
    """Whichever comes first, the other does not fail."""
    player, author = make_user("Clicker"), make_user("Author")
    collection = create_collection(player=player, given={"name": "Fords"})
    maps = [make_map(author, f"Map {n}") for n in range(8)]

    def work(number: int) -> bool:
        game_map = maps[number // 2]
        if number % 2:
            return bool(GameMap.objects.filter(pk=game_map.pk).delete())
        with contextlib.suppress(NotFound):
            add_map(player=player, collection_id=collection.pk, map_id=game_map.pk)
        return True

    assert at_once(16, work) == [True] * 16
    assert MapCollectionEntry.objects.count() == 0


def test_psql_may_move_all_maps_but_not_two_to_one_position(fords: MapCollection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE map_collection_entries SET position = position + 1")
        with pytest.raises(Exception, match="one_entry_at_a_place"):
            cursor.execute("UPDATE map_collection_entries SET position = 1")


def test_reading_takes_a_fixed_number_of_queries(
    client: Client, fords: MapCollection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(3):  # the collection, which maps, their cards
        client.get(f"{BASE}/{fords.pk}")
    with django_assert_num_queries(3):
        client.get(f"/collections/{fords.pk}/")
