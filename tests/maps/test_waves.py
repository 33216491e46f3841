"""Waves as rows and as bars, without a database."""

import numpy as np
import pytest

from maps.terrain import waves


def rows_of(*totals: int) -> list[dict[str, object]]:
    groups = [
        {"waveNumber": number, "enemies": [{"type": "Fast", "count": count}] if count else []}
        for number, count in enumerate(totals, 1)
    ]
    return waves.summarize({"waves": groups})


def test_without_enemies_there_is_no_chart() -> None:
    assert waves.lay_out_chart([]) is None
    assert waves.lay_out_chart(rows_of(0, 0)) is None


def test_groups_of_one_type_are_added() -> None:
    group = {"type": "Boss", "count": 2}
    row = waves.summarize({"waves": [{"waveNumber": 7, "enemies": [group, group]}]})[0]
    assert (row["number"], row["counts"]["Boss"], row["total"]) == (7, 4, 4)


@pytest.mark.parametrize("count", [1, 8, 24, 25, 100])
def test_bars_are_as_high_as_their_counts_and_inside_the_chart(count: int) -> None:
    rows = waves.summarize(waves.generate(np.random.default_rng(count), count))
    chart = waves.lay_out_chart(rows)
    assert chart
    scale = waves.PLOT_HEIGHT / chart["ticks"][-1]["count"]
    for row, bar in zip(rows, chart["bars"], strict=True):
        assert chart["left"] <= bar["x"] < bar["x"] + bar["width"] <= chart["right"]
        assert [part["kind"] for part in bar["parts"]] == [k for k, n in row["counts"].items() if n]
        floor = chart["floor"]
        for part in bar["parts"]:  # each part stands on the one below
            assert part["y"] + part["height"] == pytest.approx(floor, abs=0.02)
            assert part["height"] == pytest.approx(part["count"] * scale, abs=0.02)
            floor = part["y"]
        assert floor >= waves.PLOT_TOP - 0.01
    assert chart["right"] <= chart["width"]


@pytest.mark.parametrize(("most", "top"), [(1, 2), (7, 8), (43, 44), (101, 120), (2000, 2000)])
def test_the_axis_ends_at_a_round_number(most: int, top: int) -> None:
    chart = waves.lay_out_chart(rows_of(most))
    assert chart
    assert [tick["count"] for tick in chart["ticks"]] == [0, top // 2, top]


def test_every_fifth_narrow_bar_has_a_number() -> None:
    chart = waves.lay_out_chart(rows_of(*[3] * 100))
    assert chart
    assert [label["number"] for label in chart["numbers"]][:4] == [1, 5, 10, 15]
