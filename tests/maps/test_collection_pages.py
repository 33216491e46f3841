"""The pages of collections: what they show, to whom, and what their buttons do."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from maps.collections.actions import add_map, create_collection
from maps.collections.queries import visible_map_ids
from maps.models import GameMap, MapCollection
from tests.support.factories import NOBODY, make_map, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def maps(author: User) -> list[GameMap]:
    return [make_map(author, f"Map {letter}") for letter in "ABC"]


@pytest.fixture
def fords(player: User, maps: list[GameMap]) -> MapCollection:
    """A private collection with three maps."""
    collection = create_collection(
        player=player, given={"name": "Fords", "description": "Wet <b>feet</b>."}
    )
    for game_map in maps:
        add_map(player=player, collection_id=collection.pk, map_id=game_map.pk)
    return collection


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def map_order(collection: MapCollection) -> str:
    names = dict(GameMap.objects.values_list("pk", "name"))
    return "".join(names[one][-1] for one in visible_map_ids(collection, collection.user))


def press(client: Client, collection: MapCollection, **fields: Any) -> Any:
    return client.post(f"{collection.get_absolute_url()}entries", fields)


def test_a_collection_is_created(signed_in: Client, maps: list[GameMap]) -> None:
    assert "No collections yet" in page(signed_in, "/collections/")
    assert "It starts with “<bdi>Map A</bdi>”" in page(signed_in, f"/collections/?map={maps[0].pk}")
    given = {"name": "Fords", "first_map": str(maps[0].pk)}
    response = signed_in.post("/collections/", given, follow=True)
    assert response.redirect_chain[0][0] == MapCollection.objects.get().get_absolute_url()
    assert "Map A" in response.content.decode()
    assert "1 map · private" in " ".join(page(signed_in, "/collections/").split())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "x" * 61}, "A name has 3 to 60 characters."),
        ({"name": "  "}, "This field is required"),
        ({"name": "fords"}, "already have a collection with this name"),
        ({"name": "a\u202eb c"}, "changes the direction"),
        ({"name": "Fine", "description": "x" * 501}, "A description has up to 500 characters."),
        ({"name": "Fine", "first_map": "x"}, "No collections yet"),
        ({"name": "a\0bc"}, "U+0000, a control character"),
    ],
)
def test_the_form_shows_errors_at_their_fields(
    signed_in: Client, player: User, given: dict[str, str], words: str
) -> None:
    if given["name"] == "fords":
        create_collection(player=player, given={"name": "Fords"})
    response = signed_in.post("/collections/", given)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not MapCollection.objects.exclude(name="Fords").exists()


def test_an_invisible_first_map_creates_no_collection(signed_in: Client, author: User) -> None:
    private = make_map(author, is_public=False)
    assert "It starts" not in page(signed_in, f"/collections/?map={private.pk}")
    assert "It starts" not in page(signed_in, "/collections/?map=%00")
    response = signed_in.post("/collections/", {"name": "Fords", "first_map": str(private.pk)})
    assert response.status_code == 404
    assert MapCollection.objects.count() == 0


def test_name_and_description_are_changed(signed_in: Client, fords: MapCollection) -> None:
    url = fords.get_absolute_url()
    assert "Wet &lt;b&gt;feet&lt;/b&gt;." in page(signed_in, url)
    response = signed_in.post(url, {"name": "Deep Fords", "description": ""}, follow=True)
    assert "Deep Fords" in response.content.decode()
    wrong = signed_in.post(url, {"name": "\u2800\u2800\u2800"})
    assert "a visible character" in wrong.content.decode()
    fords.refresh_from_db()
    assert (fords.name, fords.description, fords.is_public) == ("Deep Fords", "", False)


def test_a_collection_is_made_public_and_private(
    client: Client, signed_in: Client, fords: MapCollection
) -> None:
    url, stranger = fords.get_absolute_url(), Client()
    assert stranger.get(url).status_code == 404
    assert "Fords" not in page(stranger, "/players/Player1/")
    signed_in.post(f"{url}share", {"share": "yes"})
    assert f'value="http://testserver{url}"' in page(signed_in, url)
    shown = page(stranger, url)
    assert shown.count('class="card"') == 3
    for words in ("csrf", "Remove", "Edit"):
        assert words not in shown
    assert "Fords" in page(stranger, "/players/Player1/")
    signed_in.post(f"{url}share", {"share": "no"})
    assert stranger.get(url).status_code == 404


def test_others_may_read_but_not_change(
    client: Client, fords: MapCollection, maps: list[GameMap]
) -> None:
    MapCollection.objects.update(is_public=True)
    client.force_login(make_user("Other"))
    url = fords.get_absolute_url()
    assert "Remove" not in page(client, url)
    assert press(client, fords, act="remove", map=maps[0].pk).status_code == 403
    assert client.post(url, {"name": "Mine now"}).status_code == 403
    assert client.post(f"{url}share", {"share": "no"}).status_code == 403
    refused = client.post(f"{url}delete")
    assert refused.status_code == 403
    assert "Only its owner can change a collection." in refused.content.decode()
    put_in = client.post(f"/maps/{maps[0].pk}/collect", {"collection": fords.pk})
    assert put_in.status_code == 403
    MapCollection.objects.update(is_public=False)
    assert press(client, fords, act="remove", map=maps[0].pk).status_code == 404
    assert client.get(f"{url}delete").status_code == 404


def test_maps_are_moved_without_javascript(
    signed_in: Client, fords: MapCollection, maps: list[GameMap]
) -> None:
    response = press(signed_in, fords, act="down", map=maps[0].pk)
    assert response.headers["Location"] == f"{fords.get_absolute_url()}#entries"
    assert map_order(fords) == "BAC"
    press(signed_in, fords, act="up", map=maps[2].pk)
    assert map_order(fords) == "BCA"


def test_a_removed_map_can_be_added_again(
    signed_in: Client, fords: MapCollection, maps: list[GameMap]
) -> None:
    response = press(signed_in, fords, act="remove", map=maps[1].pk)
    shown = page(signed_in, response.headers["Location"])
    assert "Removed “<bdi>Map B</bdi>”" in shown
    assert 'name="at" value="2"' in " ".join(shown.split())
    press(signed_in, fords, act="put", map=maps[1].pk, at="2")
    assert map_order(fords) == "ABC"
    assert "Removed “" not in page(signed_in, response.headers["Location"])


def test_htmx_replaces_the_list_of_maps(
    signed_in: Client, fords: MapCollection, maps: list[GameMap]
) -> None:
    url = f"{fords.get_absolute_url()}entries"
    part = signed_in.post(url, {"act": "remove", "map": maps[0].pk}, headers=HTMX).content.decode()
    assert part.lstrip().startswith('<section id="entries"')
    assert "Removed “<bdi>Map A</bdi>”" in part
    back = signed_in.post(url, {"act": "put", "map": maps[0].pk, "at": "1"}, headers=HTMX)
    assert "Place 1" in back.content.decode()
    assert map_order(fords) == "ABC"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"act": "up"},
        {"act": "up", "map": "x"},
        {"act": "up", "map": NOBODY},
        {"act": "remove", "map": NOBODY},
        {"act": "put", "map": NOBODY, "at": "-1"},
    ],
)
def test_unknown_buttons_are_refused(
    signed_in: Client, fords: MapCollection, fields: dict[str, Any]
) -> None:
    assert press(signed_in, fords, **fields).status_code == 404
    assert map_order(fords) == "ABC"


@pytest.mark.parametrize(
    "query", ["removed=x&at=y", "removed=%00", f"removed={NOBODY}&at=9", "at=²"]
)
def test_meaningless_parameters_are_ignored(
    signed_in: Client, fords: MapCollection, query: str
) -> None:
    assert "Removed “" not in page(signed_in, f"{fords.get_absolute_url()}?{query}")


def test_hidden_maps_are_shown_to_nobody(
    signed_in: Client, fords: MapCollection, maps: list[GameMap]
) -> None:
    GameMap.objects.filter(pk=maps[0].pk).update(hidden_at=timezone.now())
    GameMap.objects.filter(pk=maps[1].pk).update(is_public=False)
    shown = page(signed_in, f"{fords.get_absolute_url()}?removed={maps[0].pk}&at=1")
    assert "Map A" not in shown
    assert "Map B" not in shown
    assert "1 map" in shown
    assert "1 map ·" in " ".join(page(signed_in, "/collections/").split())


def test_deletion_asks_for_confirmation(signed_in: Client, fords: MapCollection) -> None:
    url = f"{fords.get_absolute_url()}delete"
    assert "Delete “<bdi>Fords</bdi>”?" in page(signed_in, url)
    assert MapCollection.objects.count() == 1
    assert "is deleted" in signed_in.post(url, follow=True).content.decode()
    assert (MapCollection.objects.count(), GameMap.objects.count()) == (0, 3)


def test_a_map_is_added_from_its_page(
    signed_in: Client, player: User, fords: MapCollection, author: User
) -> None:
    fourth = make_map(author, "Map D")
    url, chosen = f"/maps/{fourth.pk}/collect", {"collection": fords.pk}
    assert "Choose a collection" in signed_in.post(url, follow=True).content.decode()
    response = signed_in.post(url, chosen, follow=True)
    assert "Added to the collection" in response.content.decode()
    assert map_order(fords) == "ABCD"
    part = signed_in.post(url, chosen, headers=HTMX).content.decode()
    assert part.lstrip().startswith('<div id="add-to-collection"')
    assert "Fords (already added)" in " ".join(part.split())
    assert signed_in.post(f"/maps/{NOBODY}/collect", chosen).status_code == 404


def test_signed_out_players_are_sent_to_the_sign_in_page(
    client: Client, fords: MapCollection
) -> None:
    url = fords.get_absolute_url()
    for address in (url, f"{url}share", f"{url}entries", f"{url}delete", "/collections/"):
        assert client.post(address).headers["Location"].startswith("/login/?next=%2Fcollections")
    part = client.post(f"{url}entries", headers=HTMX)
    assert part.headers["HX-Redirect"].startswith("/login/?next=%2Fcollections")
