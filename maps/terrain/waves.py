"""The waves of enemies of a map: limits, generation, summary and chart. Does not use Django."""

from typing import Any

import numpy as np

ENEMY_TYPES = ("Basic", "Fast", "Tank", "Flying", "Boss")
MAX_WAVES = 100  # of a map
MAX_GROUPS = 10  # of a wave
MAX_GROUP_SIZE, MAX_WAVE_ENEMIES = 500, 2000  # enemies
MIN_SPAWN_INTERVAL, MAX_SPAWN_INTERVAL = 0.1, 10  # seconds between two enemies of a group
# The generated group of each type: count in the first wave, growth with each wave, seconds between two.
GENERATED_GROUPS = {
    "Basic": (8, 1.5, 0.8),
    "Fast": (5, 1.0, 0.5),
    "Tank": (1, 0.4, 2.0),
    "Flying": (3, 0.6, 1.0),
    "Boss": (1, 0.0, 5.0),
}


def generate(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Returns a `wave_config` of `count` waves that grow. Every fifth wave has a boss."""
    waves = []
    for number in range(1, count + 1):
        types = ["Basic"] + [t for t in ("Fast", "Tank", "Flying") if rng.random() < number / 8]
        if number % 5 == 0:
            types.append("Boss")
        enemies = [_group(enemy_type, number) for enemy_type in types]
        waves.append({"waveNumber": number, "enemies": enemies})
    return {"waves": waves}


def _group(enemy_type: str, number: int) -> dict[str, Any]:
    first, growth, interval = GENERATED_GROUPS[enemy_type]
    count = int(first + growth * (number - 1))
    return {"type": enemy_type, "count": count, "spawnInterval": interval}


def summarize(wave_config: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the number, the enemies of each type and the total of each wave, for tables and charts."""
    rows = []
    for wave in wave_config.get("waves", []):
        counts = dict.fromkeys(ENEMY_TYPES, 0)
        for group in wave["enemies"]:
            counts[group["type"]] += group["count"]
        rows.append({"number": wave["waveNumber"], "counts": counts, "total": sum(counts.values())})
    return rows


# ---- The chart: stacked bars, in pixels ---------------------------------------------------------

PLOT_TOP, PLOT_HEIGHT = 12, 160
AXIS_WIDTH, AXIS_HEIGHT = 40, 28  # for the numbers to the left of the bars, and below them
BAR_SLOTS = ((8, 40), (24, 24), (100, 16))  # maximum number of waves, width of each slot


def lay_out_chart(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns the bars of a summary: waves from left to right, types stacked. None without enemies."""
    maximum = max((row["total"] for row in rows), default=0)
    if not maximum:
        return None
    top = _round_up_for_axis(maximum)
    slot = next((wide for count, wide in BAR_SLOTS if len(rows) <= count), BAR_SLOTS[-1][1])
    every = 1 if slot > BAR_SLOTS[-1][1] else 5  # narrow bars have no space for every number
    floor = PLOT_TOP + PLOT_HEIGHT
    return {
        "width": AXIS_WIDTH + slot * len(rows) + slot // 4,
        "height": floor + AXIS_HEIGHT,
        "left": AXIS_WIDTH,
        "right": AXIS_WIDTH + slot * len(rows),
        "floor": floor,
        "below": floor + AXIS_HEIGHT - 8,
        "maximum": maximum,
        "ticks": [{"count": n, "y": _y(n, top)} for n in (0, top // 2, top)],
        "bars": [_bar(row, AXIS_WIDTH + slot * place, slot, top) for place, row in enumerate(rows)],
        "numbers": [
            {"number": row["number"], "x": AXIS_WIDTH + slot * place + slot / 2}
            for place, row in enumerate(rows)
            if place == 0 or row["number"] % every == 0
        ],
        "kinds": [kind for kind in ENEMY_TYPES if any(row["counts"][kind] for row in rows)],
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


def _round_up_for_axis(count: int) -> int:
    """Returns the next even, round number."""
    step = max(2, int(10 ** (len(str(count)) - 1)) // 5)
    return -(-count // step) * step
