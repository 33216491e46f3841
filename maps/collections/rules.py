"""The order of the maps in a collection. Pure."""

from collections.abc import Collection, Sequence
from uuid import UUID


def reorder(
    order: Sequence[UUID], visible: Collection[UUID], map_id: UUID, position: int
) -> list[UUID]:
    """Returns the order with one map moved to a position among the visible ones, from 1, or to the end.

    A map that its owner can't see stays after the same map.
    """
    others = [other for other in order if other != map_id]
    shown = [other for other in others if other in visible]
    index = others.index(shown[position - 1]) if position <= len(shown) else len(others)
    return [*others[:index], map_id, *others[index:]]
