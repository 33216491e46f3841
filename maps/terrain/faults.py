"""The faults of map documents, and how many a report lists. Does not use Django."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from maps.terrain import waves
from maps.terrain.grid import MAX_SIDE, MAX_TILE_HEIGHT, MIN_SIDE, TERRAINS

MAX_FAULTS = 50  # of a report


FAULT_MESSAGES = {
    "not_an_object": "This must be an object.",
    "not_a_list": "This must be a list.",
    "missing_key": "This key is missing.",
    "unknown_key": "This key is unknown{hint}",
    "invalid_size": f"Width and height are whole numbers from {MIN_SIDE} to {MAX_SIDE}.",
    "invalid_coordinate": "A coordinate is a whole number.",
    "unknown_terrain": f"A terrain is one of {', '.join(TERRAINS)}.",
    "invalid_height": f"A height is a whole number from 0 to {MAX_TILE_HEIGHT}.",
    "invalid_blocked": "This is either true or false.",
    "tile_outside": "This tile is outside of the map.",
    "tile_doubled": "There is already a tile at x={x}, y={y}.",
    "tile_missing": "There is no tile at x={x}, y={y}.",
    "point_outside": "This point is outside of the map.",
    "point_closed": "This cell is closed: it is blocked, water or lava.",
    "points_equal": "Spawn and goal are the same cell.",
    "no_path": "There is no path from spawn to goal.",
    "no_waves": "There are no waves yet.",
    "too_many_waves": f"A map has at most {waves.MAX_WAVES} waves.",
    "invalid_wave_number": f"A wave number is a whole number from 1 to {waves.MAX_WAVES}.",
    "wave_order": "Waves are numbered 1, 2, 3 …: this is wave {number}.",
    "no_groups": "This wave has no enemies yet.",
    "too_many_groups": f"A wave has at most {waves.MAX_GROUPS} groups.",
    "too_many_enemies": f"A wave has at most {waves.MAX_WAVE_ENEMIES:,} enemies.",
    "unknown_enemy": f"An enemy is one of {', '.join(waves.ENEMY_TYPES)}.",
    "invalid_count": f"A count is a whole number from 1 to {waves.MAX_GROUP_SIZE}.",
    "invalid_interval": "An interval is a number of seconds"
    f" from {waves.MIN_SPAWN_INTERVAL} to {waves.MAX_SPAWN_INTERVAL}.",
}
# Private drafts may be unfinished. All other faults are faults of structure: such a map is never stored,
# because pages, pictures and games rely on the structure.
ALLOWED_IN_DRAFTS = frozenset(
    "point_closed points_equal no_path no_waves wave_order no_groups too_many_enemies".split()
)


@dataclass(frozen=True)
class Fault:
    """A fault: a key of FAULT_MESSAGES, its place such as `terrain_data[17].height`, and a message."""

    code: str
    place: str
    detail: str

    @property
    def is_allowed_in_drafts(self) -> bool:
        """Whether a private draft may have it."""
        return self.code in ALLOWED_IN_DRAFTS


def make_fault(code: str, place: str, **values: int | str) -> Fault:
    """Returns a fault with its message, into which `values` are inserted."""
    return Fault(code, place, FAULT_MESSAGES[code].format(**values))


def limit_faults(faults: Iterable[Fault]) -> list[Fault]:
    """Returns the faults up to the MAX_FAULTS-th fault of structure, which is enough for a report.

    Faults that drafts may have are not counted, so that they cannot hide the others.
    """
    found, structural = [], 0
    for fault in faults:
        found.append(fault)
        structural += not fault.is_allowed_in_drafts
        if structural == MAX_FAULTS:
            break
    return found


def select_faults(parts: list[list[Fault]]) -> tuple[Fault, ...]:
    """Returns at most MAX_FAULTS in the order of the parts, selected round-robin from all parts."""
    ranked = [
        (f.is_allowed_in_drafts, rank, n, f)
        for n, part in enumerate(parts)
        for rank, f in enumerate(part)
    ]
    chosen = sorted(ranked, key=itemgetter(0, 1, 2))[:MAX_FAULTS]
    return tuple(fault for _, _, _, fault in sorted(chosen, key=itemgetter(2, 1)))
