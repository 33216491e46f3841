"""How the work of pages and searches grows with what the site holds."""

import datetime
import random
from collections.abc import Iterator
from typing import Any

from bench.plans import SEARCHES, VIEWER_SEARCHES
from bench.visits import WITHOUT_PAGE, Visitors, routes
from bench.work import Counter

SMALL, LARGE = 300, 3_000  # maps
PLAYERS, LOBBIES = 3, 10  # maps for each
TERRAINS = 5
# The work of a page may grow as indexes get deeper, and by what its rows happen to hold. Reading a table
# whole that has a tenth as many rows as there are maps would add 270, and an index of a seat for each map, of
# which only the pages are counted, 30.
FACTOR, FIXED = 1.25, 20
# A search may also have to look further than among the first few maps, to the end of its window.
FIXED_OF_SEARCH = 800
# Pages that may grow with what they list, and why.
COUNTS = "Django's paginator counts what it lists, for staff"
FOLLOWS = "the page follows all open lobbies, of which it shows the newest that fit"
LINEAR = {
    "admin:accounts_user_changelist": COUNTS,
    "admin:tribes_tribe_changelist": COUNTS,
    "admin:maps_gamemap_changelist": COUNTS,
    "admin:sessions_app_gamesession_changelist": COUNTS,
    "lobbies:index": FOLLOWS,
    "lobbies:index?map=ridge&free=2": FOLLOWS,
}
# Searches that walk an order's index to its end, since few maps or none fit, or none at this end.
OPPOSED = set(
    "rating>4.9, size>90, size>95, rating<3, rating<2, -rating>=3, -rating>0, plays<10, plays<1,"
    " rating<2 size>90, terrain:lava plays<5, -ember rating<3, -ember plays<1, played:no rating<3".split(
        ", "
    )
)
FOR_EACH_MAP = 2  # of rows and pages: more than that would be the maps themselves
# Searches for words that sort all maps with the word where its window brings less than a page.
OF_WORDS = {"ember ", "emb", "ember ridge", "wanderi", "for", "ember rating<3", "played:yes ember "}
# Of the site's own lengths, for a world that is a thousandth of what they are for.
WINDOW, WINDOW_WITH_TERMS = 50, 100
# What is asked of a page beside its address alone.
QUERIES = {
    "lobbies:index": ("", "?map=ridge&free=2"),
    "lobbies:new": ("", "?map={map_id}"),
    "api:game-sessions": ("", "?free_seats=2"),
    "api:maps": ("", "?filter=own"),
    "maps:browse": ("", "?filter=own", "?favourite=yes"),
}
TODAY = datetime.date(2026, 1, 1)  # the same world every day
# What a seed does not invent: lobbies that are open, hearts, collections.
OTHERS = (
    """
INSERT INTO game_sessions (map_id, code) SELECT id, to_char(%(first)s + row_number() OVER (), 'FM000000')
FROM (SELECT id FROM maps WHERE is_public ORDER BY lot LIMIT %(lobbies)s) AS chosen""",
    """
INSERT INTO session_players (session_id, user_id, tribe_id, is_host)
SELECT lobby.id, player.user_id, player.tribe_id, true
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM game_sessions AS g WHERE status = 'Lobby'
    AND NOT EXISTS (SELECT FROM session_players WHERE session_id = g.id)) AS lobby
JOIN (SELECT user_id, min(id::text)::uuid AS tribe_id, row_number() OVER (ORDER BY user_id) AS n
    FROM tribes WHERE NOT EXISTS (SELECT FROM session_players AS s JOIN game_sessions AS g
        ON g.id = s.session_id WHERE s.user_id = tribes.user_id AND g.status = 'Lobby')
    GROUP BY user_id) AS player USING (n)""",
    """
INSERT INTO map_favourites (user_id, map_id) SELECT user_id, map_id FROM map_ratings
ON CONFLICT DO NOTHING""",
    """
INSERT INTO map_collections (user_id, name, description, is_public)
SELECT id, 'Shelf', '', true FROM users ON CONFLICT DO NOTHING""",
    """
INSERT INTO map_collection_entries (collection_id, map_id, position)
SELECT c.id, m.id, row_number() OVER (PARTITION BY c.id ORDER BY m.id)
FROM map_collections AS c JOIN maps AS m ON m.user_id = c.user_id WHERE m.is_public
    AND NOT EXISTS (SELECT FROM map_collection_entries WHERE collection_id = c.id)""",
    "VACUUM ANALYZE",
)
Works = dict[tuple[str, str], tuple[int, int]]  # by what and for whom: status, work


def fill(maps: int, there: int) -> None:
    """Let there be so many maps, and other things in proportion; `there` is how many maps there are."""
    from django.core.management import call_command
    from django.db import connection

    missing = maps - there
    with connection.cursor() as cursor:
        # Rows are sent while nobody reads what is reported.
        cursor.execute("SET auto_explain.log_min_duration = -1")
        more: dict[str, Any] = {"players": missing // PLAYERS, "terrains": TERRAINS, "verbosity": 0}
        more["today"] = TODAY
        call_command("seed", maps=missing, **more)
        for statement in OTHERS:
            numbers = {"first": there, "lobbies": missing // LOBBIES}
            cursor.execute(statement, numbers if "%(" in statement else None)
        cursor.execute("SET auto_explain.log_min_duration = 0")


def look_at_all(visitors: Visitors) -> Iterator[tuple[str, str, int, int]]:
    """(route, visitor, status, work) of all routes. Raises LookupError for one with unknown parameters."""
    for route in routes():
        address = visitors.address(route)
        for query in QUERIES.get(route.name, ("",)):
            for visitor in visitors.clients:
                whole = address + query.format(**visitors.parameters)
                status, work = visitors.look(visitor, whole)
                yield route.name + query, visitor, status, work.total


def search_all(visitors: Visitors) -> Iterator[tuple[str, str, int, int]]:
    """The same of each order with each condition: a search, for whom, and the work."""
    from maps.browse import queries
    from maps.search.sql import ORDERS

    viewer = str(visitors.people["player"].pk)
    for sort in ORDERS:
        for q, whose in [(q, None) for q in SEARCHES] + [(q, viewer) for q in VIEWER_SEARCHES]:
            random.seed(1)  # where a random order begins
            with visitors.counter.counting() as work:
                queries.find_maps(queries.read_parameters({"sort": sort, "q": q}, viewer=whose))
            yield f"{sort} {q}", "player" if whose else "stranger", 200, work.total


def works(visitors: Visitors) -> Works:
    found = [*look_at_all(visitors), *search_all(visitors)]
    return {(what, whom): (status, total) for what, whom, status, total in found}


def faults() -> Iterator[str]:
    """What is not as it must be, in a database that is empty and reports plans."""
    from django.db.backends.signals import connection_created

    from maps.search import sql

    sql.WINDOW, sql.WINDOW_WITH_TERMS = WINDOW, WINDOW_WITH_TERMS
    counter = Counter()

    def watch(connection: Any, **_: Any) -> None:
        counter.watch(connection.connection)

    connection_created.connect(watch)
    fill(SMALL, 0)
    visitors = Visitors(counter)
    small = works(visitors)
    fill(LARGE, SMALL)
    large = works(visitors)
    for (what, whom), (status, before) in small.items():
        after = large[what, whom][1]
        print(f"{what:46} {whom:9}{status} {before:8,}{after:8,}")
        if after > most(what, before):
            yield f"{what}, {whom}: {before:,} became {after:,} among ten times as many maps"
    yield from without_page(small)


def most(what: str, before: int) -> float:
    """How much work of a page or a search is fine among LARGE maps."""
    _, is_search, q = what.partition(" ")
    if what in LINEAR or (is_search and q in OF_WORDS):
        return max(before, FIXED_OF_SEARCH) * LARGE / SMALL
    if is_search and q in OPPOSED:
        return LARGE * FOR_EACH_MAP + FIXED_OF_SEARCH
    return before * FACTOR + (FIXED_OF_SEARCH if is_search else FIXED)


def without_page(found: Works) -> Iterator[str]:
    """Routes of which nobody saw a page, so that nothing was measured."""
    statuses: dict[str, set[int]] = {}
    for (what, _), (status, _) in found.items():
        statuses.setdefault(what.partition("?")[0], set()).add(status)
    for route in routes():
        if not statuses[route.name] & {200, 405} and route.name not in WITHOUT_PAGE:
            yield f"{route.name} shows nobody a page: {sorted(statuses[route.name])}"
