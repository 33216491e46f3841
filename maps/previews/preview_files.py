"""The pictures of maps as files: drawn once for each content and drawing version, stored by name.

The task queue draws them (config.ops.task_queue), one at a time in each process. Those of a map that is
created, changed or published are drawn after the commit, so that pages only read files.
"""

import contextlib
import logging
from uuid import UUID

from django.core.files.storage import default_storage
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.tasks import ConfigureTaskOptions
from redis.exceptions import RedisError

from config.kernel.errors import DomainError
from config.ops import results, task_queue
from config.redis.clients import CircuitBreaker, disposable
from config.storage.files import file_store
from maps.drawing.formats import DRAWING_VERSION, FORMATS
from maps.drawing.process import render
from maps.models import GameMap
from maps.terrain.grid import Grid, Point
from maps.terrain.paths import find_cheapest_path
from maps.terrain.validation import TerrainError, parse_terrain, read_document

FOLDER = "pictures"
PREGENERATED_SIZES = ("card", "page")  # the third is for previews of links, which few maps need
FALLBACK_SECONDS = 60  # for which a picture is cached in Redis, if it can't be stored as a file
RETRIES = RetryStrategy(max_attempts=3, exponential_wait=5)
logger = logging.getLogger(__name__)


class NotDrawn(DomainError):
    """A picture is not drawn yet. `result` is complete when it is; None if the queue is full."""

    def __init__(self, result: results.Result | None = None) -> None:
        detail = "The picture is being drawn. Try again in a moment."
        super().__init__("busy", detail)
        self.result = result


def picture(game_map: GameMap, size: str) -> bytes:
    """Returns the picture of a map in one of `pictures.SIZES`.

    Raises TerrainError; NotDrawn for a new picture, after adding a job with high priority that draws it.
    """
    if game_map.terrain_hash and (body := file_store.read(name_of(game_map, size))):
        return body
    grid, spawn, goal = read_map(game_map)
    key = _fallback_key(grid.content_hash(spawn, goal), size)
    with contextlib.suppress(RedisError), CircuitBreaker("disposable"):
        cached: bytes | None = disposable().get(key)
        if cached:
            return cached
    result = results.get_future(_key(game_map.pk, size))
    raise NotDrawn(result if _add_job(task_queue.PICTURES, game_map.pk, size) else None)


def draw_in_advance(game_map: GameMap) -> None:
    """Has the pictures of a map drawn that is being saved, once its transaction is over."""
    _add_job(task_queue.PICTURES_IN_ADVANCE, game_map.pk, *PREGENERATED_SIZES)


@app.task(name="maps.draw", queue=task_queue.PICTURES, retry=RETRIES)
def draw(map_id: str, sizes: list[str]) -> None:
    """Draws the missing pictures of the current content of a map, unless it is deleted or incomplete."""
    game_map = GameMap.objects.for_previews().filter(pk=map_id).first()
    if game_map:
        with contextlib.suppress(TerrainError):
            for size in sizes:
                _draw(game_map, size)
    results.announce(*(_key(UUID(map_id), size) for size in sizes))


def draw_missing(map_id: UUID) -> tuple[int, int]:
    """Draws and stores the missing pictures in PREGENERATED_SIZES. Returns how many were drawn, and stored.

    Raises TerrainError, GameMap.DoesNotExist, and the errors of the storage.
    """
    game_map = GameMap.objects.for_previews().get(pk=map_id)
    missing = [s for s in PREGENERATED_SIZES if not default_storage.exists(name_of(game_map, s))]
    return len(missing), sum(_draw(game_map, size) for size in missing)


def name_of(game_map: GameMap, size: str) -> str:
    """Returns the file name of a map's picture."""
    return file_name(game_map.picture_content, size)


def file_name(content: str, size: str) -> str:
    """Returns the file name of a picture. `content` is the terrain hash and the drawing version."""
    return f"{FOLDER}/{content[:2]}/{content}-{size}.{FORMATS[size]}"


def read_map(game_map: GameMap) -> tuple[Grid, Point, Point]:
    """Returns a map's grid, spawn and goal. Raises TerrainError."""
    return parse_terrain(read_document(game_map))


def _add_job(queue: str, map_id: UUID, *sizes: str) -> bool:
    """Adds a job that draws pictures. Returns False if the queue is full.

    Pictures that a client waits for have priority. A second job for the same picture finds it drawn. Two jobs
    never draw the same map at once.
    """
    options: ConfigureTaskOptions = {
        "queue": queue,
        "priority": 10 if queue == task_queue.PICTURES else 0,
        "lock": f"draw:{map_id}",
        "queueing_lock": f"{queue}:{map_id}:{','.join(sizes)}",
    }
    return task_queue.defer(draw, options, map_id=str(map_id), sizes=list(sizes))


def _draw(game_map: GameMap, size: str) -> bool:
    """Draws a picture unless its file exists. Returns whether it exists afterwards. Raises TerrainError.

    A file never changes, so no file is written for a map whose hash is not that of its content. Its pictures,
    and those that can't be stored as a file, are cached in Redis for the requests that wait.
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
            disposable().set(_fallback_key(content, size), body, FALLBACK_SECONDS)
    except RedisError:
        logger.info("A picture can't be stored or cached")
    return False


def _fallback_key(content: str, size: str) -> str:
    return f"picture:{content}-{DRAWING_VERSION}-{size}"


def _key(map_id: UUID, size: str) -> str:
    """Returns the key of the result that is announced when a picture is drawn."""
    return f"{map_id}:{size}"
