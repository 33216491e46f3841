"""The nearest known name of an unknown parameter or field, for errors. Pure."""

import difflib
import re
from collections.abc import Iterator, Sequence
from itertools import chain

MAX_ECHOED_LENGTH = 50  # characters of an unknown name that an error repeats
MAX_LISTED = 20  # known names in an error
MIN_SIMILARITY = 0.75  # from 0 to 1, from which a name may be a typing error of another

# A part of a name, and the part that other APIs and spellings have instead.
SAME_PARTS = {
    "min": "minimum least gte gt ge over above",
    "max": "maximum most lte lt le under below",
    "rating": "ratings star stars score scores average",
    "plays": "play playcount",
    "color": "colour colours colors",
    "favourite": "favorite favorites favourites fav faves",
    "description": "desc descr summary about",
    "public": "visibility visible published private listed",
    "code": "invite invitecode invitation",
    "seats": "seat slots slot players capacity",
    "email": "mail",
    "password": "pass passwd pwd passphrase",
    "map": "level stage",
    "author": "creator mapper uploader owner",
}
# A known name, and the names that other APIs have instead. If several fit, the first one is suggested.
SAME_NAMES = {
    "cursor": "page offset skip after before start from p page_token page_number page_after page_before next"
    " previous continue"
    " continuation start_after starting_after ending_before since since_id marker bookmark index",
    "page_size": "limit per_page perpage count take first max_results maxresults rows n num number results"
    " page_limit items top",
    "q": "query search search_query term terms text keyword keywords words s name title filter_q find",
    "sort": "order order_by orderby ordering sorting sort_by sortby sort_order direction by",
    "author": "user username user_id author_id user_name",
    "terrain": "biome tile tiles ground surface",
    "size_min": "size width height",
    "filter": "mine own my drafts private owned is_public",
    "favourite": "bookmarked starred liked likes bookmarks",
    "plays_min": "plays play_count played_count popularity games",
    "played": "completed unplayed finished done",
    "map": "map_id mapid map_name",
    "free_seats": "free open available open_seats min_seats seats_min",
    "everywhere": "all global all_devices everything",
    "size": "resolution dimensions thumbnail width variant quality",
    "name": "title label caption",
    "username": "user login account email nick nickname handle",
    "email": "address new_email new_address",
    "password": "secret current_password old_password",
    "old_password": "password current current_password",
    "new_password": "password_new password2",
    "accept_privacy_policy": "terms tos agree accept privacy consent gdpr accept_terms privacy_policy",
    "refresh": "refresh_token token",
    "description": "text body content",
    "terrain_data": "terrain tiles tile cells grid layout",
    "spawn_point": "spawn start entry entrance",
    "goal_point": "goal end exit base target",
    "wave_config": "waves wave enemies",
    "color_theme": "color theme",
    "archetype": "type class style kind preset",
    "position": "index order place rank pos",
    "tribe_id": "tribe tribeid",
    "map_id": "map mapid",
    "player_id": "player user user_id username playerid",
    "solo": "alone single singleplayer single_player",
    "state": "data game_state payload",
    "fence": "lock fencing_token token version sequence",
    "stars": "rating value",
    "width": "columns cols",
    "height": "rows",
    "x": "col column",
    "y": "row",
    "terrainType": "type terrain kind",
    "isBlocked": "blocked closed walkable",
    "waveNumber": "number wave index",
    "spawnInterval": "interval delay",
    "enemies": "groups group spawns",
    "count": "amount number quantity",
    "type": "enemy kind name",
}
_PARTS = {other: part for part, others in SAME_PARTS.items() for other in others.split()}


def describe_unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """Returns a sentence about an unknown name, with the nearest known one or with all of them.

    `kind` is what has the name: a parameter, a field, a key.
    """
    sentence = f"There is no {kind} “{name[:MAX_ECHOED_LENGTH]}” here"
    if near := find_nearest(name, known):
        return f"{sentence}; did you mean “{near}”?"
    if not known:
        return f"{sentence}, and no other."
    return f"{sentence}, only {', '.join(f'“{each}”' for each in known[:MAX_LISTED])}."


def find_nearest(name: str, known: Sequence[str]) -> str | None:
    """Returns the known name that was probably meant, or None."""
    shown = name[:MAX_ECHOED_LENGTH]
    by_parts = {each: _split(each) for each in known}
    guesses = _same(_split(shown), by_parts)
    # `filter[rating]`, where `filter` may be known, too.
    for inner in re.findall(r"\[([^\]]*)\]", shown):
        guesses = chain(guesses, _same(_split(inner), by_parts), _similar(_split(inner), by_parts))
    return next(chain(guesses, _similar(_split(shown), by_parts)), None)


def _same(parts: list[str], known: dict[str, list[str]]) -> Iterator[str]:
    """Yields known names that mean the same: in another convention, order or API."""
    if not parts:
        return
    joined = "".join(parts)
    yield from (name for name, own in known.items() if "".join(own) == joined)
    yield from (name for name, own in known.items() if sorted(own) == sorted(parts))
    usual = _usual(parts)
    yield from (name for name, own in known.items() if sorted(_usual(own)) == sorted(usual))
    written = "_".join(parts)
    for name, others in SAME_NAMES.items():
        if name in known and written in others.split():
            yield name


def _similar(parts: list[str], known: dict[str, list[str]]) -> Iterator[str]:
    """Yields known names that are spelled similarly, or that have the same parts and more."""
    spelled = {"_".join(own): name for name, own in known.items()}
    for near in difflib.get_close_matches("_".join(parts), spelled, 1, MIN_SIMILARITY):
        yield spelled[near]
    usual = set(_usual(parts))
    if usual:
        for name, own in known.items():  # `map_name` for `name`, `rating` for `rating_min`
            if usual <= set(_usual(own)) or usual >= set(_usual(own)):
                yield name


def _usual(parts: list[str]) -> list[str]:
    return [_PARTS.get(part, part) for part in parts]


def _split(name: str) -> list[str]:
    """Returns the parts of a name in any convention: `minRating`, `min-rating`, `rating__gte`."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return re.findall(r"[a-z0-9]+", spaced.lower())
