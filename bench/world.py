"""The maps to measure with."""

import json
import os

import numpy as np
import psycopg

from config import embedded

HUNDRED = "A hundred by a hundred"


def fill(maps: int, players: int) -> None:
    """Invent what is missing. Called where Django is set up."""
    from django.core.management import call_command

    from accounts.models import User
    from maps.browse import terrain_cache
    from maps.models import GameMap
    from maps.terrain import generator, waves

    missing = maps - GameMap.objects.count()
    if missing > 1:
        call_command("seed", maps=missing, players=players)
    if not GameMap.objects.filter(name=HUNDRED).exists():
        rng = np.random.default_rng(100)
        draft = generator.generate(rng, 100, 100)
        points = [{"x": x, "y": y} for x, y in (draft.spawn, draft.goal)]
        GameMap.objects.create(
            user=User.objects.first(),
            name=HUNDRED,
            width=100,
            height=100,
            terrain_data=json.loads(draft.grid.to_json()),
            terrain_hash=draft.grid.content_hash(draft.spawn, draft.goal),
            terrains=draft.grid.terrain_mask,
            spawn_point=points[0],
            goal_point=points[1],
            wave_config=waves.generate(rng, 20),
            is_public=True,
        )
    hundred = GameMap.objects.get(name=HUNDRED)
    # The reference reads the same bytes from a table of its own: no server could have them nearer.
    os.environ.setdefault("PGHOST", str(embedded.socket_folder()))
    body = terrain_cache.read_terrain(hundred.pk, hundred.terrain_hash)
    with connect() as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS bench_terrains (id uuid PRIMARY KEY, body bytea)"
        )
        database.execute(
            "INSERT INTO bench_terrains VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            [hundred.pk, body],
        )


def hundred_of() -> str:
    """The id of the map of 100 × 100 cells."""
    with connect() as database:
        row = database.execute("SELECT id FROM maps WHERE name = %s", [HUNDRED]).fetchone()
    assert row
    return str(row[0])


def connect() -> "psycopg.Connection[tuple[object, ...]]":
    """The database of the embedded server."""
    return psycopg.connect(
        host=str(embedded.socket_folder()), user="tribehold", dbname="tribehold", autocommit=True
    )
