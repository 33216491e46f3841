"""The path of the enemies across a map. Does not use Django.

A cell has four neighbours. Grass and Dirt cost 1 to enter, Stone 2, and each level climbed costs 1 more. A
step of more than one level is impossible. The search is Dijkstra's algorithm of the library tcod, which
supports different costs for each direction of an edge.
"""

import numpy as np
import numpy.typing as npt
import tcod.path

from maps.terrain.grid import STONE, Grid, Point

NEIGHBOURS = ((0, -1), (0, 1), (-1, 0), (1, 0))  # (dy, dx)
Costs = npt.NDArray[np.int32]


def find_cheapest_path(grid: Grid, spawn: Point, goal: Point) -> list[Point] | None:
    """Returns the cells from spawn to goal, both included, or None if there is no path."""
    if not (grid.passable[spawn[1], spawn[0]] and grid.passable[goal[1], goal[0]]):
        return None
    graph = tcod.path.CustomGraph((grid.height, grid.width), order="C")
    for direction in NEIGHBOURS:
        graph.add_edge(direction, 1, cost=_entry_costs(grid, direction))
    finder = tcod.path.Pathfinder(graph)
    finder.add_root((spawn[1], spawn[0]))
    path = finder.path_to((goal[1], goal[0]))
    if len(path) < 2:  # tcod returns only the goal if there is no path
        return None
    return [(int(x), int(y)) for y, x in path]


def _entry_costs(grid: Grid, direction: tuple[int, int]) -> Costs:
    """Returns the cost to enter each cell in a direction (dy, dx), or 0 where that is impossible."""
    level = grid.level.astype(np.int32)
    climb = level - _shift(level, direction)
    costs = np.where(grid.terrain == STONE, 2, 1) + np.maximum(climb, 0)
    return np.where(grid.passable & (np.abs(climb) <= 1), costs, 0).astype(np.int32)


def _shift(array: Costs, direction: tuple[int, int]) -> Costs:
    """Returns for each cell the value of the cell before it in a direction, or its own at the edge."""
    dy, dx = direction
    result = array.copy()
    height, width = array.shape
    result[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)] = array[
        max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)
    ]
    return result
