"""The only parser and validator of map documents. Does not use Django.

A document has width, height, terrain_data, spawn_point, goal_point and wave_config, each of any JSON type.
No document raises an error: each mistake becomes a fault in the report.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from operator import itemgetter
from typing import Any

import numpy as np

from config.kernel.names import find_nearest
from maps.terrain.faults import MAX_FAULTS, Fault, limit_faults, make_fault, select_faults
from maps.terrain.grid import (
    MAX_SIDE,
    MAX_TILE_HEIGHT,
    MIN_SIDE,
    TERRAINS,
    Grid,
    Point,
    unpack_grid,
)
from maps.terrain.paths import find_cheapest_path
from maps.terrain.waves import (
    ENEMY_TYPES,
    MAX_GROUP_SIZE,
    MAX_GROUPS,
    MAX_SPAWN_INTERVAL,
    MAX_WAVE_ENEMIES,
    MAX_WAVES,
    MIN_SPAWN_INTERVAL,
)

MAX_KEY_LENGTH = 40  # characters of an unknown key in a fault
TEXT_KEYS = ("name", "description")  # of a map, beside its document
DOCUMENT_KEYS = "width height terrain_data spawn_point goal_point wave_config".split()


@dataclass(frozen=True, eq=False)
class ValidationReport:
    """The content of a document, as far as it can be read, and its faults.

    `grid`, `spawn` and `goal` are None if their own parts have a fault, `path` if there is none. At most
    MAX_FAULTS are listed, in the order of the document. Faults of structure take precedence over those that
    drafts may have.
    """

    grid: Grid | None
    spawn: Point | None
    goal: Point | None
    path: list[Point] | None
    faults: tuple[Fault, ...]

    @property
    def is_valid(self) -> bool:
        """Whether the map may be published and played."""
        return not self.faults

    @property
    def is_valid_draft(self) -> bool:
        """Whether the map may be stored: its structure is valid, but it may be unfinished."""
        return all(fault.is_allowed_in_drafts for fault in self.faults)


class TerrainError(ValueError):
    """The terrain, spawn or goal of a document has a fault."""


# ---- Validation ---------------------------------------------------------------------------------


def read_document(game_map: Any) -> dict[str, Any]:
    """Returns the document of a map, from its row or from that of a played one."""
    return {part: getattr(game_map, part) for part in DOCUMENT_KEYS}


def validate_document(document: Any) -> ValidationReport:
    """Returns the report on a document."""
    parts = document if type(document) is dict else {}
    if parts is not document:
        return ValidationReport(None, None, None, None, (make_fault("not_an_object", ""),))
    size, size_faults = _read_size(parts)
    grid, tile_faults = _read_tiles(parts.get("terrain_data"), size)
    spawn, spawn_faults = _read_point(parts, "spawn_point", size)
    goal, goal_faults = _read_point(parts, "goal_point", size)
    path, path_faults = _find_path(grid, spawn, goal)
    waves = limit_faults(_wave_faults(parts.get("wave_config")))
    ends = spawn_faults + goal_faults + path_faults
    faults = select_faults([size_faults, tile_faults, ends, waves])
    return ValidationReport(grid, spawn, goal, path, faults)


def validate_request(document: Any) -> ValidationReport:
    """Returns the report on a document that a client may send, also on fields that no map has."""
    report = validate_document(document)
    if type(document) is not dict:
        return report
    known = [*TEXT_KEYS, *DOCUMENT_KEYS]
    unknown = [_unknown_key(key, known) for key in document if key not in known][:MAX_FAULTS]
    return replace(report, faults=(*report.faults, *unknown)[:MAX_FAULTS])


def parse_terrain(document: dict[str, Any]) -> tuple[Grid, Point, Point]:
    """Returns the grid, spawn and goal of a document, without validating path and waves.

    Raises TerrainError.
    """
    size, _ = _read_size(document)
    grid, faults = _read_tiles(document.get("terrain_data"), size)
    spawn, _ = _read_point(document, "spawn_point", size)
    goal, _ = _read_point(document, "goal_point", size)
    if grid is None or spawn is None or goal is None:
        raise TerrainError(faults[0] if faults else "spawn or goal is not a point of the map")
    return grid, spawn, goal


# ---- Values -------------------------------------------------------------------------------------
# Each check returns the code of a fault, or "". Types are compared exactly: neither 3.0 nor true is a whole
# number.

Check = Callable[[Any], str]


def _integer_check(minimum: int, maximum: int, code: str) -> Check:
    return lambda value: "" if type(value) is int and minimum <= value <= maximum else code


def _number_check(minimum: float, maximum: float, code: str) -> Check:
    return lambda value: "" if type(value) in (int, float) and minimum <= value <= maximum else code


def _choice_check(names: tuple[str, ...], code: str) -> Check:
    return lambda value: "" if type(value) is str and value in names else code


def _type_check(expected: type, code: str) -> Check:
    return lambda value: "" if type(value) is expected else code


_check_coordinate = _type_check(int, "invalid_coordinate")
_check_list = _type_check(list, "not_a_list")
_check_side = _integer_check(MIN_SIDE, MAX_SIDE, "invalid_size")
POINT = {"x": _check_coordinate, "y": _check_coordinate}
TILE = {
    "x": _check_coordinate,
    "y": _check_coordinate,
    "terrainType": _choice_check(TERRAINS, "unknown_terrain"),
    "height": _integer_check(0, MAX_TILE_HEIGHT, "invalid_height"),
    "isBlocked": _type_check(bool, "invalid_blocked"),
}
TILE_TYPES = [{int}, {int}, {str}, {int}, {bool}]
TERRAIN_NUMBERS = {name: number for number, name in enumerate(TERRAINS)}
NO_TILE = 255
WAVE_CONFIG = {"waves": _check_list}
WAVE = {"waveNumber": _integer_check(1, MAX_WAVES, "invalid_wave_number"), "enemies": _check_list}
_check_count = _integer_check(1, MAX_GROUP_SIZE, "invalid_count")
GROUP = {
    "type": _choice_check(ENEMY_TYPES, "unknown_enemy"),
    "count": _check_count,
    "spawnInterval": _number_check(MIN_SPAWN_INTERVAL, MAX_SPAWN_INTERVAL, "invalid_interval"),
}


def _object_faults(value: Any, fields: dict[str, Check], place: str) -> Iterator[Fault]:
    """Yields the faults of a value that should be an object with exactly these keys."""
    if type(value) is not dict:
        yield make_fault("not_an_object", place)
        return
    for key, check_value in fields.items():
        if key not in value:
            yield make_fault("missing_key", f"{place}.{key}")
        elif code := check_value(value[key]):
            yield make_fault(code, f"{place}.{key}")
    for key in value:
        if key not in fields:
            yield _unknown_key(key, list(fields), f"{place}.")


def _unknown_key(key: str, known: list[str], parent: str = "") -> Fault:
    """Returns the fault for a key that is not known, with the nearest known one."""
    near = find_nearest(key, known)
    hint = f": did you mean {near}?" if near else "."
    return make_fault("unknown_key", f"{parent}{key:.{MAX_KEY_LENGTH}}", hint=hint)


# ---- Terrain ------------------------------------------------------------------------------------


def _read_size(parts: dict[str, Any]) -> tuple[Point | None, list[Fault]]:
    """Returns width and height, or None and the faults."""
    width, height = parts.get("width"), parts.get("height")
    sides = {"width": width, "height": height}
    faults = [make_fault(code, name) for name, side in sides.items() if (code := _check_side(side))]
    return (None, faults) if faults else ((width, height), [])  # type: ignore[return-value] # both are whole


def _read_tiles(tiles: Any, size: Point | None) -> tuple[Grid | None, list[Fault]]:
    """Returns the grid, or None and the faults. Without a size there is no grid, but tiles are checked."""
    if type(tiles) is not list:
        return None, [make_fault("not_a_list", "terrain_data")]
    if grid := _read_columns(tiles, *size) if size else None:
        return grid, []
    return None, limit_faults(_tile_faults(tiles, size))


def _read_columns(tiles: list[Any], width: int, height: int) -> Grid | None:
    """Returns the grid of tiles without faults, or None.

    Reads column by column with NumPy, because a Python loop over tiles is slow.
    """
    if len(tiles) != width * height or set(map(type, tiles)) != {dict}:
        return None
    if set(map(len, tiles)) != {len(TILE)}:
        return None
    try:
        columns = [list(map(itemgetter(key), tiles)) for key in TILE]
        if [set(map(type, column)) for column in columns] != TILE_TYPES:
            return None
        columns[2] = list(map(TERRAIN_NUMBERS.get, columns[2], repeat(-1)))
        x, y, terrain, level, blocked = np.array(columns, dtype=np.int64)
    except (KeyError, OverflowError):
        return None
    bounds = ((x, width), (y, height), (terrain, len(TERRAINS)), (level, MAX_TILE_HEIGHT + 1))
    if any(((values < 0) | (values >= end)).any() for values, end in bounds):
        return None
    packed = np.full((height, width), NO_TILE, dtype=np.uint8)
    packed[y, x] = terrain * 12 + level * 2 + blocked
    # There are as many tiles as cells, all inside. So if a tile is doubled, another one is missing.
    return None if (packed == NO_TILE).any() else unpack_grid(packed)


def _tile_faults(tiles: list[Any], size: Point | None) -> Iterator[Fault]:
    """Yields the faults of tiles, then the missing tiles. Slow: only for documents with faults."""
    width, height = size or (MAX_SIDE, MAX_SIDE)
    seen: set[Point] = set()
    for n, tile in enumerate(tiles):
        place = f"terrain_data[{n}]"
        yield from _object_faults(tile, TILE, place)
        if not (cell := _cell(tile)):
            continue
        x, y = cell
        if not (0 <= x < width and 0 <= y < height):
            yield make_fault("tile_outside", place)
        elif cell in seen:
            yield make_fault("tile_doubled", place, x=x, y=y)
        seen.add(cell)
    if size:
        cells = ((x, y) for y in range(height) for x in range(width))
        yield from (
            make_fault("tile_missing", "terrain_data", x=x, y=y)
            for x, y in cells
            if (x, y) not in seen
        )


def _cell(value: Any) -> Point | None:
    """Returns the coordinates of an object, even outside of the map, or None if it has none."""
    if (
        type(value) is not dict
        or type(value.get("x")) is not int
        or type(value.get("y")) is not int
    ):
        return None
    return value["x"], value["y"]


# ---- Points, path, waves ------------------------------------------------------------------------


def _read_point(
    parts: dict[str, Any], name: str, size: Point | None
) -> tuple[Point | None, list[Fault]]:
    """Returns the cell of a point `{x, y}`, or None and the faults."""
    value = parts.get(name)
    cell = _cell(value)
    faults = limit_faults(_object_faults(value, POINT, name))
    width, height = size or (MAX_SIDE, MAX_SIDE)
    if cell and not (0 <= cell[0] < width and 0 <= cell[1] < height):
        faults.append(make_fault("point_outside", name))
    return (None, faults) if faults else (cell, [])


def _find_path(
    grid: Grid | None, spawn: Point | None, goal: Point | None
) -> tuple[list[Point] | None, list[Fault]]:
    """Returns the path from spawn to goal, or None and the faults. Without a grid there are none."""
    if grid is None:
        return None, []
    ends = {"spawn_point": spawn, "goal_point": goal}
    faults = [
        make_fault("point_closed", name)
        for name, end in ends.items()
        if end and not grid.passable[end[1], end[0]]
    ]
    if spawn is None or goal is None:
        return None, faults
    if spawn == goal:
        return None, [*faults, make_fault("points_equal", "goal_point")]
    path = None if faults else find_cheapest_path(grid, spawn, goal)
    if path is None and not faults:
        faults = [make_fault("no_path", "goal_point")]
    return path, faults


def _wave_faults(config: Any) -> Iterator[Fault]:
    """Yields the faults of the waves, in their order. Waves beyond MAX_WAVES are not checked."""
    yield from _object_faults(config, WAVE_CONFIG, "wave_config")
    waves = config.get("waves") if type(config) is dict else None
    if type(waves) is not list:
        return
    if not waves:
        yield make_fault("no_waves", "wave_config.waves")
    if len(waves) > MAX_WAVES:
        yield make_fault("too_many_waves", "wave_config.waves")
    for n, wave in enumerate(waves[:MAX_WAVES]):
        yield from _faults_in_wave(wave, n + 1, f"wave_config.waves[{n}]")


def _faults_in_wave(wave: Any, number: int, place: str) -> Iterator[Fault]:
    yield from _object_faults(wave, WAVE, place)
    if type(wave) is not dict:
        return
    given, groups = wave.get("waveNumber"), wave.get("enemies")
    if given != number and not WAVE["waveNumber"](given):
        yield make_fault("wave_order", f"{place}.waveNumber", number=number)
    if type(groups) is not list:
        return
    if not groups:
        yield make_fault("no_groups", f"{place}.enemies")
    if len(groups) > MAX_GROUPS:
        yield make_fault("too_many_groups", f"{place}.enemies")
    for n, group in enumerate(groups[:MAX_GROUPS]):
        yield from _object_faults(group, GROUP, f"{place}.enemies[{n}]")
    counts: list[Any] = [group.get("count") for group in groups[:MAX_GROUPS] if type(group) is dict]
    if sum(count for count in counts if not _check_count(count)) > MAX_WAVE_ENEMIES:
        yield make_fault("too_many_enemies", f"{place}.enemies")
