"""An unknown parameter or field is refused, and the error names what was probably meant."""

import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.models import User
from config.kernel.names import describe_unknown, find_nearest
from config.redis.clients import durable
from maps.browse.queries import PARAMETERS
from sessions_app.kernel import protocol
from sessions_app.kernel.protocol import InvalidMessage
from tests.support.api import bearer, post
from tests.support.documents import new_map
from tests.support.factories import PASSWORD

LOBBIES = ("map", "free_seats", "page_size", "cursor")


@pytest.mark.parametrize(
    ("meant", "given"),
    [
        ("rating_min", "min_rating minRating MIN_RATING rating-min"),
        ("rating_min", "ratingMin rating__gte rating_gte min_stars"),
        ("rating_min", "minimum_rating stars rating ratingmin"),
        ("rating_min", "raiting_min rating_mn min-rating filter[rating]"),
        ("size_max", "max_size maxSize size_lte maximum_size size__lte sizemax"),
        ("size_min", "min_size size"),
        ("plays_min", "min_plays plays minimumPlays plays__gte play_count"),
        ("cursor", "page offset skip after before"),
        ("cursor", "pageToken page_token start page[number] page[after] cursors"),
        ("page_size", "limit per_page perPage pagesize pageSize"),
        ("page_size", "PageSize take first page[size] page[limit]"),
        ("page_size", "max_results maxResults page-size"),
        ("q", "query search keyword keywords text term s Q name title filter[q]"),
        ("sort", "order order_by orderBy ordering sort_by sortBy sorts srot sorting"),
        ("author", "user username creator mapper owner user_id athor"),
        ("terrain", "biome terrains tiles"),
        ("favourite", "favorite favourites favorites starred bookmarked"),
        ("played", "completed unplayed plyed"),
        ("filter", "mine own filters"),
    ],
)  # fmt: skip
def test_the_nearest_parameter_of_the_list_of_maps_is_found(meant: str, given: str) -> None:
    for name in given.split():
        assert find_nearest(name, PARAMETERS) == meant, name


@pytest.mark.parametrize(
    ("meant", "given"),
    [
        ("map", "map_id mapId mapid"),
        ("free_seats", "seats min_seats freeSeats free open_seats slots"),
        ("page_size", "limit per_page size"),
        ("cursor", "page offset"),
    ],
)
def test_the_nearest_parameter_of_the_list_of_lobbies_is_found(meant: str, given: str) -> None:
    for name in given.split():
        assert find_nearest(name, LOBBIES) == meant, name


@pytest.mark.parametrize(
    "name", ["", "utm_source", "fbclid", "_", "callback", "x", "b", "format", "ümläut", "[]", "x" * 5000]
)  # fmt: skip
def test_nothing_is_guessed_without_a_reason(name: str) -> None:
    assert find_nearest(name, PARAMETERS) is None
    assert find_nearest(name, ()) is None


@pytest.mark.parametrize(
    ("known", "meant", "given"),
    [
        ("name description terrain_data spawn_point goal_point wave_config", "terrain_data", "terrainData"),
        ("name description terrain_data spawn_point goal_point wave_config", "terrain_data", "tiles"),
        ("name description terrain_data spawn_point goal_point wave_config", "name", "title map_name"),
        ("name description terrain_data spawn_point goal_point wave_config", "name", "mapName Name"),
        ("name description terrain_data spawn_point goal_point wave_config", "wave_config", "waves"),
        ("name description terrain_data spawn_point goal_point wave_config", "wave_config", "waveConfig"),
        ("name archetype damage_bonus attack_speed_bonus range_bonus color_theme", "color_theme", "colour"),
        ("name archetype damage_bonus attack_speed_bonus range_bonus color_theme", "color_theme", "color"),
        ("name archetype damage_bonus range_bonus", "damage_bonus", "damage damageBonus bonus_damage"),
        ("username password", "username", "email login user userName"),
        ("username password", "password", "pass passwd pwd Password"),
        ("map_id tribe_id is_public seats", "is_public", "public isPublic private"),
        ("map_id tribe_id is_public seats", "seats", "max_players players maxSeats seat"),
        ("map_id tribe_id is_public seats", "map_id", "map mapId"),
        ("tribe_id code", "code", "invite_code inviteCode invite"),
        ("stars", "stars", "rating score Stars star"),
        ("old_password new_password", "old_password", "password current_password oldPassword"),
        ("x y terrainType height isBlocked", "terrainType", "terrain_type terrain TerrainType type"),
        ("x y terrainType height isBlocked", "isBlocked", "is_blocked blocked"),
        ("waveNumber enemies", "waveNumber", "wave_number number"),
    ],
)  # fmt: skip
def test_the_nearest_field_is_found(known: str, meant: str, given: str) -> None:
    for name in given.split():
        assert find_nearest(name, known.split()) == meant, name


def test_a_known_name_is_its_own_nearest() -> None:
    for name in (*PARAMETERS, *LOBBIES):
        assert find_nearest(name, (*PARAMETERS, *LOBBIES)) == name


def test_without_a_nearest_name_all_are_listed() -> None:
    assert describe_unknown("parameter", "x", LOBBIES) == (
        "There is no parameter “x” here, only “map”, “free_seats”, “page_size”, “cursor”."
    )
    assert describe_unknown("parameter", "x", ()) == "There is no parameter “x” here, and no other."
    assert describe_unknown("parameter", "limit", LOBBIES).endswith("did you mean “page_size”?")


# ---- Every route --------------------------------------------------------------------------------


def operations() -> dict[tuple[str, str], Any]:
    document: Any = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def fill(path: str) -> str:
    """Returns a path with ids of nothing. The parameters are checked first."""
    for part in ("map_id", "collection_id", "tribe_id", "session_id"):
        path = path.replace(f"{{{part}}}", "00000000-0000-0000-0000-000000000001")
    return path.replace("{username}", "Author")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["min_rating", "page", "limit", "utm_source", "format", "x[]", "é"]
)
def test_every_route_refuses_unknown_parameters(client: Client, player: User, name: str) -> None:
    token = bearer(player)
    for (method, path), operation in operations().items():
        known = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
        response = getattr(client, method)(fill(path), headers=token, query_params={name: "1"})
        assert response.status_code == 400, (method, path)
        (error,) = response.json()["errors"]
        assert (error["code"], error["attr"]) == ("unknown_parameter", name)
        if near := find_nearest(name, known):
            assert f"did you mean “{near}”?" in error["detail"]


@pytest.mark.django_db
def test_every_route_refuses_repeated_parameters(client: Client, player: User) -> None:
    token = bearer(player)
    checked = 0
    for (method, path), operation in operations().items():
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "query":
                url = f"{fill(path)}?{parameter['name']}=1&{parameter['name']}=1"
                response = getattr(client, method)(url, headers=token)
                assert response.status_code == 400, url
                (error,) = response.json()["errors"]
                assert (error["code"], error["attr"]) == ("invalid", parameter["name"])
                checked += 1
    assert checked > 15


@pytest.mark.django_db
def test_every_body_refuses_unknown_fields_and_names_the_nearest(
    client: Client, player: User
) -> None:
    token = bearer(player)
    document: Any = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    checked = 0
    for (method, path), operation in operations().items():
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        reference = body.get("schema", {}).get("$ref", "").split("/")[-1]
        if reference not in document["components"]["schemas"]:
            continue
        component = document["components"]["schemas"][reference]
        for name in component["properties"]:
            misspelled = f"{name}z"
            sent = example(component, document) | {misspelled: 1}
            response = getattr(client, method)(
                fill(path), json.dumps(sent), "application/json", headers=token
            )
            found = [e for e in response.json().get("errors", ()) if e["attr"] == misspelled]
            assert found, (method, path, response.json())
            assert found[0]["code"] == "unknown_field"
            assert f"did you mean “{name}”?" in found[0]["detail"]
            checked += 1
            durable().flushdb()
            token = bearer(player)
    assert checked > 40


def example(component: Any, document: Any) -> dict[str, Any]:
    """Returns a body with the right types, so that only the unknown field is wrong."""
    values: dict[str, Any] = {
        "boolean": True,
        "integer": 1,
        "number": 0.1,
        "array": [],
        "object": {},
    }
    found = {}
    for name, field in component["properties"].items():
        if field.get("format") == "uuid":
            found[name] = "00000000-0000-0000-0000-000000000001"
        elif name == "code":
            found[name] = "ABCDEF"
        else:
            found[name] = values.get(field.get("type", "object"), PASSWORD)
    return found


@pytest.mark.django_db
def test_the_faults_of_a_map_name_the_nearest_key(client: Client, player: User) -> None:
    body = new_map()
    tile = body["terrain_data"][0]
    tile["terrain_type"] = tile.pop("terrainType")
    response = post(client, "maps/validate", body, bearer(player)["Authorization"].split()[1])
    details = {fault["code"]: fault["detail"] for fault in response.json()["faults"]}
    assert details["unknown_key"] == "This key is unknown: did you mean terrainType?"


def test_messages_of_sockets_name_the_nearest_field() -> None:
    for text, near in (
        ({"type": "ready", "data": {"isReady": True}}, "isReady (did you mean is_ready?)"),
        ({"type": "kick", "data": {"player": "x"}}, "player (did you mean player_id?)"),
        ({"type": "ping", "dta": {}}, "dta (did you mean data?)"),
    ):
        with pytest.raises(InvalidMessage) as raised:
            protocol.parse(json.dumps(text))
        assert near in raised.value.detail


# ---- Pages --------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["utm_source=mail&utm_medium=x", "fbclid=1", "x=1&x=2", "page=2", "limit=5", "_=1"]
)
def test_pages_ignore_unknown_parameters(
    client: Client, signed_in: Client, game_map: Any, query: str
) -> None:
    """Links from emails and other sites have parameters that the site doesn't know."""
    for path in ("/maps/", f"/maps/{game_map.pk}/", "/players/Author/", "/lobbies/", "/privacy/"):
        assert client.get(f"{path}?{query}").status_code == 200, path
    for path in ("/tribes/", "/collections/", "/account/", "/lobbies/new/"):
        assert signed_in.get(f"{path}?{query}").status_code in (200, 302), path
