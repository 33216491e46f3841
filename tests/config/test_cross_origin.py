"""Pages of other sites may use the API, pictures and client modules: with a token, never with a cookie."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client

from accounts.models import User
from config.http.cross_origin import CLIENT_MODULES, is_shared
from config.limits import rate_limits
from maps.models import GameMap
from tests.support.api import assert_error, bearer
from tests.support.factories import make_map
from tests.support.live_site import Site
from tests.support.raw_http import Client as RawClient

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = {"Origin": "https://elsewhere.example"}
ALLOW, EXPOSE = "access-control-allow-origin", "access-control-expose-headers"


def preflight(http: httpx.Client, path: str, method: str, headers: str) -> httpx.Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return http.request("OPTIONS", path, headers=ORIGIN | asked)


def is_allowed(response: httpx.Response) -> bool:
    """Returns whether a browser gives the response to a page of another site, without a cookie."""
    headers = response.headers
    assert headers.get_list(ALLOW) in ([], ["*"])
    assert "access-control-allow-credentials" not in headers
    assert headers.get_list("cross-origin-resource-policy") == (
        ["cross-origin"] if ALLOW in headers else []
    )
    return ALLOW in headers


@pytest.fixture
def http(site: Site) -> Any:
    with httpx.Client(base_url=site.url) as client:
        yield client


def test_every_response_of_the_api_may_be_read(
    http: httpx.Client, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    game_map = make_map(author)
    token = bearer(author)
    one = f"/api/v1/maps/{game_map.pk}"
    etag = http.get(one).headers["ETag"]
    calls: list[tuple[int, str, str, dict[str, Any]]] = [
        (200, "GET", "/api/v1/maps", {}),
        (200, "GET", "/api/v1/maps", {}),  # from memory
        (200, "GET", one, {}),
        (304, "GET", one, {"headers": {"If-None-Match": etag}}),
        (200, "HEAD", one, {}),
        (200, "GET", f"{one}/terrain", {}),
        (200, "GET", "/api/schema", {}),
        (200, "GET", "/api/v1/users/me", {"headers": token}),
        (400, "GET", "/api/v1/maps?page=2", {}),
        (401, "GET", "/api/v1/users/me", {}),
        (403, "PUT", f"{one}/rating", {"headers": token, "json": {"stars": 5}}),
        (404, "GET", "/api/v1/maps/x", {}),
        (404, "GET", "/api/nowhere", {}),
        (405, "PUT", "/api/v1/maps", {"headers": token}),
        (406, "GET", "/api/v1/maps", {"headers": {"Accept": "text/html"}}),
        (412, "DELETE", one, {"headers": token | {"If-Match": '"9"'}}),
        (413, "POST", "/api/v1/auth/login", {"content": b" " * 11_000_000}),
        (415, "POST", "/api/v1/auth/login", {"content": b"x"}),
        (400, "POST", "/api/v1/auth/login", {"json": {}}),
    ]  # fmt: skip
    for status, method, path, more in calls:
        for headers in ({}, ORIGIN):
            sent = more | {"headers": more.get("headers", {}) | headers}
            response = http.request(method, path, **sent)
            assert response.status_code == status, (method, path, response.text)
            assert is_allowed(response), (method, path)
            assert "etag, location, retry-after" in response.headers[EXPOSE].lower()
    monkeypatch.setitem(
        rate_limits.POLICIES, "api", rate_limits.Policy("api", 1, 60, False, "Too many.")
    )
    response = [http.get(one, headers=ORIGIN) for _ in range(3)][-1]
    assert response.status_code == 429
    assert is_allowed(response)


def test_errors_before_the_application_may_be_read(site: Site) -> None:
    for request in (
        b"GET /api/v1/maps\r\n\r\n",
        b"GET /api/v1/maps HTTP/1.1\r\nX: " + b"x" * 70_000,
    ):
        with RawClient(site) as raw:
            raw.send(request)
            response = raw.receive()
        assert response
        assert response.status_code in (400, 431)
        assert is_allowed(response)


@pytest.mark.parametrize("method", "GET HEAD POST PUT PATCH DELETE".split())
def test_a_preflight_allows_methods_and_headers(http: httpx.Client, method: str) -> None:
    asked = "authorization,content-type,if-match,if-none-match,x-request-id,traceparent"
    for path in ("/api/v1/maps", "/api/v1/maps/x/rating", "/api/nowhere", "/api/schema"):
        response = preflight(http, path, method, asked)
        assert (response.status_code, response.content) == (204, b"")
        assert is_allowed(response)
        assert method in response.headers["access-control-allow-methods"].split(", ")
        allowed = response.headers["access-control-allow-headers"].lower().split(", ")
        assert {*asked.split(","), "*"} - set(allowed) == {"traceparent"}
        assert int(response.headers["access-control-max-age"]) >= 600
        assert "x-request-id" in response.headers


def test_a_preflight_needs_neither_database_nor_a_place_in_a_rate_limit(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch, django_paths: list[str]
) -> None:
    monkeypatch.setitem(
        rate_limits.POLICIES, "api", rate_limits.Policy("api", 1, 60, False, "Too many.")
    )
    for _ in range(5):
        assert preflight(http, "/api/v1/maps", "POST", "authorization").status_code == 204
    assert django_paths == []
    assert http.get("/api/v1/maps").status_code == 200


def test_other_options_are_no_preflight(http: httpx.Client) -> None:
    for headers in ({}, ORIGIN, {"Access-Control-Request-Method": "GET"}):
        response = http.request("OPTIONS", "/api/v1/maps", headers=headers)
        assert response.status_code == 200
        assert is_allowed(response)


def test_pages_are_not_shared(http: httpx.Client, author: User) -> None:
    game_map = make_map(author)
    for path in ("/maps/", f"/maps/{game_map.pk}/", "/login/", "/nowhere", "/static/css/nowhere.css",
                 f"/maps/{game_map.pk}/terrain.json", "/health/live", "/apiary", "/lobbies/"):  # fmt: skip
        response = http.get(path, headers=ORIGIN)
        assert ALLOW not in response.headers, path
        assert not preflight(http, path, "POST", "authorization").headers.get(ALLOW), path


def test_pictures_may_be_shown_and_drawn_on_a_canvas(
    tasks_run: None, http: httpx.Client, author: User
) -> None:
    game_map = make_map(author)
    for path in (http.get(f"/api/v1/maps/{game_map.pk}").json()["preview"],
                 f"/api/v1/maps/{game_map.pk}/preview"):  # fmt: skip
        assert is_allowed(http.get(path, headers=ORIGIN)), path


def test_the_client_modules_have_an_address_that_does_not_change(
    http: httpx.Client, static_root: Path
) -> None:
    manifest = json.loads((static_root / "staticfiles.json").read_text())["paths"]
    for name in CLIENT_MODULES:
        stable, hashed = (http.get(f"/static/{n}", headers=ORIGIN) for n in (name, manifest[name]))
        assert stable.status_code == hashed.status_code == 200
        assert stable.content == hashed.content
        assert is_allowed(stable)
        assert is_allowed(hashed)
        assert stable.headers["content-type"].startswith("text/javascript")
        assert stable.headers["cache-control"] == "no-cache"
        tag = {"If-None-Match": stable.headers.get("etag", "")}
        date = {"If-Modified-Since": stable.headers["last-modified"]}
        again = http.get(
            f"/static/{name}", headers=ORIGIN | (tag if tag["If-None-Match"] else date)
        )
        assert again.status_code == 304
        assert is_allowed(again)
        assert is_allowed(http.post(f"/static/{name}", headers=ORIGIN))
    assert not is_shared("/static/js/lobby/page.js")
    other = http.get(f"/static/{manifest['js/lobby/page.js']}", headers=ORIGIN)
    assert ALLOW not in other.headers
    assert other.headers["cross-origin-resource-policy"] == "same-origin"


# ---- Cookies ------------------------------------------------------------------------------------


def test_a_cookie_is_no_credential_for_any_read(signed_in: Client, player: User) -> None:
    """Not even for what only the player may read."""
    mine = make_map(player, "Mine", is_public=False)
    assert signed_in.get(f"/maps/{mine.pk}/").status_code == 200  # the session is valid
    for headers in ({}, ORIGIN):
        for path in (
            "users/me",
            "collections",
            "tribes",
            "game-sessions/active",
            "maps?filter=own",
        ):
            response = signed_in.get(f"/api/v1/{path}", headers=headers)
            assert_error(response, 401, "not_authenticated")
        for tail in ("", "/terrain", "/preview"):
            assert (
                signed_in.get(f"/api/v1/maps/{mine.pk}{tail}", headers=headers).status_code == 404
            )
        response = signed_in.get("/api/v1/maps?favourite=yes", headers=headers)
        assert response.json()["notes"]  # it is left out without a sign-in
        assert not response.cookies


def test_a_cookie_is_no_credential_for_any_write(signed_in: Client, game_map: GameMap) -> None:
    for method, path in (("put", f"maps/{game_map.pk}/rating"), ("post", "tribes"), ("patch", "users/me"),
                         ("delete", f"maps/{game_map.pk}"), ("post", "auth/logout")):  # fmt: skip
        response = getattr(signed_in, method)(f"/api/v1/{path}", {}, "application/json")
        assert_error(response, 401, "not_authenticated")
