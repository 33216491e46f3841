"""Names: what looks the same is the same, lists are sorted by name, and the migrations of both."""

import re
import unicodedata
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from maps.collections.actions import create_collection
from maps.models import GameMap, MapCollection
from tests.support.admin_lists import MAPS, TRIBES, USERS
from tests.support.api import bearer
from tests.support.factories import PASSWORD, make_map, make_tribe, make_user
from tests.support.tribe_api import RAVENS
from tribes.models import Tribe

pytestmark = pytest.mark.django_db
LOOK_THE_SAME = [
    ("Äpfel", "A\u0308pfel"), ("Äpfel", "äPFEL"), ("Straße", "STRASSE"), ("Fort", "Ｆｏｒｔ"),
    ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"), ("ガンダム", "ｶﾞﾝﾀﾞﾑ"), ("ﬁre", "Fire"), ("Ёлка", "Е\u0308ЛКА"),
    ("한글한", unicodedata.normalize("NFD", "한글한")), ("İstanbul", "istanbul"), ("m²m", "m2m"),
]  # fmt: skip
UNSORTED = ["zebra", "10 maps", "Östlich", "9 maps", "äpfel", "Zoo", "Apfel", "Łódź", "Lublin"]
IN_ORDER = ["9 maps", "10 maps", "Apfel", "äpfel", "Łódź", "Lublin", "Östlich", "zebra", "Zoo"]


def post(user: User, path: str, body: Any) -> Any:
    return Client().post(
        f"/api/v1/{path}", body, content_type="application/json", headers=bearer(user)
    )


@pytest.mark.parametrize(("one", "other"), LOOK_THE_SAME)
def test_a_name_that_looks_the_same_is_taken(player: User, one: str, other: str) -> None:
    assert post(player, "collections", {"name": one}).status_code == 201
    taken = post(player, "collections", {"name": other})
    assert (taken.status_code, taken.json()["errors"][0]["code"]) == (409, "name_taken")
    assert post(player, "tribes", RAVENS | {"name": one}).status_code == 201
    taken = post(player, "tribes", RAVENS | {"name": other})
    assert (taken.status_code, taken.json()["errors"][0]["code"]) == (409, "name_taken")


@pytest.mark.parametrize(("one", "other"), [("apfel", "äpfel"), ("lodz", "łódź"), ("мои", "мой")])
def test_a_name_with_other_accents_is_not_taken(player: User, one: str, other: str) -> None:
    for name in (one, other):
        assert post(player, "collections", {"name": name}).status_code == 201


@pytest.mark.parametrize("typed", ["mira", "MIRA", "Ｍｉｒａ", "Mıra"[:1] + "İRA"])
def test_players_sign_in_and_are_found_by_any_form_of_their_name(typed: str) -> None:
    mira = make_user("Mira")
    response = Client().post(
        "/api/v1/auth/login",
        {"username": typed, "password": PASSWORD},
        content_type="application/json",
    )
    assert response.status_code == 200, response.content
    assert User.objects.by_username_or_email(typed).get() == mira
    assert User.objects.by_username_or_email("MIRA@example.com").get() == mira
    assert Client().get(f"/players/{typed}/").status_code in (200, 404)  # the route has ASCII only
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="MIRA", email="other@example.com")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE maps SET name = U&'Cafe\\0301'",
        "UPDATE maps SET description = U&'Cafe\\0301'",
        "UPDATE map_collections SET name = U&'Cafe\\0301'",
        "UPDATE map_collections SET description = U&'Cafe\\0301'",
        "UPDATE tribes SET name = U&'Cafe\\0301'",
    ],
)
def test_the_database_rejects_text_in_another_form(player: User, sql: str) -> None:
    make_map(player)
    make_tribe(player)
    MapCollection.objects.create(user=player, name="Fords")
    with (
        pytest.raises(IntegrityError, match="normal_form"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


# ---- Order --------------------------------------------------------------------------------------


def in_order_of_occurrence(page: str) -> list[str]:
    places = {name: re.search(rf">\s*(?:<bdi>)?\s*{name}\s*<", page) for name in UNSORTED}
    assert all(places.values()), places
    return sorted(UNSORTED, key=lambda name: places[name].start())  # type: ignore[union-attr]


def test_collections_and_tribes_are_sorted_by_name(client: Client, player: User) -> None:
    for name in UNSORTED:
        create_collection(player=player, given={"name": name, "is_public": True})
        make_tribe(player, name)
    headers = bearer(player)
    for path in ("collections", "tribes"):
        found = client.get(f"/api/v1/{path}", headers=headers).json()
        rows = found if isinstance(found, list) else found["results"]
        assert [row["name"] for row in rows] == IN_ORDER
    assert in_order_of_occurrence(client.get("/players/Player1/").content.decode()) == IN_ORDER
    game_map = make_map(player)
    client.force_login(player)
    for address in ("/tribes/", "/collections/", f"/maps/{game_map.pk}/", "/lobbies/new/"):
        page = client.get(address, {"map": str(game_map.pk)} if "new" in address else {})
        assert in_order_of_occurrence(page.content.decode()) == IN_ORDER, address


def test_lists_of_the_admin_are_sorted_by_name(admin_clients: dict[str, Client]) -> None:
    owner = make_user("Owner")
    for name in UNSORTED:
        make_map(owner, name)
        make_tribe(owner, name)
    administrator = admin_clients["administrator"]
    for page, column in ((MAPS, 2), (TRIBES, 1)):
        response = administrator.get(f"{page}?o={column}")
        assert [row.name for row in response.context["cl"].result_list] == IN_ORDER
        response = administrator.get(f"{page}?o=-{column}")
        assert [row.name for row in response.context["cl"].result_list] == IN_ORDER[::-1]
    for name in ("user10", "User9", "user-1"):
        make_user(name)
    rows = administrator.get(f"{USERS}?o=1&q=user").context["cl"].result_list
    assert [row.username for row in rows] == ["user-1", "User9", "user10"]


# ---- Search in the admin ------------------------------------------------------------------------


def test_the_search_of_the_admin_is_that_of_the_browser(
    author: User, admin_clients: dict[str, Client]
) -> None:
    names = ["Łódź", "Do or Do Not", "EpicLoot Hall", "傭兵と小説家", "Hidden Ford"]
    for name in names:
        make_map(author, name, play_count=len(name))
    GameMap.objects.filter(name="Hidden Ford").update(is_public=False)
    moderator = admin_clients["moderator"]

    def found(q: str) -> tuple[set[str], str]:
        response = moderator.get(MAPS, {"q": q})
        rows = response.context["cl"].result_list
        return {row.name for row in rows}, response.content.decode()

    assert found("lodz")[0] == {"Łódź"}
    assert found("epic loot")[0] == {"EpicLoot Hall"}
    assert found("小説")[0] == {"傭兵と小説家"}
    assert found("hidden")[0] == {"Hidden Ford"}
    assert found("author:AUTHOR ford")[0] == {"Hidden Ford"}
    assert found("author")[0] == set(names)
    assert found("plays>12")[0] == {"EpicLoot Hall"}
    rows, page = found("Do or Do Not")
    assert rows == {"Do or Do Not"}
    assert "is common, so it was searched for in names only" in page
    rows, page = found("the ford colour:red")
    assert rows == {"Hidden Ford"}
    assert "“the” was left out: it is too common." in page
    assert "“colour” is unknown" in page
    rows, page = found("ford\u200b")
    assert "which is invisible" in page


# ---- Migrations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "constraints", "model"),
    [
        (
            "tribes.migrations.0003_unique_names",
            ("tribe_name_casefold", "tribe_normal_form", "tribes"),
            Tribe,
        ),
        (
            "maps.migrations.0008_unique_names",
            ("collection_name_casefold", "collection_normal_form", "map_collections"),
            MapCollection,
        ),
    ],
)
def test_names_that_collide_get_numbers(
    player: User, author: User, module: str, constraints: tuple[str, str, str], model: Any
) -> None:
    unique, check, table = constraints
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {unique}")
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
    make: Any = (
        make_tribe
        if model is Tribe
        else lambda u, name: MapCollection.objects.create(user=u, name=name)
    )
    for name in ("Äpfel", "A\u0308pfel", "ÄPFEL 2", "äpfel", "Straße", "STRASSE", "Other"):
        make(player, name)
    make(author, "Äpfel")
    with connection.cursor() as cursor:
        cursor.execute(import_module(module).MAKE_UNIQUE)
    names = sorted(model.objects.filter(user=player).values_list("name", flat=True))
    assert len(names) == 7
    assert len({unicodedata.normalize("NFKC", name).casefold() for name in names}) == 7
    assert all(unicodedata.is_normalized("NFC", name) for name in names)
    assert {"Äpfel", "Straße", "Other", "ÄPFEL 2"} <= set(names)
    assert model.objects.get(user=author).name == "Äpfel"
