"""Documents of maps, as clients send them."""

from typing import Any

import numpy as np

from maps.terrain import waves
from maps.terrain.grid import Grid, unpack_grid
from tests.support.factories import flat_grid, tiles

Document = dict[str, Any]


def parse_compact_document(document: Document) -> Grid:
    return unpack_grid(np.array(document["rows"], dtype=np.uint8))


def document_of(grid: Grid, **parts: Any) -> Document:
    facts = {
        "width": grid.width,
        "height": grid.height,
        "terrain_data": tiles(grid),
        "spawn_point": {"x": 0, "y": 0},
        "goal_point": {"x": grid.width - 1, "y": grid.height - 1},
        "wave_config": waves.generate(np.random.default_rng(1), 3),
    }
    return facts | parts


def new_map(grid: Grid | None = None, **parts: Any) -> Document:
    return {"name": "Quiet Ford"} | document_of(grid or flat_grid(), **parts)
