"""Bonuses of tribes: ten points on three sliders, and the gains of towers. Pure.

A point adds a share of 0.05 to a value: with seven points, a damage of 20 becomes 27. The towers are those of
the game, at level 1.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from config.kernel.errors import Reason

TOTAL_POINTS = 10  # of each tribe, exactly
BONUS_PER_POINT = Decimal("0.05")
POINTS_PER_UNIT = 20  # of a bonus of 1, which doubles a value
TOLERANCE = 1e-6  # of a point: 0.1 + 0.2 is 0.30000000000000004 for most clients


class Points(NamedTuple):
    """The points of each slider."""

    damage: int
    attack_speed: int
    range: int


@dataclass(frozen=True)
class Slider:
    """A slider. `name` is its field in Points, `max_points` its maximum."""

    name: str
    label: str
    max_points: int

    @property
    def field(self) -> str:
        """Returns the name of its bonus in documents and in the table."""
        return f"{self.name}_bonus"


SLIDERS = (
    Slider("damage", "Damage", 10),
    Slider("attack_speed", "Attack speed", 6),
    Slider("range", "Range", 4),
)
PRESETS = {  # by archetype
    "Aggressive": Points(7, 2, 1),
    "Defensive": Points(2, 4, 4),
    "Balanced": Points(4, 3, 3),
    "Support": Points(1, 6, 3),
}
MOTTOES = {
    "Aggressive": "Hits hard",
    "Defensive": "Strikes from afar",
    "Balanced": "A little of everything",
    "Support": "Hits fast",
}


@dataclass(frozen=True)
class Stat:
    """A value of towers, the decimals that are shown, and the sliders that raise it."""

    name: str
    label: str
    decimals: int
    raised_by: tuple[str, ...]

    @property
    def bar_maximum(self) -> Decimal:
        """Returns the value of a full bar: that of the best tower with the best tribe."""
        value = max(amounts[self.name] for amounts in TOWERS.values())
        best = [slider.max_points for slider in SLIDERS if slider.name in self.raised_by]
        if len(best) > 1:
            # The points are not enough for both sliders. The product is largest if they are split equally.
            best = [TOTAL_POINTS // len(best)] * len(best)
        for points in best:
            value *= 1 + bonus_of(points)
        return value


STATS = (
    Stat("damage", "Damage per hit", 1, ("damage",)),
    Stat("attacks", "Attacks per second", 2, ("attack_speed",)),
    Stat("power", "Damage per second", 1, ("damage", "attack_speed")),
    Stat("range", "Range in tiles", 2, ("range",)),
)
TOWERS: dict[str, dict[str, Decimal]] = {
    tower: {
        "damage": Decimal(damage),
        "attacks": Decimal(attacks),
        "power": Decimal(damage) * Decimal(attacks),
        "range": Decimal(tiles),
    }
    for tower, damage, attacks, tiles in (
        ("Arrow", "20", "1.0", "3"),
        ("Cannon", "50", "0.5", "2.5"),
        ("Magic", "15", "1.0", "3.5"),
    )
}


@dataclass(frozen=True)
class Gain:
    """The effect of a tribe on one stat of one tower. Lengths of bars are in percent."""

    stat: Stat
    before: Decimal
    after: Decimal

    @property
    def shown_before(self) -> Decimal:
        """Returns the value without the tribe, with the decimals of the stat."""
        return _rounded(self.before, self.stat.decimals)

    @property
    def bar_before(self) -> Decimal:
        """Returns the length of the bar without the tribe."""
        return _rounded(100 * self.before / self.stat.bar_maximum, 1)

    @property
    def bar_after(self) -> Decimal:
        """Returns the length of the bar with the tribe."""
        return min(Decimal(100), _rounded(100 * self.after / self.stat.bar_maximum, 1))


def bonus_of(points: int) -> Decimal:
    """Returns the bonus of a number of points."""
    return points * BONUS_PER_POINT


def boost(amount: Decimal, stat: Stat, points: Points) -> Decimal:
    """Returns the exact value of a stat with a tribe's bonuses. Each bonus multiplies it."""
    for slider in stat.raised_by:
        amount *= 1 + bonus_of(getattr(points, slider))
    return amount


def tower_gains(points: Points) -> dict[str, list[Gain]]:
    """Returns the gains of each tower for all stats, rounded for display."""
    return {
        tower: [
            Gain(stat, before, _rounded(boost(before, stat, points), stat.decimals))
            for stat in STATS
            for before in [amounts[stat.name]]
        ]
        for tower, amounts in TOWERS.items()
    }


def points_of(value: Any) -> int | None:
    """Returns the points of a bonus in a document; None if it is not a multiple of 0.05."""
    if type(value) not in (int, float) or not -1 <= value <= 1:
        return None
    points = round(value * POINTS_PER_UNIT)
    return points if abs(value * POINTS_PER_UNIT - points) < TOLERANCE else None


def find_faults(points: Points) -> list[Reason]:
    """Returns the faults of the points, with their fields; nothing for a valid tribe."""
    found = [
        Reason(
            "bonus_range",
            f"{slider.label} takes 0 to {slider.max_points} points,"
            f" which is a bonus of 0 to {bonus_of(slider.max_points)}.",
            slider.field,
        )
        for slider, spent in zip(SLIDERS, points, strict=True)
        if not 0 <= spent <= slider.max_points
    ]
    return found or _sum_faults(points)


def _sum_faults(points: Points) -> list[Reason]:
    """Returns the fault of the sum, at the slider where it is easiest to correct."""
    excess = sum(points) - TOTAL_POINTS
    if not excess:
        return []
    by_points = sorted(zip(points, SLIDERS, strict=True), key=lambda pair: pair[0])
    _, slider = by_points[-1 if excess > 0 else 0]
    correction = f"take {excess} off" if excess > 0 else f"spend {-excess} more"
    detail = (
        f"These are {sum(points)} points, {bonus_of(sum(points))} together; a tribe has exactly"
        f" {TOTAL_POINTS}, {bonus_of(TOTAL_POINTS)} together: {correction}."
    )
    return [Reason("bonus_sum", detail, slider.field)]


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
