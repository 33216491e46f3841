"""What the tribes' pages take from people, and what the editor shows of it.

The fields take anything: tribes.actions checks them by the rules that the API has too, and tells all
that is wrong at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.template.defaultfilters import pluralize

from config.kernel.errors import DomainError
from tribes.actions import LONGEST_NAME
from tribes.bonuses import MOTTOES, POINTS, POINTS_IN_ONE, PRESETS, SLIDERS, Points, Slider, share
from tribes.colours import COLOUR, LEAST_CONTRAST, PALETTES, USUAL, least_contrast
from tribes.models import Tribe

OWN = "own"  # instead of a palette: the colour that is picked
USUAL_ARCHETYPE = "Balanced"
# The field of the form for a field of the tribe.
FIELDS = {slider.field: slider.name for slider in SLIDERS} | {"color_theme": "color"}


@dataclass(frozen=True)
class ArchetypeCard:
    """An archetype to choose."""

    name: str
    motto: str
    points: Points
    chosen: bool


@dataclass(frozen=True)
class SliderRow:
    """A slider as it stands."""

    slider: Slider
    field: forms.BoundField
    points: int

    @property
    def percent(self) -> int:
        """What its points add, in percent."""
        return int(100 * share(self.points))

    @property
    def marks(self) -> range:
        """The numbers along it."""
        return range(self.slider.most + 1)


class TribeForm(forms.Form):
    """A tribe, to make or to change."""

    name = forms.CharField(
        required=False,
        help_text=f"3 to {LONGEST_NAME} characters. Others see it in the lobby.",
        widget=forms.TextInput(
            attrs={"maxlength": LONGEST_NAME, "autocomplete": "off", "required": True}
        ),
    )
    archetype = forms.CharField(required=False)
    damage = forms.CharField(required=False)
    attack_speed = forms.CharField(required=False)
    range = forms.CharField(required=False)
    color = forms.CharField(required=False)
    own_color = forms.CharField(required=False)

    def refuse(self, refusal: DomainError) -> None:
        """Show what the activity has found at the fields that it names."""
        self.is_valid()
        for _, detail, field in refusal.reasons:
            known = FIELDS.get(field or "", field)
            self.add_error(known if known in self.fields else None, detail)

    def given(self) -> dict[str, Any]:
        """What was sent, as tribes.actions takes it."""
        bonuses = {s.field: _share(self.data.get(s.name, "")) for s in SLIDERS}
        return bonuses | {
            "name": self.data.get("name", ""),
            "archetype": self.data.get("archetype", ""),
            "color_theme": self.colour,
        }

    # ---- What it shows --------------------------------------------------------------------------

    @property
    def colour(self) -> str:
        """The colour that is chosen, which may be none that is allowed."""
        chosen = str(self["color"].value() or "")
        return str(self["own_color"].value() or "") if chosen == OWN else chosen

    @property
    def points(self) -> Points:
        """The points as the sliders can show them."""
        return Points(*(min(_whole(self[s.name].value()) or 0, s.most) for s in SLIDERS))

    @property
    def pips(self) -> list[bool]:
        """For each of the ten points, whether it is spent."""
        return [n < sum(self.points) for n in range(POINTS)]

    @property
    def purse(self) -> str:
        """How many points are spent."""
        left = POINTS - sum(self.points)
        if not left:
            return "All ten points are spent"
        words = f"{abs(left)} point{pluralize(abs(left))}"
        return f"{words} left to spend" if left > 0 else f"{words} too many"

    @property
    def sliders(self) -> "Iterator[SliderRow]":
        """The sliders, as they stand."""
        for slider, points in zip(SLIDERS, self.points, strict=True):
            yield SliderRow(slider, self[slider.name], points)

    @property
    def archetypes(self) -> list[ArchetypeCard]:
        """The archetypes to choose from."""
        chosen = self["archetype"].value()
        return [
            ArchetypeCard(name, MOTTOES[name], points, name == chosen)
            for name, points in PRESETS.items()
        ]

    @property
    def palettes(self) -> list[tuple[str, str, bool]]:
        """Name, colour, and whether it is chosen."""
        return [
            (name, colour, colour == self["color"].value()) for name, colour in PALETTES.items()
        ]

    @property
    def has_own_colour(self) -> bool:
        """Whether the picked colour is chosen, and no palette."""
        return bool(self["color"].value() == OWN)

    @property
    def picked_colour(self) -> str:
        """What the picker shows."""
        return _colour_or(str(self["own_color"].value() or ""), self.shown_colour)

    @property
    def shown_colour(self) -> str:
        """The colour of the preview."""
        return _colour_or(self.colour, USUAL)

    @property
    def picked_contrast(self) -> str:
        """The figure beside the picker, rounded down."""
        return f"{int(least_contrast(self.picked_colour) * 10) / 10:.1f}"

    @property
    def is_seen(self) -> bool:
        """Whether the picked colour has enough contrast."""
        return least_contrast(self.picked_colour) >= LEAST_CONTRAST


def facts_of(tribe: Tribe) -> dict[str, Any]:
    """A tribe as the form's fields have it."""
    points = {s.name: int(getattr(tribe, s.field) * POINTS_IN_ONE) for s in SLIDERS}
    colour = tribe.color_theme.upper()
    chosen = colour if colour in PALETTES.values() else OWN
    return points | {
        "name": tribe.name,
        "archetype": tribe.archetype,
        "color": chosen,
        "own_color": colour,
    }


def facts_of_preset(archetype: str) -> dict[str, Any]:
    """Archetype and points of a preset, the usual one where there is none of that name."""
    chosen = archetype if archetype in PRESETS else USUAL_ARCHETYPE
    return PRESETS[chosen]._asdict() | {"archetype": chosen}


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _share(text: str) -> float | None:
    """The share of so many points; None for what is no number of points."""
    points = _whole(text)
    return None if points is None else float(share(points))


def _colour_or(colour: str, other: str) -> str:
    return colour.upper() if COLOUR.fullmatch(colour) else other
