"""Isometric pictures of maps. Does not use Django.

Cell (x, y) is a diamond that is twice as wide as high, at ((x − y) · w / 2, (x + y) · h / 2). Each level
lifts it by half of its height and shows its sides. Two images are painted from the back to the front: the
colours of sides and obstacles, and the height that is visible at each pixel. From the height follows which
point of the ground (maps/drawing/ground.py) the pixel shows.

Equal content gives equal bytes. Each change of the drawing increases DRAWING_VERSION.
"""

import functools
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from config.kernel.palette import Rgb, rgb
from maps.drawing.formats import FORMATS, SIZES
from maps.drawing.ground import SHADES, render_ground, surface_levels
from maps.drawing.landmarks import Corner, draw_goal, draw_spawn, obstacle_sprite
from maps.terrain.grid import LAVA, WATER, ByteArray, Grid, Point

QUALITY = {"webp": {"quality": 82, "method": 4}, "jpeg": {"quality": 86, "optimize": True}}
OVERSAMPLING = 2  # pictures are drawn this much larger, and scaled down for smooth edges
BASE_LEVEL = -1.3  # the lower end of the sides at the edge of the map
FILLED_SHARE = 0.93  # the share of the picture that the map may fill
VERTICAL_CENTRE = 0.515  # a little below the middle, because marks need space above the map
PATH = rgb("path")
EARTH = tuple(rgb(f"earth-{n}") for n in (1, 2, 3, 4))
LIGHT_SOUTH, LIGHT_EAST = 0.98, 0.66  # the sun is in the west


@dataclass(frozen=True)
class Projection:
    """The projection of cells: tile width and origin, in pixels. A level is a quarter of a tile high."""

    tile: float
    left: float
    top: float

    @classmethod
    def fit(cls, grid: Grid, size: tuple[int, int]) -> "Projection":
        """Returns the largest projection that shows the whole grid, centred in a picture."""
        across = grid.width + grid.height
        rows, columns = np.indices(grid.level.shape)
        # The highest point includes the height of a tree. The lowest point is the southern corner.
        upper = float((rows + columns - grid.level.astype(int)).min()) - 1
        lower = across - BASE_LEVEL
        tile = FILLED_SHARE * min(2 * size[0] / across, 4 * size[1] / (lower - upper))
        left = size[0] / 2 - (grid.width - grid.height) * tile / 4
        top = size[1] * VERTICAL_CENTRE - (lower + upper) * tile / 8
        return cls(tile, left, top)

    def project(self, x: float, y: float, level: float) -> Corner:
        """Returns where a point of the map is drawn. (x, y) is the northern corner of that cell."""
        return (self.left + (x - y) * self.tile / 2, self.top + (x + y - level) * self.tile / 4)

    def unproject(self, levels: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        """Returns x and y of the point that each pixel shows, given the visible levels."""
        rows, columns = (np.arange(n, dtype=np.float32) + 0.5 for n in levels.shape)
        across = ((columns - self.left) * (1 / self.tile))[None, :]
        down = ((rows - self.top) * (2 / self.tile))[:, None] + levels * np.float32(0.5)
        return down + across, down - across


def render(grid: Grid, path: Iterable[Point], spawn: Point, goal: Point, size: str) -> bytes:
    """Returns a picture in one of SIZES, encoded as in FORMATS: terrain, path, spawn and goal."""
    width, height = SIZES[size]
    large = (width * OVERSAMPLING, height * OVERSAMPLING)
    projection = Projection.fit(grid, large)
    scale = max(3, round(projection.tile / 2))
    texture = render_ground(grid, scale)
    _draw_path(texture, list(path), scale)
    paint, heights = _draw_solids(projection, grid, large)
    image, glow = _project_ground(projection, texture, paint, heights, scale)
    _draw_marks(image, projection, grid, (spawn, goal))
    image = image.reduce(OVERSAMPLING)
    if (grid.terrain == LAVA).any():
        image = _add_glow(image, glow)
    return _encode(image, size)


@functools.cache
def render_placeholder(size: str) -> bytes:
    """Returns the backdrop, which is shown until a picture is drawn."""
    return _encode(_draw_backdrop(SIZES[size]), size)


def _encode(image: Image.Image, size: str) -> bytes:
    file = io.BytesIO()
    kind = FORMATS[size]
    image.save(file, kind, **QUALITY[kind])
    return file.getvalue()


# ---- Heights ------------------------------------------------------------------------------------


def _draw_solids(
    projection: Projection, grid: Grid, size: tuple[int, int]
) -> tuple[Image.Image, Image.Image]:
    """Returns an image of sides and obstacles, and an image of the height that each pixel shows.

    Heights are in twentieths of a level, from 1 up. 0 means that the pixel shows the first image.
    """
    paint, heights = _draw_backdrop(size).copy(), Image.new("L", size, 0)
    _draw_map_shadow(paint, projection, grid)
    colours, codes = ImageDraw.Draw(paint), ImageDraw.Draw(heights)
    tops = surface_levels(grid).tolist()
    blocked, terrain = grid.blocked.tolist(), grid.terrain.tolist()
    half, quarter, tile = (
        projection.tile / 2,
        projection.tile / 4,
        max(4, round(projection.tile / 2) * 2),
    )
    for y, row in enumerate(tops):
        below = tops[y + 1] if y + 1 < grid.height else [BASE_LEVEL] * grid.width
        for x, level in enumerate(row):
            a, b = projection.project(x, y, level)
            east, south, west = (
                (a + half, b + quarter),
                (a, b + 2 * quarter),
                (a - half, b + quarter),
            )
            right = row[x + 1] if x + 1 < grid.width else BASE_LEVEL
            for edge, other, light in (
                ((west, south), below[x], LIGHT_SOUTH),
                ((south, east), right, LIGHT_EAST),
            ):
                if other < level:
                    span, kind = (level, other), terrain[y][x]
                    _draw_side(colours, codes, edge, span, (kind, light, quarter))
            codes.polygon([(a, b), east, south, west], fill=_height_code(level))
            if blocked[y][x]:
                sprite, outline = obstacle_sprite(terrain[y][x], x, y, tile)
                place = (round(a - tile / 2), round(b + quarter - tile))
                paint.paste(sprite, place, outline)
                heights.paste(0, place, outline)
    return paint, heights


def _height_code(level: float) -> int:
    return round(level * 20) + 21


def _draw_side(
    colours: ImageDraw.ImageDraw,
    codes: ImageDraw.ImageDraw,
    edge: tuple[Corner, Corner],
    span: tuple[float, float],
    appearance: tuple[int, float, float],
) -> None:
    """Draws the side below an edge: turf at the top, then layers of earth."""
    (ax, ay), (bx, by) = edge
    (high, low), (kind, light, lift) = span, appearance
    drop = (high - low) * lift
    codes.polygon([(ax, ay), (bx, by), (bx, by + drop), (ax, ay + drop)], fill=0)
    for upper, lower, colour in _side_layers(
        round(high * 20), round(low * 20), kind, light, lift > 9
    ):
        start, end = (high - upper / 20) * lift, (high - lower / 20) * lift
        face = [(ax, ay + start), (bx, by + start), (bx, by + end), (ax, ay + end)]
        colours.polygon(face, fill=colour)


@functools.lru_cache(maxsize=4096)
def _side_layers(
    high: int, low: int, kind: int, light: float, detailed: bool
) -> Sequence[tuple[int, int, Rgb]]:
    """Returns upper end, lower end (in twentieths of a level) and colour of each layer of a side."""
    if kind in (WATER, LAVA):  # at the edge of the map
        shallow, deep = SHADES[kind][1], SHADES[kind][0]
        cuts = [high, *(high - 5 * n for n in range(1, 5) if high - 5 * n > low), low]
        parts = [shallow + (deep - shallow) * (n / 4) for n in range(len(cuts) - 1)]
    else:
        step = 5 if detailed else 10
        # A strip of turf, then layers whose borders are at the same heights everywhere.
        lip = max(low, high - 4)
        cuts = [high, lip, *range((lip - 1) // step * step, low, -step), low]
        stone = (SHADES[kind][0] + SHADES[kind][1]) / 2
        parts = [stone * 0.92]
        for upper in cuts[1:-1]:
            earth = np.array(EARTH[upper // step % len(EARTH)], dtype=np.float32)
            part = earth * 0.72 + stone * 0.28 if kind else earth
            parts.append(part * (1 - 0.05 * min(6, (high - upper) / 20)))
    return [
        (upper, lower, _to_rgb(part * light))
        for upper, lower, part in zip(cuts, cuts[1:], parts, strict=False)
        if upper > lower
    ]


def _to_rgb(parts: npt.NDArray[np.float32]) -> Rgb:
    red, green, blue = (min(255, round(float(part))) for part in parts)
    return red, green, blue


def _project_ground(
    projection: Projection, texture: ByteArray, paint: Image.Image, heights: Image.Image, scale: int
) -> tuple[Image.Image, ByteArray]:
    """Returns the picture with the ground projected onto the heights, and the glow of each pixel."""
    codes = np.asarray(heights)
    levels = ((np.arange(256, dtype=np.float32) - 21) / 20)[codes]
    columns, rows = projection.unproject(levels)
    height, width = texture.shape[:2]
    right = np.clip((columns * scale).astype(np.int32), 0, width - 1)
    down = np.clip((rows * scale).astype(np.int32), 0, height - 1)
    packed = texture.view(np.uint32)[..., 0].ravel().take(down * width + right)
    packed[codes == 0] = 0
    seen = packed[..., None].view(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(seen[..., :3]))
    image.paste(paint, mask=heights.point(lambda code: 255 * (code == 0)))
    return image, seen[..., 3]


def _add_glow(image: Image.Image, glow: ByteArray) -> Image.Image:
    """Adds the light of lava to its surroundings."""
    small = Image.fromarray(np.ascontiguousarray(glow)).reduce(OVERSAMPLING * 2)
    soft = small.filter(ImageFilter.GaussianBlur(image.height / 90)).resize(image.size)
    light = Image.merge(
        "RGB", [soft.point(lambda v, s=share: int(v * s)) for share in (0.42, 0.16, 0.03)]
    )
    return ImageChops.screen(image, light)


# ---- Backdrop, path and marks -------------------------------------------------------------------


@functools.lru_cache(maxsize=len(SIZES))
def _draw_backdrop(size: tuple[int, int]) -> Image.Image:
    """Returns a dark background that is lighter in the middle."""
    rows, columns = (np.linspace(-1, 1, n, dtype=np.float32) for n in (size[1], size[0]))
    far = np.clip(rows[:, None] ** 2 * 0.7 + columns[None, :] ** 2 * 0.8, 0, 1)[..., None]
    near, edge = (
        np.array(c, dtype=np.float32) for c in (rgb("picture-middle"), rgb("picture-edge"))
    )
    return Image.fromarray((near + (edge - near) * far).round().astype(np.uint8))


def _draw_map_shadow(paint: Image.Image, projection: Projection, grid: Grid) -> None:
    """Draws a soft shadow below the map."""
    small = (paint.width // 8, paint.height // 8)
    mask = Image.new("L", small, 0)
    corners = [(0, 0), (grid.width, 0), (grid.width, grid.height), (0, grid.height)]
    points = [projection.project(x, y, BASE_LEVEL - 0.8) for x, y in corners]
    ImageDraw.Draw(mask).polygon([(x / 8, y / 8) for x, y in points], fill=150)
    mask = mask.filter(ImageFilter.GaussianBlur(small[1] / 45)).resize(paint.size)
    paint.paste(rgb("shade-below"), mask=mask)


def _draw_path(texture: ByteArray, path: list[Point], scale: int) -> None:
    """Draws dots along the path on the ground."""
    stride = max(1, round(9 / scale))
    half = max(1.6, scale * 0.12)
    rows, columns = np.indices((int(half * 2) + 2,) * 2)
    for x, y in path[stride:-1:stride]:
        left, top = (n * scale + scale / 2 - half for n in (x, y))
        part = texture[int(top) :, int(left) :][: rows.shape[0], : rows.shape[1], :3]
        far = np.hypot(rows + int(top) - top - half + 0.5, columns + int(left) - left - half + 0.5)
        share = np.clip(half - far + 0.5, 0, 1)[: part.shape[0], : part.shape[1], None] * 0.8
        part[:] = part + (np.array(PATH) - part) * share


def _draw_marks(
    image: Image.Image, projection: Projection, grid: Grid, ends: tuple[Point, Point]
) -> None:
    """Draws spawn and goal in front of everything else, the farther one first."""
    draw = ImageDraw.Draw(image, "RGBA")
    size = max(projection.tile * 0.6, 24 + image.height * 0.033)  # visible on a map of any size
    marks = zip(ends, (draw_spawn, draw_goal), strict=True)
    for (x, y), mark in sorted(marks, key=lambda entry: sum(entry[0])):
        mark(draw, projection.project(x + 0.5, y + 0.5, int(grid.level[y, x])), size)
