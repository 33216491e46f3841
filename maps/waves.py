"""The waves of enemies that a map sends. Pure of Django."""

from typing import Any

import numpy as np

ENEMIES = ("Basic", "Fast", "Tank", "Flying", "Boss")
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
