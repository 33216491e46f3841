"""The OpenAPI schema is exact: whoever generates a client from it gets types, bounds and descriptions."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.models import User
from config.api.openapi import COMMON_CODES
from config.http.cross_origin import RESPONSE_HEADERS
from config.redis.clients import durable
from tests.support.api import bearer

pytestmark = pytest.mark.django_db
# What is meant to have any content.
FREE = {"components/schemas/GameState/state", "components/schemas/WriteStateRequest/state"}
NUMBERS = ("integer", "number")


@pytest.fixture(scope="module")
def document(django_db_setup: None, django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        return SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def schemas(document: Any) -> Iterator[tuple[str, Any]]:
    """Yields each schema with its place: of components, parameters, headers and bodies."""
    for name, component in document["components"]["schemas"].items():
        yield from parts(component, f"components/schemas/{name}")
    for path, method, operation in operations(document):
        for name, schema in schemas_of_operation(operation):
            yield from parts(schema, f"{method} {path} {name}")


def parts(schema: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yields a schema and what it consists of."""
    yield place, schema
    found = [*schema.get("properties", {}).items()]
    found += [
        (k, schema[k]) for k in ("items", "additionalProperties") if isinstance(schema.get(k), dict)
    ]
    found += [(key, part) for key in ("allOf", "oneOf", "anyOf") for part in schema.get(key, ())]
    for name, part in found:
        yield from parts(part, f"{place}/{name}")


def schemas_of_operation(operation: Any) -> Iterator[tuple[str, Any]]:
    for parameter in operation.get("parameters", ()):
        yield f"?{parameter['name']}", parameter["schema"]
    for status, response in operation["responses"].items():
        for name, header in response.get("headers", {}).items():
            yield f"{status} {name}", header["schema"]
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        for kind, content in body.get("content", {}).items():
            yield kind, content["schema"]


def test_everything_has_a_description(document: Any) -> None:
    bare = []
    for path, method, operation in operations(document):
        place = f"{method} {path}"
        bare += [place] if not operation.get("description") else []
        for parameter in operation.get("parameters", ()):
            bare += [f"{place} ?{parameter['name']}"] if not parameter.get("description") else []
        for status, response in operation["responses"].items():
            bare += [f"{place} {status}"] if not response.get("description") else []
            for name, header in response["headers"].items():
                bare += [f"{place} {status} {name}"] if not header.get("description") else []
    for name, component in document["components"]["schemas"].items():
        bare += [name] if not component.get("description") else []
        for field, schema in component.get("properties", {}).items():
            bare += [f"{name}.{field}"] if not schema.get("description") else []
    assert bare == []


def test_every_number_has_bounds(document: Any) -> None:
    loose = [
        place
        for place, schema in schemas(document)
        if schema.get("type") in NUMBERS and "enum" not in schema
        and not {"minimum", "maximum"} <= schema.keys()
    ]  # fmt: skip
    assert loose == []
    wrong = [
        place for place, schema in schemas(document) if schema.get("minimum", 0) < 0
    ]  # nothing in the API is negative
    assert wrong == []


def test_every_value_has_a_type(document: Any) -> None:
    """A list has items, an object has properties. Nothing but the state of a game is free."""
    free = []
    for place, schema in schemas(document):
        is_typed = (
            schema.get("type") in ("string", "boolean", *NUMBERS)
            or (schema.get("type") == "array" and schema.get("items"))
            or (schema.get("type") == "object" and "properties" in schema)
            or any(schema.get(key) for key in ("$ref", "allOf", "oneOf", "anyOf", "enum"))
        )
        if not is_typed:
            free.append(place)
    allowed = {*FREE, *(f"{place}/additionalProperties" for place in FREE)}
    allowed |= {f"post /api/v1/maps/validate application/json{end}" for end in ("", "/anyOf")}
    assert {place for place in free if place not in allowed} == set()


COMPARED = ("type", "minimum", "maximum", "enum", "minItems", "maxItems", "format")


def shape(schema: Any, components: Any) -> Any:
    """Returns a schema with its references resolved, without texts and without what only requests have."""
    if reference := schema.get("$ref"):
        return shape(components[reference.split("/")[-1]], components)
    if len(schema.get("allOf", ())) == 1:
        return shape(schema["allOf"][0], components)
    kept = {key: schema[key] for key in COMPARED if key in schema}
    if "items" in schema:
        kept["items"] = shape(schema["items"], components)
    if "properties" in schema:
        kept["properties"] = {k: shape(v, components) for k, v in schema["properties"].items()}
        kept["required"] = sorted(schema["required"])
    return kept


def test_stored_documents_are_typed_as_in_requests(document: Any) -> None:
    components = document["components"]["schemas"]

    def shapes(component: str, names: str) -> dict[str, Any]:
        properties = components[component]["properties"]
        return {name: shape(properties[name], components) for name in names.split()}

    names = "terrain_data spawn_point goal_point wave_config width height"
    assert shapes("NewMapRequest", names) == shapes("FullMap", names)
    tile = shapes("FullMap", "terrain_data")["terrain_data"]["items"]
    assert set(tile["required"]) == {"x", "y", "terrainType", "height", "isBlocked"}
    names = "spawn_point goal_point wave_config"
    assert shapes("PlayedMapDocument", names) == shapes("FullMap", names)
    names = "archetype damage_bonus attack_speed_bonus range_bonus"
    found = [
        shapes(component, names) for component in ("NewTribeRequest", "FullTribe", "LobbyTribe")
    ]
    for each in (bonus for tribe in found for bonus in tribe.values()):
        each.pop("format", None)  # DRF adds the one of floating-point numbers
    assert found[0] == found[1] == found[2]


def test_what_is_always_sent_is_required(document: Any) -> None:
    used = components_of_responses(document)
    assert len(used) > 30
    for name in used:
        component = document["components"]["schemas"][name]
        if "properties" in component:
            assert sorted(component["required"]) == sorted(component["properties"]), name


def components_of_responses(document: Any) -> set[str]:
    """Returns the names of the components of responses, with all that they refer to."""
    found: set[str] = set()

    def add(schema: Any) -> None:
        if isinstance(schema, list):
            for each in schema:
                add(each)
        elif isinstance(schema, dict):
            name = str(schema.get("$ref", "")).split("/")[-1]
            if name and name not in found:
                found.add(name)
                add(document["components"]["schemas"][name])
            for value in schema.values():
                add(value)

    for _, _, operation in operations(document):
        add(operation["responses"])
    return found


def test_components_of_requests_and_responses_are_apart(document: Any) -> None:
    names = components_of_responses(document)
    assert not {name for name in names if name.endswith("Request")}


def test_conditions_are_parameters_exactly_where_they_have_an_effect(document: Any) -> None:
    for path, method, operation in operations(document):
        names = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "header"}
        statuses = set(operation["responses"])
        assert ("If-None-Match" in names) == ("304" in statuses), (method, path)
        assert ("If-Match" in names) == ("412" in statuses), (method, path)
        if "304" in statuses:
            assert method == "get"
            for status in ("200", "304"):
                assert "ETag" in operation["responses"][status]["headers"], (path, status)


def test_every_header_can_be_read_by_pages_of_other_sites(document: Any) -> None:
    exposed = {name.strip() for name in RESPONSE_HEADERS.split(",")}
    named = {
        name
        for _, _, operation in operations(document)
        for response in operation["responses"].values()
        for name in response["headers"]
    }
    assert named <= exposed
    assert exposed - named == {"Allow"}  # of a 405, which no operation has


def test_errors_name_their_codes(document: Any) -> None:
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                assert "`" in response["description"], (method, path, status)
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}


# ---- Statuses that requests really get ----------------------------------------------------------


def fill(path: str) -> str:
    for part in ("map_id", "collection_id", "tribe_id", "session_id"):
        path = path.replace(f"{{{part}}}", "00000000-0000-0000-0000-000000000001")
    return path.replace("{username}", "Nobody-here")


def test_general_errors_are_those_of_the_schema(
    client: Client, player: User, document: Any
) -> None:
    """Each operation responds with these statuses if and only if the schema has them."""
    for path, method, operation in operations(document):
        documented = set(operation["responses"])
        durable().flushdb()
        token = bearer(player)
        send: Any = getattr(client, method)
        url, place = fill(path), (method, path)
        assert send(f"{url}?nonsense=1", headers=token).status_code == 400, place
        refused = send(url, headers=token | {"Accept": "image/png"})
        assert ("406" in documented) == (refused.status_code == 406), place
        wrong_token = send(url, headers={"Authorization": "Bearer x"})
        assert ("401" in documented - {"400"}) >= (wrong_token.status_code == 401), place
        bare = send(url)
        needs_token = {"bearer": []} in operation.get("security", ()) and {} not in operation[
            "security"
        ]
        assert (bare.status_code == 401) <= ("401" in documented), place
        if needs_token:
            assert bare.status_code == 401, place
        if method not in ("get", "delete"):
            typed = send(url, "x", "text/plain", headers=token)
            assert ("415" in documented) == (typed.status_code == 415), place
        if "{" in path and method in ("get", "delete") and "404" in documented:
            assert send(url, headers=token).status_code == 404, place


def test_every_status_of_a_response_is_in_the_schema(
    client: Client, player: User, document: Any
) -> None:
    """Nothing is there: whatever the response is, the schema has its status and its code."""
    for path, method, operation in operations(document):
        durable().flushdb()
        for headers in ({}, bearer(player)):
            response = getattr(client, method)(
                fill(path), **({} if method in ("get", "delete") else {"data": {}}),
                content_type="application/json", headers=headers,
            )  # fmt: skip
            status = str(response.status_code)
            assert status in operation["responses"], (method, path, status)
            if response.status_code in (401, 403, 404, 409):
                code = response.json()["errors"][0]["code"]
                assert f"`{code}`" in operation["responses"][status]["description"], (method, path)


def test_the_common_codes_are_sorted_by_their_status() -> None:
    assert list(COMMON_CODES) == sorted(COMMON_CODES)
