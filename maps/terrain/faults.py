"""What can be wrong with a map document, and how many faults a report lists. Pure of Django."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from maps.terrain.grid import MAX_SIDE, MAX_TILE_HEIGHT, MIN_SIDE, TERRAINS
from maps.terrain.waves import (
    ENEMY_TYPES,
    MAX_GROUP_SIZE,
    MAX_GROUPS,
    MAX_SPAWN_INTERVAL,
    MAX_WAVE_ENEMIES,
    MAX_WAVES,
    MIN_SPAWN_INTERVAL,
)

MAX_FAULTS = 50  # of a report


@dataclass(frozen=True)
class FaultRule:
    """The message of a fault, and whether a private draft may have it.

    Drafts may be unfinished. Any other fault is one of structure: such a map is never stored, since pages,
    pictures and games rely on the structure.
    """

    message: str
    allowed_in_drafts: bool = False


FAULT_RULES = {
    "not_an_object": FaultRule("This must be an object."),
    "not_a_list": FaultRule("This must be a list."),
    "missing_key": FaultRule("This key is missing."),
    "unknown_key": FaultRule("This key is unknown."),
    "invalid_size": FaultRule(f"Width and height are whole numbers from {MIN_SIDE} to {MAX_SIDE}."),
    "invalid_coordinate": FaultRule("A coordinate is a whole number."),
    "unknown_terrain": FaultRule(f"A terrain is one of {', '.join(TERRAINS)}."),
    "invalid_height": FaultRule(f"A height is a whole number from 0 to {MAX_TILE_HEIGHT}."),
    "invalid_blocked": FaultRule("This is either true or false."),
    "tile_outside": FaultRule("This tile is outside of the map."),
    "tile_doubled": FaultRule("There is already a tile at x={x}, y={y}."),
    "tile_missing": FaultRule("There is no tile at x={x}, y={y}."),
    "point_outside": FaultRule("This point is outside of the map."),
    "point_closed": FaultRule(
        "This cell is closed: it is blocked, water or lava.", allowed_in_drafts=True
    ),
    "points_equal": FaultRule("Spawn and goal are the same cell.", allowed_in_drafts=True),
    "no_path": FaultRule("There is no path from spawn to goal.", allowed_in_drafts=True),
    "no_waves": FaultRule("There are no waves yet.", allowed_in_drafts=True),
    "too_many_waves": FaultRule(f"A map has at most {MAX_WAVES} waves."),
    "invalid_wave_number": FaultRule(f"A wave number is a whole number from 1 to {MAX_WAVES}."),
    "wave_order": FaultRule(
        "Waves are numbered 1, 2, 3 …: this is wave {number}.", allowed_in_drafts=True
    ),
    "no_groups": FaultRule("This wave has no enemies yet.", allowed_in_drafts=True),
    "too_many_groups": FaultRule(f"A wave has at most {MAX_GROUPS} groups."),
    "too_many_enemies": FaultRule(
        f"A wave has at most {MAX_WAVE_ENEMIES:,} enemies.", allowed_in_drafts=True
    ),
    "unknown_enemy": FaultRule(f"An enemy is one of {', '.join(ENEMY_TYPES)}."),
    "invalid_count": FaultRule(f"A count is a whole number from 1 to {MAX_GROUP_SIZE}."),
    "invalid_interval": FaultRule(
        f"An interval is a number of seconds from {MIN_SPAWN_INTERVAL} to {MAX_SPAWN_INTERVAL}."
    ),
}


@dataclass(frozen=True)
class Fault:
    """A mistake: a key of FAULT_RULES, its place such as `terrain_data[17].height`, and a message."""

    code: str
    place: str
    detail: str

    @property
    def is_allowed_in_drafts(self) -> bool:
        """Whether a private draft may have it."""
        return FAULT_RULES[self.code].allowed_in_drafts


def make_fault(code: str, place: str, **values: int) -> Fault:
    """Returns a fault with its message, into which `values` are inserted."""
    return Fault(code, place, FAULT_RULES[code].message.format(**values))


def take_needed(faults: Iterable[Fault]) -> list[Fault]:
    """Returns all faults up to the MAX_FAULTS-th fault of structure: a report needs no more.

    Faults that drafts may have are few. They are not counted, or they could hide the others.
    """
    found, structural = [], 0
    for fault in faults:
        found.append(fault)
        structural += not fault.is_allowed_in_drafts
        if structural == MAX_FAULTS:
            break
    return found


def share_space(parts: list[list[Fault]]) -> tuple[Fault, ...]:
    """Returns at most MAX_FAULTS in the order of the parts, chosen in turns so that all parts have some."""
    ranked = [
        (f.is_allowed_in_drafts, rank, n, f)
        for n, part in enumerate(parts)
        for rank, f in enumerate(part)
    ]
    chosen = sorted(ranked, key=itemgetter(0, 1, 2))[:MAX_FAULTS]
    return tuple(fault for _, _, _, fault in sorted(chosen, key=itemgetter(2, 1)))
