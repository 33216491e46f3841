"""Ratings: pages, API, simultaneous requests. The mean is always exact."""

import re
import threading
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from maps.feedback import queries
from maps.feedback.actions import rate_map
from maps.models import GameMap, MapRating
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, make_map, make_user

pytestmark = pytest.mark.django_db


def mean_of(game_map: GameMap) -> tuple[Any, ...]:
    game_map.refresh_from_db()
    return game_map.rating, game_map.rating_count, game_map.rating_sum


def put(client: Client, user: User | None, game_map: GameMap, body: Any) -> Any:
    url = f"/api/v1/maps/{game_map.pk}/rating"
    headers = bearer(user) if user else {}
    return client.put(url, body, content_type="application/json", headers=headers)


def test_the_api_rates_changes_and_removes(client: Client, player: User, game_map: GameMap) -> None:
    response = put(client, player, game_map, {"stars": 4})
    assert response.status_code == 200
    assert response.json() == {"rating": 4.0, "rating_count": 1}
    assert put(client, player, game_map, {"stars": 2}).json() == {"rating": 2.0, "rating_count": 1}
    assert put(client, player, game_map, {"stars": 2}).json() == {"rating": 2.0, "rating_count": 1}
    gone = client.delete(f"/api/v1/maps/{game_map.pk}/rating", headers=bearer(player))
    assert gone.json() == {"rating": 0.0, "rating_count": 0}
    again = client.delete(f"/api/v1/maps/{game_map.pk}/rating", headers=bearer(player))
    assert again.status_code == 200


WRONG = [0, 6, -1, 2.5, 4.0, "x", "4", "", None, True, [4], {"n": 4}, 10**30, "\0"]


@pytest.mark.parametrize("stars", WRONG)
def test_the_api_refuses_wrong_stars(
    client: Client, player: User, game_map: GameMap, stars: Any
) -> None:
    response = put(client, player, game_map, {"stars": stars})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "stars" or stars == "\0"
    assert mean_of(game_map) == (0, 0, 0)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "4", "null", "{", '{"stars": NaN}', '{"stars": 1e999}', '{"stars": 4, "stars": 5}',
     "[" * 5000, '{"stars": "\\ud800"}', b"\xff", "{}"],
)  # fmt: skip
def test_bodies_that_are_no_rating_are_refused(
    client: Client, player: User, game_map: GameMap, body: Any
) -> None:
    response = put(client, player, game_map, body)
    assert response.status_code == 400
    assert response.json()["type"] in ("validation_error", "client_error")


@pytest.mark.parametrize("stars", ["0", "6", "2.5", "x", "", "\0", "9" * 50])
def test_the_page_refuses_wrong_stars(signed_in: Client, game_map: GameMap, stars: str) -> None:
    url = f"/maps/{game_map.pk}/rating"
    response = signed_in.post(url, {"stars": stars}, follow=True)
    assert response.status_code == 200
    assert b"Give one to five stars" in response.content
    assert mean_of(game_map) == (0, 0, 0)


def test_ratings_work_without_javascript(signed_in: Client, game_map: GameMap) -> None:
    response = signed_in.post(f"/maps/{game_map.pk}/rating", {"stars": "5"}, follow=True)
    assert response.redirect_chain == [(f"/maps/{game_map.pk}/", 302)]
    assert b"5.00 of 5 stars, 1 rating" in response.content
    signed_in.post(f"/maps/{game_map.pk}/rating", {"remove": "1"})
    assert mean_of(game_map) == (0, 0, 0)


def test_htmx_replaces_the_stars(signed_in: Client, game_map: GameMap) -> None:
    url = f"/maps/{game_map.pk}/rating"
    response = signed_in.post(url, {"stars": "4"}, headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert b"4.00 of 5 stars, 1 rating" in response.content
    assert b"Remove my rating" in response.content


def values_of(page: str) -> dict[str, Any]:
    """Returns all values of a map's ratings in a page or a part of it."""
    rows = re.findall(r'aria-label="(\d) stars?: (\d+) ratings?"', page)
    return {
        "byline": re.findall(r'<a href="#rating"><span aria-hidden="true">★ ([\d.]+)</span>', page),
        "means": set(re.findall(r"([\d.]+) of 5 stars", page)),
        "counts": set(re.findall(r"of 5 stars, (\d+) rating", page)),
        "histogram": {int(stars): int(count) for stars, count in rows if count != "0"},
        "own": re.findall(r'value="(\d)"\s+aria-pressed="true"', page),
        "unrated": page.count("not rated yet"),
    }


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
@pytest.mark.parametrize("earlier", [(), (5,), (1, 2, 2), (5, 5, 5, 5, 4, 4, 4)])
def test_all_values_agree_after_a_rating(
    signed_in: Client, game_map: GameMap, earlier: tuple[int, ...], headers: dict[str, str]
) -> None:
    url = f"/maps/{game_map.pk}/rating"
    for n, stars in enumerate(earlier):
        rate_map(player=make_user(f"Rater{n}"), map_id=game_map.pk, stars=stars)
    for own in (3, 1, None):
        given = {"stars": str(own)} if own else {"remove": "1"}
        shown = signed_in.post(url, given, headers=headers, follow=True).content.decode()
        all_stars = [*earlier, *([own] if own else [])]
        mean = f"{mean_of(game_map)[0]:.2f}"
        assert values_of(shown) == {
            "byline": [mean] if all_stars else [],
            "means": {mean} if all_stars else set(),
            "counts": {str(len(all_stars))} if all_stars else set(),
            "histogram": dict(Counter(all_stars)),
            "own": [str(own)] if own else [],
            "unrated": 0 if all_stars else 1,
        }
        # The card of the map has the same values.
        card = signed_in.get("/maps/").content.decode()
        assert (f"{mean} of 5 stars, {len(all_stars)} rating" in card) == bool(all_stars)


def test_values_agree_although_another_player_rates_meanwhile(
    signed_in: Client, game_map: GameMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate_map(player=make_user("First"), map_id=game_map.pk, stars=5)
    original, second = queries.rating_histogram, make_user("Second")

    def rate_before(rated: GameMap) -> Any:
        rate_map(player=second, map_id=rated.pk, stars=1)
        return original(rated)

    monkeypatch.setattr(queries, "rating_histogram", rate_before)
    shown = values_of(signed_in.get(game_map.get_absolute_url()).content.decode())
    assert shown["means"] == {"3.00"}
    assert shown["byline"] == ["3.00"]
    assert shown["counts"] == {"2"}
    assert shown["histogram"] == {1: 1, 5: 1}


def test_authors_and_visitors_may_not_rate(
    client: Client, author: User, player: User, game_map: GameMap
) -> None:
    nobody = put(client, None, game_map, {"stars": 5})
    assert nobody.status_code == 401
    assert nobody["WWW-Authenticate"].startswith("Bearer")
    own = put(client, author, game_map, {"stars": 5})
    assert (own.status_code, own.json()["errors"][0]["code"]) == (403, "own_map")
    client.force_login(author)
    assert (
        b"rate your own map"
        in client.post(f"/maps/{game_map.pk}/rating", {"stars": "5"}, follow=True).content
    )
    assert MapRating.objects.count() == 0


def test_invisible_maps_are_a_404(
    client: Client, player: User, moderator: User, author: User
) -> None:
    private = make_map(author, is_public=False)
    hidden = make_map(author, hidden_at="2026-01-01T00:00Z")
    for game_map in (private, hidden, GameMap(pk=NOBODY)):
        assert put(client, player, game_map, {"stars": 5}).status_code == 404
    assert put(client, moderator, hidden, {"stars": 5}).status_code == 409
    client.force_login(player)
    assert client.post(f"/maps/{hidden.pk}/rating", {"stars": "5"}).status_code == 404
    assert MapRating.objects.count() == 0


def test_signed_out_players_are_sent_to_the_sign_in_page(client: Client, game_map: GameMap) -> None:
    """The sign-in leads back to the map, with htmx and without."""
    url, sign_in = f"/maps/{game_map.pk}/rating", f"/login/?next=/maps/{game_map.pk}/"
    assert client.post(url, {"stars": "5"}).headers["Location"] == sign_in.replace(
        "=/", "=%2F"
    ).replace("maps/", "maps%2F").replace(f"{game_map.pk}/", f"{game_map.pk}%2F")
    part = client.post(url, {"stars": "5"}, headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"].startswith("/login/?next=%2Fmaps%2F")


def test_the_mean_is_rounded_from_the_exact_sum(game_map: GameMap) -> None:
    for n, stars in enumerate((5, 4, 4)):
        rate_map(player=make_user(f"Rater{n}"), map_id=game_map.pk, stars=stars)
    assert mean_of(game_map) == (Decimal("4.33"), 3, 13)


def test_the_mean_follows_every_kind_of_sql(author: User, game_map: GameMap) -> None:
    other = make_map(author)
    for n in range(4):
        rate_map(player=make_user(f"Rater{n}"), map_id=game_map.pk, stars=n + 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE map_ratings SET stars = 5")
        assert mean_of(game_map) == (5, 4, 20)
        cursor.execute("UPDATE map_ratings SET map_id = %s WHERE stars = 5", [other.pk])
        assert (mean_of(game_map), mean_of(other)) == ((0, 0, 0), (5, 4, 20))
        cursor.execute("DELETE FROM map_ratings")
        assert mean_of(other) == (0, 0, 0)


def rate_at_once(game_map: GameMap, players: list[User], threads: int) -> None:
    """Lets all players rate from `threads` threads that start at the same moment."""

    def work(number: int) -> None:
        for n, player in enumerate(players[number::threads]):
            rate_map(player=player, map_id=game_map.pk, stars=n % 5 + 1)

    assert len(at_once(threads, work)) == threads


@pytest.mark.django_db(transaction=True)
def test_the_mean_is_exact_after_two_hundred_simultaneous_ratings() -> None:
    game_map = make_map(make_user("Author"))
    User.objects.bulk_create(
        User(username=f"Crowd{n}", email=f"crowd{n}@example.com", password="!") for n in range(200)
    )
    players = list(User.objects.filter(username__startswith="Crowd"))  # with the ids that they got
    rate_at_once(game_map, players, threads=20)
    assert mean_of(game_map) == (Decimal("3.00"), 200, 600)


@pytest.mark.django_db(transaction=True)
def test_twenty_simultaneous_ratings_of_one_player_count_once() -> None:
    """Nineteen requests find the row of another one. None fails, and none counts twice."""
    game_map = make_map(make_user("Author"))
    rate_at_once(game_map, [make_user("Clicker")] * 20, threads=20)
    assert mean_of(game_map) == (Decimal("1.00"), 1, 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_trigger_the_mean_is_wrong() -> None:
    """A mean that Python computes from what it has read is wrong after the same requests."""
    game_map = make_map(make_user("Author"))
    barrier = threading.Barrier(20)

    def rate_naively(_: int) -> None:
        row = GameMap.objects.only("rating_count").get(pk=game_map.pk)
        barrier.wait(10)
        row.rating_count += 1
        row.save(update_fields=["rating_count"])

    at_once(20, rate_naively)
    assert mean_of(game_map)[1] < 20
