"""A page of another site uses the API and the client modules in a real browser."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from accounts.models import User
from maps.models import GameMap
from tests.support.factories import PASSWORD, make_map, make_tribe, make_user
from tests.support.live_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Asks the API. Returns status, headers and body as the page may read them, or the name of the error.
CALL = """async ([url, options]) => {
    try {
        const response = await fetch(url, options);
        const text = await response.text();
        return {
            status: response.status,
            headers: Object.fromEntries(response.headers),
            body: text && JSON.parse(text),
        };
    } catch (error) {
        return { error: error.name };
    }
}"""
PLAY = """async ([site, token, session]) => {
    const { LobbyClient } = await import(`${site}/static/js/lobby/client.js`);
    const ticket = async () => {
        const headers = { Authorization: `Bearer ${token}` };
        const url = `${site}/api/v1/game-sessions/${session}/ticket`;
        return (await (await fetch(url, { method: "POST", headers })).json()).ticket;
    };
    const address = `${site.replace("http", "ws")}/ws/game-sessions/${session}`;
    const client = new LobbyClient(address, { ticket });
    const lobby = new Promise((resolve) => client.on("lobby", resolve));
    client.open();
    await lobby;
    const after = await client.ready(true);
    client.close();
    return after.players.map((player) => [player.username, player.is_ready]);
}"""
DRAW = """async (url) => {
    const image = new Image();
    image.crossOrigin = "anonymous";
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return [canvas.width, canvas.height, canvas.toDataURL().length > 1000];
}"""


class Elsewhere(BaseHTTPRequestHandler):
    """Another site. Its page isolates itself, so that it can embed only what allows it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of another site. Tests call this one by its IP address, so they are different sites."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def author(transactional_db: None) -> User:
    return make_user("Author")


@pytest.fixture
def game_map(author: User) -> GameMap:
    return make_map(author)


@pytest.fixture
def mira(transactional_db: None) -> User:
    return make_user("Mira")


@pytest.fixture
def tab(chromium: Browser, site: Site, elsewhere: str) -> Iterator[Page]:
    """A page of the other site."""
    context = chromium.new_context()
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(elsewhere)
    assert page.evaluate("crossOriginIsolated")
    yield page
    context.close()


def call(tab: Page, site: Site, path: str, **options: Any) -> Any:
    return tab.evaluate(CALL, [f"{site.url}/api/v1/{path}", options])


def access(tab: Page, site: Site, name: str) -> dict[str, str]:
    """Signs in from the other site."""
    body = json.dumps({"username": name, "password": PASSWORD})
    headers = {"Content-Type": "application/json"}
    found = call(tab, site, "auth/login", method="POST", headers=headers, body=body)
    assert found["status"] == 200, found
    return {
        "Authorization": f"Bearer {found['body']['access']}",
        "Content-Type": "application/json",
    }


def test_another_site_reads_and_writes_with_a_token(
    tab: Page, site: Site, game_map: GameMap, mira: User
) -> None:
    found = call(tab, site, "maps")
    assert found["body"]["results"][0]["id"] == str(game_map.pk)
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-request-id"} <= found["headers"].keys()
    token = access(tab, site, "Mira")
    rated = call(
        tab, site, f"maps/{game_map.pk}/rating", method="PUT", headers=token, body='{"stars": 4}'
    )
    assert (rated["status"], rated["body"]["rating"]) == (200, 4)
    removed = call(tab, site, f"maps/{game_map.pk}/rating", method="DELETE", headers=token)
    assert (removed["status"], removed["body"]["rating"]) == (200, 0)
    made = call(tab, site, "tribes", method="POST", headers=token,
                body='{"name": "Ravens", "archetype": "Support"}')  # fmt: skip
    assert made["headers"]["location"] == f"/api/v1/tribes/{made['body']['id']}"


def test_another_site_sends_and_reads_entity_tags(
    tab: Page, site: Site, game_map: GameMap, author: User
) -> None:
    token = access(tab, site, "Author")
    one = f"maps/{game_map.pk}"
    tag = call(tab, site, one)["headers"]["etag"]
    again = call(tab, site, one, headers={"If-None-Match": tag}, cache="no-store")
    assert (again["status"], again["body"], again["headers"]["etag"]) == (304, "", tag)
    changed = call(tab, site, one, method="PATCH", headers=token | {"If-Match": tag},
                   body='{"description": "New."}')  # fmt: skip
    assert changed["status"] == 200
    assert changed["headers"]["etag"] != tag
    stale = call(tab, site, one, method="DELETE", headers=token | {"If-Match": tag})
    assert (stale["status"], stale["body"]["errors"][0]["code"]) == (412, "precondition_failed")


def test_another_site_can_read_errors(tab: Page, site: Site, game_map: GameMap) -> None:
    for status, path, options in (
        (400, "maps?page=2", {}),
        (401, "users/me", {"headers": {"Authorization": "Bearer x"}}),
        (404, "nowhere", {"method": "DELETE"}),
        (405, "auth/login", {"method": "PUT"}),
        (413, "auth/login", {"method": "POST", "body": " " * 2_000_000,
                             "headers": {"Content-Type": "application/json"}}),
        (415, "auth/login", {"method": "POST", "body": "x"}),
    ):  # fmt: skip
        found = call(tab, site, path, **options)
        assert found.get("status") == status, (path, found)
        assert found["body"]["errors"][0]["code"]
        assert found["headers"]["x-request-id"] == found["body"]["request_id"]
    for _ in range(120):
        found = call(tab, site, "maps?page=2")
        if found["status"] == 429:
            break
    assert found["status"] == 429
    assert int(found["headers"]["retry-after"]) > 0


def test_another_site_gets_nothing_by_the_cookie(
    tab: Page, site: Site, elsewhere: str, game_map: GameMap, mira: User
) -> None:
    own = tab.context.new_page()
    own.goto(site.url)
    own.goto(f"{site.url}/login/?next=/account/")
    own.get_by_label("Username").fill("Mira")
    own.get_by_label("Password").fill(PASSWORD)
    with own.expect_navigation():
        own.get_by_role("button", name="Sign in").click()
    assert own.url.endswith("/account/")
    for mode in ("omit", "same-origin"):
        found = call(tab, site, "users/me", credentials=mode)
        assert (found["status"], found["body"]["errors"][0]["code"]) == (401, "not_authenticated")
    assert call(tab, site, "maps", credentials="include") == {"error": "TypeError"}
    write = {
        "method": "PUT",
        "body": '{"stars": 4}',
        "headers": {"Content-Type": "application/json"},
    }
    path = f"maps/{game_map.pk}/rating"
    assert call(tab, site, path, **write)["status"] == 401
    assert call(tab, site, path, credentials="include", **write) == {"error": "TypeError"}
    page = f"{site.url}/account/"  # pages are not shared
    assert tab.evaluate(CALL, [page, {}]) == {"error": "TypeError"}
    own.close()


def test_another_site_draws_pictures(tab: Page, site: Site, game_map: GameMap) -> None:
    preview = call(tab, site, f"maps/{game_map.pk}")["body"]["preview"]
    for path, size in (
        (preview, [480, 270]),
        (f"/api/v1/maps/{game_map.pk}/preview?size=page", [1200, 675]),
    ):
        assert tab.evaluate(DRAW, site.url + path) == [*size, True]


def test_another_site_imports_the_client_and_takes_a_seat(
    tab: Page, site: Site, game_map: GameMap, mira: User
) -> None:
    tribe = make_tribe(mira)
    token = access(tab, site, "Mira")
    body = json.dumps({"map_id": str(game_map.pk), "tribe_id": str(tribe.pk)})
    opened = call(tab, site, "game-sessions", method="POST", headers=token, body=body)
    assert opened["status"] == 201
    bearer = token["Authorization"].split()[1]
    players = tab.evaluate(PLAY, [site.url, bearer, opened["body"]["id"]])
    assert players == [["Mira", True]]
