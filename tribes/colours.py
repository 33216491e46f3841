"""The colours of tribes. Does not use Django.

Contrast is that of WCAG 2.1: (lighter + 0.05) / (darker + 0.05), of relative luminances.
https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio and #dfn-relative-luminance. Graphical objects need a
contrast of 3 to 1 with adjacent colours (1.4.11), and a tribe's colour identifies its towers.
"""

import re
from typing import Any

from config.kernel.errors import InvalidInput
from config.kernel.palette import COLOURS, group

# Players with a colour vision deficiency can distinguish them: any two differ by at least 28 in CIELAB, which
# tests/tribes/test_tribe_rules.py simulates. They were found by a search among colours with enough contrast.
PALETTES = {
    name.removeprefix("tribe-").capitalize(): colour.upper()
    for name, colour in group("tribes").items()
}
DEFAULT_COLOUR = PALETTES["Gold"]
BACKGROUNDS = {"panels": COLOURS["panel"].upper(), "page": COLOURS["ground"].upper()}  # of the site
MIN_CONTRAST = 3.0
COLOUR_PATTERN = re.compile(r"#[0-9A-Fa-f]{6}")


def luminance(colour: str) -> float:
    """Returns the relative luminance of `#RRGGBB`, from 0 (black) to 1 (white)."""
    red, green, blue = (_linear(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Returns the contrast of two colours, from 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lowest_contrast(colour: str) -> float:
    """Returns the lowest contrast of a colour with the backgrounds of the site."""
    return min(contrast(colour, background) for background in BACKGROUNDS.values())


def check_colour(colour: Any) -> str:
    """Returns a colour in upper case. Raises InvalidInput for the field `color_theme`."""
    if type(colour) is not str or not COLOUR_PATTERN.fullmatch(colour):
        detail = "A colour is # and six hexadecimal digits, such as #FFD700."
        raise InvalidInput("color_format", detail, field="color_theme")
    found = lowest_contrast(colour)
    if found < MIN_CONTRAST:
        # Rounded down, so that the text never shows a sufficient figure.
        figure = int(found * 100) / 100
        detail = (
            f"{colour.upper()} has a contrast of {figure:.2f}:1 with the site's background, and needs at"
            f" least {MIN_CONTRAST:g}:1. Choose a lighter colour."
        )
        raise InvalidInput("color_contrast", detail, field="color_theme")
    return colour.upper()


def _linear(channel: float) -> float:
    """Returns a channel of sRGB without its gamma (WCAG 2.1 says 0.03928; for eight bits it is the same)."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
