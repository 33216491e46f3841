"""Grids, paths, waves and the generator, without a database."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import strategies as st

from maps.terrain import generator, waves
from maps.terrain.grid import (
    LAVA,
    STONE,
    WATER,
    Grid,
    to_compact_document,
    unpack_grid,
)
from maps.terrain.paths import find_cheapest_path
from tests.support.documents import parse_compact_document
from tests.support.factories import flat_grid


def grid_of(rows: list[str], levels: list[str] | None = None) -> Grid:
    """Returns a grid from text: . grass, S stone, W water, L lava, # blocked; levels as digits."""
    kinds = {".": 0, "#": 0, "S": STONE, "W": WATER, "L": LAVA}
    terrain = np.array([[kinds[c] for c in row] for row in rows], dtype=np.uint8)
    blocked = np.array([[c == "#" for c in row] for row in rows], dtype=np.uint8)
    level = np.zeros_like(terrain)
    if levels:
        level = np.array([[int(c) for c in row] for row in levels], dtype=np.uint8)
    return Grid(terrain, level, blocked)


sizes = st.integers(20, 40)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    packed = rng.integers(0, 60, size=(draw(sizes), draw(sizes)), dtype=np.uint8)
    return unpack_grid(packed)


def test_tiles_are_written_as_json() -> None:
    grid = grid_of(["W."] * 1, ["30"])
    assert json.loads(grid.to_json()) == [
        {"x": 0, "y": 0, "terrainType": "Water", "height": 3, "isBlocked": False},
        {"x": 1, "y": 0, "terrainType": "Grass", "height": 0, "isBlocked": False},
    ]


# ---- Paths --------------------------------------------------------------------------------------


def test_the_path_is_the_shortest_way_around_water() -> None:
    grid = grid_of(["...", "WW.", "..."])
    assert find_cheapest_path(grid, (0, 0), (0, 2)) == [
        (0, 0),
        (1, 0),
        (2, 0),
        (2, 1),
        (2, 2),
        (1, 2),
        (0, 2),
    ]


@pytest.mark.parametrize("wall", ["WWW", "LLL", "###"])
def test_closed_cells_block_the_path(wall: str) -> None:
    assert find_cheapest_path(grid_of(["...", wall, "..."]), (0, 0), (0, 2)) is None


def test_stone_costs_twice() -> None:
    through = find_cheapest_path(grid_of(["..", ".S", ".."]), (1, 0), (1, 2))
    assert through == [(1, 0), (1, 1), (1, 2)]  # costs 2 + 1, the way around 4
    around = find_cheapest_path(grid_of(["..", ".S", ".S", ".S", ".."]), (1, 0), (1, 4))
    assert around is not None
    assert len(around) == 7  # costs 6, the way through 7


def test_cliffs_are_impassable_and_climbing_costs() -> None:
    level_with_cliff = grid_of(["...", "...", "..."], ["000", "222", "000"])
    assert find_cheapest_path(level_with_cliff, (0, 0), (0, 2)) is None
    ramp = grid_of(["...", "...", "..."], ["000", "220", "000"])
    assert find_cheapest_path(ramp, (0, 0), (0, 2)) == [
        (0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2),
    ]  # fmt: skip


def test_there_is_no_path_to_or_from_a_closed_cell() -> None:
    assert find_cheapest_path(grid_of(["#.."]), (0, 0), (2, 0)) is None
    assert find_cheapest_path(grid_of(["..W"]), (0, 0), (2, 0)) is None


# ---- Generator and waves ------------------------------------------------------------------------


@pytest.mark.parametrize("style", generator.STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_generated_maps_have_a_path(style: str, seed: int) -> None:
    made = generator.generate(np.random.default_rng(seed), 20 + 13 * seed, 30, style)
    assert made.path[0] == made.spawn
    assert made.path[-1] == made.goal
    assert all(made.grid.passable[y, x] for x, y in made.path)
    steps = zip(made.path, made.path[1:], strict=False)
    assert all(abs(x - a) + abs(y - b) == 1 for (x, y), (a, b) in steps)


def test_equal_seeds_make_equal_maps() -> None:
    one, other = (generator.generate(np.random.default_rng(7), 30, 30) for _ in range(2))
    assert one.grid.to_json() == other.grid.to_json()


def test_generated_waves_are_within_the_limits() -> None:
    config = waves.generate(np.random.default_rng(1), 100)
    for number, wave in enumerate(config["waves"], 1):
        assert wave["waveNumber"] == number
        assert 1 <= len(wave["enemies"]) <= 10
        assert all(1 <= group["count"] <= 500 for group in wave["enemies"])
        assert all(0.1 <= group["spawnInterval"] <= 10 for group in wave["enemies"])
    assert [row["total"] for row in waves.summarize(config)] == [
        sum(group["count"] for group in wave["enemies"]) for wave in config["waves"]
    ]


@pytest.mark.parametrize("seed", range(5))
def test_compact_documents_are_small_and_lossless(seed: int) -> None:
    made = generator.generate(np.random.default_rng(seed), 100, 100)
    document = to_compact_document(made.grid, made.spawn, made.goal, made.path)
    text = json.dumps(document, separators=(",", ":")).encode()
    parsed = parse_compact_document(json.loads(text))
    assert (parsed.pack() == made.grid.pack()).all()
    assert document["hash"] == parsed.content_hash(made.spawn, made.goal)
    assert len(gzip.compress(text)) <= 0.03 * len(made.grid.to_json())


def test_the_terrain_mask_holds_the_terrains_of_the_map() -> None:
    assert flat_grid().terrain_mask == 1
    made = generator.generate(np.random.default_rng(1), 60, 60, "lava")
    assert made.grid.terrain_mask & 1 << LAVA
