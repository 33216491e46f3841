"""Pictures of maps, pure: what is drawn, and that it is always the same."""

import io

import numpy as np
import pytest
from PIL import Image

from maps.drawing.ground import ground
from maps.drawing.landmarks import chance, obstacle
from maps.drawing.pictures import FORMATS, SIZES, View, render
from maps.terrain import generator
from maps.terrain.grid import GRASS, LAVA, WATER, Grid, Point
from tests.support.factories import flat_grid

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def pixels(
    grid: Grid, size: str = "card", path: list[Point] | None = None, goal: Point = (19, 19)
) -> Pixels:
    body = render(grid, path or [], (0, 0), goal, size)
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), dtype=np.float32)


def seen_at(grid: Grid, picture: Pixels, x: float, y: float) -> Pixels:
    """The mean colour around the middle of a cell."""
    height, width = picture.shape[:2]
    view = View.fit(grid, (width, height))
    across, down = view.at(x + 0.5, y + 0.5, int(grid.level[int(y), int(x)]))
    mean: Pixels = picture[int(down) - 2 : int(down) + 3, int(across) - 2 : int(across) + 3].mean(
        axis=(0, 1)
    )
    return mean


def test_every_size_and_format() -> None:
    draft = generator.generate(np.random.default_rng(3), 25, 40, "lava")
    for size, extent in SIZES.items():
        body = render(draft.grid, draft.path, draft.spawn, draft.goal, size)
        picture = Image.open(io.BytesIO(body))
        assert (picture.format or "").lower() == FORMATS[size]
        assert picture.size == extent
        assert len(picture.convert("RGB").getcolors(10**6) or []) > 50
        assert len(body) < 150_000


@pytest.mark.parametrize("style", generator.STYLES)
def test_the_same_content_gives_the_same_bytes(style: str) -> None:
    draft = generator.generate(np.random.default_rng(5), 30, 24, style)
    once, again = (
        render(draft.grid, draft.path, draft.spawn, draft.goal, "card") for _ in range(2)
    )
    assert once == again


def test_odd_maps_can_be_drawn() -> None:
    """Every terrain at every height, all of it blocked, the longest and the narrowest."""
    rng = np.random.default_rng(1)
    for height, width in ((20, 100), (100, 20), (20, 20)):
        terrain, level = (rng.integers(0, n, (height, width), dtype=np.uint8) for n in (5, 6))
        grid = Grid(terrain, level, np.ones_like(terrain))
        assert len(render(grid, [], (0, 0), (width - 1, height - 1), "card")) > 1000


@pytest.mark.parametrize("size", ["card", "page"])
def test_terrains_read_as_what_they_are(size: str) -> None:
    terrain = np.full((20, 20), GRASS, dtype=np.uint8)
    terrain[4:9, 4:9], terrain[12:17, 12:17] = WATER, LAVA
    grid = Grid(terrain, np.zeros_like(terrain), np.zeros_like(terrain))
    picture = pixels(grid, size)
    red, green, blue = seen_at(grid, picture, 6, 6)
    assert blue > green > red
    red, green, blue = seen_at(grid, picture, 14, 14)
    assert red > green > blue
    red, green, blue = seen_at(grid, picture, 10, 3)
    assert green > max(red, blue)


def test_the_lee_of_a_hill_is_dark_and_its_top_is_light() -> None:
    grid = flat_grid()
    plain = pixels(grid, "page")
    level = grid.level.copy()
    level[8:12, 8:12] = 3
    hill = Grid(grid.terrain, level, grid.blocked)
    picture = pixels(hill, "page")
    assert seen_at(hill, picture, 12, 10).mean() < 0.85 * seen_at(grid, plain, 12, 10).mean()
    assert seen_at(hill, picture, 10, 10).mean() > 1.1 * seen_at(grid, plain, 10, 10).mean()


def test_path_and_marks_show() -> None:
    grid = flat_grid()
    path = [(x, 0) for x in range(20)] + [(19, y) for y in range(1, 20)]
    plain, dotted = pixels(grid, "page"), pixels(grid, "page", path)
    assert seen_at(grid, dotted, 10, 0).mean() > 1.2 * seen_at(grid, plain, 10, 0).mean()
    assert np.abs(pixels(grid, "page", goal=(10, 10)) - plain).max() > 100


def test_what_stands_on_a_cell_depends_on_the_cell_alone() -> None:
    luck = [chance(x, y) for x in range(100) for y in range(100)]
    assert len(set(luck)) > 8000
    assert obstacle(GRASS, 3, 4, 20)[0].tobytes() == obstacle(GRASS, 3, 4, 20)[0].tobytes()
    kinds = {obstacle(GRASS, x, y, 20)[0].tobytes() for x in range(10) for y in range(10)}
    assert len(kinds) >= 6


def test_the_ground_doesnt_depend_on_what_is_far_away() -> None:
    """A larger map with the same cells looks the same there."""
    small, large = ground(flat_grid(20, 20), 8), ground(flat_grid(40, 30), 8)
    assert np.abs(small[:120, :120].astype(int) - large[:120, :120]).max() <= 2
