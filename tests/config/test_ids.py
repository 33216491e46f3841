"""Ids have one form everywhere: a UUID with hyphens, in upper or lower case."""

import contextlib
import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.urls.converters import UUIDConverter
from django.urls.exceptions import Resolver404
from drf_spectacular.generators import SchemaGenerator
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from accounts.models import User
from config.api.serialization import IdField
from config.http.converters import IdConverter
from config.kernel.validators import parse_id
from config.redis.clients import durable
from maps.models import GameMap
from sessions_app.kernel import protocol
from sessions_app.kernel.protocol import InvalidMessage
from sessions_app.kernel.socket_address import SUBPROTOCOL
from tests.support.api import bearer
from tests.support.factories import make_map, make_user
from tests.support.fast_lane import comparable
from tests.support.live_site import Site

ID = uuid.UUID("0a1b2c3d-4e5f-4a6b-8c7d-9e0fab1c2d3e")
TEXT = str(ID)
SPELLINGS = [TEXT, TEXT.upper(), TEXT[:18].upper() + TEXT[18:]]
OTHERS = [
    ID.hex,
    ID.hex.upper(),
    f"{{{TEXT}}}",
    f"urn:uuid:{TEXT}",
    f"uuid:{TEXT}",
    f"urn:{ID.hex}",  # as long as an id
    f"({TEXT})",
    TEXT + "0",
    TEXT[:-1],
    TEXT.replace("-", "_"),
    TEXT[:8] + TEXT[9:] + "-",
    TEXT.replace("0", "０"),  # int() reads digits of other scripts
    TEXT.replace("0", "٠"),
    "+" + TEXT[1:],
    TEXT[:1] + "_" + TEXT[2:],
    f" {TEXT}",
    f"{TEXT}\n",
    "g" + TEXT[1:],
    "",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_both_cases_are_the_same_id(text: str) -> None:
    assert parse_id(text) == ID
    assert IdField().run_validation(text) == ID
    message = json.dumps({"type": "tribe", "data": {"tribe_id": text}})
    assert protocol.parse(message).data == {"tribe_id": ID}


@pytest.mark.parametrize("text", OTHERS)
def test_other_spellings_of_a_uuid_are_no_ids(text: str) -> None:
    assert parse_id(text) is None
    with pytest.raises(Exception, match=r"UUID|blank"):
        IdField().run_validation(text)
    with pytest.raises(InvalidMessage, match="UUID with hyphens"):
        protocol.parse(json.dumps({"type": "kick", "data": {"player_id": text}}))


@pytest.mark.parametrize("value", [0, 1, ID.int, 1.5, True, [TEXT], {"id": TEXT}])
def test_ids_are_strings(value: Any) -> None:
    with pytest.raises(Exception, match="UUID"):
        IdField().run_validation(value)
    with pytest.raises(InvalidMessage):
        protocol.parse(json.dumps({"type": "kick", "data": {"player_id": value}}))


# ---- Every path, body and query -----------------------------------------------------------------


def patterns(resolver: URLResolver, prefix: str = "") -> Any:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry


def test_every_path_has_the_same_converter() -> None:
    found = 0
    for route, entry in patterns(get_resolver()):
        for name, converter in entry.pattern.converters.items():
            if isinstance(converter, UUIDConverter):
                assert type(converter) is IdConverter, route
            if name.endswith("_id") and not route.startswith("admin/"):
                assert type(converter) is IdConverter, route
                found += 1
    assert found > 30


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/maps/{}",
        "/api/v1/maps/{}/terrain",
        "/api/v1/collections/{}/maps/{}",
        "/api/v1/tribes/{}",
        "/api/v1/game-sessions/{}/state",
        "/maps/{}/",
        "/lobbies/{}/",
        "/collections/{}/",
        "/tribes/{}/",
        "/maps/{}/terrain.json",
        "/maps/{}/card-unknown-1.webp",
    ],
)
def test_paths_take_both_cases_and_no_other_spelling(path: str) -> None:
    for text in SPELLINGS:
        values = resolve(path.replace("{}", text)).kwargs.values()
        assert {str(value).lower() for value in values} >= {TEXT}
    for text in OTHERS:
        with pytest.raises(Resolver404):
            resolve(path.replace("{}", text))
    assert reverse("api:map", args=[ID]) == f"/api/v1/maps/{TEXT}"


def id_fields() -> list[tuple[str, str, str]]:
    """Method, path and field of each id in a body."""
    document: Any = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if reference := body.get("schema", {}).get("$ref"):
                component = document["components"]["schemas"][reference.split("/")[-1]]
                for name, field in component["properties"].items():
                    if field.get("format") == "uuid":
                        found.append((method, path, name))
    return found


@pytest.mark.django_db
def test_bodies_take_both_cases_and_no_other_spelling(client: Client, player: User) -> None:
    fields = id_fields()
    assert {name for _, _, name in fields} == {"map_id", "tribe_id", "player_id"}
    for method, path, name in fields:
        url = path.replace("{session_id}", TEXT)
        for text in [*SPELLINGS, *OTHERS]:
            durable().flushdb()
            headers = bearer(player)
            body = {"map_id": TEXT, "tribe_id": TEXT, "player_id": TEXT}
            known = {each for m, p, each in fields if (m, p) == (method, path)}
            sent = {key: value for key, value in body.items() if key in known | {name}} | {
                name: text
            }
            if path.endswith("/game-sessions/join"):
                sent["code"] = "ABCDEF"
            response = getattr(client, method)(url, sent, "application/json", headers=headers)
            faults = [(e["code"], e["attr"]) for e in response.json()["errors"]]
            wrong = [
                attr for code, attr in faults if code in ("invalid", "blank") and attr in known
            ]
            assert wrong == ([] if text in SPELLINGS else [name]), (path, text)


@pytest.mark.django_db
def test_queries_take_both_cases_and_no_other_spelling(client: Client) -> None:
    for text in [*SPELLINGS, *OTHERS]:
        response = client.get("/api/v1/game-sessions", {"map": text})
        assert response.status_code == (200 if text in SPELLINGS else 400), text


@pytest.mark.django_db
def test_a_map_has_the_same_response_in_both_cases(client: Client, game_map: GameMap) -> None:
    for tail in ("", "/terrain"):
        lower, upper = (
            client.get(f"/api/v1/maps/{text}{tail}")
            for text in (str(game_map.pk), str(game_map.pk).upper())
        )
        assert (lower.status_code, lower.content) == (upper.status_code, upper.content)
        assert lower.headers.get("ETag") == upper.headers.get("ETag")


@pytest.mark.django_db(transaction=True)
def test_the_fast_lane_takes_both_cases_as_one_map(
    maps_http: Any, django_paths: list[str], thirty_maps: list[GameMap]
) -> None:
    """One cached response, which a change of the map removes for all spellings."""
    lower = f"/api/v1/maps/{thirty_maps[0].pk}"
    upper = f"/api/v1/maps/{str(thirty_maps[0].pk).upper()}"
    first = comparable(maps_http.get(upper))
    assert first[0] == 200
    assert comparable(maps_http.get(lower)) == comparable(maps_http.get(upper)) == first
    assert django_paths == [upper]
    GameMap.objects.filter(pk=thirty_maps[0].pk).update(name="Another name")
    for _ in range(100):
        names = {maps_http.get(path).json()["name"] for path in (lower, upper)}
        if names == {"Another name"}:
            break
    assert names == {"Another name"}


@pytest.mark.django_db(transaction=True)
def test_sockets_take_both_cases_and_no_other_spelling(site: Site) -> None:
    def error_of(text: str) -> str:
        address = f"{site.url.replace('http', 'ws')}/ws/game-sessions/{text}"
        with connect(address, subprotocols=[Subprotocol(SUBPROTOCOL)]) as socket:
            with contextlib.suppress(ConnectionClosed):
                socket.send(json.dumps({"type": "hello", "id": "1", "data": {}}))
            code: str = json.loads(socket.recv())["data"]["code"]
            return code

    for text in SPELLINGS:
        assert error_of(text) == "not_signed_in"  # the path is one of a seat
    for text in (ID.hex, f"urn:uuid:{TEXT}", TEXT + "0", TEXT.replace("-", "_"), f"%7B{TEXT}%7D"):
        assert error_of(text) == "not_found"


def test_factories_make_such_ids(db: None) -> None:
    assert parse_id(str(make_map(make_user("Author")).pk))
