"""Factories for the users, maps and other rows of tests."""

import json
import uuid
from importlib import import_module
from typing import Any

import numpy as np
from django.apps import apps
from django.contrib.auth.models import Group

from accounts.models import User
from accounts.models.users import MODERATORS
from config.db.migration_helpers import grant
from maps.models import GameMap
from maps.terrain import waves
from maps.terrain.grid import TERRAINS, Grid, Point
from tribes.models import Tribe

PASSWORD = "a quite long sentence"


def make_user(name: str, **more: Any) -> User:
    user: User = User.objects.create_user(name, f"{name.lower()}@example.com", PASSWORD, **more)
    return user


def make_moderator(name: str = "Moderna") -> User:
    moderator = make_user(name, is_staff=True)
    # Some tests empty all tables, and the group that the migrations made with them.
    for migration in ("accounts.migrations.0004_moderators", "maps.migrations.0007_moderators"):
        grant(apps, MODERATORS, import_module(migration).PERMISSIONS)
    moderator.groups.add(Group.objects.get(name=MODERATORS))
    moderator.refresh_from_db()
    return moderator


def flat_grid(width: int = 20, height: int = 20) -> Grid:
    zeros = np.zeros((height, width), dtype=np.uint8)
    return Grid(zeros, zeros.copy(), zeros.copy())


def drawn_grid(size: int, patch: str) -> Grid:
    """A flat square of grass with a patch of another terrain in its middle."""
    grid = flat_grid(size, size)
    middle = slice(size // 3, size // 2)
    grid.terrain[middle, middle] = TERRAINS.index(patch)
    return grid


def make_map(author: User, name: str = "Quiet Ford", **more: Any) -> GameMap:
    """Creates a flat, public 20 × 20 map by default."""
    grid: Grid = more.pop("grid", None) or flat_grid()
    spawn: Point = (0, 0)
    goal: Point = (grid.width - 1, grid.height - 1)
    facts: dict[str, Any] = {
        "width": grid.width,
        "height": grid.height,
        "terrain_data": tiles(grid),
        "terrain_hash": grid.content_hash(spawn, goal),
        "terrains": grid.terrain_mask,
        "spawn_point": {"x": 0, "y": 0},
        "goal_point": {"x": goal[0], "y": goal[1]},
        "wave_config": waves.generate(np.random.default_rng(1), 3),
        "is_public": True,
    }
    return GameMap.objects.create(user=author, name=name, **(facts | more))


def tiles(grid: Grid) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = json.loads(grid.to_json())
    return documents


def make_tribe(player: User, name: str = "Ravens", **more: Any) -> Tribe:
    """Creates a golden tribe with the Support preset by default."""
    facts: dict[str, Any] = {
        "archetype": "Support",
        "damage_bonus": "0.05",
        "attack_speed_bonus": "0.30",
        "range_bonus": "0.15",
        "color_theme": "#FFD700",
    }
    tribe: Tribe = Tribe.objects.create(user=player, name=name, **(facts | more))
    return tribe


NOBODY = uuid.UUID(int=0)
