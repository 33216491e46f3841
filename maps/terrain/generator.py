"""Random terrain: hills, rivers, lava, plateaus, and a road from spawn to goal. Does not use Django.

Equal random generators give equal maps. Every map has a path from spawn to goal.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tcod.path

from maps.terrain.grid import DIRT, GRASS, LAVA, MAX_TILE_HEIGHT, STONE, WATER, Grid, Point
from maps.terrain.paths import NEIGHBOURS, find_cheapest_path

Field = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GeneratedTerrain:
    """A generated terrain: its style, cells, spawn, goal, and the path between them."""

    style: str
    grid: Grid
    spawn: Point
    goal: Point
    path: list[Point]


def generate(
    rng: np.random.Generator, width: int, height: int, style: str = ""
) -> GeneratedTerrain:
    """Returns a new terrain of `width` × `height` cells. The default style is a random key of STYLES."""
    style = style or list(STYLES)[rng.integers(len(STYLES))]
    while True:
        terrain = np.full((height, width), GRASS)
        hills = _noise(rng, height, width, 9)
        level = np.clip((hills * 4.2 - 1.2).round(), 0, 3).astype(np.int64)
        terrain[_noise(rng, height, width, 6) > 0.72] = DIRT
        STYLES[style](rng, terrain, level)
        spawn, goal = _choose_ends(rng, width, height)
        _lay_road(rng, terrain, level, spawn, goal)
        blocked = (rng.random((height, width)) < 0.03) & (terrain == GRASS)
        cells = (array.astype(np.uint8) for array in (terrain, level, blocked))
        grid = Grid(*cells)
        # The road is almost always a path. If a cliff interrupts it, another terrain is generated.
        path = find_cheapest_path(grid, spawn, goal)
        if path:
            return GeneratedTerrain(style, grid, spawn, goal, path)


# ---- Styles: each changes terrain and level in place --------------------------------------------


def _river(rng: np.random.Generator, terrain: Cells, level: Cells) -> None:
    """Adds one or two winding rivers across the map, with flat banks."""
    height, width = terrain.shape
    for _ in range(1 + (height > 45)):
        x = np.arange(width)
        bend = rng.uniform(0.08, 0.2) * height
        middle = rng.uniform(0.3, 0.7) * height + bend * np.sin(
            x * rng.uniform(0.1, 0.25) + rng.uniform(0, 6)
        )
        distance = np.abs(np.arange(height)[:, None] - middle[None, :])
        broad = rng.uniform(1.0, 2.2)
        terrain[distance <= broad] = WATER
        level[distance <= broad + 1] = 0
    if rng.random() < 0.5:
        terrain[:], level[:] = terrain[::-1], level[::-1]


def _lava(rng: np.random.Generator, terrain: Cells, level: Cells) -> None:
    """Adds pools of lava in fields of stone."""
    height, width = terrain.shape
    heat = _noise(rng, height, width, 7)
    terrain[heat > 0.55] = STONE
    pools = heat > 0.74
    terrain[pools] = LAVA
    level[pools] = 0


def _plateau(rng: np.random.Generator, terrain: Cells, level: Cells) -> None:
    """Adds plateaus with steep sides."""
    height, width = terrain.shape
    rise = _noise(rng, height, width, 8)
    top = rise > 0.58
    level[top] = np.minimum(level[top] + 2, MAX_TILE_HEIGHT)
    terrain[(rise > 0.5) & ~top] = STONE


def _lakes(rng: np.random.Generator, terrain: Cells, level: Cells) -> None:
    """Fills low ground with water."""
    height, width = terrain.shape
    depth = _noise(rng, height, width, 8)
    terrain[depth < 0.27] = WATER
    level[depth < 0.33] = 0


def _crossroads(rng: np.random.Generator, terrain: Cells, level: Cells) -> None:
    """Flattens the map and adds straight dirt roads."""
    np.minimum(level, 1, out=level)
    height, width = terrain.shape
    for y in rng.integers(3, height - 3, size=1 + height // 25):
        terrain[y, :] = DIRT
    for x in rng.integers(3, width - 3, size=1 + width // 25):
        terrain[:, x] = DIRT


STYLES: dict[str, Callable[[np.random.Generator, Cells, Cells], None]] = {
    "river": _river,
    "lava": _lava,
    "plateau": _plateau,
    "lakes": _lakes,
    "crossroads": _crossroads,
}


# ---- Parts --------------------------------------------------------------------------------------


def _noise(rng: np.random.Generator, height: int, width: int, grain: int) -> Field:
    """Returns smooth noise of 0 to 1: random values on a coarse lattice, interpolated (value noise)."""
    lattice = rng.random((height // grain + 2, width // grain + 2))
    y, x = np.arange(height) / grain, np.arange(width) / grain
    row, column = y.astype(int), x.astype(int)
    down, right = _ease(y - row)[:, None], _ease(x - column)[None, :]
    upper = lattice[row][:, column] * (1 - right) + lattice[row][:, column + 1] * right
    lower = lattice[row + 1][:, column] * (1 - right) + lattice[row + 1][:, column + 1] * right
    blended: Field = upper * (1 - down) + lower * down
    return blended


def _ease(t: Field) -> Field:
    eased: Field = t * t * (3 - 2 * t)
    return eased


def _choose_ends(rng: np.random.Generator, width: int, height: int) -> tuple[Point, Point]:
    """Returns a spawn on one edge of the map, and a goal near the opposite edge, as (x, y)."""
    if rng.random() < 0.5:
        ends = (
            (0, int(rng.integers(2, height - 2))),
            (width - 2, int(rng.integers(2, height - 2))),
        )
    else:
        ends = ((int(rng.integers(2, width - 2)), 0), (int(rng.integers(2, width - 2)), height - 2))
    return ends if rng.random() < 0.5 else ends[::-1]


def _lay_road(
    rng: np.random.Generator, terrain: Cells, level: Cells, spawn: Point, goal: Point
) -> None:
    """Adds a winding dirt road from spawn to goal, with bridges and ramps. Changes both arrays."""
    height, width = terrain.shape
    effort = 2 + (_noise(rng, height, width, 5) * 14).astype(np.int32)
    effort[(terrain == WATER) | (terrain == LAVA)] += 25
    graph = tcod.path.CustomGraph((height, width), order="C")
    for direction in NEIGHBOURS:
        graph.add_edge(direction, 1, cost=effort)
    finder = tcod.path.Pathfinder(graph)
    finder.add_root((spawn[1], spawn[0]))
    cells = finder.path_to((goal[1], goal[0]))
    rows, columns = cells[:, 0], cells[:, 1]
    terrain[rows, columns] = DIRT
    level[rows, columns] = _smooth_ramp(level[rows, columns])


def _smooth_ramp(levels: Cells) -> Cells:
    """Returns the highest levels, at most `levels`, that change by at most one from step to step."""
    steps = np.arange(len(levels))
    forward = np.minimum.accumulate(levels - steps) + steps
    backward = np.minimum.accumulate((levels + steps)[::-1])[::-1] - steps
    return np.minimum(forward, backward)
