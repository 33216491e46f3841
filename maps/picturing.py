"""The pictures of maps as files: made once for each content and drawing, kept under their names."""

from typing import Any

from config.single_flight import Locks
from config.storage import kept
from maps.checking import PARTS, read
from maps.models import GameMap
from maps.paths import cheapest_path
from maps.pictures import FORMATS, render
from maps.terrain import Grid, Point

drawing = Locks()


def picture(game_map: GameMap, size: str) -> bytes:
    """The picture of a map in one of `pictures.SIZES`; drawn and kept when it is new.

    Of requests that need the same new one at once, one of this process draws. Two processes may both
    draw: they write the same bytes. Raises TerrainError.
    """
    content = game_map.picture_content
    name = f"pictures/{content[:2]}/{content}-{size}.{FORMATS[size]}"
    if body := kept.read(name):
        return body
    with drawing.alone(name):
        if body := kept.read(name):  # somebody drew it meanwhile
            return body
        grid, spawn, goal = read_map(game_map)
        path = cheapest_path(grid, spawn, goal) or []
        body = render(grid, path, spawn, goal, size)
        # The author may have changed the map since its row was read, and names are for good.
        if grid.content_hash(spawn, goal) == game_map.terrain_hash:
            kept.keep(name, body)
    return body


def read_map(game_map: GameMap) -> tuple[Grid, Point, Point]:
    """A map's grid, spawn and goal. Raises TerrainError."""
    return read(parts_of(game_map))


def parts_of(game_map: Any) -> dict[str, Any]:
    """A map's document, from its row or from that of a played one."""
    return {part: getattr(game_map, part) for part in PARTS}
