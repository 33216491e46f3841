"""The REST API: routes, the one error shape, the schema."""

import datetime
import re
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.api import schema_view
from config.urls import api
from maps.browse import queries
from maps.feedback.actions import rate_map
from maps.models import GameMap
from maps.serializers import MapCard
from tests.support.api import assert_error, bearer
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, PASSWORD, make_map

pytestmark = pytest.mark.django_db


def test_a_cookie_is_no_credential(client: Client, player: User, game_map: GameMap) -> None:
    client.force_login(player)
    response = client.put(f"/api/v1/maps/{game_map.pk}/rating", {"stars": 5}, "application/json")
    assert_error(response, 401, "not_authenticated")


# ---- Maps ---------------------------------------------------------------------------------------


def test_the_list_has_cards_and_cursors(
    client: Client, author: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    maps = [make_map(author, f"Ford {n}", play_count=n) for n in range(5)]
    make_map(author, "Private", is_public=False)
    make_map(author, "Hidden", hidden_at=timezone.now())
    with django_assert_num_queries(2):  # of the words, and of the maps
        page = client.get("/api/v1/maps?sort=plays&page_size=3&q=ford").json()
    assert [row["name"] for row in page["results"]] == ["Ford 4", "Ford 3", "Ford 2"]
    rest = client.get("/api/v1/maps", {"sort": "plays", "cursor": page["next"]}).json()
    assert [row["name"] for row in rest["results"]] == ["Ford 1", "Ford 0"]
    assert rest["next"] is None
    first = page["results"][0]
    assert datetime.datetime.fromisoformat(first.pop("created_at")) == maps[4].created_at
    assert first == {
        "id": str(maps[4].pk),
        "name": "Ford 4",
        "description": None,
        "author": {"id": str(author.pk), "username": "Author", "level": 1},
        "width": 20,
        "height": 20,
        "rating": 0.0,
        "rating_count": 0,
        "play_count": 4,
        "is_public": True,
        "is_hidden": False,
        "preview": maps[4].card_picture,
    }


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("page_size=0", "page_size"),
        ("page_size=51", "page_size"),
        ("page_size=1000000000", "page_size"),
        ("page_size=x", "page_size"),
        ("page_size=0000000011000000", "page_size"),
        ("page_size=" + "1" * 5000, "page_size"),
        ("sort=nonsense", "sort"),
        ("cursor=x", "cursor"),
        ("cursor=" + "x" * 501, "cursor"),
        ("q=" + "x" * 201, "q"),
        ("q=%00", "q"),
        ("&" * 1500, None),
    ],
)
def test_invalid_parameters_of_the_list_are_refused(
    client: Client, query: str, attr: str | None
) -> None:
    response = client.get("/api/v1/maps?" + query)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == attr


def test_a_map_has_the_same_card_in_a_list_and_by_itself(
    client: Client, game_map: GameMap, player: User
) -> None:
    """The database makes the cards of lists, a serializer those of single maps."""
    rate_map(player=player, map_id=game_map.pk, stars=4)
    (card,) = client.get("/api/v1/maps").json()["results"]
    single = client.get(f"/api/v1/maps/{game_map.pk}").json()
    assert {name: single[name] for name in card} == card
    assert list(card) == MapCard.Meta.fields


def test_a_map_is_read_whole(
    client: Client, game_map: GameMap, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        body = client.get(f"/api/v1/maps/{game_map.pk}").json()
    assert len(body["terrain_data"]) == 400
    assert body["terrain_data"][0] == {
        "x": 0, "y": 0, "terrainType": "Grass", "height": 0, "isBlocked": False,
    }  # fmt: skip
    assert body["spawn_point"] == {"x": 0, "y": 0}
    assert body["wave_config"]["waves"][0]["waveNumber"] == 1


def test_private_maps_are_shown_to_their_authors_only(
    client: Client, author: User, player: User
) -> None:
    url = f"/api/v1/maps/{make_map(author, is_public=False).pk}"
    assert_error(client.get(url), 404, "not_found")
    assert_error(client.get(url, headers=bearer(player)), 404, "not_found")
    assert client.get(url, headers=bearer(author)).status_code == 200


def test_unchanged_profiles_are_a_304(client: Client, author: User, game_map: GameMap) -> None:
    for path, cached in (("me", "private, no-cache"), ("author", "no-cache")):
        headers = bearer(author) if path == "me" else {}
        first = client.get(f"/api/v1/users/{path}", headers=headers)
        headers["If-None-Match"] = first["ETag"]
        again = client.get(f"/api/v1/users/{path}", headers=headers)
        assert (again.status_code, again.content) == (304, b""), path
        assert (again["ETag"], again["Cache-Control"]) == (first["ETag"], cached)
        assert again["Vary"] == "Authorization"
        User.objects.filter(pk=author.pk).update(level=7 if path == "me" else 8)
        later = client.get(f"/api/v1/users/{path}", headers=headers)
        assert (later.status_code, later.json()["level"]) == (200, 7 if path == "me" else 8)


# ---- Errors -------------------------------------------------------------------------------------


def test_all_errors_have_one_shape(client: Client, player: User) -> None:
    assert_error(client.get("/api"), 404, "not_found")
    assert_error(client.get("/api/nowhere"), 404, "not_found")
    assert_error(client.post("/api/docs"), 405, "method_not_allowed")
    assert_error(client.put("/api/schema"), 405, "method_not_allowed")
    forms = Client(enforce_csrf_checks=True)
    assert_error(forms.post("/api/docs"), 403, "csrf_failed")
    assert_error(client.get("/api/v1/maps/x"), 404, "not_found")
    assert_error(client.get(f"/api/v1/maps/{NOBODY}"), 404, "not_found")
    assert_error(client.post("/api/v1/users/Author"), 405, "method_not_allowed")
    assert_error(client.get("/api/v1/maps", headers={"Accept": "text/html"}), 406, "not_acceptable")
    form = client.post("/api/v1/auth/login", {"username": "x", "password": "x"})
    assert_error(form, 415, "unsupported_media_type")
    text = client.post("/api/v1/auth/login", "x", "application/json")
    assert_error(text, 400, "parse_error")
    host = client.get("/api/v1/maps", headers={"Host": "evil.example"})
    assert_error(host, 400, "bad_request")
    long = client.post("/api/v1/auth/login", "[" + "1," * 2_000_000 + "1]", "application/json")
    assert_error(long, 413, "body_too_large")


def test_a_bug_is_a_500_and_an_unavailable_database_a_503(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for error, status, code in (
        (RuntimeError, 500, "error"),
        (OperationalError, 503, "unavailable"),
    ):

        def fail(*_: Any, error: type[Exception] = error, **__: Any) -> None:
            raise error("a secret of ours")

        monkeypatch.setattr(queries, "find_maps", fail)
        client.raise_request_exception = False
        response = client.get("/api/v1/maps")
        assert_error(response, status, code)
        assert b"secret" not in response.content
        page = client.get("/maps/")
        assert page.status_code == status
        assert b"secret" not in page.content
        assert page["X-Request-Id"].encode() in page.content


def test_a_valid_request_id_of_the_proxy_is_used(client: Client) -> None:
    assert client.get("/maps/", headers={"X-Request-Id": "a-1.b"})["X-Request-Id"] == "a-1.b"
    for evil in ("a b", "x" * 65, "<script>", "é"):
        stored = client.get("/maps/", headers={"X-Request-Id": evil})["X-Request-Id"]
        assert len(stored) == 32


# ---- The schema ---------------------------------------------------------------------------------


def test_the_schema_describes_each_route_and_error(client: Client) -> None:
    schema = client.get("/api/schema?format=json").json()
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(entry.pattern)) for entry in api}
    assert set(schema["paths"]) == {f"/api/v1/{route}" for route in routes}
    rate = schema["paths"]["/api/v1/maps/{map_id}/rating"]["put"]["responses"]
    assert set(rate) == {
        "200",
        "400",
        "401",
        "403",
        "404",
        "406",
        "409",
        "413",
        "415",
        "429",
        "503",
    }
    assert rate["404"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Error"
    }


def test_the_schema_has_the_rate_limit_headers(client: Client) -> None:
    limits = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
    for path, methods in client.get("/api/schema").json()["paths"].items():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                reported = limits | ({"Retry-After"} if status in ("429", "503") else set())
                assert reported == {
                    n for n in response["headers"] if n.startswith("X-Rate") or n == "Retry-After"
                }, (
                    path,
                    status,
                )
                assert "X-Quota" not in response["headers"] or status in ("200", "201", "409")


def test_the_schema_states_that_bodies_allow_no_unknown_fields(client: Client) -> None:
    found = client.get("/api/schema").json()
    for path, methods in found["paths"].items():
        for operation in methods.values():
            body = operation.get("requestBody", {}).get("content", {})
            if "$ref" in (schema := body.get("application/json", {}).get("schema", {})):
                component = found["components"]["schemas"][schema["$ref"].split("/")[-1]]
                assert component["additionalProperties"] is False, path


def test_unknown_fields_are_refused(client: Client, player: User) -> None:
    """All are reported at once, before anything is changed."""
    body = {"email": "new@example.com", "password": PASSWORD, "username": "Me", "": 1, "a.b": {}}
    response = client.patch("/api/v1/users/me", body, "application/json", headers=bearer(player))
    assert response.status_code == 400
    faults = [(fault["code"], fault["attr"]) for fault in response.json()["errors"]]
    assert faults == [("unknown_field", name) for name in ("", "a.b", "username")]
    player.refresh_from_db()
    assert player.email == "player1@example.com"
    many = {f"field{n}": n for n in range(5000)} | {"stars": 5}
    url = f"/api/v1/maps/{NOBODY}/rating"
    response = client.put(url, many, "application/json", headers=bearer(player))
    assert (response.status_code, len(response.json()["errors"])) == (400, 50)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("collections", {"name": "Fords"}),
        ("tribes", {"name": "Ravens", "archetype": "Support"}),
        ("auth/login", {"username": "Player1", "password": PASSWORD}),
        ("game-sessions/join", {"tribe_id": str(NOBODY), "code": "x"}),
    ],
)
def test_unknown_fields_are_refused_on_other_routes_too(
    client: Client, player: User, route: str, body: dict[str, Any]
) -> None:
    for extra, is_refused in (({"colour": "red"}, True), ({}, False)):
        response = client.post(
            f"/api/v1/{route}", body | extra, "application/json", headers=bearer(player)
        )
        codes = [fault["code"] for fault in response.json().get("errors", [])]
        assert ("unknown_field" in codes) == is_refused


def test_the_schema_copies_nothing_of_the_request(client: Client, db: None) -> None:
    response = client.get("/api/schema?version=%22%0d%0aX:1&lang=x")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"Accept": "application/vnd.oai.openapi+json"}),
        ("", {"Accept": "text/html"}),
        ("", {"Accept": "nonsense"}),
        ("?format=yaml", {}),
        ("?lang=xx&version=9", {}),
    ],
)
def test_the_first_request_for_the_schema_does_not_change_it(
    client: Client, monkeypatch: pytest.MonkeyPatch, query: str, headers: dict[str, str]
) -> None:
    usual = client.get("/api/schema").json()
    schema_view.render_schema.cache_clear()
    assert client.get("/api/schema" + query, headers=headers).json() == usual
    assert client.get("/api/schema").json() == usual
    assert usual["openapi"].startswith("3.")


def test_a_schema_that_failed_is_not_cached(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    schema_view.render_schema.cache_clear()
    client.raise_request_exception = False
    with monkeypatch.context() as for_once:
        for_once.setattr(SchemaGenerator, "get_schema", fail)
        assert_error(client.get("/api/schema"), 500, "error")
    assert client.get("/api/schema").status_code == 200


def test_an_unknown_method_of_a_page_is_a_405(client: Client, game_map: GameMap) -> None:
    response = client.get(f"/maps/{game_map.pk}/rating")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert b"is not allowed" in response.content


def test_the_schema_has_no_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management import call_command

    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null")
    assert capsys.readouterr().err == ""


def test_the_explorer_loads_nothing_from_other_hosts(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "http" not in page.replace("http-equiv", "")
    assert "swagger-ui-bundle" in page


def test_the_schema_is_made_once_however_many_ask_first(db: None) -> None:
    schema_view.render_schema.cache_clear()
    responses = at_once(8, lambda _: Client().get("/api/schema").content)
    assert len(responses) == 8
    assert len(set(responses)) == 1


@pytest.mark.parametrize(
    "query", ["sort=top&sort=new", "page_size=5&page_size=5", "q=a&q=", "page_size=x&page_size="]
)
@pytest.mark.parametrize("path", ["maps", "game-sessions"])
def test_a_repeated_parameter_is_rejected(client: Client, db: None, path: str, query: str) -> None:
    name = query.partition("=")[0]
    response = client.get(f"/api/v1/{path}?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == name
