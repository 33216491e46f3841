"""Terrain, paths, waves, and generator: all of them pure."""

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
    compact,
    read_compact,
    unpack,
)
from maps.terrain.paths import cheapest_path
from tests.support.factories import flat_grid


def drawn(rows: list[str], levels: list[str] | None = None) -> Grid:
    """A grid as drawn: . grass, S stone, W water, L lava, # blocked; levels as digits."""
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
    return unpack(packed)


def test_json_is_as_the_contract_writes_it() -> None:
    grid = drawn(["W."] * 1, ["30"])
    assert json.loads(grid.to_json()) == [
        {"x": 0, "y": 0, "terrainType": "Water", "height": 3, "isBlocked": False},
        {"x": 1, "y": 0, "terrainType": "Grass", "height": 0, "isBlocked": False},
    ]


# ---- Paths --------------------------------------------------------------------------------------


def test_the_shortest_way_around_water() -> None:
    grid = drawn(["...", "WW.", "..."])
    assert cheapest_path(grid, (0, 0), (0, 2)) == [
        (0, 0),
        (1, 0),
        (2, 0),
        (2, 1),
        (2, 2),
        (1, 2),
        (0, 2),
    ]


@pytest.mark.parametrize("wall", ["WWW", "LLL", "###"])
def test_no_way_through(wall: str) -> None:
    assert cheapest_path(drawn(["...", wall, "..."]), (0, 0), (0, 2)) is None


def test_stone_is_slow() -> None:
    through = cheapest_path(drawn(["..", ".S", ".."]), (1, 0), (1, 2))
    assert through == [(1, 0), (1, 1), (1, 2)]  # 2 + 1, the way around 4
    around = cheapest_path(drawn(["..", ".S", ".S", ".S", ".."]), (1, 0), (1, 4))
    assert around is not None
    assert len(around) == 7  # 6, the way through 7


def test_cliffs_stop_and_climbing_costs() -> None:
    level_with_cliff = drawn(["...", "...", "..."], ["000", "222", "000"])
    assert cheapest_path(level_with_cliff, (0, 0), (0, 2)) is None
    ramp = drawn(["...", "...", "..."], ["000", "220", "000"])
    assert cheapest_path(ramp, (0, 0), (0, 2)) == [
        (0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2),
    ]  # fmt: skip


def test_a_closed_end_has_no_way() -> None:
    assert cheapest_path(drawn(["#.."]), (0, 0), (2, 0)) is None
    assert cheapest_path(drawn(["..W"]), (0, 0), (2, 0)) is None


# ---- Generator, waves, pictures, ranking --------------------------------------------------------


@pytest.mark.parametrize("style", generator.STYLES)
@pytest.mark.parametrize("seed", range(4))
def test_generated_maps_can_be_walked(style: str, seed: int) -> None:
    draft = generator.generate(np.random.default_rng(seed), 20 + 13 * seed, 30, style)
    assert draft.path[0] == draft.spawn
    assert draft.path[-1] == draft.goal
    assert all(draft.grid.open[y, x] for x, y in draft.path)
    steps = zip(draft.path, draft.path[1:], strict=False)
    assert all(abs(x - a) + abs(y - b) == 1 for (x, y), (a, b) in steps)


def test_the_same_seed_gives_the_same_map() -> None:
    one, other = (generator.generate(np.random.default_rng(7), 30, 30) for _ in range(2))
    assert one.grid.to_json() == other.grid.to_json()


def test_waves_keep_the_limits_of_the_contract() -> None:
    config = waves.generate(np.random.default_rng(1), 100)
    for number, wave in enumerate(config["waves"], 1):
        assert wave["waveNumber"] == number
        assert 1 <= len(wave["enemies"]) <= 10
        assert all(1 <= group["count"] <= 500 for group in wave["enemies"])
        assert all(0.1 <= group["spawnInterval"] <= 10 for group in wave["enemies"])
    assert [row["total"] for row in waves.summary(config)] == [
        sum(group["count"] for group in wave["enemies"]) for wave in config["waves"]
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_compact_form_loses_nothing_and_is_small(seed: int) -> None:
    draft = generator.generate(np.random.default_rng(seed), 100, 100)
    document = compact(draft.grid, draft.spawn, draft.goal, draft.path)
    text = json.dumps(document, separators=(",", ":")).encode()
    again = read_compact(json.loads(text))
    assert (again.packed() == draft.grid.packed()).all()
    assert document["hash"] == again.content_hash(draft.spawn, draft.goal)
    assert len(gzip.compress(text)) <= 0.03 * len(draft.grid.to_json())


def test_which_terrains_there_are() -> None:
    assert flat_grid().terrains == 1
    draft = generator.generate(np.random.default_rng(1), 60, 60, "lava")
    assert draft.grid.terrains & 1 << LAVA
