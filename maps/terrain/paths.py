"""The way that enemies take across a map. Pure of Django.

The rules are those of play: four neighbours; Grass and Dirt cost 1 to enter, Stone 2; a step of more
than one level is a cliff; each level climbed costs 1 more. The search is Dijkstra's, by tcod, whose
graphs can cost differently in each direction.
"""

import numpy as np
import numpy.typing as npt
import tcod.path

from maps.terrain.grid import STONE, Grid, Point

NEIGHBOURS = ((0, -1), (0, 1), (-1, 0), (1, 0))  # (dy, dx)
Costs = npt.NDArray[np.int32]


def cheapest_path(grid: Grid, spawn: Point, goal: Point) -> list[Point] | None:
    """The cells from spawn to goal, both included, or None where no way leads there."""
    if not (grid.open[spawn[1], spawn[0]] and grid.open[goal[1], goal[0]]):
        return None
    graph = tcod.path.CustomGraph((grid.height, grid.width), order="C")
    for direction in NEIGHBOURS:
        graph.add_edge(direction, 1, cost=_entry_costs(grid, direction))
    finder = tcod.path.Pathfinder(graph)
    finder.add_root((spawn[1], spawn[0]))
    path = finder.path_to((goal[1], goal[0]))
    if len(path) < 2:  # tcod answers with the goal alone where there is no way
        return None
    return [(int(x), int(y)) for y, x in path]


def _entry_costs(grid: Grid, direction: tuple[int, int]) -> Costs:
    """What entering each cell costs when coming along a direction (dy, dx); 0 where one can't."""
    level = grid.level.astype(np.int32)
    climb = level - _shifted(level, direction)
    costs = np.where(grid.terrain == STONE, 2, 1) + np.maximum(climb, 0)
    return np.where(grid.open & (np.abs(climb) <= 1), costs, 0).astype(np.int32)


def _shifted(array: Costs, direction: tuple[int, int]) -> Costs:
    """For each cell the value of the cell before it; its own at the edge, where nobody comes from."""
    dy, dx = direction
    result = array.copy()
    height, width = array.shape
    result[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = array[
        max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)
    ]
    return result
