"""The waves of enemies that a map sends. Pure of Django."""

from typing import Any

import numpy as np

ENEMIES = ("Basic", "Fast", "Tank", "Flying", "Boss")
MOST_WAVES, MOST_GROUPS, MOST_COUNT = 100, 10, 500  # in a map, in a wave, in a group
MOST_ENEMIES = 2000  # in a wave
SHORTEST_INTERVAL, LONGEST_INTERVAL = 0.1, 10  # seconds between two enemies of a group
# A group of each kind, as (count at the first wave, count added by each wave, seconds between two).
GROUPS = {
    "Basic": (8, 1.5, 0.8),
    "Fast": (5, 1.0, 0.5),
    "Tank": (1, 0.4, 2.0),
    "Flying": (3, 0.6, 1.0),
    "Boss": (1, 0.0, 5.0),
}


def generate(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """A `wave_config` of `count` waves that grow; every fifth brings a boss."""
    waves = []
    for number in range(1, count + 1):
        kinds = ["Basic"] + [k for k in ("Fast", "Tank", "Flying") if rng.random() < number / 8]
        if number % 5 == 0:
            kinds.append("Boss")
        enemies = [_group(kind, number) for kind in kinds]
        waves.append({"waveNumber": number, "enemies": enemies})
    return {"waves": waves}


def _group(kind: str, number: int) -> dict[str, Any]:
    first, growth, interval = GROUPS[kind]
    return {"type": kind, "count": int(first + growth * (number - 1)), "spawnInterval": interval}


def summary(wave_config: dict[str, Any]) -> list[dict[str, Any]]:
    """For each wave its number, its enemies by kind and their sum; for tables and charts."""
    rows = []
    for wave in wave_config.get("waves", []):
        counts = dict.fromkeys(ENEMIES, 0)
        for group in wave["enemies"]:
            counts[group["type"]] += group["count"]
        rows.append({"number": wave["waveNumber"], "counts": counts, "total": sum(counts.values())})
    return rows


# ---- The chart: bars of stacked enemies, in pixels ------------------------------------------------

PLOT_TOP, PLOT_HEIGHT = 12, 160
LEFT, BELOW = 40, 28  # room for the numbers beside and below the bars
SLOTS = ((8, 40), (24, 24), (100, 16))  # up to so many waves, so wide each


def chart(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Where the bars of a `summary` stand: waves from left to right, kinds one above the other."""
    most = max((row["total"] for row in rows), default=0)
    if not most:
        return None
    top = _round_up(most)
    slot = next((wide for count, wide in SLOTS if len(rows) <= count), SLOTS[-1][1])
    every = 1 if slot > SLOTS[-1][1] else 5  # narrow bars have room for some numbers only
    floor = PLOT_TOP + PLOT_HEIGHT
    return {
        "width": LEFT + slot * len(rows) + slot // 4,
        "height": floor + BELOW,
        "left": LEFT,
        "right": LEFT + slot * len(rows),
        "floor": floor,
        "below": floor + BELOW - 8,
        "most": most,
        "ticks": [{"count": n, "y": _y(n, top)} for n in (0, top // 2, top)],
        "bars": [_bar(row, LEFT + slot * place, slot, top) for place, row in enumerate(rows)],
        "numbers": [
            {"number": row["number"], "x": LEFT + slot * place + slot / 2}
            for place, row in enumerate(rows)
            if place == 0 or row["number"] % every == 0
        ],
        "kinds": [kind for kind in ENEMIES if any(row["counts"][kind] for row in rows)],
    }


def _bar(row: dict[str, Any], left: int, slot: int, top: int) -> dict[str, Any]:
    parts, below = [], 0
    for kind, count in row["counts"].items():
        if count:
            above = below + count
            y = _y(above, top)
            parts.append(
                {"kind": kind, "count": count, "y": y, "height": round(_y(below, top) - y, 2)}
            )
            below = above
    return {
        "number": row["number"],
        "total": row["total"],
        "x": left + slot / 8,
        "width": slot * 3 / 4,
        "parts": parts,
    }


def _y(count: int, top: int) -> float:
    return round(PLOT_TOP + PLOT_HEIGHT * (1 - count / top), 2)


def _round_up(count: int) -> int:
    """The next even number that is round enough to stand at an axis."""
    step = max(2, int(10 ** (len(str(count)) - 1)) // 5)
    return -(-count // step) * step
