"""The form of the tribe editor.

Its fields accept anything. The actions check the values by the same rules as for the API, and report all
faults at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.template.defaultfilters import pluralize

from config.http.forms import ActionForm
from tribes.actions import MAX_NAME_LENGTH
from tribes.bonuses import (
    MOTTOES,
    POINTS_PER_UNIT,
    PRESETS,
    SLIDERS,
    TOTAL_POINTS,
    Points,
    Slider,
    bonus_of,
)
from tribes.colours import COLOUR_PATTERN, DEFAULT_COLOUR, MIN_CONTRAST, PALETTES, lowest_contrast
from tribes.models import Tribe

CUSTOM_COLOUR = "own"  # the choice of the colour picker instead of a palette
DEFAULT_ARCHETYPE = "Balanced"


@dataclass(frozen=True)
class ArchetypeCard:
    """A choice of archetype."""

    name: str
    motto: str
    points: Points
    chosen: bool


@dataclass(frozen=True)
class SliderRow:
    """A slider with its points."""

    slider: Slider
    field: forms.BoundField
    points: int

    @property
    def percent(self) -> int:
        """Returns the bonus in percent."""
        return int(100 * bonus_of(self.points))

    @property
    def marks(self) -> range:
        """Returns the numbers below the slider."""
        return range(self.slider.max_points + 1)


class TribeForm(ActionForm):
    """A new tribe, or one to change."""

    field_names = {slider.field: slider.name for slider in SLIDERS} | {"color_theme": "color"}

    name = forms.CharField(
        required=False,
        help_text=f"3 to {MAX_NAME_LENGTH} characters. Others see it in the lobby.",
        widget=forms.TextInput(
            attrs={"maxlength": MAX_NAME_LENGTH, "autocomplete": "off", "required": True}
        ),
    )
    archetype = forms.CharField(required=False)
    damage = forms.CharField(required=False)
    attack_speed = forms.CharField(required=False)
    range = forms.CharField(required=False)
    color = forms.CharField(required=False)
    own_color = forms.CharField(required=False)

    def submitted_values(self) -> dict[str, Any]:
        """Returns the submitted values as the fields of tribes.actions."""
        bonuses = {s.field: _read_bonus(self.data.get(s.name, "")) for s in SLIDERS}
        return bonuses | {
            "name": self.data.get("name", ""),
            "archetype": self.data.get("archetype", ""),
            "color_theme": self.colour,
        }

    # ---- What the page shows -----------------------------------------------------------------------

    @property
    def colour(self) -> str:
        """Returns the chosen colour, which may be invalid."""
        chosen = str(self["color"].value() or "")
        return str(self["own_color"].value() or "") if chosen == CUSTOM_COLOUR else chosen

    @property
    def points(self) -> Points:
        """Returns the points, limited to the maximum of each slider."""
        return Points(
            *(min(_read_integer(self[s.name].value()) or 0, s.max_points) for s in SLIDERS)
        )

    @property
    def point_states(self) -> list[bool]:
        """Returns for each of the ten points whether it is spent."""
        return [n < sum(self.points) for n in range(TOTAL_POINTS)]

    @property
    def points_summary(self) -> str:
        """Returns a sentence about the remaining points."""
        left = TOTAL_POINTS - sum(self.points)
        if not left:
            return "All ten points are spent"
        text = f"{abs(left)} point{pluralize(abs(left))}"
        return f"{text} left to spend" if left > 0 else f"{text} too many"

    @property
    def sliders(self) -> "Iterator[SliderRow]":
        """Yields the sliders with their points."""
        for slider, points in zip(SLIDERS, self.points, strict=True):
            yield SliderRow(slider, self[slider.name], points)

    @property
    def archetypes(self) -> list[ArchetypeCard]:
        """Returns the choices of archetypes."""
        chosen = self["archetype"].value()
        return [
            ArchetypeCard(name, MOTTOES[name], points, name == chosen)
            for name, points in PRESETS.items()
        ]

    @property
    def palettes(self) -> list[tuple[str, str, bool]]:
        """Returns the palettes: name, colour, and whether it is chosen."""
        return [
            (name, colour, colour == self["color"].value()) for name, colour in PALETTES.items()
        ]

    @property
    def has_own_colour(self) -> bool:
        """Returns whether the colour picker is chosen instead of a palette."""
        return bool(self["color"].value() == CUSTOM_COLOUR)

    @property
    def picked_colour(self) -> str:
        """Returns the colour of the picker."""
        return _valid_colour(str(self["own_color"].value() or ""), self.shown_colour)

    @property
    def shown_colour(self) -> str:
        """Returns the colour of the preview."""
        return _valid_colour(self.colour, DEFAULT_COLOUR)

    @property
    def picked_contrast(self) -> str:
        """Returns the contrast beside the picker, rounded down."""
        return f"{int(lowest_contrast(self.picked_colour) * 10) / 10:.1f}"

    @property
    def has_enough_contrast(self) -> bool:
        """Returns whether the colour of the picker has enough contrast."""
        return lowest_contrast(self.picked_colour) >= MIN_CONTRAST


def initial_values(tribe: Tribe) -> dict[str, Any]:
    """Returns the initial values of the form for a tribe."""
    points = {s.name: int(getattr(tribe, s.field) * POINTS_PER_UNIT) for s in SLIDERS}
    colour = tribe.color_theme.upper()
    chosen = colour if colour in PALETTES.values() else CUSTOM_COLOUR
    return points | {
        "name": tribe.name,
        "archetype": tribe.archetype,
        "color": chosen,
        "own_color": colour,
    }


def preset_values(archetype: str) -> dict[str, Any]:
    """Returns the archetype and points of a preset; the default one for an unknown name."""
    chosen = archetype if archetype in PRESETS else DEFAULT_ARCHETYPE
    return PRESETS[chosen]._asdict() | {"archetype": chosen}


def _read_integer(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _read_bonus(text: str) -> float | None:
    """Returns the bonus of a number of points as text; None if it is not a number."""
    points = _read_integer(text)
    return None if points is None else float(bonus_of(points))


def _valid_colour(colour: str, other: str) -> str:
    return colour.upper() if COLOUR_PATTERN.fullmatch(colour) else other
