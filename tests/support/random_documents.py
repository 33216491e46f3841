"""Random map documents, valid and broken."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from maps.terrain import generator, waves
from maps.terrain.grid import unpack_grid
from tests.support.documents import Document, document_of

HUGE = 10**400


WEIRD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([HUGE, -HUGE, 2**63, 0, 1, 3, 6, 20, 100, 2.5, 1.0])
    | st.floats()
    | st.sampled_from(["Grass", "Lava", "Basic", "x", "", "3", "ключ"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*"xy", "terrainType", "height", "isBlocked", "waves", "enemies"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@st.composite
def maps(draw: st.DrawFn) -> Document:
    """Maps as the generator makes them, or of any cells at all."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    wave_config = waves.generate(rng, draw(st.integers(1, 8)))
    width, height = draw(st.integers(20, 30)), draw(st.integers(20, 30))
    if draw(st.booleans()):
        made = generator.generate(rng, width, height)
        points = [{"x": x, "y": y} for x, y in (made.spawn, made.goal)]
        return document_of(
            made.grid, spawn_point=points[0], goal_point=points[1], wave_config=wave_config
        )
    packed = rng.integers(0, 60, size=(height, width), dtype=np.uint8)
    return document_of(unpack_grid(packed), wave_config=wave_config)


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document, as what holds it and its key; few of the tiles."""
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys)[:12]:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from nodes(value[key])


def remove(holder: Any, key: Any, _: Any) -> None:
    del holder[key]


def replace(holder: Any, key: Any, value: Any) -> None:
    holder[key] = value


def add(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, list):
        holder.append(value)
    else:
        holder["more"] = value


BREAKS: list[Callable[[Any, Any, Any], None]] = [remove, replace, add]
