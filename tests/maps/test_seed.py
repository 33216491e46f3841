"""The generated data: plausible, valid, and equal for equal seeds."""

import datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Max, Min, Sum

from accounts.models import User
from maps.models import GameMap, MapRating
from maps.previews.preview_files import read_map
from maps.terrain.paths import find_cheapest_path
from maps.terrain.validation import DOCUMENT_KEYS, validate_document
from sessions_app.demo import names
from sessions_app.demo.seeder import Plan, Seeder
from sessions_app.models import GameSession, SessionPlayer
from tests.support.factories import make_moderator
from tribes.models import Tribe

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 1)
TABLES = ["users", "maps", "map_ratings", "tribes", "game_sessions", "session_players"]


def populate(maps: int = 40, players: int = 60, terrains: int | None = None, seed: int = 1) -> None:
    plan = Plan(maps, players, maps if terrains is None else terrains, seed, TODAY)
    Seeder(plan, lambda label, rows, total: rows).populate()


def fingerprint() -> list[Any]:
    with connection.cursor() as cursor:
        found = []
        for table in TABLES:
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t")
            found.append(cursor.fetchone())
    return found


def clear() -> None:
    SessionPlayer.objects.all().delete()
    GameSession.objects.all().delete()
    User.objects.all().delete()
    MapRating.objects.all().delete()


def test_equal_seeds_make_equal_rows() -> None:
    populate()
    first = fingerprint()
    clear()
    populate()
    assert fingerprint() == first
    clear()
    populate(seed=2)
    assert all(a != b for a, b in zip(fingerprint(), first, strict=True))


@pytest.mark.parametrize("terrains", [40, 7])
def test_every_map_has_a_path_and_a_hash(terrains: int) -> None:
    populate(terrains=terrains)
    assert GameMap.objects.count() == 40
    assert GameMap.objects.values("terrain_hash").distinct().count() == terrains
    for game_map in GameMap.objects.all():
        grid, spawn, goal = read_map(game_map)
        assert find_cheapest_path(grid, spawn, goal)
        assert game_map.terrain_hash == grid.content_hash(spawn, goal)
        assert 8 <= len(game_map.wave_config["waves"]) <= 25


def test_public_maps_are_valid() -> None:
    populate(maps=60)
    sample = GameMap.objects.published().order_by("lot")[:50]
    assert len(sample) == 50
    for game_map in sample:
        report = validate_document({part: getattr(game_map, part) for part in DOCUMENT_KEYS})
        assert (report.faults, report.is_valid) == ((), True)


def test_the_numbers_are_plausible() -> None:
    populate(maps=300, players=120)
    published = GameMap.objects.published()
    assert 250 < published.count() < 300
    assert not MapRating.objects.filter(user=F("map__user")).exists()
    assert not MapRating.objects.filter(map__is_public=False).exists()
    spread = GameMap.objects.aggregate(Min("width"), Max("width"), Max("rating_count"))
    assert spread["width__min"] < 24
    assert spread["width__max"] > 50
    assert spread["rating_count__max"] > 20
    by_stars = MapRating.objects.values_list("stars").annotate(Count("id")).order_by("stars")
    assert [stars for stars, _ in by_stars] == [1, 2, 3, 4, 5]
    sums = GameMap.objects.aggregate(Sum("rating_count"), Sum("rating_sum"))
    totals = MapRating.objects.aggregate(Count("id"), Sum("stars"))
    assert list(sums.values()) == list(totals.values())
    assert GameMap.objects.filter(created_at__lt=F("user__created_at")).count() == 0
    statuses = set(GameSession.objects.values_list("status", flat=True))
    assert statuses == {"Completed", "Abandoned"}
    assert SessionPlayer.objects.exclude(tribe__user=F("user")).count() == 0
    hosts = GameSession.objects.filter(seats__is_host=True).count()
    assert hosts == GameSession.objects.filter(seats__isnull=False).distinct().count()
    assert Tribe.objects.count() >= 120


def test_more_maps_can_be_added() -> None:
    populate(maps=10, players=20)
    populate(maps=10, players=20)
    assert (GameMap.objects.count(), User.objects.count()) == (20, 40)
    assert GameMap.objects.values("terrain_hash").distinct().count() == 20


def test_more_maps_can_be_added_after_some_players_have_left() -> None:
    populate(maps=5, players=20)
    leaver = User.objects.filter(maps=None).first()
    assert leaver
    leaver.delete()
    populate(maps=5, players=20)
    assert User.objects.count() == 39


def test_a_few_players_without_maps_can_be_made() -> None:
    populate(maps=0, players=3)
    populate(maps=5, players=2, seed=3)
    assert User.objects.count() == 5


def test_usernames_are_unique() -> None:
    given = [names.player_name(number) for number in range(20_000)]
    assert len({name.lower() for name in given}) == 20_000


@pytest.mark.parametrize(
    "options", [{"maps": -1}, {"players": 0}, {"terrains": 0}, {"seed": -1}, {"players": -5}]
)
def test_an_impossible_plan_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(CommandError):
        call_command("seed", **options)


def test_the_command_generates_maps_and_players(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed", maps=5, players=5, today=TODAY)
    said = capsys.readouterr()
    assert "5 maps and 5 players in" in said.out
    assert "maps: 100%" in said.err


@pytest.mark.django_db(transaction=True)
def test_the_demo_fills_an_empty_database_once(settings: Any, tmp_path: Any) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "secrets").mkdir()
    make_moderator().delete()  # leaves the group, which other tests may have deleted
    call_command("demo")
    call_command("demo")
    assert GameMap.objects.count() == 300
    assert User.objects.filter(is_superuser=True).count() == 1
    password = (tmp_path / "secrets" / "demo_password").read_text()
    for name in ("player", "moderator", "admin"):
        assert User.objects.get(username=name).check_password(password)
