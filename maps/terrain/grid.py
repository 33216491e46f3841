"""A map's terrain as arrays: writing tiles, packing, hashing. Pure of Django.

Tiles are read, and found faulty, in maps/terrain/validation.py.

Arrays are indexed [y, x], y running south and x running east; a point is a pair (x, y).
"""

import functools
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

TERRAINS = ("Grass", "Dirt", "Stone", "Water", "Lava")
GRASS, DIRT, STONE, WATER, LAVA = range(5)
IMPASSABLE = (WATER, LAVA)
HIGHEST = 5
SMALLEST, LARGEST = 20, 100  # cells on a side

Point = tuple[int, int]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a map; three arrays of uint8 and one shape (height, width)."""

    terrain: Bytes  # an index into TERRAINS
    level: Bytes  # 0 to HIGHEST
    blocked: Bytes  # 1 closes a cell whatever its terrain

    @property
    def width(self) -> int:
        """Cells from west to east."""
        return int(self.terrain.shape[1])

    @property
    def height(self) -> int:
        """Cells from north to south."""
        return int(self.terrain.shape[0])

    @functools.cached_property
    def open(self) -> npt.NDArray[np.bool_]:
        """Where enemies may walk and towers may stand."""
        passable: npt.NDArray[np.bool_] = (self.blocked == 0) & ~np.isin(self.terrain, IMPASSABLE)
        return passable

    def packed(self) -> Bytes:
        """Each cell as one byte: terrain · 12 + level · 2 + blocked. Shape (height, width)."""
        return self.terrain * np.uint8(12) + self.level * np.uint8(2) + self.blocked

    @property
    def terrains(self) -> int:
        """Which terrains there are, as a sum of 1 << their index in TERRAINS."""
        return sum(1 << int(kind) for kind in np.unique(self.terrain))

    def content_hash(self, spawn: Point, goal: Point) -> str:
        """64 hexadecimal digits that name this terrain with its two points."""
        facts = [self.width, self.height, *spawn, *goal]
        return hashlib.sha256(bytes(facts) + self.packed().tobytes()).hexdigest()

    def to_json(self) -> str:
        """The tiles as the JSON text that `maps.terrain_data` holds, row by row."""
        starts, ends = _json_parts(self.width, self.height)
        return "[" + ",".join((starts + ends[self.packed().ravel()]).tolist()) + "]"


def compact(grid: Grid, spawn: Point, goal: Point, path: list[Point] | None) -> dict[str, Any]:
    """What clients draw and play from, a fraction of the tiles' size.

    `rows` holds a list for each row, north to south, and in it a number for each cell, west to east, as
    `Grid.packed` makes it. `path` is the way of the enemies as pairs of x and y, or null.
    """
    return {
        "width": grid.width,
        "height": grid.height,
        "terrains": TERRAINS,
        "rows": grid.packed().tolist(),
        "spawn_point": {"x": spawn[0], "y": spawn[1]},
        "goal_point": {"x": goal[0], "y": goal[1]},
        "path": path,
        "hash": grid.content_hash(spawn, goal),
    }


def read_compact(document: dict[str, Any]) -> Grid:
    """The grid of a compact document, without loss."""
    return unpack(np.array(document["rows"], dtype=np.uint8))


def unpack(packed: Bytes) -> Grid:
    """The grid that `Grid.packed` packed."""
    return Grid(packed // np.uint8(12), packed % np.uint8(12) // np.uint8(2), packed % np.uint8(2))


@functools.lru_cache(maxsize=64)
def _json_parts(width: int, height: int) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """The beginning of each cell's JSON, and the 60 ends that it can have: joined, a tile."""
    starts = [f'{{"x":{x},"y":{y},"terrainType":' for y in range(height) for x in range(width)]
    ends = [
        f'"{terrain}","height":{level},"isBlocked":{blocked}}}'
        for terrain in TERRAINS
        for level in range(HIGHEST + 1)
        for blocked in ("false", "true")
    ]
    return np.array(starts, dtype=object), np.array(ends, dtype=object)
