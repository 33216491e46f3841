"""The terrain of a map as arrays: writing tiles, packing, hashing. Does not use Django.

Tiles are read and validated in maps/terrain/validation.py.

Arrays are indexed [y, x]: y increases to the south, x to the east. A point is a pair (x, y).
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
MAX_TILE_HEIGHT = 5
MIN_SIDE, MAX_SIDE = 20, 100  # cells on a side

Point = tuple[int, int]
ByteArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Grid:
    """The cells of a map: three arrays of uint8 with the shape (height, width)."""

    terrain: ByteArray  # an index into TERRAINS
    level: ByteArray  # 0 to MAX_TILE_HEIGHT
    blocked: ByteArray  # 1 if there is an obstacle on the cell

    @property
    def width(self) -> int:
        """Cells from west to east."""
        return int(self.terrain.shape[1])

    @property
    def height(self) -> int:
        """Cells from north to south."""
        return int(self.terrain.shape[0])

    @functools.cached_property
    def passable(self) -> npt.NDArray[np.bool_]:
        """Which cells enemies may enter and towers may stand on."""
        passable: npt.NDArray[np.bool_] = (self.blocked == 0) & ~np.isin(self.terrain, IMPASSABLE)
        return passable

    def pack(self) -> ByteArray:
        """Returns each cell as one byte: terrain · 12 + level · 2 + blocked. Shape (height, width)."""
        return self.terrain * np.uint8(12) + self.level * np.uint8(2) + self.blocked

    @property
    def terrain_mask(self) -> int:
        """The sum of `1 << index in TERRAINS` of the terrains that the map has."""
        return sum(1 << int(kind) for kind in np.unique(self.terrain))

    def content_hash(self, spawn: Point, goal: Point) -> str:
        """Returns the SHA-256 of the terrain and its two points, as 64 hexadecimal digits."""
        header = [self.width, self.height, *spawn, *goal]
        return hashlib.sha256(bytes(header) + self.pack().tobytes()).hexdigest()

    def to_json(self) -> str:
        """Returns the tiles as JSON for the column `maps.terrain_data`, row by row."""
        starts, ends = _tile_json_parts(self.width, self.height)
        return "[" + ",".join((starts + ends[self.pack().ravel()]).tolist()) + "]"


def to_compact_document(
    grid: Grid, spawn: Point, goal: Point, path: list[Point] | None
) -> dict[str, Any]:
    """Returns the compact terrain, in a fraction of the tiles' size.

    `rows` has a list for each row, from north to south, with a number of `Grid.pack` for each cell, from west
    to east. `path` is the path of the enemies as pairs of x and y, or null.
    """
    return {
        "width": grid.width,
        "height": grid.height,
        "terrains": TERRAINS,
        "rows": grid.pack().tolist(),
        "spawn_point": {"x": spawn[0], "y": spawn[1]},
        "goal_point": {"x": goal[0], "y": goal[1]},
        "path": path,
        "hash": grid.content_hash(spawn, goal),
    }


def unpack_grid(packed: ByteArray) -> Grid:
    """Returns the grid of the bytes from `Grid.pack`."""
    return Grid(packed // np.uint8(12), packed % np.uint8(12) // np.uint8(2), packed % np.uint8(2))


@functools.lru_cache(maxsize=64)
def _tile_json_parts(
    width: int, height: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Returns the start of each cell's JSON, and the 60 possible ends. Joined, they make a tile."""
    starts = [f'{{"x":{x},"y":{y},"terrainType":' for y in range(height) for x in range(width)]
    ends = [
        f'"{terrain}","height":{level},"isBlocked":{blocked}}}'
        for terrain in TERRAINS
        for level in range(MAX_TILE_HEIGHT + 1)
        for blocked in ("false", "true")
    ]
    return np.array(starts, dtype=object), np.array(ends, dtype=object)
