"""The pictures of maps as files: made once for each content, kept under its hash."""

import contextlib
import logging
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from maps.models import GameMap
from maps.paths import cheapest_path
from maps.pictures import render
from maps.terrain import Grid, Point, compact, read_point, read_tiles

logger = logging.getLogger(__name__)


def picture(game_map: GameMap, size: str) -> bytes:
    """The WebP picture of a map in one of `pictures.SIZES`; drawn and kept when it is new.

    Two requests that draw the same one at once write the same bytes.
    """
    content = game_map.terrain_hash
    name = f"pictures/{content[:2]}/{content}-{size}.webp"
    if content:
        with contextlib.suppress(OSError), default_storage.open(name) as file:
            kept: bytes = file.read()
            return kept
    grid, spawn, goal = read_map(game_map)
    drawn = render(grid, cheapest_path(grid, spawn, goal) or [], spawn, goal, size)
    if content:
        try:
            default_storage.save(name, ContentFile(drawn))
        except OSError:  # a full disk costs the keeping, not the picture
            logger.exception("A picture could not be kept: %s", name)
    return drawn


def read_map(game_map: GameMap) -> tuple[Grid, Point, Point]:
    """A map's grid, spawn and goal. Raises TerrainError."""
    grid = read_tiles(game_map.terrain_data, game_map.width, game_map.height)
    spawn, goal = (read_point(grid, p) for p in (game_map.spawn_point, game_map.goal_point))
    return grid, spawn, goal


def compact_terrain(game_map: GameMap) -> dict[str, Any]:
    """A map's compact document with the way of the enemies: what pages and clients draw from.

    Raises TerrainError.
    """
    grid, spawn, goal = read_map(game_map)
    return compact(grid, spawn, goal, cheapest_path(grid, spawn, goal))
