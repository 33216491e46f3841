"""The pictures of maps as files: drawn once for each content and drawing version, stored by name.

The task queue draws them (config.ops.tasks), one at a time in each process. Those of a map that is made,
changed or published are drawn right after it, so that browsing costs a file.
"""

import contextlib
import logging
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.tasks import ConfigureTaskOptions
from redis.exceptions import RedisError

from config.kernel.errors import DomainError
from config.ops import results, tasks
from config.redis.clients import CircuitBreaker, disposable
from config.storage.files import file_store
from maps.drawing.pictures import DRAWING_VERSION, FORMATS
from maps.drawing.process import render
from maps.models import GameMap
from maps.terrain.grid import Grid, Point
from maps.terrain.paths import find_cheapest_path
from maps.terrain.validation import DOCUMENT_KEYS, TerrainError, parse_terrain

FOLDER = "pictures"
AHEAD = ("card", "page")  # the third is for previews of links, which few maps need
UNKEPT_SECONDS = 60  # that a picture is in Redis for its requests, if it can't be stored as a file
RETRIES = RetryStrategy(max_attempts=3, exponential_wait=5)
logger = logging.getLogger(__name__)


class NotDrawn(DomainError):
    """A picture is not there yet. `result` ends when it is drawn; none where too many wait before it."""

    def __init__(self, result: results.Result | None = None) -> None:
        words = "The picture is being drawn. Try again in a moment."
        super().__init__("busy", words)
        self.result = result


def picture(game_map: GameMap, size: str) -> bytes:
    """Returns the picture of a map in one of `pictures.SIZES`.

    Raises TerrainError; NotDrawn where it is new, and has it drawn before those that nobody waits for.
    """
    if game_map.terrain_hash and (body := file_store.read(name_of(game_map, size))):
        return body
    grid, spawn, goal = read_map(game_map)
    key = _unkept_key(grid.content_hash(spawn, goal), size)
    with contextlib.suppress(RedisError), CircuitBreaker("disposable"):
        unkept: bytes | None = disposable().get(key)
        if unkept:
            return unkept
    result = results.get_future(_key(game_map.pk, size))
    raise NotDrawn(result if _add_job(tasks.PICTURES, game_map.pk, size) else None)


def draw_in_advance(game_map: GameMap) -> None:
    """Has the pictures of a map drawn that is being saved, once its transaction is over."""
    _add_job(tasks.PICTURES_IN_ADVANCE, game_map.pk, *AHEAD)


@app.task(name="maps.draw", queue=tasks.PICTURES, retry=RETRIES)
def draw(map_id: str, sizes: list[str]) -> None:
    """Draws the missing pictures of a map as it is now. A deleted or incomplete map has no pictures."""
    game_map = (
        GameMap.objects.defer("terrain_data", "wave_config", "search").filter(pk=map_id).first()
    )
    if game_map:
        with contextlib.suppress(TerrainError):
            for size in sizes:
                _draw(game_map, size)
    results.announce(*(_key(UUID(map_id), size) for size in sizes))


def draw_missing(map_id: UUID) -> tuple[int, int]:
    """Draws and keeps what is drawn ahead of a map and not there: how many pictures were drawn, and kept.

    Raises TerrainError, GameMap.DoesNotExist, and what the storage raises when it can't be asked.
    """
    game_map = GameMap.objects.defer("terrain_data", "wave_config", "search").get(pk=map_id)
    missing = [s for s in AHEAD if not default_storage.exists(name_of(game_map, s))]
    return len(missing), sum(_draw(game_map, size) for size in missing)


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


def _add_job(queue: str, map_id: UUID, *sizes: str) -> bool:
    """Adds a job that draws; returns False where too many wait.

    What somebody waits for comes first. A job that was added ahead for the same picture then finds it there.
    No two jobs draw one map at once.
    """
    options: ConfigureTaskOptions = {
        "queue": queue,
        "priority": 10 if queue == tasks.PICTURES else 0,
        "lock": f"draw:{map_id}",
        "queueing_lock": f"{queue}:{map_id}:{','.join(sizes)}",
    }
    return tasks.defer(draw, options, map_id=str(map_id), sizes=list(sizes))


def _draw(game_map: GameMap, size: str) -> bool:
    """Draws a picture unless it is there; returns whether it is a file then. Raises TerrainError.

    Names are for good: a map whose hash is not that of its content has none. Its pictures, and those that no
    file can be made of now, are in Redis for their requests.
    """
    name = name_of(game_map, size)
    if game_map.terrain_hash and file_store.read(name):
        return True
    grid, spawn, goal = read_map(game_map)
    content = grid.content_hash(spawn, goal)
    body = render(grid, find_cheapest_path(grid, spawn, goal) or [], spawn, goal, size)
    if content == game_map.terrain_hash and file_store.save(name, body):
        return True
    try:
        with CircuitBreaker("disposable"):
            disposable().set(_unkept_key(content, size), body, UNKEPT_SECONDS)
    except RedisError:
        logger.info("A picture can not be stored right now")
    return False


def _unkept_key(content: str, size: str) -> str:
    return f"picture:{content}-{DRAWING_VERSION}-{size}"


def _key(map_id: UUID, size: str) -> str:
    """Returns what is announced when a picture is drawn."""
    return f"{map_id}:{size}"
