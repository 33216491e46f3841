"""The REST API: routes, the one error shape, the schema."""

import datetime
import uuid
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from maps.models import GameMap
from maps.querysets import GameMapQuerySet
from tests.cast import NOBODY, PASSWORD, make_map
from tests.conftest import bearer

pytestmark = pytest.mark.django_db


def login(client: Client, **credentials: Any) -> Any:
    return client.post("/api/v1/auth/login", credentials, content_type="application/json")


def assert_error(answer: Any, status: int, code: str, attr: str | None = None) -> None:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"type", "errors", "request_id"}
    assert body["request_id"] == answer["X-Request-Id"]
    first = body["errors"][0]
    assert first.keys() == {"code", "detail", "attr"}
    assert (first["code"], first["attr"]) == (code, attr)


# ---- Signing in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Player1", "player1", "player1@example.com", "PLAYER1@EXAMPLE.COM"]
)
def test_login_gives_a_token_that_works(
    client: Client, player: User, game_map: GameMap, name: str
) -> None:
    answer = login(client, username=name, password=PASSWORD)
    assert answer.status_code == 200
    body = answer.json()
    assert body["expires_in"] == 900
    assert body["user"] == {"id": str(player.pk), "username": "Player1", "level": 1}
    rated = client.put(
        f"/api/v1/maps/{game_map.pk}/rating",
        {"stars": 5},
        content_type="application/json",
        headers={"Authorization": f"Bearer {body['access']}"},
    )
    assert rated.status_code == 200
    player.refresh_from_db()
    assert player.last_login is not None


def test_wrong_credentials(client: Client, player: User) -> None:
    for wrong in ({"username": "Player1"}, {"username": "Nobody"}):
        assert_error(login(client, **wrong, password="wrong"), 401, "invalid_credentials")
    User.objects.update(is_active=False)
    assert_error(login(client, username="Player1", password=PASSWORD), 401, "invalid_credentials")
    assert_error(login(client, username="x"), 400, "required", "password")
    assert_error(login(client, username=["x"], password="x"), 400, "invalid", "username")


def token(**changes: Any) -> str:
    now = timezone.now()
    claims = {
        "iss": "tribehold",
        "aud": "tribehold-api",
        "typ": "access",
        "sub": str(NOBODY),
        "iat": now,
        "exp": now + datetime.timedelta(minutes=1),
        "jti": "1",
    }
    key = changes.pop("key", settings.JWT_SIGNING_KEY)
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, changes.get("alg", "HS256"))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        "Bearer x y",
        "Basic eDp5",
        "Bearer é",
        "Bearer " + "x" * 5000,
        lambda: "Bearer " + token(key="k" * 50),
        lambda: "Bearer " + token(aud="other"),
        lambda: "Bearer " + token(iss="other"),
        lambda: "Bearer " + token(typ="refresh"),
        lambda: "Bearer " + token(exp=1),
        lambda: "Bearer " + token(exp=None),
        lambda: "Bearer " + token(jti=None),
        lambda: "Bearer " + token(sub="x"),
        lambda: "Bearer " + token(sub=str(uuid.uuid4())),
        lambda: "Bearer " + jwt.encode({"sub": str(NOBODY)}, "", "none"),
    ],
)
def test_bad_tokens(client: Client, header: Any) -> None:
    value = header if isinstance(header, str) else header()
    answer = client.get("/api/v1/maps", headers={"Authorization": value})
    assert_error(answer, 401, "invalid_token")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_deactivated_players_token_is_dead(client: Client, player: User) -> None:
    headers = bearer(player)
    assert client.get("/api/v1/maps", headers=headers).status_code == 200
    User.objects.update(is_active=False)
    assert client.get("/api/v1/maps", headers=headers).status_code == 401


def test_a_cookie_is_no_credential(client: Client, player: User, game_map: GameMap) -> None:
    client.force_login(player)
    answer = client.put(f"/api/v1/maps/{game_map.pk}/rating", {"stars": 5}, "application/json")
    assert_error(answer, 401, "not_authenticated")


# ---- Maps ---------------------------------------------------------------------------------------


def test_the_list(
    client: Client, author: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    maps = [make_map(author, f"Ford {n}", play_count=n) for n in range(5)]
    make_map(author, "Private", is_public=False)
    make_map(author, "Hidden", hidden_at=timezone.now())
    with django_assert_num_queries(1):
        page = client.get("/api/v1/maps?sort=plays&page_size=3&q=ford").json()
    assert [row["name"] for row in page["results"]] == ["Ford 4", "Ford 3", "Ford 2"]
    rest = client.get("/api/v1/maps", {"sort": "plays", "cursor": page["next"]}).json()
    assert [row["name"] for row in rest["results"]] == ["Ford 1", "Ford 0"]
    assert rest["next"] is None
    assert page["results"][0] == {
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
        "created_at": maps[4].created_at.isoformat().replace("+00:00", "Z"),
        "preview": maps[4].card_picture,
    }


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("page_size=0", "page_size"),
        ("page_size=51", "page_size"),
        ("page_size=1000000000", "page_size"),
        ("page_size=x", "page_size"),
        ("sort=nonsense", "sort"),
        ("cursor=x", "cursor"),
        ("cursor=" + "x" * 501, "cursor"),
        ("q=" + "x" * 201, "q"),
        ("q=%00", "q"),
    ],
)
def test_a_list_that_makes_no_sense(client: Client, query: str, attr: str) -> None:
    answer = client.get("/api/v1/maps?" + query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr


def test_one_map(
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


def test_private_maps_are_for_their_authors(client: Client, author: User, player: User) -> None:
    url = f"/api/v1/maps/{make_map(author, is_public=False).pk}"
    assert_error(client.get(url), 404, "not_found")
    assert_error(client.get(url, headers=bearer(player)), 404, "not_found")
    assert client.get(url, headers=bearer(author)).status_code == 200


# ---- Errors -------------------------------------------------------------------------------------


def test_errors_of_every_origin_have_one_shape(client: Client, player: User) -> None:
    assert_error(client.get("/api"), 404, "not_found")
    assert_error(client.get("/api/nowhere"), 404, "not_found")
    assert_error(client.post("/api/docs"), 405, "method_not_allowed")
    assert_error(client.put("/api/schema"), 405, "method_not_allowed")
    forms = Client(enforce_csrf_checks=True)
    assert_error(forms.post("/api/docs"), 403, "csrf_failed")
    assert_error(client.get("/api/v1/maps/x"), 404, "not_found")
    assert_error(client.get(f"/api/v1/maps/{NOBODY}"), 404, "not_found")
    assert_error(client.post("/api/v1/maps"), 405, "method_not_allowed")
    assert_error(client.get("/api/v1/maps", headers={"Accept": "text/html"}), 406, "not_acceptable")
    form = client.post("/api/v1/auth/login", {"username": "x", "password": "x"})
    assert_error(form, 415, "unsupported_media_type")
    text = client.post("/api/v1/auth/login", "x", "application/json")
    assert_error(text, 400, "parse_error")
    host = client.get("/api/v1/maps", headers={"Host": "evil.example"})
    assert_error(host, 400, "bad_request")
    long = client.post("/api/v1/auth/login", "[" + "1," * 2_000_000 + "1]", "application/json")
    assert_error(long, 413, "body_too_large")


def test_a_bug_of_ours_and_a_database_that_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for error, status, code in (
        (RuntimeError, 500, "error"),
        (OperationalError, 503, "unavailable"),
    ):

        def fail(*_: Any, error: type[Exception] = error) -> None:
            raise error("a secret of ours")

        monkeypatch.setattr(GameMapQuerySet, "search", fail)
        client.raise_request_exception = False
        answer = client.get("/api/v1/maps")
        assert_error(answer, status, code)
        assert b"secret" not in answer.content
        page = client.get("/maps/")
        assert page.status_code == status
        assert b"secret" not in page.content
        assert page["X-Request-Id"].encode() in page.content


def test_a_request_id_of_the_proxy_is_kept_when_it_is_harmless(client: Client) -> None:
    assert client.get("/maps/", headers={"X-Request-Id": "a-1.b"})["X-Request-Id"] == "a-1.b"
    for evil in ("a b", "x" * 65, "<script>", "é"):
        kept = client.get("/maps/", headers={"X-Request-Id": evil})["X-Request-Id"]
        assert len(kept) == 32


# ---- The schema ---------------------------------------------------------------------------------


def test_the_schema_describes_each_route_and_error(client: Client) -> None:
    schema = client.get("/api/schema?format=json").json()
    assert set(schema["paths"]) == {
        "/api/v1/auth/login",
        "/api/v1/maps",
        "/api/v1/maps/{map_id}",
        "/api/v1/maps/{map_id}/rating",
    }
    rate = schema["paths"]["/api/v1/maps/{map_id}/rating"]["put"]["responses"]
    assert set(rate) == {"200", "400", "401", "403", "404", "406", "409", "413", "415", "503"}
    assert rate["404"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Error"
    }


def test_the_schema_takes_no_words_into_its_headers(client: Client, db: None) -> None:
    answer = client.get("/api/schema?version=%22%0d%0aX:1&lang=x")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


def test_a_method_that_a_page_does_not_know(client: Client, game_map: GameMap) -> None:
    answer = client.get(f"/maps/{game_map.pk}/rating")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert b"This address does not do that." in answer.content


def test_the_schema_has_no_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    from django.core.management import call_command

    call_command("spectacular", validate=True, fail_on_warn=True, file="/dev/null")
    assert capsys.readouterr().err == ""


def test_the_explorer_needs_nothing_from_outside(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert "http" not in page.replace("http-equiv", "")
    assert "swagger-ui-bundle" in page
