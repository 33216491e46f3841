"""Favourites: pages, API, simultaneous requests, and the marks on cards."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.kernel.errors import DomainError
from config.limits.quotas import QUOTAS
from maps.feedback.actions import add_favourite, remove_favourite
from maps.feedback.queries import Marks, find_marks
from maps.models import GameMap, MapFavourite
from sessions_app.models import GameSession, SessionPlayer
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, make_map, make_tribe, make_user
from tests.support.quotas import set_limit

pytestmark = pytest.mark.django_db


def favourites(client: Client, user: User) -> list[str]:
    response = client.get("/api/v1/maps?favourite=yes", headers=bearer(user))
    return [card["name"] for card in response.json()["results"]]


def test_the_api_adds_and_removes_favourites(
    client: Client, player: User, game_map: GameMap
) -> None:
    url, headers = f"/api/v1/maps/{game_map.pk}/favourite", bearer(player)
    for _ in range(2):
        response = client.put(url, headers=headers)
        assert (response.status_code, response.json()) == (200, {"favourite": True})
    assert favourites(client, player) == ["Quiet Ford"]
    for _ in range(2):
        response = client.delete(url, headers=headers)
        assert (response.status_code, response.json()) == (200, {"favourite": False})
    assert favourites(client, player) == []


def test_invisible_maps_are_a_404(client: Client, player: User, author: User) -> None:
    private = make_map(author, is_public=False)
    for map_id in (private.pk, NOBODY):
        for method in (client.put, client.delete):
            response = method(f"/api/v1/maps/{map_id}/favourite", headers=bearer(player))
            assert response.status_code == 404
    assert MapFavourite.objects.count() == 0


def test_a_map_hidden_later_leaves_the_list_but_stays_a_favourite(
    client: Client, player: User, game_map: GameMap
) -> None:
    add_favourite(player=player, map_id=game_map.pk)
    GameMap.objects.update(hidden_at="2026-01-01T00:00Z")
    assert favourites(client, player) == []
    GameMap.objects.update(hidden_at=None)
    assert favourites(client, player) == ["Quiet Ford"]
    GameMap.objects.update(is_public=False)
    client.force_login(player)
    part = client.post(
        f"/maps/{game_map.pk}/favourite", {"favourite": "no"}, headers={"HX-Request": "true"}
    )
    assert part.status_code == 200
    assert b"Quiet Ford" not in part.content
    assert MapFavourite.objects.count() == 0


def test_own_drafts_can_be_favourites(
    client: Client, player: User, author: User, game_map: GameMap
) -> None:
    draft = make_map(player, "Secret Ford", is_public=False)
    hidden = make_map(player, "Hidden Ford", hidden_at="2026-01-01T00:00Z")
    for one in (game_map, draft, hidden):
        add_favourite(player=player, map_id=one.pk)
    make_map(player, "Unmarked Ford", is_public=False)
    removed = make_map(player, "Removed Ford", is_public=False)
    add_favourite(player=player, map_id=removed.pk)
    GameMap.objects.filter(pk=removed.pk).update(removed_at="2026-01-01T00:00Z")
    MapFavourite.objects.create(user=author, map=draft)  # from when it was public
    assert sorted(favourites(client, player)) == ["Hidden Ford", "Quiet Ford", "Secret Ford"]
    assert favourites(client, author) == []
    for query in ("q=favourite:yes ford", "favourite=yes&sort=random", "q=-favourite:no"):
        names = client.get(f"/api/v1/maps?{query}", headers=bearer(player)).json()["results"]
        assert len(names) == 3, query
    rest = client.get("/api/v1/maps?favourite=no", headers=bearer(player)).json()["results"]
    assert rest == []
    client.force_login(player)
    assert "Secret Ford" in client.get("/maps/?favourite=yes").content.decode()


def test_a_player_has_at_most_a_thousand_favourites(
    client: Client, player: User, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert QUOTAS["favourites"].limit == 1000
    set_limit(monkeypatch, "favourites", 1)
    first, second = make_map(author), make_map(author)
    add_favourite(player=player, map_id=first.pk)
    add_favourite(player=player, map_id=first.pk)
    response = client.put(f"/api/v1/maps/{second.pk}/favourite", headers=bearer(player))
    assert response.status_code == 409
    assert response.json()["errors"][0]["code"] == "quota_reached"
    client.force_login(player)
    url = f"/maps/{second.pk}/favourite"
    assert b"You have used 1 of 1 favourites" in client.post(url, follow=True).content
    assert (
        b"You have used 1 of 1 favourites"
        in client.post(url, headers={"HX-Request": "true"}).content
    )
    remove_favourite(player=player, map_id=first.pk)
    add_favourite(player=player, map_id=second.pk)


@pytest.mark.django_db(transaction=True)
def test_only_one_of_twenty_simultaneous_favourites_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    set_limit(monkeypatch, "favourites", 3)
    player, author = make_user("Clicker"), make_user("Author")
    maps = [make_map(author, f"Map {n}") for n in range(22)]
    for game_map in maps[20:]:
        add_favourite(player=player, map_id=game_map.pk)

    def work(number: int) -> bool:
        try:
            add_favourite(player=player, map_id=maps[number].pk)
        except DomainError:
            return False
        return True

    assert sorted(at_once(20, work)) == [False] * 19 + [True]
    assert MapFavourite.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_twenty_simultaneous_requests_add_one_favourite() -> None:
    player, game_map = make_user("Clicker"), make_map(make_user("Author"))

    def work(_: int) -> None:
        add_favourite(player=player, map_id=game_map.pk)

    assert len(at_once(20, work)) == 20
    assert MapFavourite.objects.count() == 1


# ---- Pages --------------------------------------------------------------------------------------


def test_favourites_work_without_javascript(signed_in: Client, game_map: GameMap) -> None:
    url = f"/maps/{game_map.pk}/favourite"
    assert b'aria-pressed="false"' in signed_in.get("/maps/").content
    response = signed_in.post(url, {"favourite": "yes", "next": "/maps/?q=ford"})
    assert response.headers["Location"] == f"/maps/?q=ford#favourite-{game_map.pk}"
    assert b'aria-pressed="true"' in signed_in.get("/maps/").content
    assert b'aria-pressed="true"' in signed_in.get(f"/maps/{game_map.pk}/").content
    signed_in.post(url, {"favourite": "no"})
    assert MapFavourite.objects.count() == 0


@pytest.mark.parametrize(
    "onward", ["https://elsewhere.example/", "//x.example", "javascript:1", "word", "/logout/", ""]
)
def test_the_form_never_redirects_to_another_site(
    signed_in: Client, game_map: GameMap, onward: str
) -> None:
    response = signed_in.post(f"/maps/{game_map.pk}/favourite", {"next": onward})
    assert response.headers["Location"].startswith(f"/maps/{game_map.pk}/#")


def test_htmx_replaces_the_favourite_button(signed_in: Client, game_map: GameMap) -> None:
    url = f"/maps/{game_map.pk}/favourite"
    part = signed_in.post(url, {"next": "/maps/"}, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<form")
    assert 'aria-pressed="true"' in part
    assert 'value="/maps/"' in part


def test_visitors_see_no_favourite_button(client: Client, game_map: GameMap) -> None:
    for url in ("/maps/", game_map.get_absolute_url(), "/players/Author/"):
        page = client.get(url).content.decode()
        assert "csrf" not in page
        assert 'class="favourite' not in page
    assert "Sign in</a> to add it" in client.get(game_map.get_absolute_url()).content.decode()
    response: Any = client.post(f"/maps/{game_map.pk}/favourite", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"].startswith("/login/?next=%2Fmaps%2F")


def test_cards_show_favourites_and_played_maps(
    player: User, author: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    stored, played, open_now = (make_map(author, f"Map {n}") for n in range(3))
    add_favourite(player=player, map_id=stored.pk)
    tribe = make_tribe(player)
    for game_map, status in ((played, "Completed"), (open_now, "Lobby")):
        game = GameSession.objects.create(map=game_map, status=status)
        SessionPlayer.objects.create(session=game, user=player, tribe=tribe)
    ids = [str(game_map.pk) for game_map in (stored, played, open_now)]
    with django_assert_num_queries(1):
        found = find_marks(str(player.pk), ids)
    assert [found[one] for one in ids] == [Marks(True, False), Marks(False, True), Marks()]
    assert find_marks(None, ids) == {}
    assert find_marks(str(player.pk), []) == {}
