"""One palette: what Python, style sheets, scripts, pictures and templates show comes from one file."""

import re
from pathlib import Path

import pytest

from config.kernel import palette
from config.kernel.palette import COLOURS, rgb
from maps.drawing.ground import SHADES
from maps.terrain.grid import TERRAINS

ROOT = Path(__file__).parents[2]
COLOUR = re.compile(r"(?<![.\w])#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})(?![\w-])(?!\()")
FUNCTION = re.compile(r"\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\([\d\s.,%/]+\)")
# Of the visual design: nobody changes these by accident.
DESIGNED = {
    "gold": "#FFD700",
    "friendly": "#4169E1",
    "danger": "#DC143C",
    "success": "#32CD32",
    "warning": "#FF8C00",
    "panel": "#2C3E50",
    "grass": "#7CB342",
    "dirt": "#8D6E63",
    "stone": "#757575",
    "water": "#29B6F6",
    "lava": "#FF5722",
}


def files(*patterns: str) -> list[Path]:
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def test_the_palette_has_the_colours_of_the_visual_design() -> None:
    assert {name: COLOURS[name].upper() for name in DESIGNED} == DESIGNED


def test_names_are_given_once_and_colours_are_written_alike() -> None:
    groups = palette._groups.values()
    assert len(COLOURS) == sum(len(group) for group in groups)
    assert all(re.fullmatch(r"#[0-9a-f]{6}([0-9a-f]{2})?", colour) for colour in COLOURS.values())


def test_style_sheets_have_the_colours_of_the_palette() -> None:
    styles = palette.STYLES.read_text()
    assert styles == palette.render_styles(styles), "make palette"
    assert "--gold: #ffd700;" in styles


def test_the_canvas_has_the_colours_of_the_palette() -> None:
    assert palette.SCRIPT.read_text() == palette.render_script(), "make palette"


def test_the_server_draws_terrains_in_their_colours() -> None:
    for terrain, (_, middle, _) in zip(TERRAINS, SHADES, strict=True):
        assert tuple(middle) == rgb(terrain.lower())


@pytest.mark.parametrize(
    "path",
    files("static/css/*.css", "static/js/**/*.js", "templates/**/*.html", "templates/**/*.svg"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_colours_are_written_only_in_the_palette(path: Path) -> None:
    if path in (palette.STYLES, palette.SCRIPT):
        return
    text = path.read_text()
    assert COLOUR.findall(text) + FUNCTION.findall(text) == []


@pytest.mark.parametrize("path", files("static/img/*.svg"), ids=lambda path: path.name)
def test_drawings_have_the_colours_of_the_palette(path: Path) -> None:
    assert set(COLOUR.findall(path.read_text())) <= set(COLOURS.values())
