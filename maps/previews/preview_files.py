"""The pictures of maps as files: made once for each content and drawing, kept under their names.

One thread draws (config.ops.worker). Those of a map that is made, changed or published are drawn right
after it, so that browsing costs a file.
"""

from functools import partial
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from config.ops.worker import PATIENCE, Job, Work, Worker
from config.storage.files import file_store
from maps.drawing.pictures import FORMATS, render
from maps.models import GameMap
from maps.terrain.grid import Grid, Point
from maps.terrain.paths import find_cheapest_path
from maps.terrain.validation import DOCUMENT_KEYS, parse_terrain

FOLDER = "pictures"
FORESEEN = ("card", "page")  # the third is for previews of links, which few maps need
worker = Worker()


def picture(
    game_map: GameMap, size: str, patience: float = PATIENCE, made: Job | None = None
) -> bytes:
    """The picture of a map in one of `pictures.SIZES`; drawn and kept when it is new.

    `made` is a job that was waited for before. Raises TerrainError, and NotYet where drawing takes
    longer than `patience`, in seconds.
    """
    if body := file_store.read(name_of(game_map, size)):
        return body
    return worker.ask(*_job(game_map, size), patience, made)


def foresee(game_map: GameMap) -> None:
    """Have the pictures of a map drawn that is being saved, once its transaction is over."""
    if worker.foresees:
        for size in FORESEEN:
            transaction.on_commit(partial(worker.foresee, *_job(game_map, size)))


def draw_missing(map_id: UUID) -> tuple[int, int]:
    """Draw and keep what is foreseen of a map and not there: how many pictures were drawn, and kept.

    Raises TerrainError, GameMap.DoesNotExist, and what the storage raises when it can't be asked.
    """
    game_map = GameMap.objects.defer("terrain_data", "wave_config", "search").get(pk=map_id)

    def is_missing(size: str) -> bool:
        return not default_storage.exists(name_of(game_map, size))

    missing = [size for size in FORESEEN if is_missing(size)]
    for size in missing:
        _job(game_map, size)[1]()
    return len(missing), len(missing) - sum(map(is_missing, missing))


def name_of(game_map: GameMap, size: str) -> str:
    """The file of a map's picture."""
    return file_name(game_map.picture_content, size)


def file_name(content: str, size: str) -> str:
    """The file of a picture of some content: the hash of what is drawn, and the version of the drawing."""
    return f"{FOLDER}/{content[:2]}/{content}-{size}.{FORMATS[size]}"


def read_map(game_map: GameMap) -> tuple[Grid, Point, Point]:
    """A map's grid, spawn and goal. Raises TerrainError."""
    return parse_terrain(parts_of(game_map))


def parts_of(game_map: Any) -> dict[str, Any]:
    """A map's document, from its row or from that of a played one."""
    return {part: getattr(game_map, part) for part in DOCUMENT_KEYS}


def _job(game_map: GameMap, size: str) -> tuple[str, Work]:
    """What there is to do for a picture, under a key for all who need it. Raises TerrainError."""
    grid, spawn, goal = read_map(game_map)
    name, content = name_of(game_map, size), grid.content_hash(spawn, goal)
    # The author may have changed the map since its row was read, and names are for good.
    is_named = content == game_map.terrain_hash
    return f"{name} {content}", partial(_draw, name if is_named else "", grid, spawn, goal, size)


def _draw(name: str, grid: Grid, spawn: Point, goal: Point, size: str) -> bytes:
    """Draw a picture, and keep it where it has a name, unless it is there meanwhile."""
    if name and (body := file_store.read(name)):
        return body
    path = find_cheapest_path(grid, spawn, goal) or []
    body = render(grid, path, spawn, goal, size)
    if name:
        file_store.save(name, body)
    return body
