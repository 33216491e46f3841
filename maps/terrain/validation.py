"""The one parser and checker of a map's document. Pure of Django.

A document is what a client sends of a map: width, height, terrain_data, spawn_point, goal_point and
wave_config, of any JSON type. Nothing in it raises: whatever is wrong is a fault of the report.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any

import numpy as np

from maps.terrain.grid import HIGHEST, LARGEST, SMALLEST, TERRAINS, Grid, Point, unpack
from maps.terrain.paths import cheapest_path
from maps.terrain.waves import (
    ENEMIES,
    LONGEST_INTERVAL,
    MOST_COUNT,
    MOST_ENEMIES,
    MOST_GROUPS,
    MOST_WAVES,
    SHORTEST_INTERVAL,
)

MOST_FAULTS = 50
LONGEST_KEY = 40  # characters of a client's key that a place repeats
PARTS = "width height terrain_data spawn_point goal_point wave_config".split()

# ---- What can be wrong --------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """The words of a fault, and whether a map with it is merely unfinished.

    A private draft may be unfinished. Any other fault is one of shape: what holds it can't be stored,
    since pages, pictures and games rely on it.
    """

    words: str
    unfinished: bool = False


RULES = {
    "not_an_object": Rule("An object is needed here."),
    "not_a_list": Rule("A list is needed here."),
    "missing_key": Rule("This is missing."),
    "unknown_key": Rule("Nothing of this name belongs here."),
    "invalid_size": Rule(f"A side has {SMALLEST} to {LARGEST} cells, a whole number."),
    "invalid_coordinate": Rule("A coordinate is a whole number."),
    "unknown_terrain": Rule(f"The terrains are {', '.join(TERRAINS)}."),
    "invalid_height": Rule(f"A height is a whole number from 0 to {HIGHEST}."),
    "invalid_blocked": Rule("This is either true or false."),
    "tile_outside": Rule("This tile lies outside of the map."),
    "tile_doubled": Rule("There is a tile at x={x}, y={y} already."),
    "tile_missing": Rule("There is no tile at x={x}, y={y}."),
    "point_outside": Rule("This point lies outside of the map."),
    "point_closed": Rule("This cell is closed: blocked, water or lava.", unfinished=True),
    "points_equal": Rule("Spawn and goal are the same cell.", unfinished=True),
    "no_path": Rule("No way leads from spawn to goal.", unfinished=True),
    "no_waves": Rule("There is no wave yet.", unfinished=True),
    "too_many_waves": Rule(f"A map has {MOST_WAVES} waves at the most."),
    "invalid_wave_number": Rule(f"A wave's number is a whole number from 1 to {MOST_WAVES}."),
    "wave_order": Rule("Waves are numbered 1, 2, 3 …: this is wave {number}.", unfinished=True),
    "no_groups": Rule("This wave has no enemies yet.", unfinished=True),
    "too_many_groups": Rule(f"A wave has {MOST_GROUPS} groups at the most."),
    "too_many_enemies": Rule(f"A wave has {MOST_ENEMIES:,} enemies at the most.", unfinished=True),
    "unknown_enemy": Rule(f"The enemies are {', '.join(ENEMIES)}."),
    "invalid_count": Rule(f"A count is a whole number from 1 to {MOST_COUNT}."),
    "invalid_interval": Rule(
        f"An interval is a number of seconds from {SHORTEST_INTERVAL} to {LONGEST_INTERVAL}."
    ),
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: a key of RULES, where, as `terrain_data[17].height`, and words."""

    code: str
    place: str
    detail: str

    @property
    def unfinished(self) -> bool:
        """Whether a private draft may have it."""
        return RULES[self.code].unfinished


@dataclass(frozen=True, eq=False)
class Report:
    """What a document holds, as far as it can be read, and what is wrong with it.

    `grid`, `spawn` and `goal` are there where their own parts are faultless, `path` where a way leads
    from spawn to goal. At most MOST_FAULTS are told, in the order of the document; those of shape
    are never left out for unfinished ones.
    """

    grid: Grid | None
    spawn: Point | None
    goal: Point | None
    path: list[Point] | None
    faults: tuple[Fault, ...]

    @property
    def is_valid(self) -> bool:
        """Whether the map may be public and played."""
        return not self.faults

    @property
    def is_draft(self) -> bool:
        """Whether the map may be kept: its shape is right, though it may be unfinished."""
        return all(fault.unfinished for fault in self.faults)


class TerrainError(ValueError):
    """A document without a faultless terrain, spawn or goal."""


# ---- The checker --------------------------------------------------------------------------------


def check(document: Any) -> Report:
    """The report on a document."""
    parts = document if type(document) is dict else {}
    if parts is not document:
        return Report(None, None, None, None, (_fault("not_an_object", ""),))
    size, size_faults = _read_size(parts)
    grid, tile_faults = _read_tiles(parts.get("terrain_data"), size)
    spawn, spawn_faults = _read_point(parts, "spawn_point", size)
    goal, goal_faults = _read_point(parts, "goal_point", size)
    path, path_faults = _find_path(grid, spawn, goal)
    waves = _first(_wave_faults(parts.get("wave_config")))
    ends = spawn_faults + goal_faults + path_faults
    faults = _share([size_faults, tile_faults, ends, waves])
    return Report(grid, spawn, goal, path, faults)


def read(document: dict[str, Any]) -> tuple[Grid, Point, Point]:
    """Grid, spawn and goal of a document, without a look at path and waves. Raises TerrainError."""
    size, _ = _read_size(document)
    grid, faults = _read_tiles(document.get("terrain_data"), size)
    spawn, _ = _read_point(document, "spawn_point", size)
    goal, _ = _read_point(document, "goal_point", size)
    if grid is None or spawn is None or goal is None:
        raise TerrainError(faults[0] if faults else "spawn or goal is no point of the map")
    return grid, spawn, goal


def _fault(code: str, place: str, **facts: int) -> Fault:
    return Fault(code, place, RULES[code].words.format(**facts))


def _first(faults: Iterable[Fault]) -> list[Fault]:
    """As many of them as a report can need: all, or up to the MOST_FAULTSth of shape.

    Unfinished ones don't count toward that, or they could hide that a draft is broken; they are few.
    """
    found, of_shape = [], 0
    for fault in faults:
        found.append(fault)
        of_shape += not fault.unfinished
        if of_shape == MOST_FAULTS:
            break
    return found


def _share(parts: list[list[Fault]]) -> tuple[Fault, ...]:
    """At most MOST_FAULTS in the order of the parts, taken by turns: no part crowds others out."""
    ranked = [
        (f.unfinished, rank, n, f) for n, part in enumerate(parts) for rank, f in enumerate(part)
    ]
    chosen = sorted(ranked, key=itemgetter(0, 1, 2))[:MOST_FAULTS]
    return tuple(fault for _, _, _, fault in sorted(chosen, key=itemgetter(2, 1)))


# ---- Values: each check answers the code of what is wrong, or nothing. JSON knows no integers but by
# ---- how they are written, so types are compared exactly: neither 3.0 nor true is a whole number.

Check = Callable[[Any], str]


def _whole(least: int, most: int, code: str) -> Check:
    return lambda value: "" if type(value) is int and least <= value <= most else code


def _number(least: float, most: float, code: str) -> Check:
    return lambda value: "" if type(value) in (int, float) and least <= value <= most else code


def _one_of(names: tuple[str, ...], code: str) -> Check:
    return lambda value: "" if type(value) is str and value in names else code


def _of_type(wanted: type, code: str) -> Check:
    return lambda value: "" if type(value) is wanted else code


_coordinate = _of_type(int, "invalid_coordinate")
_list = _of_type(list, "not_a_list")
_side = _whole(SMALLEST, LARGEST, "invalid_size")
POINT = {"x": _coordinate, "y": _coordinate}
TILE = {
    "x": _coordinate,
    "y": _coordinate,
    "terrainType": _one_of(TERRAINS, "unknown_terrain"),
    "height": _whole(0, HIGHEST, "invalid_height"),
    "isBlocked": _of_type(bool, "invalid_blocked"),
}
TILE_TYPES = [{int}, {int}, {str}, {int}, {bool}]
TERRAIN_NUMBERS = {name: number for number, name in enumerate(TERRAINS)}
NO_TILE = 255
CONFIG = {"waves": _list}
WAVE = {"waveNumber": _whole(1, MOST_WAVES, "invalid_wave_number"), "enemies": _list}
_count = _whole(1, MOST_COUNT, "invalid_count")
GROUP = {
    "type": _one_of(ENEMIES, "unknown_enemy"),
    "count": _count,
    "spawnInterval": _number(SHORTEST_INTERVAL, LONGEST_INTERVAL, "invalid_interval"),
}


def _object_faults(value: Any, fields: dict[str, Check], place: str) -> Iterator[Fault]:
    """What is wrong with an object that should have these keys and no others."""
    if type(value) is not dict:
        yield _fault("not_an_object", place)
        return
    for key, check_value in fields.items():
        if key not in value:
            yield _fault("missing_key", f"{place}.{key}")
        elif code := check_value(value[key]):
            yield _fault(code, f"{place}.{key}")
    for key in value:
        if key not in fields:
            yield _fault("unknown_key", f"{place}.{key:.{LONGEST_KEY}}")


# ---- Terrain ------------------------------------------------------------------------------------


def _read_size(parts: dict[str, Any]) -> tuple[Point | None, list[Fault]]:
    """Width and height, or None and why."""
    width, height = parts.get("width"), parts.get("height")
    sides = {"width": width, "height": height}
    faults = [_fault(code, name) for name, side in sides.items() if (code := _side(side))]
    return (None, faults) if faults else ((width, height), [])  # type: ignore[return-value] # both are whole


def _read_tiles(tiles: Any, size: Point | None) -> tuple[Grid | None, list[Fault]]:
    """The grid, or None and why; a map without a size has none, but its tiles are looked at."""
    if type(tiles) is not list:
        return None, [_fault("not_a_list", "terrain_data")]
    if grid := _read_at_once(tiles, *size) if size else None:
        return grid, []
    return None, _first(_tile_faults(tiles, size))


def _read_at_once(tiles: list[Any], width: int, height: int) -> Grid | None:
    """The grid of faultless tiles, or None. Column by column, in C: a tile at a time is slow."""
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
    bounds = ((x, width), (y, height), (terrain, len(TERRAINS)), (level, HIGHEST + 1))
    if any(((values < 0) | (values >= end)).any() for values, end in bounds):
        return None
    packed = np.full((height, width), NO_TILE, dtype=np.uint8)
    packed[y, x] = terrain * 12 + level * 2 + blocked
    # As many tiles as cells, all of them inside: where one is doubled another is missing.
    return None if (packed == NO_TILE).any() else unpack(packed)


def _tile_faults(tiles: list[Any], size: Point | None) -> Iterator[Fault]:
    """What is wrong with tiles, then which are missing. A slow look, for when something is."""
    width, height = size or (LARGEST, LARGEST)
    seen: set[Point] = set()
    for n, tile in enumerate(tiles):
        place = f"terrain_data[{n}]"
        yield from _object_faults(tile, TILE, place)
        if not (cell := _cell(tile)):
            continue
        x, y = cell
        if not (0 <= x < width and 0 <= y < height):
            yield _fault("tile_outside", place)
        elif cell in seen:
            yield _fault("tile_doubled", place, x=x, y=y)
        seen.add(cell)
    if size:
        cells = ((x, y) for y in range(height) for x in range(width))
        yield from (
            _fault("tile_missing", "terrain_data", x=x, y=y) for x, y in cells if (x, y) not in seen
        )


def _cell(value: Any) -> Point | None:
    """The coordinates that an object names, wherever they lie."""
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
    """The cell of the map that `{x, y}` names, or None and why."""
    value = parts.get(name)
    cell = _cell(value)
    faults = _first(_object_faults(value, POINT, name))
    width, height = size or (LARGEST, LARGEST)
    if cell and not (0 <= cell[0] < width and 0 <= cell[1] < height):
        faults.append(_fault("point_outside", name))
    return (None, faults) if faults else (cell, [])


def _find_path(
    grid: Grid | None, spawn: Point | None, goal: Point | None
) -> tuple[list[Point] | None, list[Fault]]:
    """The way from spawn to goal, or None and why; nothing is said where there is no grid."""
    if grid is None:
        return None, []
    ends = {"spawn_point": spawn, "goal_point": goal}
    faults = [
        _fault("point_closed", name)
        for name, end in ends.items()
        if end and not grid.open[end[1], end[0]]
    ]
    if spawn is None or goal is None:
        return None, faults
    if spawn == goal:
        return None, [*faults, _fault("points_equal", "goal_point")]
    path = None if faults else cheapest_path(grid, spawn, goal)
    if path is None and not faults:
        faults = [_fault("no_path", "goal_point")]
    return path, faults


def _wave_faults(config: Any) -> Iterator[Fault]:
    """What is wrong with the waves, in their order; those above the number allowed are left aside."""
    yield from _object_faults(config, CONFIG, "wave_config")
    waves = config.get("waves") if type(config) is dict else None
    if type(waves) is not list:
        return
    if not waves:
        yield _fault("no_waves", "wave_config.waves")
    if len(waves) > MOST_WAVES:
        yield _fault("too_many_waves", "wave_config.waves")
    for n, wave in enumerate(waves[:MOST_WAVES]):
        yield from _faults_of_wave(wave, n + 1, f"wave_config.waves[{n}]")


def _faults_of_wave(wave: Any, number: int, place: str) -> Iterator[Fault]:
    yield from _object_faults(wave, WAVE, place)
    if type(wave) is not dict:
        return
    given, groups = wave.get("waveNumber"), wave.get("enemies")
    if given != number and not WAVE["waveNumber"](given):
        yield _fault("wave_order", f"{place}.waveNumber", number=number)
    if type(groups) is not list:
        return
    if not groups:
        yield _fault("no_groups", f"{place}.enemies")
    if len(groups) > MOST_GROUPS:
        yield _fault("too_many_groups", f"{place}.enemies")
    for n, group in enumerate(groups[:MOST_GROUPS]):
        yield from _object_faults(group, GROUP, f"{place}.enemies[{n}]")
    counts: list[Any] = [
        group.get("count") for group in groups[:MOST_GROUPS] if type(group) is dict
    ]
    if sum(count for count in counts if not _count(count)) > MOST_ENEMIES:
        yield _fault("too_many_enemies", f"{place}.enemies")
