"""The maps that benchmarks use."""

import json
import os

import numpy as np
import psycopg

from config import embedded

LARGEST_MAP = "A hundred by a hundred"


def fill(maps: int, players: int) -> None:
    """Creates missing maps and players. Called where Django is set up."""
    from django.core.management import call_command

    from accounts.models import User
    from maps.browse import terrain_cache
    from maps.models import GameMap
    from maps.terrain import generator, waves

    missing = maps - GameMap.objects.count()
    if missing > 1:
        call_command("seed", maps=missing, players=players)
    if not GameMap.objects.filter(name=LARGEST_MAP).exists():
        rng = np.random.default_rng(100)
        generated = generator.generate(rng, 100, 100)
        points = [{"x": x, "y": y} for x, y in (generated.spawn, generated.goal)]
        GameMap.objects.create(
            user=User.objects.first(),
            name=LARGEST_MAP,
            width=100,
            height=100,
            terrain_data=json.loads(generated.grid.to_json()),
            terrain_hash=generated.grid.content_hash(generated.spawn, generated.goal),
            terrains=generated.grid.terrain_mask,
            spawn_point=points[0],
            goal_point=points[1],
            wave_config=waves.generate(rng, 20),
            is_public=True,
        )
    large_map = GameMap.objects.get(name=LARGEST_MAP)
    # The reference server reads the same bytes from a table of its own, which is as fast as possible.
    os.environ.setdefault("PGHOST", str(embedded.socket_folder()))
    body = terrain_cache.read_terrain(large_map.pk, large_map.terrain_hash)
    with connect() as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS bench_terrains (id uuid PRIMARY KEY, body bytea)"
        )
        database.execute(
            "INSERT INTO bench_terrains VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            [large_map.pk, body],
        )


def largest_map_id() -> str:
    """Returns the id of the map of 100 × 100 cells."""
    with connect() as database:
        row = database.execute("SELECT id FROM maps WHERE name = %s", [LARGEST_MAP]).fetchone()
    assert row
    return str(row[0])


def connect() -> "psycopg.Connection[tuple[object, ...]]":
    """Connects to the database of the embedded server."""
    return psycopg.connect(
        host=str(embedded.socket_folder()), user="tribehold", dbname="tribehold", autocommit=True
    )
