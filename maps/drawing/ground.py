"""The ground of a map, seen from above: colours, shores, shade. Does not use Django.

`render_ground` renders a texture with `scale` × `scale` pixels for each cell. maps/drawing/pictures.py
projects it onto the heights. The noise comes from a fixed lattice and depends only on the cell, so that a
cell looks the same in pictures of all sizes.
"""

import functools

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from config.kernel.palette import rgb
from maps.terrain.grid import IMPASSABLE, LAVA, MAX_SIDE, WATER, ByteArray, Grid

PixelField = npt.NDArray[np.float32]  # a number for each pixel of the texture


def _colours(*names: str) -> PixelField:
    """Returns colours of the palette, shape (…, 3)."""
    return np.array([rgb(name) for name in names], dtype=np.float32)


# By terrain: the darkest colour, the terrain's own colour, the lightest colour.
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
SUN_SLOPE = 1.3  # levels that a ray of light, which comes from the west, descends for each cell
LIQUID_DEPTH = 0.35  # levels between the height of a cell and the surface of its liquid
SHADE_STEPS = 64  # colours between the darkest and the lightest


def render_ground(grid: Grid, scale: int) -> ByteArray:
    """Returns the texture: shape (height · scale, width · scale, 4) for red, green, blue and glow."""
    kind = _enlarge(grid.terrain, scale)
    coarse, medium, fine = (_noise(grid, scale, grain) for grain in (0.34, 1.6, 5.0))
    light = _compute_light(grid, scale)
    seen = _fray_borders(kind, scale, medium, fine)
    shade = 0.15 + 0.36 * coarse + 0.34 * fine + 0.15 * medium
    shade += (fine > 0.9) * np.float32(0.3) - (fine < 0.1) * np.float32(0.22)  # tufts and pebbles
    np.clip(shade, 0, 1, out=shade)
    colour = _shade_table()[
        seen.astype(np.intp) * SHADE_STEPS + (shade * (SHADE_STEPS - 1)).astype(np.intp)
    ]
    texture = np.zeros((*kind.shape, 4), dtype=np.uint8)
    for liquid, shore in ((WATER, SAND), (LAVA, ASH)):
        if (grid.terrain == liquid).any():
            _paint_shore(colour, _blur_mask(kind == liquid, scale * 0.3), medium, shore)
    colour *= light[..., None]
    if (grid.terrain == WATER).any():
        _paint_water(colour, kind, grid, scale, (medium, fine, light))
    if (grid.terrain == LAVA).any():
        texture[..., 3] = _paint_lava(colour, kind, scale, (coarse, medium, fine))
    np.clip(colour, 0, 255, out=colour)
    texture[..., :3] = colour
    return texture


def surface_levels(grid: Grid) -> PixelField:
    """Returns the level of each cell's surface; that of liquids is a little lower. Shape (height, width)."""
    lower = np.isin(grid.terrain, IMPASSABLE) * np.float32(LIQUID_DEPTH)
    return grid.level.astype(np.float32) - lower


# ---- Land ---------------------------------------------------------------------------------------


def _compute_light(grid: Grid, scale: int) -> PixelField:
    """Returns the brightness of each pixel.

    High ground and upper edges are bright. The bottom of cliffs and their eastern sides are dark.
    """
    heights = surface_levels(grid)
    high = _enlarge(heights, scale)
    beside = np.asarray(
        Image.fromarray(high * 40 + 20).convert("L").filter(_blur_filter(scale * 0.32))
    )
    # Positive at an upper edge, negative at the bottom of a cliff.
    contrast = (high * 40 + 20 - beside) / 40
    light = 0.86 + 0.055 * high + np.clip(contrast, -0.9, 0.3) * np.where(contrast > 0, 0.34, 0.42)
    reach = (np.arange(high.shape[1], dtype=np.float32) * (SUN_SLOPE / scale))[None, :]
    shadow = np.maximum.accumulate(high + reach, axis=1) - reach - high
    light *= 1 - 0.26 * np.clip(shadow * 3, 0, 1)
    rows, columns = np.indices(heights.shape)
    light *= _enlarge(np.where((rows + columns) % 2, 1.018, 0.982).astype(np.float32), scale)
    shaded: PixelField = light.astype(np.float32)
    return shaded


def _fray_borders(kind: ByteArray, scale: int, medium: PixelField, fine: PixelField) -> ByteArray:
    """Returns the terrain of each pixel, with irregular borders. Shores of liquids are straight."""
    rows, columns = (np.arange(n, dtype=np.float32) for n in kind.shape)
    down = rows[:, None] + (medium - 0.5) * (0.5 * scale)
    right = columns[None, :] + (fine - 0.5) * (0.5 * scale)
    np.clip(down, 0, kind.shape[0] - 1, out=down)
    np.clip(right, 0, kind.shape[1] - 1, out=right)
    moved = kind.ravel()[down.astype(np.intp) * kind.shape[1] + right.astype(np.intp)]
    frayed: ByteArray = np.where((moved >= WATER) | (kind >= WATER), kind, moved)
    return frayed


def _paint_shore(
    colour: PixelField, near: PixelField, noise: PixelField, shore: PixelField
) -> None:
    """Paints sand or ash beside a liquid. What is painted under the liquid is overwritten later."""
    share = np.clip((near + (noise - 0.5) * 0.22 - 0.12) * 3.2, 0, 0.82)
    rows, columns = np.nonzero(share)
    part = share[rows, columns, None]
    colour[rows, columns] += (shore - colour[rows, columns]) * part


# ---- Liquids ------------------------------------------------------------------------------------


def _paint_water(
    colour: PixelField,
    kind: ByteArray,
    grid: Grid,
    scale: int,
    fields: tuple[PixelField, PixelField, PixelField],
) -> None:
    """Paints water: darker if it is deep, with foam along the shore and highlights on the waves."""
    medium, fine, light = fields
    here = np.nonzero(kind == WATER)
    is_water = grid.terrain == WATER
    # Water continues beyond the edge of the map, so no shore is drawn there.
    broad = _enlarge(
        _local_share(is_water, 2) * 0.5 + _local_share(is_water, 1) * 0.5, scale, smooth=True
    )[here]
    shore = _blur_mask(kind == WATER, scale * 0.22)[here]
    wave, grain = medium[here], fine[here]
    depth = np.clip((broad - 0.45) * 1.75 + (wave - 0.5) * 0.2, 0, 1)
    place = (1 - depth) * (SHADE_STEPS - 1)
    water = _shade_table()[WATER * SHADE_STEPS + place.astype(np.intp)]
    rise = (here[0] + here[1]) * np.float32(1 / scale) + wave * 0.9
    crest = np.sin(rise * 7.4) + (grain - 0.5) * 1.5
    glint = np.clip((crest - 1.05) * 2.2, 0, min(0.5, scale / 60))
    foam = np.clip(0.92 - shore + (grain - 0.5) * 0.22, 0, 1) * 2.6
    foam = np.clip(foam - 0.28, 0, 0.85)
    water *= np.clip(light[here], 0.72, 1.1)[:, None]
    water += (FOAM - water) * np.maximum(foam, glint)[:, None]
    colour[here] = water


def _paint_lava(
    colour: PixelField,
    kind: ByteArray,
    scale: int,
    fields: tuple[PixelField, PixelField, PixelField],
) -> ByteArray:
    """Paints lava: bright veins in a crust, which light the land around. Returns the glow."""
    coarse, medium, fine = fields
    is_lava = kind == LAVA
    here = np.nonzero(is_lava)
    shore = _blur_mask(is_lava, scale * 0.25)[here]
    vein = 1 - np.abs(medium[here] + 0.3 * (fine[here] - 0.5) - 0.5) * 3.4
    heat = np.clip(vein * 0.75 + coarse[here] * 0.3 + 0.06, 0, 1) * np.clip(
        shore * 1.6 - 0.55, 0.2, 1
    )
    around = np.asarray(
        Image.fromarray((is_lava * 255).astype(np.uint8)).filter(_blur_filter(scale * 0.9)),
        np.float32,
    )
    colour += around[..., None] * (GLOW / 255) * (~is_lava)[..., None]
    colour[here] = _shade_table()[LAVA * SHADE_STEPS + (heat * (SHADE_STEPS - 1)).astype(np.intp)]
    glow = np.zeros(kind.shape, dtype=np.uint8)
    glow[here] = (60 + 195 * heat).astype(np.uint8)
    return glow


# ---- Fields -------------------------------------------------------------------------------------


@functools.cache
def _shade_table() -> PixelField:
    """Returns SHADE_STEPS colours of each terrain, in order: shape (5 · SHADE_STEPS, 3)."""
    place = np.linspace(0, 2, SHADE_STEPS)
    parts = [
        np.interp(place, (0, 1, 2), shades[:, channel]) for shades in SHADES for channel in range(3)
    ]
    stacked = np.array(parts, dtype=np.float32).reshape(len(SHADES), 3, SHADE_STEPS)
    return np.ascontiguousarray(stacked.transpose(0, 2, 1).reshape(-1, 3))


@functools.cache
def _noise_lattice(grain: float) -> ByteArray:
    """Returns random bytes, `grain` of them for each cell, for the largest map and a little more."""
    side = int(MAX_SIDE * grain) + 3
    return np.random.default_rng(int(grain * 100)).integers(0, 256, (side, side), dtype=np.uint8)


def _noise(grid: Grid, scale: int, grain: float) -> PixelField:
    """Returns smooth noise of 0 to 1 with `grain` random values for each cell.

    Noise that is finer than a pixel becomes a uniform grey.
    """
    box = (0, 0, grid.width * grain, grid.height * grain)
    size = (grid.width * scale, grid.height * scale)
    smooth = Image.fromarray(_noise_lattice(grain)).resize(size, Image.Resampling.BICUBIC, box=box)
    return np.asarray(smooth, dtype=np.float32) * np.float32(1 / 255)


def _enlarge(cells: npt.NDArray[np.generic], scale: int, *, smooth: bool = False) -> npt.NDArray:  # type: ignore[type-arg]
    """Returns each cell as `scale` × `scale` equal pixels, or, if `smooth`, interpolated ones."""
    if not smooth:
        return cells.repeat(scale, axis=0).repeat(scale, axis=1)
    size = (cells.shape[1] * scale, cells.shape[0] * scale)
    return np.asarray(
        Image.fromarray(cells.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    )


def _local_share(cells: npt.NDArray[np.bool_], reach: int) -> PixelField:
    """Returns the share of true cells among those within `reach` cells of each one."""
    padded = np.pad(cells.astype(np.float32), reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    share: PixelField = windows.mean(axis=(2, 3), dtype=np.float32)
    return share


def _blur_mask(mask: npt.NDArray[np.bool_], radius: float) -> PixelField:
    """Returns a mask with blurred borders, 0 to 1."""
    image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    return np.asarray(image.filter(_blur_filter(radius)), dtype=np.float32) * np.float32(1 / 255)


def _blur_filter(radius: float) -> ImageFilter.Filter:
    return ImageFilter.GaussianBlur(radius)
