"""The colours of the site, from one file for Python, CSS and JavaScript. Pure of Django.

`make palette` writes what browsers read: the colours in static/css/tokens.css, and static/js/map/palette.js.
A test compares both with palette.json.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
STYLES = ROOT / "static/css/tokens.css"
SCRIPT = ROOT / "static/js/map/palette.js"
IN_STYLES = ("site", "admin", "terrain", "legend", "waves")  # groups that style sheets need
IN_SCRIPT = ("site", "terrain", "landmarks", "pictures", "canvas")
MARKED = re.compile(r"(/\* Colours: .*? \*/\n).*?(\n\n  /\* End of the colours \*/)", re.DOTALL)

Rgb = tuple[int, int, int]

_groups: dict[str, dict[str, str]] = json.loads(Path(__file__).with_suffix(".json").read_text())
COLOURS = {name: colour for group in _groups.values() for name, colour in group.items()}


def group(name: str) -> dict[str, str]:
    """Returns the colours of a group by name, as `#rrggbb`, or `#rrggbbaa` for transparent ones."""
    return dict(_groups[name])


def rgb(name: str) -> Rgb:
    """Returns the red, green and blue of a colour, from 0 to 255."""
    colour = COLOURS[name]
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def render_styles(styles: str) -> str:
    """Returns a style sheet with the colours of the palette between its two markers."""
    colours = {name: colour for key in IN_STYLES for name, colour in _groups[key].items()}
    lines = "\n".join(f"  --{name}: {_shorten(colour)};" for name, colour in colours.items())
    return MARKED.sub(lambda found: found[1] + lines + found[2], styles)


def render_script() -> str:
    """Returns the JavaScript module of the palette."""
    colours = {name: colour for key in IN_SCRIPT for name, colour in _groups[key].items()}
    lines = "".join(f'  "{name}": "{colour}",\n' for name, colour in colours.items())
    return (
        "// Written by `make palette` from config/kernel/palette.json: change the colours there.\n\n"
        f"export const PALETTE = {{\n{lines}}};\n"
    )


def _shorten(colour: str) -> str:
    """Returns `#abc` for `#aabbcc`, which the linter of style sheets requires."""
    return re.sub(r"^#(.)\1(.)\2(.)\3(?:(.)\4)?$", r"#\1\2\3\4", colour)


if __name__ == "__main__":
    STYLES.write_text(render_styles(STYLES.read_text()))
    SCRIPT.write_text(render_script())
