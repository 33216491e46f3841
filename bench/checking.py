"""`python -m bench.checking`: how long the validation of a map of 100 × 100 cells takes.

It is compared with `json.loads` of the same map, which any server must do. The API's own parser, which
refuses invalid JSON, is measured separately.
"""

import io
import json
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from bench.figures import in_turns, table, with_ratios
from maps.terrain import generator, waves
from maps.terrain.validation import validate_document

ROUNDS = 41


def document() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    made = generator.generate(rng, 100, 100)
    spawn, goal = ({"x": x, "y": y} for x, y in (made.spawn, made.goal))
    return {
        "width": 100,
        "height": 100,
        "terrain_data": json.loads(made.grid.to_json()),
        "spawn_point": spawn,
        "goal_point": goal,
        "wave_config": waves.generate(rng, 100),
    }


def milliseconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1000


def measure() -> None:
    """Prints the table of medians. The calls are measured in turns."""
    import django

    django.setup()
    from maps.editing.serializers import MapParser

    good, faulty = document(), document()
    faulty["terrain_data"][5000]["height"] = 6
    text = json.dumps(good)
    calls: dict[str, Callable[[], object]] = {
        "`json.loads`": lambda: json.loads(text),
        "the API's parser": lambda: MapParser().parse(io.BytesIO(text.encode())),
        "validation with path": lambda: validate_document(good),
        "validation of a map with a fault": lambda: validate_document(faulty),
    }
    assert validate_document(good).is_valid
    assert len(validate_document(faulty).faults) == 1
    turns = {name: partial(milliseconds, call) for name, call in calls.items()}
    rows = with_ratios(in_turns(turns, ROUNDS), 1)
    table("Validating a map of 100 × 100 cells", "| milliseconds | ratio", rows)


if __name__ == "__main__":
    measure()
