"""Names and texts for generated players, maps and tribes. Pure."""

import itertools

import numpy as np

ADJECTIVES = (
    "Amber Ashen Bold Brave Bright Broken Bronze Calm Clever Cold Copper Crimson Dark Deep Dusty Eager"
    " Early Elder Emerald Faded Fallen Fierce Frozen Gentle Gilded Golden Grey Hidden Hollow Iron Ivory"
    " Jade Keen Last Little Lone Lost Lucky Merry Misty Molten Mossy Nimble Noble Old Pale Proud Quick"
    " Quiet Red Restless Rusty Sable Scarlet Silent Silver Sleepy Sly Stormy Sunken Swift Tall Thorny"
    " Twin Velvet Wandering Wary Wild Winter Wise Young"
).split()
ANIMALS = (
    "Adder Badger Bear Beaver Bison Boar Buzzard Crane Crow Deer Dormouse Eagle Elk Falcon Ferret Finch"
    " Fox Frog Gecko Goat Goose Grouse Hare Hawk Hedgehog Heron Ibex Jackal Jackdaw Kestrel Kite Lark"
    " Lemming Lynx Magpie Marmot Marten Mole Moose Newt Otter Owl Partridge Pike Puffin Quail Raven"
    " Robin Salmon Shrew Sparrow Squirrel Stag Starling Stoat Swan Thrush Toad Trout Viper Weasel Wolf"
).split()
PLACES = {
    "river": "Ford Crossing Bend Rapids Bridges Shallows Weir Banks Mill Narrows".split(),
    "lava": "Forge Furnace Caldera Cinders Rift Embers Crater Hearth Kiln Scorch".split(),
    "plateau": "Heights Tableland Terraces Cliffs Steps Ridge Stair Bastion Ledge Crown".split(),
    "lakes": "Lakes Mere Tarn Lagoon Fens Basin Marsh Pools Shore Reeds".split(),
    "crossroads": "Crossroads Market Fields Furrows Gate Farm Tollhouse Lane Commons Acre".split(),
}
OPENINGS = {
    "river": "A river cuts this valley in two.",
    "lava": "Pools of lava narrow every approach.",
    "plateau": "Table mountains overlook the road.",
    "lakes": "Lakes leave little room to build.",
    "crossroads": "Old farm roads cross in the open.",
}
HINTS = (
    "Hold the high ground early; it pays off from the tenth wave on.",
    "Magic towers near the first bend slow everything that follows.",
    "Best with three players, one for each flank.",
    "Save gold for the boss waves.",
    "Cannons cover the narrow part; watch the sky.",
    "Kind to beginners, cruel after wave twelve.",
    "Build walls and make the road longer.",
    "My first map. Comments are welcome!",
    "Remade after your feedback: the early waves are easier now.",
    "Try it solo if you dare.",
)
TRIBE_NAMES = """
    Ravens Wardens Sentinels Embers Tides Oaks Lanterns Spears Shields Hammers Foxes Giants
""".split()


def free_names(taken: set[str], first: int, count: int) -> list[str]:
    """Returns `count` names that are not in `taken` (lower case), starting with number `first`."""
    names = map(player_name, itertools.count(first))
    return list(itertools.islice((n for n in names if n.lower() not in taken), count))


def player_name(number: int) -> str:
    """Returns the name of generated player `number`. Names are unique."""
    pairs = len(ADJECTIVES) * len(ANIMALS)
    # The step is coprime to the number of pairs, so it visits each pair once, in a mixed order.
    pair = number % pairs * 2741 % pairs
    again = number // pairs
    name = ADJECTIVES[pair % len(ADJECTIVES)] + ANIMALS[pair // len(ADJECTIVES)]
    return f"{name}{again + 1}" if again else name


def map_name(rng: np.random.Generator, style: str) -> str:
    """Returns a name for a map of a style."""
    adjective, animal = _choose(rng, ADJECTIVES), _choose(rng, ANIMALS)
    place = _choose(rng, PLACES[style])
    patterns = (
        f"{adjective} {place}",
        f"The {adjective} {place}",
        f"{animal} {place}",
        f"{place} of the {adjective} {animal}",
    )
    return _choose(rng, patterns)


def map_description(rng: np.random.Generator, style: str) -> str | None:
    """Returns a description of a map, or None for some maps."""
    if rng.random() < 0.15:
        return None
    return f"{OPENINGS[style]} {_choose(rng, HINTS)}"


def tribe_name(rng: np.random.Generator) -> str:
    """Returns a name for a tribe, of at most 20 characters."""
    return f"{_choose(rng, ADJECTIVES)} {_choose(rng, TRIBE_NAMES)}"[:20]


def _choose(rng: np.random.Generator, words: "list[str] | tuple[str, ...]") -> str:
    return words[rng.integers(len(words))]
