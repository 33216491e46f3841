"""Fast lane and Django give the same responses, over a table of parameters, headers and methods.

Requests are sent byte for byte as in the table: client libraries would normalize them.
"""

import http.client
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from config.kernel.validators import ID_PATTERN
from config.limits import rate_limits
from config.redis.clients import durable
from maps.models import GameMap
from tests.support.api import assert_error, bearer
from tests.support.factories import make_map, make_user
from tests.support.live_site import Site

pytestmark = pytest.mark.django_db(transaction=True)
Lines = list[tuple[str, str]]
Facts = tuple[int, list[tuple[str, str]], bytes]
ORDINARY: Lines = [
    ("Range", "bytes=0-")
]  # makes Django handle a request, which ignores this header
CHANGING = {"date", "x-ratelimit-remaining", "x-ratelimit-reset"}

QUERIES = [
    "", "?", "??", "?&", "?=", "?=1", "?x", "?x=1", "?unknown=1&q=ford", "?q", "?q=", "?q=&q=", "?q=a&q=ford",
    "?Q=ford", "?%71=ford", "?q=f%6Frd", "?q=f%6frd", "?q=ford+1", "?q=ford%201", "?q=ford%2B1", "?q=%E9",
    "?q=%C3%A9", "?q=e%CC%81", "?q=%", "?q=%zz", "?q=%E2%80%AE", "?q=%F3%A0%81%81", "?q=ford;sort=top",
    "?q=ford&", "?&q=ford", "?q=ford&&sort=top", "?q=ford#x", "?q=a=b",
    "?format=api", "?format=json", "?format=", "?format=xml", "?FORMAT=json", "?format=json&q=ford",
    "?sort=top", "?sort=top&sort=new", "?sort=TOP", "?sort=", "?sort=%74op", "?sort=random",
    "?page_size=1", "?page_size=01", "?page_size=%31", "?page_size=", "?page_size=-1",
    "?page_size=1&page_size=2", "?page_size=x", "?page_size=%D9%A1", "?cursor=", "?cursor=x",
    "?cursor=%00", "?filter=own", "?filter=",
    "?terrain=grass", "?terrain=GRASS", "?author=author", "?author=%20author", "?rating_min=0",
    "?size_max=20", "?csrfmiddlewaretoken=x", "?utm_source=x", "?_=1", "?callback=x", "?page=2", "?limit=5",
    "?min_rating=4", "?per_page=5", "?offset=20", "?order_by=top", "?search=ford", "?user=author",
    "?pageSize=5",
    "?rating__gte=4", "?filter%5Bq%5D=ford", "?utm_source=x&utm_medium=y", "?fbclid=x", "?page=2&page=3",
]  # fmt: skip
TAILS = ["/", "//", "/.", "%20", "%2F", "%3F", ";x", ".json", ".api", "%00", "%0A", "/..", "?"]
SAME = "application/json"
HEADERS: list[Lines] = [
    *[
        [("Accept", kinds)]
        for kinds in (
            "", "*/*", "*", SAME, "APPLICATION/JSON", "Application/Json", "application/*", "application/xml",
            "text/html", "text/html, */*", f"{SAME};q=0", "*/*;q=0", f"{SAME};q=0, */*",
            f"text/html, {SAME};q=0.1",
            f"{SAME};indent=4", f"{SAME}; charset=utf-8", f"{SAME};version=2", ";", ",", f",{SAME}", "json",
            "*/json",
            f"{SAME} , text/html", "image/webp", "text/html;q=0.9,*/*;q=0.8", f"{SAME};", f'{SAME};x="a,b"',
            "x" * 300, f"{'x' * 300}, {SAME}", ", ".join(["text/x"] * 70 + [SAME]),
            "text/x, " * 1100 + SAME,
        )
    ],
    [("Accept", "text/html"), ("Accept", SAME)],
    [("Accept", SAME), ("Accept", "text/html")],
    [("ACCEPT", SAME)],
    *[
        [("Accept-Encoding", encoding)]
        for encoding in (
            "", "gzip", "GZIP", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.001", "gzip; q=1", "br", "*", "*;q=0",
            "x-gzip", "identity", "identity;q=0", "gzip, identity;q=0", "deflate, gzip", "gzip;Q=0",
            "gzip;q=", "gzip;q=x",
        )
    ],
    [("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")],
    *[
        [("If-None-Match", tags)]
        for tags in ("", "*", '"x"', "x", 'W/"x"', '"x", "y"', "ETAG", "W/ETAG", '"x", ETAG', "ETAG,ETAG",
                     '"x",W/ETAG', "ETAG;", "ETA", '*, "x"', '"*"', "etag", "ETAG x", '"a,b", ETAG', '"a", *')
    ],
    [("If-None-Match", '"x"'), ("If-None-Match", "ETAG")],
    [("If-None-Match", "ETAG"), ("Accept-Encoding", "gzip")],
    [("If-Match", "*")], [("If-Match", "ETAG")], [("If-Match", '"x"')],
    [("If-Modified-Since", "Thu, 01 Jan 2099 00:00:00 GMT")],
    [("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")],
    [("If-Range", "ETAG")],
    *[
        [("Cookie", cookie)]
        for cookie in (
            "csrftoken=x", "csrftoken=", "csrftoken", f"csrftoken={'x' * 32}", f"csrftoken={'x' * 64}; a=1",
            f"csrftoken={'x' * 33}", f"csrftoken={'x' * 31}!", f'csrftoken="{"x" * 32}"',
            f"xcsrftoken={'x' * 32}",
            f"csrftoken={'x' * 32}; csrftoken=y", f"a=csrftoken={'x' * 32}", f"csrftoken = {'x' * 32}",
        )
    ],
    [("Cookie", "sessionid=x")], [("Cookie", "messages=x")], [("Cookie", ";;=")],
    [("Cookie", "a=1"), ("Cookie", "sessionid=x")],
    [("Authorization", "Bearer x")], [("Authorization", "")], [("Authorization", "Basic eDp5")],
    [("Content-Type", SAME)], [("Content-Type", "text/plain; charset=latin1")], [("Content-Type", "x;")],
    [("Content-Length", "0")], [("Expect", "")],
    [("Origin", "https://elsewhere.example")], [("Origin", "null")],
    [("X-Forwarded-Proto", "https")], [("X-Forwarded-Proto", "http")], [("X-Forwarded-Host", "evil.example")],
    [("X-Forwarded-For", "1.2.3.4")], [("Forwarded", "proto=https")],
    [("HX-Request", "true")], [("HX-Request", "TRUE")], [("HX-Request", "false")], [("HX-Boosted", "true")],
    [("HX-Request", "true"), ("HX-Target", "more")], [("HX-Request", "true"), ("HX-Target", "MORE")],
    [("HX-Request", "true"), ("HX-History-Restore-Request", "true")], [("HX-Target", "more")],
    [("HX-Request", "true"), ("HX-Current-URL", "http://x/maps/?sort=top")],
    [("HX-Request-URI-AutoEncoded", "true"), ("HX-Request", "%74rue")],
    [("X-HTTP-Method-Override", "DELETE")], [("X-Requested-With", "XMLHttpRequest")],
    [("Accept-Language", "de")], [("User-Agent", "\xff")], [("Cache-Control", "no-cache")],
    [("Pragma", "no-cache")],
]  # fmt: skip

HOSTS = (
    "localhost",
    "LOCALHOST",
    "localhost:80",
    "127.0.0.1.",
    "evil.example",
    "[::1]",
    "x y",
    "a,b",
)


@pytest.fixture
def author(transactional_db: None) -> User:
    return make_user("Author")


@pytest.fixture
def paths(author: User) -> list[str]:
    maps = [make_map(author, f"Ford {n}", play_count=n) for n in range(3)]
    # So old that its age in words does not change during the test.
    GameMap.objects.update(created_at="2020-01-01T00:00:00Z")
    one = f"/api/v1/maps/{maps[0].pk}"
    return ["/api/v1/maps", one, f"{one}/terrain", "/maps/"]


@pytest.fixture
def ask(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Facts]]:
    """Sends a request as it is, and returns status, headers without those that change, and the body."""
    for name in ("api", "pages"):
        policy = replace(rate_limits.POLICIES[name], limit=10**6)
        monkeypatch.setitem(rate_limits.POLICIES, name, policy)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)

    def send(target: str, lines: Lines, method: str = "GET") -> Facts:
        names = {name.lower() for name, _ in lines}
        connection.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in [("X-Request-Id", "same"), *lines]:
            connection.putheader(name, value.encode("latin1"))
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        # The value of a cookie is another one each time.
        found = [(k.lower(), v) for k, v in response.getheaders() if k.lower() not in CHANGING]
        headers = [(k, v.partition("=")[0] if k == "set-cookie" else v) for k, v in found]
        return response.status, sorted(headers), body

    # The table has targets that no client should send.
    monkeypatch.setattr(connection, "_validate_path", lambda target: None)
    yield send
    connection.close()


def id_in_upper_case(path: str, letters: int = 36) -> str:
    """Returns a path with the first letters of its id in upper case."""
    return re.sub(ID_PATTERN, lambda m: m[0][:letters].upper() + m[0][letters:], path)


def id_without_hyphens(path: str) -> str:
    return re.sub(ID_PATTERN, lambda m: m[0].replace("-", ""), path)


def compare(ask: Callable[..., Facts], target: str, lines: Lines) -> None:
    """Compares Django's response with the cached ones: while the cache is filled, and after that."""
    ordinary = ask(target, [*lines, *ORDINARY])
    assert ordinary[0] < 500
    for _ in range(3):
        fast = ask(target, lines)
        if "sort=random" in target and fast[0] in (200, 302):  # random
            fast, ordinary = (fast[0], [], b""), (ordinary[0], [], b"")
        assert fast == ordinary, (target, lines)


@pytest.mark.parametrize("which", range(4))
def test_fast_lane_and_django_agree_on_parameters(
    ask: Callable[..., Facts], paths: list[str], which: int
) -> None:
    for query in QUERIES:
        compare(ask, paths[which] + query.replace("#", "%23"), [])


@pytest.mark.parametrize("which", range(4))
def test_fast_lane_and_django_agree_on_addresses(
    ask: Callable[..., Facts], paths: list[str], which: int
) -> None:
    path = paths[which]
    targets = [path + tail for tail in TAILS]
    targets += [id_in_upper_case(path), id_in_upper_case(path, 3), id_without_hyphens(path)]
    targets += [
        path.replace("maps/", "maps/urn:uuid:", 1),
        re.sub(f"({ID_PATTERN})", r"{\1}", path),
    ]
    targets += [path.upper(), path.rstrip("/"), "/" + path, path.replace("m", "%6D", 1)]
    targets += [
        path.replace("maps", "MAPS"),
        path.replace("/maps", "//maps"),
        path + "?" + "x" * 2500,
    ]
    for target in targets:
        compare(ask, target, [])


@pytest.mark.parametrize("which", range(4))
def test_fast_lane_and_django_agree_on_headers(
    ask: Callable[..., Facts], paths: list[str], which: int
) -> None:
    path = paths[which]
    tag = dict(ask(path, [])[1]).get("etag", '"none"')
    for lines in HEADERS:
        filled = [
            (name, value.replace("ETAG", tag).replace("ETA", tag[:-2])) for name, value in lines
        ]
        compare(ask, path, filled)


def test_fast_lane_and_django_agree_on_hosts(ask: Callable[..., Facts], paths: list[str]) -> None:
    for path in paths:
        for host in (
            "localhost",
            "LOCALHOST",
            "localhost:80",
            "127.0.0.1.",
            "evil.example",
            "[::1]",
            "x y",
            "a,b",
        ):
            compare(ask, path, [("Host", host)])


def test_fast_lane_and_django_agree_on_tokens(ask: Callable[..., Facts], paths: list[str]) -> None:
    player = make_user("Player1")
    token = bearer(player)["Authorization"]
    for path in paths:
        for words in (
            token,
            token.lower(),
            token.replace("Bearer", "BEARER"),
            token.replace(" ", "  "),
            token + " x",
        ):
            compare(ask, path, [("Authorization", words)])
        compare(ask, path, [("Authorization", token), ("Authorization", token)])
        compare(ask, path + "?format=json", [("Authorization", token)])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_fast_lane_and_django_agree_on_methods(
    ask: Callable[..., Facts], paths: list[str], method: str
) -> None:
    for path in paths:
        for query in ("", "?format=api", "?x=1"):
            assert ask(path + query, [], method)[:2] == ask(path + query, ORDINARY, method)[:2]
            if method == "HEAD":  # as GET, without the body
                assert ask(path + query, [], method)[0] == ask(path + query, [])[0]


# ---- Parameters that nobody knows ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "reported"),
    [
        ("format=api", ["format"]),
        ("format=json", ["format"]),
        ("sorts=top", ["sorts"]),
        ("b=1&a=1", ["a", "b"]),
        ("=1", [""]),
        ("x" * 200 + "=1", ["x" * 50]),
    ],
)
def test_an_unknown_parameter_is_named(
    client: Client, db: None, query: str, reported: list[str]
) -> None:
    response = client.get(f"/api/v1/maps?{query}")
    assert response.status_code == 400
    errors = response.json()["errors"]
    assert [(error["code"], error["attr"]) for error in errors] == [
        ("unknown_parameter", name) for name in reported
    ]
    assert ("did you mean “sort”?" in errors[0]["detail"]) == (reported == ["sorts"])


def test_every_route_refuses_unknown_parameters(
    client: Client, player: User, game_map: GameMap
) -> None:
    token = bearer(player)
    for method, path in (
        ("get", "users/me"), ("get", "users/Author"), ("get", "tribes"), ("get", "collections"),
        ("get", "game-sessions"), ("get", "game-sessions/active"), ("get", f"maps/{game_map.pk}"),
        ("get", f"maps/{game_map.pk}/terrain"), ("get", f"maps/{game_map.pk}/preview"),
        ("put", f"maps/{game_map.pk}/rating"), ("post", "maps"), ("post", "auth/login"),
        ("post", "auth/logout"), ("delete", f"maps/{game_map.pk}/favourite"), ("options", "maps"),
    ):  # fmt: skip
        response = getattr(client, method)(f"/api/v1/{path}?format=json", headers=token)
        assert response.status_code == 400, path
        assert response.json()["errors"][0]["code"] == "unknown_parameter"
        durable().flushdb()
        token = bearer(player)
    assert (
        client.post(
            "/api/v1/auth/logout?everywhere=1", {}, "application/json", headers=token
        ).status_code
        == 204
    )
    assert_error(client.get("/api/v1/users/me?x=1"), 401, "not_authenticated")


def test_an_unknown_method_is_a_405_whatever_its_parameters(client: Client) -> None:
    for path in ("maps?page_size=20", "auth/logout?everywhere=0", "maps?nonsense=1"):
        for method in ("TRACE", "PUT"):
            assert client.generic(method, f"/api/v1/{path}").status_code in (401, 405)


def test_parameters_are_those_of_the_schema(client: Client, db: None) -> None:
    from django.urls import get_resolver

    document = client.get("/api/schema").json()
    reported = {
        (path, method.upper()): {
            p["name"] for p in call.get("parameters", ()) if p["in"] == "query"
        }
        for path, calls in document["paths"].items()
        for method, call in calls.items()
    }
    assert len(reported) > 40
    for (path, method), names in reported.items():
        sample = path.replace("{username}", "Author")
        for part in ("map_id", "collection_id", "tribe_id", "session_id"):
            sample = sample.replace(f"{{{part}}}", "00000000-0000-0000-0000-000000000001")
        view: Any = get_resolver().resolve(sample).func
        assert set(view.view_class.parameters.get(method, ())) == names, (path, method)
