"""What follows a change of a map: its version, and notifications for caches."""

import json
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.models import User
from maps.feedback.actions import rate_map
from maps.models import GameMap
from tests.support.database import received_notifications
from tests.support.factories import NOBODY, make_map, make_tribe, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def game_map(transactional_db: None) -> GameMap:
    return make_map(make_user("Author"))


def version_of(game_map: GameMap) -> int:
    version: int = GameMap.objects.values_list("version", flat=True).get(pk=game_map.pk)
    return version


@pytest.mark.parametrize(
    ("change", "raises"),
    [
        ({"name": "Another Name"}, True),
        ({"name": "Quiet Ford"}, False),
        ({"wave_config": {"waves": []}}, True),
        ({"is_public": False}, False),
        ({"play_count": 7}, False),
    ],
)
def test_the_version_counts_what_the_author_made(
    game_map: GameMap, change: dict[str, Any], raises: bool
) -> None:
    GameMap.objects.filter(pk=game_map.pk).update(**change)
    assert version_of(game_map) == 1 + raises


def test_ratings_do_not_raise_the_version(game_map: GameMap) -> None:
    rate_map(player=make_user("Rater"), map_id=game_map.pk, stars=4)
    assert version_of(game_map) == 1


def test_each_way_of_changing_maps_sends_a_notification(
    game_map: GameMap, listener: "psycopg.Connection[Any]"
) -> None:
    own = str(game_map.pk)
    rate_map(player=make_user("Rater"), map_id=game_map.pk, stars=4)
    assert received_notifications(listener) == [own]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE maps SET is_public = false")
    assert received_notifications(listener) == [own]
    GameMap.objects.filter(pk=NOBODY).update(name="Nothing")
    assert received_notifications(listener) == []
    User.objects.filter(username="Author").update(username="Renamed")
    assert received_notifications(listener) == [""]
    many = [
        GameMap(
            user=game_map.user, name=f"Map {n}", width=20, height=20, terrain_data=[],
            spawn_point={}, goal_point={}, wave_config=json.loads("{}"),
        )
        for n in range(150)
    ]  # fmt: skip
    GameMap.objects.bulk_create(many)
    assert received_notifications(listener) == ["*"]  # too many for their names
    GameMap.objects.update(play_count=3)
    assert received_notifications(listener) == ["*"]
    User.objects.filter(username="Renamed").delete()  # Django deletes a hundred at a time
    assert len(set(",".join(received_notifications(listener)).split(","))) == 151


def test_terrains_have_their_own_notifications(
    game_map: GameMap, listener: "psycopg.Connection[Any]"
) -> None:
    """Ratings and plays send none. A change of many maps names those that changed."""
    listener.execute("UNLISTEN maps; LISTEN terrains")
    rate_map(player=make_user("Rater"), map_id=game_map.pk, stars=4)
    others = [make_map(game_map.user, f"Map {n}") for n in range(120)]
    GameMap.objects.update(play_count=3, hidden_at=None)
    assert received_notifications(listener) == []
    for change in ("hidden_at = now()", "is_public = false", "spawn_point = '{}'", "width = 21"):
        listener.execute(f"UPDATE maps SET {change} WHERE id = %s", [game_map.pk])
        assert received_notifications(listener) == [str(game_map.pk)]
    last = others[-1].pk
    listener.execute("UPDATE maps SET hidden_at = CASE WHEN id = %s THEN now() END", [last])
    assert set(",".join(received_notifications(listener)).split(",")) == {
        str(game_map.pk),
        str(last),
    }
    GameMap.objects.update(is_public=False)
    assert received_notifications(listener) == ["*"]
    GameMap.objects.filter(pk=last).delete()
    assert received_notifications(listener) == [str(last)]


@pytest.mark.parametrize(
    ("table", "channel"),
    [("maps", "maps"), ("maps", "terrains"), ("tribes", "tribes")],
)
def test_a_new_id_is_announced_with_the_old_one(
    listener: "psycopg.Connection[Any]", table: str, channel: str
) -> None:
    """Otherwise caches would keep the copy under the old id."""
    player = make_user("Movable")
    if table == "maps":
        make_map(player)
    elif table == "tribes":
        make_tribe(player)
    listener.execute(f"UNLISTEN maps; LISTEN {channel}")
    received_notifications(listener)  # of the new map
    ids = [
        str(row[0])
        for change in (
            f"SELECT id FROM {table}",
            f"UPDATE {table} SET id = gen_random_uuid() RETURNING id",
        )
        for row in listener.execute(change)
    ]
    assert sorted(",".join(received_notifications(listener)).split(",")) == sorted(ids)
