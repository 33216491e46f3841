"""Obstacles and marks: trees, rocks, the spawn's banner and the goal's castle. Does not use Django.

Trees and rocks are sprites, drawn once for each size and cached. Marks are drawn into the picture itself.
Coordinates are multiples of a mark's size, relative to its foot, with y downwards.
"""

import functools
from collections.abc import Sequence

from PIL import Image, ImageDraw

from config.kernel.palette import Rgb, rgb
from maps.terrain.grid import DIRT, GRASS, STONE

Corner = tuple[float, float]

GOLD, CRIMSON, BLUE = rgb("gold"), rgb("danger"), rgb("friendly")
WHITE, INK = rgb("white"), rgb("ink")
CASTLE_LIT, CASTLE_SHADED, BANNER_SHADED = map(
    rgb, ("castle-lit", "castle-shaded", "banner-shaded")
)
SPRITE_OVERSAMPLING = 4  # sprites are drawn this much larger, and scaled down for smooth edges

# Of each variant of a tree: the lit side, the shaded side, and the top of an oak.
FOREST = tuple(
    (rgb(f"{name}-lit"), rgb(f"{name}-shaded"), rgb(f"{name}-crown"))
    for name in ("fir", "moss", "pine")
)
BARK = rgb("bark")
ROCK, BOULDER = (
    (rgb(f"{name}-top"), rgb(f"{name}-left"), rgb(f"{name}-right")) for name in ("rock", "boulder")
)
# The obstacles that a blocked cell of a terrain can show. Liquids show rocks.
OBSTACLES = {
    GRASS: ("firs", "oaks", "firs", "rocks"),
    DIRT: ("boulders", "deadwood"),
    STONE: ("rocks",),
}
VARIANTS = 3


def cell_hash(x: int, y: int) -> int:
    """Returns a pseudorandom number of 0 to 65,535 that depends only on the cell."""
    mixed = (x * 73_856_093 ^ y * 19_349_663) * 2_654_435_761 & 0xFFFFFFFF
    return (mixed ^ mixed >> 13) >> 8 & 0xFFFF


def obstacle_sprite(terrain: int, x: int, y: int, tile: int) -> tuple[Image.Image, Image.Image]:
    """Returns the picture and the mask (mode 1) of a blocked cell, `tile` wide and 1.25 `tile` high.

    The middle of the cell is half of `tile` from the left, and a quarter of `tile` from the bottom.
    """
    return _draw_sprite(*choose_obstacle(terrain, x, y), tile)


def choose_obstacle(terrain: int, x: int, y: int) -> tuple[str, int]:
    """Returns the obstacle of a blocked cell, and its variant. static/js has the same rule."""
    number = cell_hash(x, y)
    choices = OBSTACLES.get(terrain, ("rocks",))
    return choices[number % len(choices)], number // 7 % VARIANTS


@functools.lru_cache(maxsize=128)
def _draw_sprite(name: str, variant: int, tile: int) -> tuple[Image.Image, Image.Image]:
    unit = tile * SPRITE_OVERSAMPLING
    image = Image.new("RGBA", (unit, unit * 5 // 4), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    foot = (unit / 2, unit * 5 / 4 - unit / 4)
    shift = (variant - 1) * 0.06
    match name:
        case "firs":
            for dx, dy, size in (
                (-0.19, -0.05, 0.58),
                (0.2, -0.02, 0.52 + shift),
                (-shift, 0.1, 0.7),
            ):
                _draw_fir(draw, (foot[0] + dx * unit, foot[1] + dy * unit), size * unit, variant)
        case "oaks":
            for dx, dy, size in ((0.17 + shift, -0.05, 0.5), (-0.12, 0.07, 0.62 - shift)):
                _draw_oak(draw, (foot[0] + dx * unit, foot[1] + dy * unit), size * unit, variant)
        case "deadwood":
            _draw_deadwood(draw, foot, unit * (0.6 + shift))
        case _:
            tones = BOULDER if name == "boulders" else ROCK
            for dx, dy, size in ((0.18, -0.07, 0.38 - shift), (-0.09, 0.05, 0.56 + shift)):
                _draw_rock(draw, (foot[0] + dx * unit, foot[1] + dy * unit), size * unit, tones)
    image = image.reduce(SPRITE_OVERSAMPLING)
    return image.convert("RGB"), image.getchannel("A").point(
        lambda alpha: 255 * (alpha > 110)
    ).convert("1")


def _draw_fir(draw: ImageDraw.ImageDraw, foot: Corner, size: float, variant: int) -> None:
    lit, dark, _ = FOREST[variant]
    _draw_polygon(draw, foot, size, [(-0.06, 0), (0.06, 0), (0.06, -0.25), (-0.06, -0.25)], BARK)
    for base, top, half in ((-0.14, -0.75, 0.36), (-0.42, -1.05, 0.29), (-0.72, -1.35, 0.2)):
        _draw_polygon(draw, foot, size, [(-half, base), (0, base + 0.08), (0, top)], lit)
        _draw_polygon(draw, foot, size, [(half, base), (0, base + 0.08), (0, top)], dark)


def _draw_oak(draw: ImageDraw.ImageDraw, foot: Corner, size: float, variant: int) -> None:
    lit, dark, bright = FOREST[variant]
    _draw_polygon(draw, foot, size, [(-0.08, 0), (0.08, 0), (0.05, -0.5), (-0.05, -0.5)], BARK)
    for dx, dy, half, colour in (
        (0.12, -0.62, 0.42, dark),
        (-0.12, -0.68, 0.42, lit),
        (0, -0.92, 0.36, lit),
        (-0.16, -0.9, 0.2, bright),
    ):
        _draw_disc(
            draw, (foot[0] + dx * size, foot[1] + dy * size), half * size, half * size * 0.9, colour
        )


def _draw_deadwood(draw: ImageDraw.ImageDraw, foot: Corner, size: float) -> None:
    for start, end, thickness in (
        ((0, 0), (0.02, -0.95), 0.11),
        ((0, -0.4), (-0.32, -0.85), 0.07),
        ((0.01, -0.55), (0.3, -1.02), 0.06),
        ((-0.17, -0.64), (-0.38, -0.66), 0.04),
    ):
        line = [(foot[0] + x * size, foot[1] + y * size) for x, y in (start, end)]
        draw.line(line, fill=BARK, width=max(1, round(thickness * size)))


def _draw_rock(
    draw: ImageDraw.ImageDraw, foot: Corner, size: float, tones: tuple[Rgb, Rgb, Rgb]
) -> None:
    top, left, right = tones
    _draw_polygon(
        draw, foot, size, [(-0.5, 0.02), (-0.36, -0.5), (0.05, -0.34), (0.04, 0.24)], left
    )
    _draw_polygon(draw, foot, size, [(0.04, 0.24), (0.05, -0.34), (0.42, -0.46), (0.54, 0)], right)
    _draw_polygon(
        draw, foot, size, [(-0.36, -0.5), (-0.04, -0.74), (0.42, -0.46), (0.05, -0.34)], top
    )


# ---- Marks --------------------------------------------------------------------------------------


def draw_spawn(draw: ImageDraw.ImageDraw, foot: Corner, size: float) -> None:
    """Draws a ring, and a tall red banner with a forked end."""
    _draw_ring(draw, foot, size, CRIMSON)
    pole = [(-0.05, 0.02), (0.05, 0.02), (0.05, -1.5), (-0.05, -1.5)]
    flag = [(0.05, -1.46), (0.98, -1.3), (0.72, -1.07), (0.98, -0.84), (0.05, -0.74)]
    _draw_outlines(draw, foot, size, (pole, flag))
    _draw_polygon(draw, foot, size, pole, WHITE)
    _draw_polygon(draw, foot, size, flag, CRIMSON)
    _draw_polygon(
        draw,
        foot,
        size,
        [(0.05, -0.92), (0.98, -0.97), (0.98, -0.84), (0.05, -0.74)],
        BANNER_SHADED,
    )
    _draw_disc(draw, (foot[0], foot[1] - 1.52 * size), 0.1 * size, 0.1 * size, GOLD)


def draw_goal(draw: ImageDraw.ImageDraw, foot: Corner, size: float) -> None:
    """Draws a ring, and a blue castle: a keep with battlements between two towers."""
    _draw_ring(draw, foot, size, BLUE)
    keep = _battlement_corners(-0.34, 0.34, -0.86, 5)
    towers = [
        _battlement_corners(-0.62, -0.26, -1.12, 3),
        _battlement_corners(0.26, 0.62, -1.12, 3),
    ]
    spire = [(-0.05, -0.9), (-0.05, -1.62), (0.05, -1.62), (0.05, -0.9)]
    flag = [(0.05, -1.6), (0.42, -1.46), (0.05, -1.32)]
    _draw_outlines(draw, foot, size, (keep, *towers, spire, flag))
    _draw_polygon(draw, foot, size, spire, WHITE)
    _draw_polygon(draw, foot, size, flag, GOLD)
    _draw_polygon(draw, foot, size, keep, BLUE)
    for tower, colour in zip(towers, (CASTLE_LIT, CASTLE_SHADED), strict=True):
        _draw_polygon(draw, foot, size, tower, colour)
    _draw_polygon(
        draw, foot, size, [(-0.34, -0.62), (0.34, -0.62), (0.34, -0.7), (-0.34, -0.7)], GOLD
    )
    door = [(-0.13, 0.1), (-0.13, -0.28), (0, -0.42), (0.13, -0.28), (0.13, 0.1)]
    _draw_polygon(draw, foot, size, door, INK)


def _battlement_corners(left: float, right: float, top: float, parts: int) -> list[Corner]:
    """Returns the corners of a wall up to `top`, with every other part of its upper edge higher."""
    step = (right - left) / parts
    crest: list[Corner] = []
    for part in range(parts):
        height = top - (0.14 if part % 2 == 0 else 0)
        crest += [(left + part * step, height), (left + (part + 1) * step, height)]
    return [(left, 0.1), *crest, (right, 0.1)]


def _draw_ring(draw: ImageDraw.ImageDraw, foot: Corner, size: float, colour: Rgb) -> None:
    """Draws a ring on the ground around a mark."""
    for half, fill in ((0.86, (*INK, 150)), (0.78, (*colour, 255)), (0.66, (*INK, 120))):
        _draw_disc(draw, foot, half * size, half * size / 2, fill)


def _draw_outlines(
    draw: ImageDraw.ImageDraw, foot: Corner, size: float, shapes: Sequence[Sequence[Corner]]
) -> None:
    """Draws a dark border around shapes, so that they are visible on any ground."""
    width = max(3, round(size * 0.14))
    for shape in shapes:
        points = [(foot[0] + x * size, foot[1] + y * size) for x, y in shape]
        draw.line([*points, points[0], points[1]], fill=INK, width=width, joint="curve")


def _draw_polygon(
    draw: ImageDraw.ImageDraw, foot: Corner, size: float, shape: Sequence[Corner], colour: Rgb
) -> None:
    draw.polygon([(foot[0] + x * size, foot[1] + y * size) for x, y in shape], fill=colour)


def _draw_disc(
    draw: ImageDraw.ImageDraw,
    middle: Corner,
    across: float,
    down: float,
    fill: Rgb | tuple[int, int, int, int],
) -> None:
    x, y = middle
    draw.ellipse([x - across, y - down, x + across, y + down], fill=fill)
