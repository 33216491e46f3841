"""The rules of points and colours of tribes, without a database."""

import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.http.error_statuses import status_of
from config.kernel.errors import DomainError
from tribes.bonuses import (
    PRESETS,
    SLIDERS,
    STATS,
    TOTAL_POINTS,
    TOWERS,
    Points,
    bonus_of,
    find_faults,
    points_of,
    tower_gains,
)
from tribes.colours import BACKGROUNDS, PALETTES, check_colour, contrast, lowest_contrast
from tribes.models import Tribe

TOKENS = Path(__file__).parents[2] / "static/css/tokens.css"
any_points = st.builds(Points, *[st.integers(-3, 14)] * 3)


# ---- Points -------------------------------------------------------------------------------------


def test_presets_spend_exactly_ten_points() -> None:
    assert list(PRESETS) == Tribe.Archetype.values
    for points in PRESETS.values():
        assert sum(points) == TOTAL_POINTS
        assert find_faults(points) == []


def test_the_maxima_of_the_sliders_are_fixed() -> None:
    assert [str(bonus_of(slider.max_points)) for slider in SLIDERS] == ["0.50", "0.30", "0.20"]


@given(any_points)
@example(Points(10, 0, 0))
@example(Points(4, 6, 0))
def test_points_are_valid_within_the_sliders_and_the_total(points: Points) -> None:
    """Exactly those points are valid that are within the sliders and ten in total."""
    within = all(0 <= n <= s.max_points for n, s in zip(points, SLIDERS, strict=True))
    assert (find_faults(points) == []) == (within and sum(points) == TOTAL_POINTS)


@given(any_points)
def test_a_fault_names_a_field_that_can_be_corrected(points: Points) -> None:
    fields = {slider.field: n for slider, n in zip(SLIDERS, points, strict=True)}
    for fault in find_faults(points):
        assert fault.field
        if fault.code == "bonus_sum":
            spent = fields[fault.field]
            assert spent == (max if sum(points) > TOTAL_POINTS else min)(points)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((7, 2, 0), "These are 9 points, 0.45 together"),
        ((7, 2, 0), "spend 1 more"),
        ((7, 3, 2), "take 2 off"),
        ((3, 7, 0), "Attack speed takes 0 to 6 points, which is a bonus of 0 to 0.30"),
    ],
)
def test_faults_have_plain_texts(points: tuple[int, int, int], words: str) -> None:
    assert words in find_faults(Points(*points))[0].detail


@given(st.integers(-20, 20))
def test_bonuses_are_read_as_they_are_written(points: int) -> None:
    assert points_of(float(bonus_of(points))) == points
    assert points_of(float(bonus_of(points)) + 0.004) is None


@pytest.mark.parametrize("value", [True, "0.25", None, [], 1.05, -1.05, 10**400, 0.26, 1e-3])
def test_invalid_bonuses_are_refused(value: object) -> None:
    assert points_of(value) is None


def test_sums_of_binary_fractions_are_rounded() -> None:
    assert points_of(0.1 + 0.2) == 6


# ---- What towers gain ---------------------------------------------------------------------------


def test_the_towers_are_those_of_the_game() -> None:
    facts = {tower: [str(row[s.name]) for s in STATS] for tower, row in TOWERS.items()}
    assert facts == {
        "Arrow": ["20", "1.0", "20.0", "3"],
        "Cannon": ["50", "0.5", "25.0", "2.5"],
        "Magic": ["15", "1.0", "15.0", "3.5"],
    }


def test_towers_gain_what_the_points_say() -> None:
    found = {
        tower: [str(gain.after) for gain in row]
        for tower, row in tower_gains(Points(5, 3, 2)).items()
    }
    assert found == {
        "Arrow": ["25.0", "1.15", "28.8", "3.30"],
        "Cannon": ["62.5", "0.58", "35.9", "2.75"],
        "Magic": ["18.8", "1.15", "21.6", "3.85"],
    }


def all_tribes() -> list[Points]:
    most = [slider.max_points + 1 for slider in SLIDERS]
    return [Points(*p) for p in np.ndindex(*most) if sum(p) == TOTAL_POINTS]


def test_only_the_best_tower_fills_its_bar() -> None:
    for stat in STATS:
        best = max(
            (gain.after, gain.bar_after)
            for points in all_tribes()
            for row in tower_gains(points).values()
            for gain in row
            if gain.stat == stat
        )
        assert abs(best[0] - stat.bar_maximum) < Decimal("0.05")
        assert Decimal("99.9") <= best[1] <= 100


# ---- Colours ------------------------------------------------------------------------------------

# How colours look to somebody with no working cones for red, green or blue: Machado, Oliveira and
# Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", table for 1.0.
SIGHTS: dict[str, npt.ArrayLike] = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def cielab(colour: str, sight: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Returns a colour in CIELAB as somebody with this colour vision sees it."""
    channels = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(sight) @ linear, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHTS)
def test_palettes_differ_with_every_kind_of_colour_vision(sight: str) -> None:
    colours = [cielab(colour, SIGHTS[sight]) for colour in PALETTES.values()]
    pairs = [(a, b) for n, a in enumerate(colours) for b in colours[:n]]
    assert len(pairs) == 28
    assert min(float(np.linalg.norm(a - b)) for a, b in pairs) > 28


def test_the_former_palettes_do_not_differ_enough() -> None:
    """Shows that the test above can fail."""
    green, orange = (cielab(c, SIGHTS["deuteranopia"]) for c in ("#32CD32", "#FF8C00"))
    assert float(np.linalg.norm(green - orange)) < 28


def test_palettes_have_enough_contrast() -> None:
    assert "#FFD700" in PALETTES.values()
    assert len(PALETTES) == 8
    for colour in PALETTES.values():
        assert check_colour(colour) == colour


def test_the_backgrounds_are_those_of_the_site() -> None:
    tokens = dict(re.findall(r"--(panel|ground): (#\w+);", TOKENS.read_text()))
    assert list(BACKGROUNDS.values()) == [tokens["panel"].upper(), tokens["ground"].upper()]


def test_the_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
    assert contrast("#FFFFFF", "#777777") == contrast("#777777", "#FFFFFF")


@given(st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}"))
def test_custom_colours_with_enough_contrast_are_accepted(colour: str) -> None:
    if lowest_contrast(colour) >= 3:
        assert check_colour(colour) == colour.upper()
        return
    with pytest.raises(DomainError, match=":1 with the site") as caught:
        check_colour(colour)
    assert (caught.value.code, status_of(caught.value)) == ("color_contrast", 400)
    figure = re.search(r"contrast of (\d\.\d\d):1 with", caught.value.detail)
    assert figure
    assert float(figure[1]) < 3


@pytest.mark.parametrize(
    "colour", ["gold", "#FFF", "#FFD70", "#FFD7000", "FFD700", "#FFD70G", 7, None]
)
def test_invalid_colours_are_refused(colour: object) -> None:
    with pytest.raises(DomainError) as caught:
        check_colour(colour)
    assert caught.value.code == "color_format"
