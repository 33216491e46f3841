"""Editing maps by the API: create, change, publish, delete; two editors at once."""

import datetime
import json
from typing import Any
from unicodedata import normalize

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import User
from config.api import serialization
from config.limits import rate_limits
from config.limits.rate_limits import POLICIES
from maps.editing import actions as editing_actions
from maps.models import GameMap
from maps.terrain.faults import FAULT_MESSAGES, MAX_FAULTS
from maps.terrain.grid import LAVA
from sessions_app.models import GameSession
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.documents import document_of, new_map
from tests.support.factories import NOBODY, flat_grid, make_map, make_user
from tests.support.task_queue import get_drawn

pytestmark = pytest.mark.django_db

Document = dict[str, Any]
LARGEST_BODY = 10 * 1024 * 1024


def send(
    client: Client, user: User | None, method: str, path: str, body: Any = None, tag: str = ""
) -> Any:
    headers = bearer(user) if user else {}
    if tag:
        headers["If-Match"] = tag
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    url = f"/api/v1/maps{path}"
    return client.generic(method, url, text, content_type="application/json", headers=headers)


def codes(response: Any) -> list[tuple[str, str | None]]:
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


@pytest.fixture
def draft(author: User) -> GameMap:
    return make_map(author, is_public=False)


def test_the_same_tiles_in_another_order_are_the_same_terrain(
    client: Client, author: User, draft: GameMap
) -> None:
    tiles = draft.terrain_data[::-1]
    response = send(client, author, "PATCH", f"/{draft.pk}", {"terrain_data": tiles})
    assert response.json()["terrain_data"] == tiles
    stored = GameMap.objects.get()
    assert (stored.terrain_hash, stored.terrains) == (draft.terrain_hash, draft.terrains)
    assert stored.version == draft.version + 1


# ---- New maps -----------------------------------------------------------------------------------


def test_a_map_is_created(client: Client, author: User) -> None:
    wanted = new_map(flat_grid(30, 20), name="  Mira's Ford ", description=" One.\r\nTwo. ")
    response = send(client, author, "POST", "", wanted)
    assert response.status_code == 201
    body = response.json()
    assert (body["name"], body["description"]) == ("Mira's Ford", "One.\nTwo.")
    assert (body["is_public"], body["rating"], body["width"]) == (False, 0.0, 30)
    assert body["author"]["username"] == "Author"
    for part in ("terrain_data", "spawn_point", "goal_point", "wave_config"):
        assert body[part] == wanted[part]
    assert response["Location"] == f"/api/v1/maps/{body['id']}"
    assert response["X-RateLimit-Limit"] == "10"
    assert client.get(response["Location"], headers=bearer(author)).json() == body
    stored = GameMap.objects.get()
    twin = make_map(author, grid=flat_grid(30, 20))
    assert (stored.terrain_hash, stored.terrains) == (twin.terrain_hash, twin.terrains)
    assert client.get(stored.card_picture).status_code == 404
    client.force_login(author)
    assert get_drawn(client, stored.card_picture).status_code == 200
    assert client.get(f"/maps/{stored.pk}/").status_code == 200


def test_a_draft_may_be_unfinished(client: Client, author: User) -> None:
    grid = flat_grid()
    grid.terrain[0, 0] = LAVA
    unfinished = new_map(grid, wave_config={"waves": []}, description=None)
    response = send(client, author, "POST", "", unfinished)
    assert response.status_code == 201
    assert response.json()["description"] is None
    client.force_login(author)
    assert client.get(f"/maps/{response.json()['id']}/").status_code == 200
    empty_wave = {"waves": [{"waveNumber": 2, "enemies": []}]}
    made = send(client, author, "POST", "", new_map(wave_config=empty_wave))
    assert client.get(f"/maps/{made.json()['id']}/").status_code == 200


def test_a_map_of_wrong_shape_is_refused_with_all_faults(client: Client, author: User) -> None:
    wrong = new_map(name="\x07", description="x" * 5001, goal_point={"x": 20, "y": 0})
    wrong["terrain_data"][17]["height"] = 2.5
    wrong["wave_config"]["waves"][2]["enemies"][0]["count"] = 10**9
    response = send(client, author, "POST", "", wrong)
    assert response.status_code == 400
    assert codes(response) == [
        ("control_character", "name"),
        ("description_length", "description"),
        ("invalid_height", "terrain_data[17].height"),
        ("point_outside", "goal_point"),
        ("invalid_count", "wave_config.waves[2].enemies[0].count"),
    ]
    assert response.json().keys() == {"type", "errors", "request_id"}
    assert not GameMap.objects.exists()


def test_missing_and_empty_parts_are_refused(client: Client, author: User) -> None:
    response = send(client, author, "POST", "", {"name": None})
    assert response.status_code == 400
    assert ("null", "name") in codes(response)
    assert ("required", "terrain_data") in codes(response)
    assert send(client, author, "POST", "", [1]).status_code == 400


NAMES = [
    ("ab", "name_length"),
    ("  ab  ", "name_length"),
    ("x" * 101, "name_length"),
    ("    ", "name_length"),
    ("", "name_length"),
    ("a\nbc", "control_character"),
    ("a\u2028bc", "control_character"),
    ("a\tbc", "control_character"),
    ("a\x7fbc", "control_character"),
    ("\u200b\u200b\u200b", "invisible_character"),
    *[(blank * 3, "name_blank") for blank in "\u2800\ufffc"],
    ("\u2800\u2800 \u2800", "name_blank"),
    ("\u3164\u2800\u200b ", "invisible_character"),
    ("\u1100\u1160 한", "invisible_character"),
    ("A" + "\u0301" * 6, "too_many_marks"),
    ("A" + "\u0301\u200d" * 45, "invisible_character"),
    *[(f"abc{character}", "bidirectional_character") for character in "\u202e\u2066\u200e\u061c"],
    (3000, "invalid"),
    (True, "invalid"),
    (["abc"], "invalid"),
    ({"a": 1}, "invalid"),
]


@pytest.mark.parametrize(("name", "code"), NAMES)
def test_invalid_names_are_refused(client: Client, draft: GameMap, name: Any, code: str) -> None:
    response = send(client, draft.user, "PATCH", f"/{draft.pk}", {"name": name})
    assert (response.status_code, codes(response)) == (400, [(code, "name")])


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "x" * 100,
        " Ръка 河 ",
        "🏰🏰🏰",
        "<b>&amp;",
        "--- ",
        "שלום",
        "A\u0301\u0302\u0303\u0304b",
        "1️⃣ 👩‍👩‍👧",
        "ที่นี่",
        "\u1112\u1161\u11ab\u1100\u1173\u11af \u1112",
    ],
)
def test_valid_names_are_stored(client: Client, draft: GameMap, name: str) -> None:
    response = send(client, draft.user, "PATCH", f"/{draft.pk}", {"name": name})
    assert (response.status_code, response.json()["name"]) == (200, normalize("NFC", name.strip()))


def test_descriptions_are_checked_and_stored(client: Client, draft: GameMap) -> None:
    def put(description: Any) -> Any:
        return send(client, draft.user, "PATCH", f"/{draft.pk}", {"description": description})

    assert put("x" * 5000).json()["description"] == "x" * 5000
    assert put(" a\r\n\rb ").json()["description"] == "a\n\nb"
    assert put("  ").json()["description"] is None
    assert put(None).json()["description"] is None
    wrongs: list[Any] = ["x" * 5001, "a\x00b", "a\x1bb", "a\u202eb", 5, []]
    for wrong in wrongs:
        assert put(wrong).status_code == 400


# ---- Bodies that make no sense ------------------------------------------------------------------

WRONG_BODIES = [
    "{", "null", "4", '"x"', "[]", '{"name": NaN}', '{"name": "\\u0000"}', b"\xff",
    '{"name": "\\ud800"}', '{"name": 1, "name": 2}', "[" * 33 + "]" * 33, "[" * 100_000,
    '{"width": 1e999}', '{"width": ' + "9" * 5000 + "}",
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG_BODIES)
def test_bodies_that_are_no_map_are_refused(client: Client, draft: GameMap, body: Any) -> None:
    for method, path in (("POST", ""), ("PATCH", f"/{draft.pk}"), ("POST", "/validate")):
        response = send(client, draft.user, method, path, body)
        # The checker accepts anything that is JSON.
        assert response.status_code == 400 or (path == "/validate" and not response.json()["valid"])


@pytest.mark.parametrize("value", ["1", "[]", "{}", '{"a": 1}'])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
def test_a_document_has_at_most_32_levels(
    client: Client, author: User, value: str, opening: str, closing: str
) -> None:
    around = 32 - (value != "1")
    for more in (0, 1):
        body = opening * (around + more) + value + closing * (around + more)
        response = send(client, author, "POST", "/validate", body)
        assert response.status_code == (200, 400)[more]
        assert ("more than 32 levels" in response.content.decode()) == bool(more)


def test_parts_of_wrong_types_are_refused(client: Client, draft: GameMap) -> None:
    garbages: list[Any] = [True, "3", 2.5, [], [[]], {"x": {}}, {"waves": [{"enemies": [None]}]}]
    for part in ("width", "terrain_data", "spawn_point", "goal_point", "wave_config"):
        for garbage in garbages:
            response = send(client, draft.user, "PATCH", f"/{draft.pk}", {part: garbage})
            assert response.status_code == 400, (part, garbage)
            assert {code for code, _ in codes(response)} <= FAULT_MESSAGES.keys()
    assert GameMap.objects.get().version == 1


def test_bodies_that_are_too_large_are_refused(client: Client, author: User) -> None:
    indented = json.dumps(new_map(flat_grid(100, 100)), indent=4)
    assert 1024 * 1024 < len(indented) < LARGEST_BODY
    assert send(client, author, "POST", "", indented).status_code == 201
    padded = indented + " " * (LARGEST_BODY - len(indented))
    assert send(client, author, "POST", "/validate", padded).json()["valid"]
    for method, path in (("POST", ""), ("POST", "/validate")):
        response = send(client, author, method, path, padded + " ")
        assert (response.status_code, codes(response)) == (413, [("body_too_large", None)])


def test_bodies_with_too_many_values_are_not_parsed(
    client: Client, draft: GameMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such ten megabytes of nested lists would take three seconds to parse."""
    garbage = ("[" * 30 + "]" * 30 + ",") * (LARGEST_BODY // 61 - 2)
    body = f'{{"terrain_data":[{garbage}1]}}'
    for method, path in (("POST", ""), ("POST", "/validate"), ("PATCH", f"/{draft.pk}")):
        with monkeypatch.context() as unread:
            unread.setattr(serialization, "json", None)
            response = send(client, draft.user, method, path, body)
        assert (response.status_code, codes(response)) == (413, [("body_too_large", None)])
    too_large = new_map(width=200, height=200)
    tile = too_large["terrain_data"][0]
    too_large["terrain_data"] = [tile] * 200 * 200
    report = send(client, draft.user, "POST", "/validate", too_large)
    assert ("invalid_size", "width") in [(f["code"], f["place"]) for f in report.json()["faults"]]


def test_an_empty_change_changes_nothing(client: Client, draft: GameMap) -> None:
    for body in ("", "{}"):
        assert send(client, draft.user, "PATCH", f"/{draft.pk}", body).status_code == 200
    assert GameMap.objects.get().version == 1


# ---- The report ---------------------------------------------------------------------------------


def test_the_report_lists_all_faults(client: Client, player: User) -> None:
    good = send(client, player, "POST", "/validate", new_map()).json()
    assert (good["valid"], good["draft"], good["faults"]) == (True, True, [])
    assert (good["path"][0], good["path"][-1], len(good["path"])) == ([0, 0], [19, 19], 39)
    unfinished = send(client, player, "POST", "/validate", new_map(wave_config={"waves": []}))
    assert unfinished.json()["faults"] == [
        {
            "code": "no_waves",
            "place": "wave_config.waves",
            "detail": "There are no waves yet.",
        }
    ]
    assert (unfinished.json()["valid"], unfinished.json()["draft"]) == (False, True)
    nothing = send(client, player, "POST", "/validate", {}).json()
    assert (nothing["valid"], nothing["draft"], nothing["path"]) == (False, False, None)
    many = send(client, player, "POST", "/validate", new_map(terrain_data=[])).json()
    assert len(many["faults"]) == MAX_FAULTS
    assert not GameMap.objects.exists()


# ---- Limits -------------------------------------------------------------------------------------


def test_a_player_creates_at_most_ten_maps_an_hour(
    client: Client, author: User, player: User
) -> None:
    small = new_map()
    assert send(client, author, "POST", "", new_map(width=0)).status_code == 400  # counts not
    for _ in range(POLICIES["maps"].limit):
        assert send(client, author, "POST", "", small).status_code == 201
    response = send(client, author, "POST", "", small)
    assert (response.status_code, codes(response)) == (429, [("rate_limited", None)])
    assert int(response["Retry-After"]) > 3000
    assert GameMap.objects.count() == 10
    assert send(client, player, "POST", "", small).status_code == 201


def test_no_map_is_created_without_the_rate_limit(
    client: Client, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = bearer(author)
    client.raise_request_exception = False

    def fail(**_: Any) -> None:
        raise RedisError

    monkeypatch.setattr(rate_limits, "_script", lambda: fail)
    response = client.post("/api/v1/maps", new_map(), "application/json", headers=headers)
    assert (response.status_code, codes(response)) == (503, [("unavailable", None)])
    assert not GameMap.objects.exists()


# ---- Changes ------------------------------------------------------------------------------------


def test_a_change_of_the_terrain_is_stored(client: Client, draft: GameMap) -> None:
    larger = document_of(flat_grid(25, 22))
    del larger["wave_config"]
    response = send(client, draft.user, "PATCH", f"/{draft.pk}", larger)
    assert response.status_code == 200
    assert (response.json()["width"], response.json()["height"]) == (25, 22)
    assert response.json()["terrain_data"] == larger["terrain_data"]
    assert response.json()["wave_config"] == draft.wave_config
    stored = GameMap.objects.get()
    assert stored.terrain_hash not in ("", draft.terrain_hash)
    assert (stored.version, stored.name, stored.is_public) == (2, draft.name, False)


def test_a_change_is_checked_together_with_the_stored_parts(client: Client, draft: GameMap) -> None:
    response = send(
        client, draft.user, "PATCH", f"/{draft.pk}", {"width": 21, "name": "Never Kept"}
    )
    assert response.status_code == 400
    assert codes(response)[0] == ("tile_missing", "terrain_data")
    stored = GameMap.objects.get()
    assert (stored.version, stored.name, stored.width) == (1, "Quiet Ford", 20)


def test_fields_that_nobody_may_change_are_refused(client: Client, draft: GameMap) -> None:
    wanted = {"is_public": True, "rating": 5, "play_count": 9, "version": 7, "user": str(NOBODY)}
    response = send(client, draft.user, "PATCH", f"/{draft.pk}", wanted | {"name": "Mine"})
    assert (response.status_code, codes(response)) == (
        400,
        [("unknown_field", field) for field in sorted(wanted)],
    )
    stored = GameMap.objects.get()
    assert stored.name == draft.name
    assert (stored.is_public, stored.rating_sum, stored.version) == (False, 0, 1)
    assert stored.user == draft.user


def test_a_public_map_stays_valid(client: Client, game_map: GameMap) -> None:
    url, author = f"/{game_map.pk}", game_map.user
    response = send(client, author, "PATCH", url, {"wave_config": {"waves": []}})
    assert (response.status_code, codes(response)) == (409, [("no_waves", "wave_config.waves")])
    assert send(client, author, "PATCH", url, {"goal_point": {"x": 0, "y": 0}}).status_code == 409
    assert send(client, author, "PATCH", url, {"goal_point": {"x": 9, "y": 9}}).status_code == 200
    assert GameMap.objects.get().goal_point == {"x": 9, "y": 9}


def test_only_the_author_may_change_a_map(
    client: Client, game_map: GameMap, draft: GameMap, player: User, moderator: User
) -> None:
    hidden = make_map(game_map.user, hidden_at=timezone.now())
    wanted = [(game_map, 403, 403), (draft, 404, 403), (hidden, 404, 403)]
    calls = [("PATCH", ""), ("DELETE", ""), ("POST", "/publish"), ("POST", "/unpublish")]
    for found, of_player, of_moderator in wanted:
        for method, more in calls:
            path = f"/{found.pk}{more}"
            assert send(client, None, method, path, {}).status_code == 401
            assert send(client, player, method, path, {}).status_code == of_player
            assert send(client, moderator, method, path, {}).status_code == of_moderator
    assert send(client, player, "PATCH", f"/{NOBODY}", {}).status_code == 404
    assert GameMap.objects.count() == 3


def test_a_cookie_is_no_credential_for_creating_maps(client: Client, author: User) -> None:
    client.force_login(author)
    assert client.post("/api/v1/maps", new_map(), "application/json").status_code == 401


# ---- Tags ---------------------------------------------------------------------------------------

FRESH = ['"1.abc"', "*", '"7.a", "1.b"', 'W/"1.abc"', " * ", '"9.x","1."']
STALE = ['"2.abc"', '"0.a", "11.b"', "x", '"1"', "1.abc", '""', '"' + "1" * 5000 + '.a"', '"-1.a"']


@pytest.mark.parametrize("tag", FRESH)
def test_a_current_etag_is_accepted(client: Client, draft: GameMap, tag: str) -> None:
    url, author = f"/{draft.pk}", draft.user
    assert send(client, author, "POST", url + "/publish", tag=tag).status_code == 200
    assert send(client, author, "POST", url + "/unpublish", tag=tag).status_code == 200
    assert send(client, author, "PATCH", url, {"name": "Ford Two"}, tag).status_code == 200
    tag = tag.replace("1.", "2.")
    assert send(client, author, "DELETE", url, tag=tag).status_code == 204


@pytest.mark.parametrize("tag", STALE)
def test_a_stale_etag_is_refused(client: Client, draft: GameMap, tag: str) -> None:
    url, author = f"/{draft.pk}", draft.user
    calls = [("PATCH", ""), ("DELETE", ""), ("POST", "/publish"), ("POST", "/unpublish")]
    for method, more in calls:
        response = send(client, author, method, url + more, {"name": "Never Kept"}, tag)
        assert (response.status_code, codes(response)) == (412, [("precondition_failed", None)])
    stored = GameMap.objects.get()
    assert (stored.version, stored.name, stored.is_public) == (1, "Quiet Ford", False)


def test_each_response_has_the_next_etag(client: Client, author: User) -> None:
    made = send(client, author, "POST", "", new_map())
    url = f"/{made.json()['id']}"
    tags = [made["ETag"]]
    tags.append(send(client, author, "PATCH", url, {"name": "Ford Two"}, tags[-1])["ETag"])
    tags.append(send(client, author, "POST", f"{url}/publish", tag=tags[-1])["ETag"])
    tags.append(send(client, author, "POST", f"{url}/unpublish", tag=tags[-1])["ETag"])
    assert [tag.split(".")[0] for tag in tags] == ['"1', '"2', '"2', '"2']
    assert send(client, author, "GET", url)["ETag"] == tags[-1]
    assert send(client, author, "PATCH", url, {"name": "Late"}, tags[0]).status_code == 412


def save_at_once(threads: int, tag: str) -> list[int]:
    """Returns the statuses of simultaneous saves of one map."""
    game_map = make_map(make_user("Author"), is_public=False)
    token = bearer(game_map.user)
    headers = token | ({"If-Match": tag} if tag else {})

    def save(number: int) -> int:
        url = f"/api/v1/maps/{game_map.pk}"
        body = {"name": f"Ford {number}"}
        return Client().patch(url, body, "application/json", headers=headers).status_code

    return at_once(threads, save)


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_with_the_same_tag_one_wins() -> None:
    responses = save_at_once(8, '"1.x"')
    assert sorted(responses) == [200] + [412] * 7
    assert GameMap.objects.get().version == 2


@pytest.mark.django_db(transaction=True)
def test_without_an_etag_a_save_is_lost() -> None:
    """The same race without a tag: all saves succeed, and one name is left."""
    assert save_at_once(8, "") == [200] * 8
    assert GameMap.objects.get().version == 9


# ---- Publishing ---------------------------------------------------------------------------------


def test_a_map_is_published_and_made_private_again(client: Client, draft: GameMap) -> None:
    url = f"/{draft.pk}"
    for path, public in (("/publish", True), ("/publish", True), ("/unpublish", False)):
        response = send(client, draft.user, "POST", url + path)
        assert (response.status_code, response.json()["is_public"]) == (200, public)
        assert client.get(f"/api/v1/maps{url}").status_code == (200 if public else 404)
    assert send(client, draft.user, "POST", url + "/unpublish").status_code == 200
    assert GameMap.objects.get().version == 1


def test_publishing_an_invalid_map_is_refused_with_all_faults(client: Client, author: User) -> None:
    grid = flat_grid()
    grid.blocked[10, :] = 1
    draft = make_map(author, grid=grid, is_public=False, wave_config={"waves": []})
    response = send(client, author, "POST", f"/{draft.pk}/publish")
    assert response.status_code == 409
    assert codes(response) == [("no_path", "goal_point"), ("no_waves", "wave_config.waves")]
    assert not GameMap.objects.get().is_public


def test_a_suspended_author_cannot_publish(client: Client, author: User, draft: GameMap) -> None:
    public = make_map(author)
    later = timezone.now() + datetime.timedelta(days=1)
    User.objects.filter(pk=author.pk).update(publishing_suspended_until=later)
    for method, path in (("POST", f"/{draft.pk}/publish"), ("PATCH", f"/{public.pk}")):
        response = send(client, author, method, path, {"name": "Another"})
        assert (response.status_code, codes(response)) == (403, [("suspended", None)])
    assert send(client, author, "PATCH", f"/{draft.pk}", {"name": "Another"}).status_code == 200
    assert send(client, author, "POST", f"/{public.pk}/unpublish").status_code == 200
    assert send(client, author, "POST", "", new_map()).status_code == 201


def test_a_hidden_map_cannot_be_published(client: Client, author: User) -> None:
    hidden = make_map(author, hidden_at=timezone.now())
    response = send(client, author, "POST", f"/{hidden.pk}/publish")
    assert (response.status_code, codes(response)) == (409, [("map_hidden", None)])
    assert send(client, author, "PATCH", f"/{hidden.pk}", {"name": "Better"}).status_code == 200
    hidden.refresh_from_db()
    assert hidden.hidden_at


# ---- Removing -----------------------------------------------------------------------------------


def test_a_map_is_deleted(client: Client, game_map: GameMap) -> None:
    assert send(client, game_map.user, "DELETE", f"/{game_map.pk}").status_code == 204
    assert not GameMap.objects.exists()
    assert send(client, game_map.user, "DELETE", f"/{game_map.pk}").status_code == 404


def test_a_removed_map_remains_for_its_games(
    client: Client, game_map: GameMap, moderator: User
) -> None:
    game = GameSession.objects.create(map=game_map)
    url, author = f"/{game_map.pk}", game_map.user
    assert send(client, author, "DELETE", url).status_code == 204
    game.refresh_from_db()
    assert game.map.removed_at
    client.force_login(author)
    addresses = ["", "terrain", "rating", "publish", "unpublish"]
    calls = {"": "GET", "terrain": "GET", "rating": "PUT"}
    for address in addresses:
        path = f"{url}/{address}".rstrip("/")
        body = {"stars": 5}
        assert send(client, author, calls.get(address, "POST"), path, body).status_code == 404
    for method in ("PATCH", "DELETE"):
        assert send(client, author, method, url, {}).status_code == 404
    assert client.get(f"/maps{url}/").status_code == 404
    assert client.get(game_map.card_picture).status_code == 404
    assert client.get("/api/v1/maps").json()["results"] == []
    assert client.get("/api/v1/users/Author").json()["maps"] == []
    own = client.get("/api/v1/maps?filter=own", headers=bearer(author))
    assert own.json()["results"] == []
    assert b"Quiet Ford" not in client.get("/players/Author/").content
    assert send(client, moderator, "GET", url).status_code == 200
    client.force_login(moderator)
    assert b"The author removed this map" in client.get(f"/maps{url}/").content


def test_a_removed_map_can_not_be_public(game_map: GameMap) -> None:
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE maps SET removed_at = now()")


@pytest.mark.django_db(transaction=True)
def test_a_map_can_be_deleted_while_games_are_opened() -> None:
    """Either the map is deleted and no game finds it, or it remains for the games. Nothing fails."""
    game_map = make_map(make_user("Author"))
    headers = bearer(game_map.user)

    def work(number: int) -> int:
        if number == 0:
            return Client().delete(f"/api/v1/maps/{game_map.pk}", headers=headers).status_code
        try:
            GameSession.objects.create(map=game_map)
        except IntegrityError:
            return 0
        return 1

    responses = at_once(8, work)
    assert 204 in responses
    stored = GameMap.objects.filter(removed_at__isnull=False).count()
    assert stored == bool(responses.count(1))
    assert GameSession.objects.count() == responses.count(1)


def test_the_schema_has_each_response(client: Client) -> None:
    paths = client.get("/api/schema").json()["paths"]
    make = paths["/api/v1/maps"]["post"]
    assert {"201", "400", "401", "413", "429", "503"} <= make["responses"].keys()
    assert "Location" in make["responses"]["201"]["headers"]
    one = "/api/v1/maps/{map_id}"
    change, delete = paths[one]["patch"], paths[one]["delete"]
    publish, unpublish = (paths[f"{one}/{word}"]["post"] for word in ("publish", "unpublish"))
    for write in (change, delete, publish, unpublish):
        assert {"401", "403", "404", "412"} <= write["responses"].keys()
        assert ("409" in write["responses"]) == (write in (change, publish))
        assert "If-Match" in [parameter["name"] for parameter in write["parameters"]]
        assert write["security"] == [{"bearer": []}]
    assert {} in paths[one]["get"]["security"]
    assert "412" not in paths[one]["get"]["responses"]


# ---- Known to be valid --------------------------------------------------------------------------


def known(game_map: GameMap) -> bool:
    """Returns whether the database knows that the map is valid."""
    return GameMap.objects.get(pk=game_map.pk).found_valid_at is not None


def test_saving_a_map_stores_whether_it_is_valid(author: User) -> None:
    game_map = make_map(author, is_public=False)
    assert not known(game_map)  # not checked yet
    for given, valid in (
        ({"wave_config": {"waves": []}}, False),
        ({"name": "Loud Ford"}, False),
        ({"wave_config": game_map.wave_config}, True),
        ({"name": "Quiet Ford"}, True),
        ({"wave_config": game_map.wave_config}, True),
        ({"goal_point": game_map.spawn_point}, False),
    ):
        editing_actions.change_map(author=author, map_id=game_map.pk, given=given)
        assert known(game_map) is valid, given


def test_a_map_that_was_public_is_known_to_be_valid(author: User) -> None:
    shown, withdrawn = make_map(author), make_map(author, is_public=False)
    editing_actions.unpublish_map(author=author, map_id=shown.pk)
    editing_actions.publish_map(author=author, map_id=withdrawn.pk)
    assert known(shown)
    assert known(withdrawn)
    empty = make_map(author, is_public=False, wave_config={"waves": []})
    editing_actions.unpublish_map(author=author, map_id=empty.pk)
    assert not known(empty)


def test_a_change_by_hand_makes_the_validity_unknown(author: User) -> None:
    game_map = make_map(author, is_public=False)
    editing_actions.require_playable(game_map)
    assert known(game_map)
    GameMap.objects.update(play_count=3, name="Loud Ford", wave_config=game_map.wave_config)
    assert known(game_map)  # what a game needs is the same
    GameMap.objects.update(goal_point=game_map.spawn_point)
    assert not known(game_map)
