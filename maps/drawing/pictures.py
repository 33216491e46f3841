"""A map drawn from above at an angle (isometric), heights shaded. Pure of Django.

Cell (x, y) is a diamond twice as wide as high, at ((x − y) · w / 2, (x + y) · h / 2); each level
lifts it by half of its height and shows its sides. Two pictures are painted from the back to the
front: the sides and what stands on cells in colours, and beside it which height shows at each pixel.
From that height follows which point of the ground (maps/drawing/ground.py) one sees there.

The same content gives the same bytes. Who changes how pictures look counts DRAWING up.
"""

import functools
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from config.kernel.palette import Rgb, rgb
from maps.drawing.ground import SHADES, ground, surface
from maps.drawing.landmarks import Corner, draw_goal, draw_spawn, obstacle
from maps.terrain.grid import LAVA, WATER, Bytes, Grid, Point
from maps.drawing.landmarks import Colour, Corner, draw_goal, draw_spawn, obstacle
from maps.terrain.grid import LAVA, WATER, ByteArray, Grid, Point

DRAWING = 3  # a part of addresses and names of files: another number makes all pictures anew
# In pixels. Several programs that preview links read no WebP, so they get a JPEG, in the proportions
# that they crop to.
SIZES = {"card": (480, 270), "page": (1200, 675), "link": (1200, 630)}
FORMATS = {"card": "webp", "page": "webp", "link": "jpeg"}
QUALITY = {"webp": {"quality": 82, "method": 4}, "jpeg": {"quality": 86, "optimize": True}}
OVERSAMPLING = 2  # drawn larger and scaled down, for smooth edges
BASE = -1.3  # the level that the sides at the edge of the map reach down to
MARGIN = 0.93  # the share of a picture that the map may fill
MIDDLE = 0.515  # a little below the middle: marks need more room above than below
PATH = rgb("path")
EARTH = tuple(rgb(f"earth-{n}") for n in (1, 2, 3, 4))
LIGHT_SOUTH, LIGHT_EAST = 0.98, 0.66  # the sun is in the west


@dataclass(frozen=True)
class View:
    """How cells fall on the picture: tile width and the origin, in pixels. A level is tile / 4."""

    tile: float
    left: float
    top: float

    @classmethod
    def fit(cls, grid: Grid, size: tuple[int, int]) -> "View":
        """The largest view that shows the whole grid in the middle of a picture."""
        across = grid.width + grid.height
        rows, columns = np.indices(grid.level.shape)
        # What reaches highest, with a tree's height; what reaches lowest is the nearest corner.
        upper = float((rows + columns - grid.level.astype(int)).min()) - 1
        lower = across - BASE
        tile = MARGIN * min(2 * size[0] / across, 4 * size[1] / (lower - upper))
        left = size[0] / 2 - (grid.width - grid.height) * tile / 4
        top = size[1] * MIDDLE - (lower + upper) * tile / 8
        return cls(tile, left, top)

    def at(self, x: float, y: float, level: float) -> Corner:
        """Where a point of the map shows; (x, y) is the northern corner of that cell."""
        return (
            self.left + (x - y) * self.tile / 2,
            self.top + (x + y - level) * self.tile / 4,
        )

    def texels(self, levels: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        """Of each pixel the x and y of the cell that shows there, at the height that is given."""
        rows, columns = (np.arange(n, dtype=np.float32) + 0.5 for n in levels.shape)
        across = ((columns - self.left) * (1 / self.tile))[None, :]
        down = ((rows - self.top) * (2 / self.tile))[:, None] + levels * np.float32(0.5)
        return down + across, down - across


def render(grid: Grid, path: Iterable[Point], spawn: Point, goal: Point, size: str) -> bytes:
    """A picture in one of SIZES, as FORMATS says: terrain, the path faintly, spawn and goal marked."""
    width, height = SIZES[size]
    large = (width * OVERSAMPLING, height * OVERSAMPLING)
    view = View.fit(grid, large)
    scale = max(3, round(view.tile / 2))
    texture = ground(grid, scale)
    _draw_path(texture, list(path), scale)
    paint, heights = _stand(view, grid, large)
    image, glow = _lay(view, texture, paint, heights, scale)
    _draw_marks(image, view, grid, (spawn, goal))
    image = image.reduce(OVERSAMPLING)
    if (grid.terrain == LAVA).any():
        image = _shine(image, glow)
    return _encoded(image, size)


@functools.cache
def placeholder(size: str) -> bytes:
    """The backdrop alone, for whoever has to ask again."""
    return _encoded(_backdrop(SIZES[size]), size)


def _encoded(image: Image.Image, size: str) -> bytes:
    file = io.BytesIO()
    kind = FORMATS[size]
    image.save(file, kind, **QUALITY[kind])
    return file.getvalue()


# ---- Heights ------------------------------------------------------------------------------------


def _stand(view: View, grid: Grid, size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    """Sides and obstacles in colour, and the height that shows at each pixel.

    Heights are counted in twentieths of a level from 1 up; 0 means that the colour counts.
    """
    paint, heights = _backdrop(size).copy(), Image.new("L", size, 0)
    _draw_shade_below(paint, view, grid)
    colours, codes = ImageDraw.Draw(paint), ImageDraw.Draw(heights)
    tops = surface(grid).tolist()
    blocked, terrain = grid.blocked.tolist(), grid.terrain.tolist()
    half, quarter, tile = view.tile / 2, view.tile / 4, max(4, round(view.tile / 2) * 2)
    for y, row in enumerate(tops):
        below = tops[y + 1] if y + 1 < grid.height else [BASE] * grid.width
        for x, level in enumerate(row):
            a, b = view.at(x, y, level)
            east, south, west = (
                (a + half, b + quarter),
                (a, b + 2 * quarter),
                (a - half, b + quarter),
            )
            right = row[x + 1] if x + 1 < grid.width else BASE
            for edge, other, light in (
                ((west, south), below[x], LIGHT_SOUTH),
                ((south, east), right, LIGHT_EAST),
            ):
                if other < level:
                    span, kind = (level, other), terrain[y][x]
                    _draw_side(colours, codes, edge, span, (kind, light, quarter))
            codes.polygon([(a, b), east, south, west], fill=_code(level))
            if blocked[y][x]:
                sprite, outline = obstacle(terrain[y][x], x, y, tile)
                place = (round(a - tile / 2), round(b + quarter - tile))
                paint.paste(sprite, place, outline)
                heights.paste(0, place, outline)
    return paint, heights


def _code(level: float) -> int:
    return round(level * 20) + 21


def _draw_side(
    colours: ImageDraw.ImageDraw,
    codes: ImageDraw.ImageDraw,
    edge: tuple[Corner, Corner],
    span: tuple[float, float],
    look: tuple[int, float, float],
) -> None:
    """A face below an edge: turf at the top, then layers of earth at heights that run through the map."""
    (ax, ay), (bx, by) = edge
    (high, low), (kind, light, lift) = span, look
    drop = (high - low) * lift
    codes.polygon([(ax, ay), (bx, by), (bx, by + drop), (ax, ay + drop)], fill=0)
    for upper, lower, colour in _layers(round(high * 20), round(low * 20), kind, light, lift > 9):
        start, end = (high - upper / 20) * lift, (high - lower / 20) * lift
        face = [(ax, ay + start), (bx, by + start), (bx, by + end), (ax, ay + end)]
        colours.polygon(face, fill=colour)


@functools.lru_cache(maxsize=4096)
def _layers(
    high: int, low: int, kind: int, light: float, detailed: bool
) -> Sequence[tuple[int, int, Rgb]]:
    """Upper end, lower end (in twentieths of a level) and colour of each layer of a side."""
    if kind in (WATER, LAVA):  # the cut through a liquid, at the edge of the map
        shallow, deep = SHADES[kind][1], SHADES[kind][0]
        cuts = [high, *(high - 5 * n for n in range(1, 5) if high - 5 * n > low), low]
        parts = [shallow + (deep - shallow) * (n / 4) for n in range(len(cuts) - 1)]
    else:
        step = 5 if detailed else 10
        # A lip of turf, and borders of the layers at the same heights everywhere.
        lip = max(low, high - 4)
        cuts = [high, lip, *range((lip - 1) // step * step, low, -step), low]
        stone = (SHADES[kind][0] + SHADES[kind][1]) / 2
        parts = [stone * 0.92]
        for upper in cuts[1:-1]:
            earth = np.array(EARTH[upper // step % len(EARTH)], dtype=np.float32)
            part = earth * 0.72 + stone * 0.28 if kind else earth
            parts.append(part * (1 - 0.05 * min(6, (high - upper) / 20)))
    return [
        (upper, lower, _colour(part * light))
        for upper, lower, part in zip(cuts, cuts[1:], parts, strict=False)
        if upper > lower
    ]


def _colour(parts: npt.NDArray[np.float32]) -> Rgb:
    red, green, blue = (min(255, round(float(part))) for part in parts)
    return red, green, blue


def _lay(
    view: View, texture: ByteArray, paint: Image.Image, heights: Image.Image, scale: int
) -> tuple[Image.Image, ByteArray]:
    """The ground laid over the heights, and how much each pixel glows."""
    codes = np.asarray(heights)
    levels = ((np.arange(256, dtype=np.float32) - 21) / 20)[codes]
    columns, rows = view.texels(levels)
    height, width = texture.shape[:2]
    right = np.clip((columns * scale).astype(np.int32), 0, width - 1)
    down = np.clip((rows * scale).astype(np.int32), 0, height - 1)
    packed = texture.view(np.uint32)[..., 0].ravel().take(down * width + right)
    packed[codes == 0] = 0
    seen = packed[..., None].view(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(seen[..., :3]))
    image.paste(paint, mask=heights.point(lambda code: 255 * (code == 0)))
    return image, seen[..., 3]


def _shine(image: Image.Image, glow: ByteArray) -> Image.Image:
    """Light of lava spilled over what is near it."""
    small = Image.fromarray(np.ascontiguousarray(glow)).reduce(OVERSAMPLING * 2)
    soft = small.filter(ImageFilter.GaussianBlur(image.height / 90)).resize(image.size)
    light = Image.merge(
        "RGB", [soft.point(lambda v, s=share: int(v * s)) for share in (0.42, 0.16, 0.03)]
    )
    return ImageChops.screen(image, light)


# ---- Around and on top --------------------------------------------------------------------------


@functools.lru_cache(maxsize=len(SIZES))
def _backdrop(size: tuple[int, int]) -> Image.Image:
    """A calm slate, lighter in the middle."""
    rows, columns = (np.linspace(-1, 1, n, dtype=np.float32) for n in (size[1], size[0]))
    far = np.clip(rows[:, None] ** 2 * 0.7 + columns[None, :] ** 2 * 0.8, 0, 1)[..., None]
    near, edge = (
        np.array(c, dtype=np.float32) for c in (rgb("picture-middle"), rgb("picture-edge"))
    )
    return Image.fromarray((near + (edge - near) * far).round().astype(np.uint8))


def _draw_shade_below(paint: Image.Image, view: View, grid: Grid) -> None:
    """A soft shadow on what the map stands on."""
    small = (paint.width // 8, paint.height // 8)
    mask = Image.new("L", small, 0)
    corners = [(0, 0), (grid.width, 0), (grid.width, grid.height), (0, grid.height)]
    points = [view.at(x, y, BASE - 0.8) for x, y in corners]
    ImageDraw.Draw(mask).polygon([(x / 8, y / 8) for x, y in points], fill=150)
    mask = mask.filter(ImageFilter.GaussianBlur(small[1] / 45)).resize(paint.size)
    paint.paste(rgb("shade-below"), mask=mask)


def _draw_path(texture: ByteArray, path: list[Point], scale: int) -> None:
    """Dots along the way of the enemies, on the ground."""
    stride = max(1, round(9 / scale))
    half = max(1.6, scale * 0.12)
    rows, columns = np.indices((int(half * 2) + 2,) * 2)
    for x, y in path[stride:-1:stride]:
        left, top = (n * scale + scale / 2 - half for n in (x, y))
        part = texture[int(top) :, int(left) :][: rows.shape[0], : rows.shape[1], :3]
        far = np.hypot(rows + int(top) - top - half + 0.5, columns + int(left) - left - half + 0.5)
        share = np.clip(half - far + 0.5, 0, 1)[: part.shape[0], : part.shape[1], None] * 0.8
        part[:] = part + (np.array(PATH) - part) * share


def _draw_marks(image: Image.Image, view: View, grid: Grid, ends: tuple[Point, Point]) -> None:
    """Spawn and goal, the farther one first; they can be told apart by shape, and are never hidden."""
    draw = ImageDraw.Draw(image, "RGBA")
    size = max(view.tile * 0.6, 24 + image.height * 0.033)  # can be seen on any map
    marks = zip(ends, (draw_spawn, draw_goal), strict=True)
    for (x, y), mark in sorted(marks, key=lambda entry: sum(entry[0])):
        mark(draw, view.at(x + 0.5, y + 0.5, int(grid.level[y, x])), size)
