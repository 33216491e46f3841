"""Pictures of maps, without a database: what is drawn, and that equal content gives equal bytes."""

import io

import numpy as np
import pytest
from PIL import Image

from maps.drawing.formats import FORMATS, SIZES
from maps.drawing.ground import render_ground
from maps.drawing.landmarks import cell_hash, obstacle_sprite
from maps.drawing.pictures import Projection, render
from maps.terrain import generator
from maps.terrain.grid import GRASS, LAVA, WATER, Grid, Point
from tests.support.factories import flat_grid

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def pixels(
    grid: Grid, size: str = "card", path: list[Point] | None = None, goal: Point = (19, 19)
) -> Pixels:
    body = render(grid, path or [], (0, 0), goal, size)
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"), dtype=np.float32)


def mean_colour(grid: Grid, picture: Pixels, x: float, y: float) -> Pixels:
    """Returns the mean colour around the middle of a cell."""
    height, width = picture.shape[:2]
    projection = Projection.fit(grid, (width, height))
    across, down = projection.project(x + 0.5, y + 0.5, int(grid.level[int(y), int(x)]))
    mean: Pixels = picture[int(down) - 2 : int(down) + 3, int(across) - 2 : int(across) + 3].mean(
        axis=(0, 1)
    )
    return mean


def test_pictures_have_the_size_and_format_that_is_asked_for() -> None:
    made = generator.generate(np.random.default_rng(3), 25, 40, "lava")
    for size, extent in SIZES.items():
        body = render(made.grid, made.path, made.spawn, made.goal, size)
        picture = Image.open(io.BytesIO(body))
        assert (picture.format or "").lower() == FORMATS[size]
        assert picture.size == extent
        assert len(picture.convert("RGB").getcolors(10**6) or []) > 50
        assert len(body) < 150_000


@pytest.mark.parametrize("style", generator.STYLES)
def test_equal_content_gives_equal_bytes(style: str) -> None:
    made = generator.generate(np.random.default_rng(5), 30, 24, style)
    once, again = (render(made.grid, made.path, made.spawn, made.goal, "card") for _ in range(2))
    assert once == again


def test_unusual_maps_can_be_drawn() -> None:
    """Every terrain at every height, all cells blocked, and the longest and narrowest shapes."""
    rng = np.random.default_rng(1)
    for height, width in ((20, 100), (100, 20), (20, 20)):
        terrain, level = (rng.integers(0, n, (height, width), dtype=np.uint8) for n in (5, 6))
        grid = Grid(terrain, level, np.ones_like(terrain))
        assert len(render(grid, [], (0, 0), (width - 1, height - 1), "card")) > 1000


@pytest.mark.parametrize("size", ["card", "page"])
def test_terrains_have_the_expected_colours(size: str) -> None:
    terrain = np.full((20, 20), GRASS, dtype=np.uint8)
    terrain[4:9, 4:9], terrain[12:17, 12:17] = WATER, LAVA
    grid = Grid(terrain, np.zeros_like(terrain), np.zeros_like(terrain))
    picture = pixels(grid, size)
    red, green, blue = mean_colour(grid, picture, 6, 6)
    assert blue > green > red
    red, green, blue = mean_colour(grid, picture, 14, 14)
    assert red > green > blue
    red, green, blue = mean_colour(grid, picture, 10, 3)
    assert green > max(red, blue)


def test_hills_cast_a_shadow_and_have_bright_tops() -> None:
    grid = flat_grid()
    plain = pixels(grid, "page")
    level = grid.level.copy()
    level[8:12, 8:12] = 3
    hill = Grid(grid.terrain, level, grid.blocked)
    picture = pixels(hill, "page")
    assert (
        mean_colour(hill, picture, 12, 10).mean() < 0.85 * mean_colour(grid, plain, 12, 10).mean()
    )
    assert mean_colour(hill, picture, 10, 10).mean() > 1.1 * mean_colour(grid, plain, 10, 10).mean()


def test_path_and_marks_are_visible() -> None:
    grid = flat_grid()
    path = [(x, 0) for x in range(20)] + [(19, y) for y in range(1, 20)]
    plain, dotted = pixels(grid, "page"), pixels(grid, "page", path)
    assert mean_colour(grid, dotted, 10, 0).mean() > 1.2 * mean_colour(grid, plain, 10, 0).mean()
    assert np.abs(pixels(grid, "page", goal=(10, 10)) - plain).max() > 100


def test_the_obstacle_of_a_cell_depends_on_the_cell_alone() -> None:
    hashes = [cell_hash(x, y) for x in range(100) for y in range(100)]
    assert len(set(hashes)) > 8000
    assert (
        obstacle_sprite(GRASS, 3, 4, 20)[0].tobytes()
        == obstacle_sprite(GRASS, 3, 4, 20)[0].tobytes()
    )
    kinds = {obstacle_sprite(GRASS, x, y, 20)[0].tobytes() for x in range(10) for y in range(10)}
    assert len(kinds) >= 6


def test_the_ground_does_not_depend_on_distant_cells() -> None:
    """A larger map looks the same where its cells are the same."""
    small, large = render_ground(flat_grid(20, 20), 8), render_ground(flat_grid(40, 30), 8)
    assert np.abs(small[:120, :120].astype(int) - large[:120, :120]).max() <= 2
