"""What the page of a map shows beside its picture: terrain, waves, ratings, other maps."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from maps.feedback.actions import rate_map
from maps.feedback.queries import HistogramBar, rating_histogram
from maps.models import GameMap, MapRating
from tests.support.factories import flat_grid, make_map, make_user

pytestmark = pytest.mark.django_db


def page_of(client: Client, game_map: GameMap) -> str:
    response = client.get(game_map.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


# ---- Terrain --------------------------------------------------------------------------------------


def test_the_page_and_the_api_give_the_same_terrain(client: Client, game_map: GameMap) -> None:
    by_page = client.get(f"/maps/{game_map.pk}/terrain.json")
    assert by_page["Content-Type"] == "application/json"
    assert by_page["Cache-Control"] == "no-cache"
    assert by_page.json() == client.get(f"/api/v1/maps/{game_map.pk}/terrain").json()
    assert f"/maps/{game_map.pk}/terrain.json" in page_of(client, game_map)


def test_a_cached_terrain_is_confirmed_without_reading_it(
    client: Client, game_map: GameMap, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = f"/maps/{game_map.pk}/terrain.json"
    etag = client.get(url)["ETag"]
    with django_assert_num_queries(1) as queries:
        again = client.get(url, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again["Cache-Control"] == "no-cache"
    assert "terrain_data" not in queries.captured_queries[0]["sql"]
    grid = flat_grid()
    grid.level[3, 3] = 1
    changed = make_map(game_map.user, "Hill", grid=grid)
    GameMap.objects.filter(pk=game_map.pk).update(
        terrain_data=changed.terrain_data, terrain_hash=changed.terrain_hash
    )
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 200


def test_terrain_without_a_hash_has_no_etag_and_invalid_terrain_is_a_404(
    client: Client, author: User
) -> None:
    unhashed = make_map(author, terrain_hash="")
    response = client.get(f"/maps/{unhashed.pk}/terrain.json")
    assert response.status_code == 200
    assert not response.has_header("ETag")
    broken = make_map(author, terrain_data=[])
    assert client.get(f"/maps/{broken.pk}/terrain.json").status_code == 404


# ---- Waves ----------------------------------------------------------------------------------------


def test_waves_are_shown_as_a_chart_and_as_a_table(client: Client, author: User) -> None:
    groups = [
        {"type": "Tank", "count": 2, "spawnInterval": 1},
        {"type": "Basic", "count": 9, "spawnInterval": 1},
    ]
    waves: dict[str, Any] = {"waves": [{"waveNumber": 1, "enemies": groups}]}
    page = page_of(client, make_map(author, wave_config=waves))
    assert "<title>Wave 1: 11, Basic 9, Tank 2</title>" in page
    assert 'fill="url(#wave-tank)"' in page
    assert "Show as table" in page
    empty = page_of(client, make_map(author, wave_config={"waves": []}))
    assert "<svg" not in empty


# ---- Stars ----------------------------------------------------------------------------------------


def test_the_histogram_counts_ratings_by_stars(
    game_map: GameMap, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert rating_histogram(game_map) == []
    for number, stars in enumerate((5, 5, 3)):
        rate_map(player=make_user(f"Rater{number}"), map_id=game_map.pk, stars=stars)
    with django_assert_num_queries(1):
        rows = rating_histogram(game_map)
    assert rows == [
        HistogramBar(5, 2, 66.7),
        HistogramBar(4, 0, 0.0),
        HistogramBar(3, 1, 33.3),
        HistogramBar(2, 0, 0.0),
        HistogramBar(1, 0, 0.0),
    ]


def test_a_rating_changes_the_histogram(signed_in: Client, player: User, game_map: GameMap) -> None:
    assert "histogram" not in page_of(signed_in, game_map)
    url = f"/maps/{game_map.pk}/rating"
    part = signed_in.post(url, {"stars": 4}, headers={"HX-Request": "true"}).content.decode()
    assert 'aria-label="4 stars: 1 rating"' in part
    assert 'value="100.0"' in part
    assert 'aria-label="4 stars: 1 rating"' in page_of(signed_in, game_map)
    assert MapRating.objects.count() == 1


# ---- Other maps -----------------------------------------------------------------------------------


def test_the_page_shows_other_maps_of_the_author(client: Client, author: User) -> None:
    first = make_map(author, "The First")
    assert "More by" not in page_of(client, first)
    make_map(author, "The Private", is_public=False)
    make_map(author, "The Hidden", hidden_at=timezone.now())
    make_map(make_user("Stranger"), "The Strange")
    for number in range(5):
        make_map(author, f"Number {number}")
    page = page_of(client, first)
    assert "More by <bdi>Author</bdi>" in page
    assert 'href="/players/Author/"' in page
    assert page.index("Number 4") < page.index("Number 3") < page.index("Number 1")
    for name in ("Number 0", "The Private", "The Hidden", "The Strange"):
        assert name not in page
