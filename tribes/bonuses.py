"""Ten points on three sliders, and what towers gain by them. Pure of Django.

A point is a share of 0.05 that is added to what a tower has: seven points of damage make 20 into 27.
The towers are those of play, at level 1.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from config.kernel.errors import Reason

POINTS = 10  # a tribe has exactly so many
POINT = Decimal("0.05")
POINTS_IN_ONE = 20  # a share of 1, that is twice as much
TOLERANCE = 1e-6  # of a point: 0.1 + 0.2 is 0.30000000000000004 to most clients, and means 0.30


class Points(NamedTuple):
    """How many points each slider has."""

    damage: int
    attack_speed: int
    range: int


@dataclass(frozen=True)
class Slider:
    """One of the three. `name` is its place in Points, `most` the points that it takes at the most."""

    name: str
    label: str
    most: int

    @property
    def field(self) -> str:
        """What documents and the table call its share."""
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
    """Something that a tower has so much of: decimals to show, and the sliders that raise it."""

    name: str
    label: str
    decimals: int
    raised_by: tuple[str, ...]


STATS = (
    Stat("damage", "Damage per hit", 1, ("damage",)),
    Stat("attacks", "Attacks per second", 2, ("attack_speed",)),
    Stat("power", "Damage per second", 1, ("damage", "attack_speed")),
    Stat("range", "Range in tiles", 2, ("range",)),
)
# Damage a hit, attacks a second, damage a second, range in tiles.
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
    """What a tribe does to one stat of one tower. Lengths of bars are parts of a hundred."""

    stat: Stat
    before: Decimal
    after: Decimal

    @property
    def shown_before(self) -> Decimal:
        """What it has without the tribe, with as many decimals as with it."""
        return _rounded(self.before, self.stat.decimals)

    @property
    def longest(self) -> Decimal:
        """What a full bar stands for: the best tower with the best tribe."""
        return longest_bar(self.stat)

    @property
    def bar_before(self) -> Decimal:
        """The length of the bar without the tribe."""
        return _rounded(100 * self.before / self.longest, 1)

    @property
    def bar_after(self) -> Decimal:
        """The length of the bar with it."""
        return min(Decimal(100), _rounded(100 * self.after / self.longest, 1))


def share(points: int) -> Decimal:
    """The bonus that so many points are."""
    return points * POINT


def boosted(amount: Decimal, stat: Stat, points: Points) -> Decimal:
    """An amount of a stat with a tribe's bonuses, exactly: each one multiplies."""
    for slider in stat.raised_by:
        amount *= 1 + share(getattr(points, slider))
    return amount


def gains(points: Points) -> dict[str, list[Gain]]:
    """What each tower gains, stat by stat, rounded as it is shown."""
    return {
        tower: [
            Gain(stat, before, _rounded(boosted(before, stat, points), stat.decimals))
            for stat in STATS
            for before in [amounts[stat.name]]
        ]
        for tower, amounts in TOWERS.items()
    }


def longest_bar(stat: Stat) -> Decimal:
    """What a full bar of a stat stands for: the best tower with the best tribe."""
    most = max(amounts[stat.name] for amounts in TOWERS.values())
    best = [slider.most for slider in SLIDERS if slider.name in stat.raised_by]
    if (
        len(best) > 1
    ):  # ten points are not enough for all of them; half of each is the most together
        best = [POINTS // len(best)] * len(best)
    for points in best:
        most *= 1 + share(points)
    return most


def points_of(value: Any) -> int | None:
    """How many points a share is, as documents have it; None for what is no multiple of 0.05."""
    if type(value) not in (int, float) or not -1 <= value <= 1:
        return None
    points = round(value * POINTS_IN_ONE)
    return points if abs(value * POINTS_IN_ONE - points) < TOLERANCE else None


def faults(points: Points) -> list[Reason]:
    """All that is wrong with how points are spent, by field; nothing for a tribe as it should be."""
    found = [
        Reason(
            "bonus_range",
            f"{slider.label} takes 0 to {slider.most} points, that is 0 to {share(slider.most)}.",
            slider.field,
        )
        for slider, spent in zip(SLIDERS, points, strict=True)
        if not 0 <= spent <= slider.most
    ]
    return found or _sum_faults(points)


def _sum_faults(points: Points) -> list[Reason]:
    """At the field where it can be mended: the largest has points to give, the emptiest has room."""
    over = sum(points) - POINTS
    if not over:
        return []
    by_points = sorted(zip(points, SLIDERS, strict=True), key=lambda pair: pair[0])
    _, slider = by_points[-1 if over > 0 else 0]
    todo = f"take {over} off" if over > 0 else f"spend {-over} more"
    words = (
        f"These are {sum(points)} points, {share(sum(points))} together; a tribe has exactly {POINTS},"
        f" {share(POINTS)} together: {todo}."
    )
    return [Reason("bonus_sum", words, slider.field)]


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
