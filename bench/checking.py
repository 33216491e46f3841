"""`python -m bench.checking`: how long the validation of a map of 100 × 100 cells takes.

It is compared with `json.loads` of the same map. The API's own parser, which rejects invalid JSON, is
measured separately.
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

from bench.figures import add_ratios, measure_in_turns, print_table
from maps.terrain import generator, waves
from maps.terrain.validation import validate_document

ROUNDS = 41


def make_document() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    generated = generator.generate(rng, 100, 100)
    spawn, goal = ({"x": x, "y": y} for x, y in (generated.spawn, generated.goal))
    return {
        "width": 100,
        "height": 100,
        "terrain_data": json.loads(generated.grid.to_json()),
        "spawn_point": spawn,
        "goal_point": goal,
        "wave_config": waves.generate(rng, 100),
    }


def time_call(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def measure() -> None:
    """Prints the table of medians. The calls are measured in turns."""
    import django

    django.setup()
    from maps.editing.serializers import LargeJSONParser

    valid, invalid = make_document(), make_document()
    invalid["terrain_data"][5000]["height"] = 6
    text = json.dumps(valid)
    calls: dict[str, Callable[[], object]] = {
        "`json.loads`": lambda: json.loads(text),
        "the API's parser": lambda: LargeJSONParser().parse(io.BytesIO(text.encode())),
        "validation with path": lambda: validate_document(valid),
        "validation of a map with a fault": lambda: validate_document(invalid),
    }
    assert validate_document(valid).is_valid
    assert len(validate_document(invalid).faults) == 1
    timed_calls = {name: partial(time_call, call) for name, call in calls.items()}
    rows = add_ratios(measure_in_turns(timed_calls, ROUNDS), 1)
    print_table("Validating a map of 100 × 100 cells", "| milliseconds | ratio", rows)


if __name__ == "__main__":
    measure()
