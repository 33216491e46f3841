"""A map drawn from above at an angle (isometric), heights shaded. Pure of Django.

Cell (x, y) is a diamond twice as wide as high, at ((x − y) · w / 2, (x + y) · h / 2); each level
lifts it and shows its sides. Cells are painted from the back to the front.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from maps.terrain import LAVA, WATER, Grid, Point

Colour = tuple[int, int, int]
Corner = tuple[float, float]

SIZES = {"card": (480, 270), "page": (1200, 675)}  # 16 to 9, in pixels
OVERSAMPLING = (
    2  # drawn larger and scaled down: smooth edges without a drawing library that has them
)
TERRAIN_COLOURS: tuple[Colour, ...] = (
    (124, 179, 66),  # Grass
    (160, 122, 98),  # Dirt: the owner's #8D6E63, lighter, since shading darkens most of a map
    (134, 134, 134),  # Stone
    (41, 182, 246),  # Water
    (255, 87, 34),  # Lava
)
DEEP: dict[int, Colour] = {WATER: (21, 101, 160), LAVA: (136, 14, 10)}
GROUND: Colour = (62, 48, 42)
GOLD: Colour = (255, 215, 0)
CRIMSON: Colour = (220, 20, 60)
BLUE: Colour = (65, 105, 225)
WHITE: Colour = (255, 255, 255)
BACKGROUND: Colour = (27, 38, 49)


@dataclass(frozen=True)
class View:
    """How cells fall on the picture: tile width, level height and the origin, in pixels."""

    tile: float
    lift: float
    left: float
    top: float

    @classmethod
    def fit(cls, grid: Grid, size: tuple[int, int]) -> "View":
        """The largest view that shows the whole grid in the middle of a picture."""
        across = grid.width + grid.height
        # A level is a quarter of a tile high; the highest stands clear of the upper edge.
        levels = int(grid.level.max()) + 1
        tile = 0.96 * min(2 * size[0] / across, size[1] / (across / 4 + levels / 4))
        drawn = across * tile / 4 - levels * tile / 4
        left = size[0] / 2 - (grid.width - grid.height) * tile / 4
        return cls(tile, tile / 4, left, (size[1] - drawn) / 2)

    def top_of(self, x: float, y: float, level: float) -> Corner:
        """The northern corner of a cell at a level."""
        return (
            self.left + (x - y) * self.tile / 2,
            self.top + (x + y) * self.tile / 4 - level * self.lift,
        )

    def middle(self, x: int, y: int, level: float) -> Corner:
        """The middle of a cell's upper face."""
        across, down = self.top_of(x, y, level)
        return across, down + self.tile / 4


def render(grid: Grid, path: Iterable[Point], spawn: Point, goal: Point, size: str) -> bytes:
    """A WebP picture in one of SIZES: terrain, the path faintly, spawn and goal marked."""
    width, height = SIZES[size]
    large = (width * OVERSAMPLING, height * OVERSAMPLING)
    image = Image.new("RGB", large, BACKGROUND)
    draw = ImageDraw.Draw(image, "RGBA")
    view = View.fit(grid, large)
    _draw_cells(draw, view, grid)
    _draw_path(draw, view, grid, list(path))
    _draw_spawn(draw, view, grid, spawn)
    _draw_goal(draw, view, grid, goal)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=82, method=4)
    return file.getvalue()


def _draw_cells(draw: ImageDraw.ImageDraw, view: View, grid: Grid) -> None:
    terrain, level, blocked = (grid.terrain.tolist(), grid.level.tolist(), grid.blocked.tolist())
    for y in range(grid.height):
        for x in range(grid.width):
            kind, high = terrain[y][x], level[y][x]
            surface = high - 0.35 if kind in DEEP else high  # liquids lie a little lower
            beside_south = level[y + 1][x] if y + 1 < grid.height else -1
            beside_east = level[y][x + 1] if x + 1 < grid.width else -1
            _draw_sides(draw, view, (x, y), surface, (beside_south, beside_east), kind)
            colour = _surface(kind, high, terrain, x, y)
            draw.polygon(_diamond(view, x, y, surface), fill=colour)
            if blocked[y][x]:
                _draw_tree(draw, view, x, y, high)


def _draw_sides(
    draw: ImageDraw.ImageDraw,
    view: View,
    cell: Point,
    level: float,
    beside: tuple[float, float],
    kind: int,
) -> None:
    """The two faces one sees of a cell that stands above its southern or eastern neighbour."""
    _, east, south, west = _diamond(view, *cell, level)
    base = _mix(GROUND, TERRAIN_COLOURS[kind], 0.35)
    for (left, right), neighbour, light in (
        ((west, south), beside[0], 0.95),
        ((south, east), beside[1], 0.65),
    ):
        if neighbour < level:
            drop = (level - neighbour) * view.lift
            face = [left, right, (right[0], right[1] + drop), (left[0], left[1] + drop)]
            draw.polygon(face, fill=_shade(base, light))


def _surface(kind: int, level: int, terrain: list[list[int]], x: int, y: int) -> Colour:
    """A cell's colour: lighter the higher; liquids darker away from the shore; a faint chequer."""
    colour = TERRAIN_COLOURS[kind]
    if kind in DEEP:
        rows = terrain[max(y - 1, 0) : y + 2]
        around = [other for row in rows for other in row[max(x - 1, 0) : x + 2]]
        inside = around.count(kind) / len(around)
        return _mix(colour, DEEP[kind], max(0.0, inside - 0.55) * 1.2)
    return _shade(colour, 0.80 + 0.085 * level + (0.035 if (x + y) % 2 else 0))


def _draw_tree(draw: ImageDraw.ImageDraw, view: View, x: int, y: int, level: int) -> None:
    """A blocked cell: a dark fir."""
    across, down = view.middle(x, y, level)
    size = view.tile * 0.28
    draw.polygon(
        [(across - size, down), (across, down - size * 2.4), (across + size, down)],
        fill=(38, 84, 44),
    )


def _draw_path(draw: ImageDraw.ImageDraw, view: View, grid: Grid, path: list[Point]) -> None:
    if len(path) < 2:
        return
    points = [view.middle(x, y, int(grid.level[y, x])) for x, y in path]
    draw.line(points, fill=(*WHITE, 90), width=max(2, round(view.tile / 7)), joint="curve")


def _draw_spawn(draw: ImageDraw.ImageDraw, view: View, grid: Grid, point: Point) -> None:
    """A red pennant. Spawn and goal differ in shape, not in colour alone."""
    (across, down), size = _draw_ground(draw, view, grid, point, CRIMSON)
    top = down - size * 1.7
    draw.line([(across, down), (across, top)], fill=WHITE, width=max(2, round(size / 10)))
    flag = [(across, top), (across + size * 0.9, top + size * 0.32), (across, top + size * 0.64)]
    draw.polygon(flag, fill=CRIMSON, outline=GOLD, width=max(1, round(size / 16)))


def _draw_goal(draw: ImageDraw.ImageDraw, view: View, grid: Grid, point: Point) -> None:
    """A blue tower with battlements."""
    (across, down), size = _draw_ground(draw, view, grid, point, BLUE)
    half, top, tooth = size * 0.34, down - size * 1.2, size * 0.2
    left, right = across - half, across + half
    third = (right - left) / 5
    battlements = [(left + step * third, top - tooth * (step % 2 == 0)) for step in range(5)]
    outline = [
        (left, down),
        *((x + dx, y) for x, y in battlements for dx in (0, third)),
        (right, down),
    ]
    draw.polygon(outline, fill=BLUE, outline=GOLD, width=max(1, round(size / 16)))
    door = [across - size * 0.1, down - size * 0.38, across + size * 0.1, down]
    draw.rectangle(door, fill=BACKGROUND)


def _draw_ground(
    draw: ImageDraw.ImageDraw, view: View, grid: Grid, point: Point, colour: Colour
) -> tuple[Corner, float]:
    """A spot of colour under a mark; answers its middle, and a size that can be seen on any map."""
    x, y = point
    across, down = view.middle(x, y, int(grid.level[y, x]))
    size = max(view.tile, 22)
    spot = [across - size * 0.45, down - size * 0.22, across + size * 0.45, down + size * 0.22]
    draw.ellipse(spot, fill=(*colour, 170))
    return (across, down), size


def _diamond(view: View, x: int, y: int, level: float) -> list[Corner]:
    """The corners of a cell's upper face: north, east, south, west."""
    across, down = view.top_of(x, y, level)
    half, quarter = view.tile / 2, view.tile / 4
    return [
        (across, down),
        (across + half, down + quarter),
        (across, down + 2 * quarter),
        (across - half, down + quarter),
    ]


def _shade(colour: Colour, light: float) -> Colour:
    red, green, blue = (min(255, round(part * light)) for part in colour)
    return red, green, blue


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
