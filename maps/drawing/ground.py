"""The ground of a map as one sees it from straight above: colours, shores, shade. Pure of Django.

`ground` paints a texture of `scale` × `scale` pixels a cell, which maps/drawing/pictures.py lays over the
heights. Noise comes from one fixed lattice and depends on the cell alone: the same cells always
look the same, in the small picture as in the large one.
"""

import functools

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from config.kernel.palette import rgb
from maps.terrain.grid import IMPASSABLE, LARGEST, LAVA, WATER, Bytes, Grid
from maps.terrain.grid import IMPASSABLE, LAVA, MAX_SIDE, WATER, ByteArray, Grid

Field = npt.NDArray[np.float32]  # a number for each pixel of the texture


def _colours(*names: str) -> Field:
    """Colours of the palette, shape (…, 3)."""
    return np.array([rgb(name) for name in names], dtype=np.float32)


# From the darkest to the lightest, by terrain; in between lies the terrain's own colour.
SHADES = np.stack(
    [
        _colours("grass-dark", "grass", "grass-light"),
        _colours("dirt-dark", "dirt", "dirt-light"),
        _colours("stone-dark", "stone", "stone-light"),
        _colours("water-deep", "water", "water-shallow"),
        _colours("lava-crust", "lava", "lava-heart"),
    ]
)
FOAM, SAND, ASH, GLOW = _colours("foam", "sand", "ash", "lava-glow")
SUN_SLOPE = 1.3  # levels that the light, which comes from the west, falls in a cell
LIQUID_DEPTH = 0.35  # levels that the surface of a liquid lies below its cell's height
STEPS = 64  # into which a range of shades is cut


def ground(grid: Grid, scale: int) -> ByteArray:
    """The texture: shape (height · scale, width · scale, 4), red, green, blue, and how much it glows."""
    kind = _enlarged(grid.terrain, scale)
    coarse, middling, fine = (_noise(grid, scale, grain) for grain in (0.34, 1.6, 5.0))
    light = _light(grid, scale)
    seen = _frayed(kind, scale, middling, fine)
    shade = 0.15 + 0.36 * coarse + 0.34 * fine + 0.15 * middling
    shade += (fine > 0.9) * np.float32(0.3) - (fine < 0.1) * np.float32(0.22)  # tufts and pebbles
    np.clip(shade, 0, 1, out=shade)
    colour = _ranges()[seen.astype(np.intp) * STEPS + (shade * (STEPS - 1)).astype(np.intp)]
    texture = np.zeros((*kind.shape, 4), dtype=np.uint8)
    for liquid, shore in ((WATER, SAND), (LAVA, ASH)):
        if (grid.terrain == liquid).any():
            _paint_shore(colour, _blurred(kind == liquid, scale * 0.3), middling, shore)
    colour *= light[..., None]
    if (grid.terrain == WATER).any():
        _paint_water(colour, kind, grid, scale, (middling, fine, light))
    if (grid.terrain == LAVA).any():
        texture[..., 3] = _paint_lava(colour, kind, scale, (coarse, middling, fine))
    np.clip(colour, 0, 255, out=colour)
    texture[..., :3] = colour
    return texture


def surface(grid: Grid) -> Field:
    """The height of each cell's surface in levels, liquids a little lower. Shape (height, width)."""
    lower = np.isin(grid.terrain, IMPASSABLE) * np.float32(LIQUID_DEPTH)
    return grid.level.astype(np.float32) - lower


# ---- Land ---------------------------------------------------------------------------------------


def _light(grid: Grid, scale: int) -> Field:
    """How bright each pixel is: higher is lighter; edges shine, feet of cliffs and the lee are dark."""
    heights = surface(grid)
    high = _enlarged(heights, scale)
    beside = np.asarray(Image.fromarray(high * 40 + 20).convert("L").filter(_blur(scale * 0.32)))
    contrast = (high * 40 + 20 - beside) / 40  # above 0: an edge; below: the foot of something
    light = 0.86 + 0.055 * high + np.clip(contrast, -0.9, 0.3) * np.where(contrast > 0, 0.34, 0.42)
    reach = (np.arange(high.shape[1], dtype=np.float32) * (SUN_SLOPE / scale))[None, :]
    shadow = np.maximum.accumulate(high + reach, axis=1) - reach - high
    light *= 1 - 0.26 * np.clip(shadow * 3, 0, 1)
    rows, columns = np.indices(heights.shape)
    light *= _enlarged(np.where((rows + columns) % 2, 1.018, 0.982).astype(np.float32), scale)
    shaded: Field = light.astype(np.float32)
    return shaded


def _frayed(kind: ByteArray, scale: int, middling: Field, fine: Field) -> ByteArray:
    """The terrain of each pixel, with borders that wander a little; shores of liquids stay put."""
    rows, columns = (np.arange(n, dtype=np.float32) for n in kind.shape)
    down = rows[:, None] + (middling - 0.5) * (0.5 * scale)
    right = columns[None, :] + (fine - 0.5) * (0.5 * scale)
    np.clip(down, 0, kind.shape[0] - 1, out=down)
    np.clip(right, 0, kind.shape[1] - 1, out=right)
    moved = kind.ravel()[down.astype(np.intp) * kind.shape[1] + right.astype(np.intp)]
    frayed: ByteArray = np.where((moved >= WATER) | (kind >= WATER), kind, moved)
    return frayed


def _paint_shore(colour: Field, near: Field, wander: Field, shore: Field) -> None:
    """Sand or ash on the land beside a liquid; what lies under the liquid is painted over later."""
    share = np.clip((near + (wander - 0.5) * 0.22 - 0.12) * 3.2, 0, 0.82)
    rows, columns = np.nonzero(share)
    part = share[rows, columns, None]
    colour[rows, columns] += (shore - colour[rows, columns]) * part


# ---- Liquids ------------------------------------------------------------------------------------


def _paint_water(
    colour: Field, kind: ByteArray, grid: Grid, scale: int, fields: tuple[Field, Field, Field]
) -> None:
    """Deeper is darker, foam along the shore, glints on the waves."""
    middling, fine, light = fields
    here = np.nonzero(kind == WATER)
    wet = grid.terrain == WATER
    # Beyond the edge of the map the water goes on: no shore is drawn there.
    broad = _enlarged(_spread(wet, 2) * 0.5 + _spread(wet, 1) * 0.5, scale, smooth=True)[here]
    shore = _blurred(kind == WATER, scale * 0.22)[here]
    wave, grain = middling[here], fine[here]
    depth = np.clip((broad - 0.45) * 1.75 + (wave - 0.5) * 0.2, 0, 1)
    place = (1 - depth) * (STEPS - 1)
    water = _ranges()[WATER * STEPS + place.astype(np.intp)]
    rise = (here[0] + here[1]) * np.float32(1 / scale) + wave * 0.9
    crest = np.sin(rise * 7.4) + (grain - 0.5) * 1.5
    glint = np.clip((crest - 1.05) * 2.2, 0, min(0.5, scale / 60))
    foam = np.clip(0.92 - shore + (grain - 0.5) * 0.22, 0, 1) * 2.6
    foam = np.clip(foam - 0.28, 0, 0.85)
    water *= np.clip(light[here], 0.72, 1.1)[:, None]
    water += (FOAM - water) * np.maximum(foam, glint)[:, None]
    colour[here] = water


def _paint_lava(
    colour: Field, kind: ByteArray, scale: int, fields: tuple[Field, Field, Field]
) -> ByteArray:
    """Bright veins between plates of crust; the land around is lit by them. Answers how it glows."""
    coarse, middling, fine = fields
    molten = kind == LAVA
    here = np.nonzero(molten)
    shore = _blurred(molten, scale * 0.25)[here]
    vein = 1 - np.abs(middling[here] + 0.3 * (fine[here] - 0.5) - 0.5) * 3.4
    heat = np.clip(vein * 0.75 + coarse[here] * 0.3 + 0.06, 0, 1) * np.clip(
        shore * 1.6 - 0.55, 0.2, 1
    )
    around = np.asarray(
        Image.fromarray((molten * 255).astype(np.uint8)).filter(_blur(scale * 0.9)), np.float32
    )
    colour += around[..., None] * (GLOW / 255) * (~molten)[..., None]
    colour[here] = _ranges()[LAVA * STEPS + (heat * (STEPS - 1)).astype(np.intp)]
    glow = np.zeros(kind.shape, dtype=np.uint8)
    glow[here] = (60 + 195 * heat).astype(np.uint8)
    return glow


# ---- Fields -------------------------------------------------------------------------------------


@functools.cache
def _ranges() -> Field:
    """STEPS shades of each terrain, one after the other: shape (5 · STEPS, 3)."""
    place = np.linspace(0, 2, STEPS)
    parts = [
        np.interp(place, (0, 1, 2), shades[:, channel]) for shades in SHADES for channel in range(3)
    ]
    stacked = np.array(parts, dtype=np.float32).reshape(len(SHADES), 3, STEPS)
    return np.ascontiguousarray(stacked.transpose(0, 2, 1).reshape(-1, 3))


@functools.cache
def _lattice(grain: float) -> ByteArray:
    """Random bytes, `grain` of them a cell, for the largest map and a little more."""
    side = int(MAX_SIDE * grain) + 3
    return np.random.default_rng(int(grain * 100)).integers(0, 256, (side, side), dtype=np.uint8)


def _noise(grid: Grid, scale: int, grain: float) -> Field:
    """Smooth noise of 0 to 1 with `grain` bumps a cell. Bumps finer than a pixel become plain grey."""
    box = (0, 0, grid.width * grain, grid.height * grain)
    size = (grid.width * scale, grid.height * scale)
    smooth = Image.fromarray(_lattice(grain)).resize(size, Image.Resampling.BICUBIC, box=box)
    return np.asarray(smooth, dtype=np.float32) * np.float32(1 / 255)


def _enlarged(cells: npt.NDArray[np.generic], scale: int, *, smooth: bool = False) -> npt.NDArray:  # type: ignore[type-arg]
    """Each cell as `scale` × `scale` pixels: equal ones, or blended with those of its neighbours."""
    if not smooth:
        return cells.repeat(scale, axis=0).repeat(scale, axis=1)
    size = (cells.shape[1] * scale, cells.shape[0] * scale)
    return np.asarray(
        Image.fromarray(cells.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    )


def _spread(cells: npt.NDArray[np.bool_], reach: int) -> Field:
    """The share of set cells within `reach` cells around each one."""
    padded = np.pad(cells.astype(np.float32), reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    share: Field = windows.mean(axis=(2, 3), dtype=np.float32)
    return share


def _blurred(mask: npt.NDArray[np.bool_], radius: float) -> Field:
    """A mask with soft borders, 0 to 1."""
    image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    return np.asarray(image.filter(_blur(radius)), dtype=np.float32) * np.float32(1 / 255)


def _blur(radius: float) -> ImageFilter.Filter:
    return ImageFilter.GaussianBlur(radius)
