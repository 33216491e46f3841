"""How the work of pages and searches grows with the number of maps."""

import datetime
import random
from collections.abc import Iterator
from typing import Any

from bench.plans import SEARCHES, VIEWER_SEARCHES
from bench.site_requests import WITHOUT_PAGE, SiteClients, find_routes
from bench.work import Counter

SMALL, LARGE = 300, 3_000  # maps
MAPS_PER_PLAYER, MAPS_PER_LOBBY = 3, 10
TERRAINS = 5
# The tolerated growth, for deeper indexes and different rows. A sequential scan of a table with a tenth as
# many rows as there are maps would add 270, and the pages of an index with a row for each map would add 30.
FACTOR, FIXED = 1.25, 20
# A search may have to scan to the end of its window.
SEARCH_FIXED = 800
# Pages that may grow linearly, with the reasons.
COUNTS = "Django's paginator counts all rows, for staff"
FOUND = "the page counts the maps that are found, up to a thousand"
FOLLOWS = "the page watches all open lobbies, and shows the newest ones"
LINEAR_PAGES = {
    "admin:accounts_user_changelist": COUNTS,
    "admin:tribes_tribe_changelist": COUNTS,
    "admin:maps_gamemap_changelist": COUNTS,
    "admin:sessions_app_gamesession_changelist": COUNTS,
    "maps:browse": FOUND,
    "maps:browse?favourite=yes": FOUND,
    "lobbies:index": FOLLOWS,
    "lobbies:index?map=ridge&free=2": FOLLOWS,
}
# Searches that scan the index of an order to its end, because few or no maps match.
FULL_INDEX_SCANS = set(
    "rating>4.9, size>90, size>95, rating<3, rating<2, -rating>=3, -rating>0, plays<10, plays<1,"
    " rating<2 size>90, terrain:lava plays<5, -ember rating<3, -ember plays<1, played:no rating<3".split(
        ", "
    )
)
MAX_PER_MAP = 2  # rows and pages of an index scan; reading the maps themselves would be more
# Searches for words that sort all maps with the word, because the window has less than a page.
WORD_SEARCHES = {
    "ember ",
    "emb",
    "ember ridge",
    "wanderi",
    "for",
    "epicridge",
    "ember rating<3",
    "played:yes ember ",
}
# They replace the windows of the site, which are for a thousand times as many maps.
WINDOW, WINDOW_WITH_TERMS = 50, 100
# The query strings to measure, of pages that have any.
QUERIES = {
    "lobbies:index": ("", "?map=ridge&free=2"),
    "lobbies:new": ("", "?map={map_id}"),
    "api:game-sessions": ("", "?free_seats=2"),
    "api:maps": ("", "?filter=own"),
    "maps:browse": ("", "?filter=own", "?favourite=yes"),
}
TODAY = datetime.date(2026, 1, 1)  # constant, so that the data are the same every day
# Data that `manage.py seed` does not create: open lobbies, favourites, collections.
MORE_DATA = (
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
SELECT id, 'Collection', '', true FROM users ON CONFLICT DO NOTHING""",
    """
INSERT INTO map_collection_entries (collection_id, map_id, position)
SELECT c.id, m.id, row_number() OVER (PARTITION BY c.id ORDER BY m.id)
FROM map_collections AS c JOIN maps AS m ON m.user_id = c.user_id WHERE m.is_public
    AND NOT EXISTS (SELECT FROM map_collection_entries WHERE collection_id = c.id)""",
    "VACUUM ANALYZE",
)
Results = dict[tuple[str, str], tuple[int, int]]  # status and work, by page or search and user


def fill(maps: int, existing: int) -> None:
    """Creates maps until there are `maps`, and other data in proportion."""
    from django.core.management import call_command
    from django.db import connection

    missing = maps - existing
    with connection.cursor() as cursor:
        # No plans are reported while the data are created.
        cursor.execute("SET auto_explain.log_min_duration = -1")
        options: dict[str, Any] = {"terrains": TERRAINS, "today": TODAY, "verbosity": 0}
        call_command("seed", maps=missing, players=missing // MAPS_PER_PLAYER, **options)
        for statement in MORE_DATA:
            numbers = {"first": existing, "lobbies": missing // MAPS_PER_LOBBY}
            cursor.execute(statement, numbers if "%(" in statement else None)
        cursor.execute("SET auto_explain.log_min_duration = 0")


def measure_pages(clients: SiteClients) -> Iterator[tuple[str, str, int, int]]:
    """Yields (route, user, status, work) for all routes. Raises LookupError for an unknown parameter."""
    for route in find_routes():
        path = clients.build_path(route)
        for query in QUERIES.get(route.name, ("",)):
            for user in clients.clients:
                url = path + query.format(**clients.parameters)
                status, work = clients.get(user, url)
                yield route.name + query, user, status, work.total


def measure_searches(clients: SiteClients) -> Iterator[tuple[str, str, int, int]]:
    """Yields (search, user, status, work) for each order with each condition."""
    from maps.browse import queries
    from maps.search.sql import ORDERS

    viewer = str(clients.users["player"].pk)
    for sort in ORDERS:
        for q, viewer_id in [(q, None) for q in SEARCHES] + [(q, viewer) for q in VIEWER_SEARCHES]:
            random.seed(1)  # where a random order begins
            with clients.counter.counting() as work:
                queries.find_maps(queries.read_parameters({"sort": sort, "q": q}, viewer=viewer_id))
            yield f"{sort} {q}", "player" if viewer_id else "visitor", 200, work.total


def measure(clients: SiteClients) -> Results:
    figures = [*measure_pages(clients), *measure_searches(clients)]
    return {(name, user): (status, total) for name, user, status, total in figures}


def find_faults() -> Iterator[str]:
    """Yields all faults, in an empty database that reports plans."""
    from django.db.backends.signals import connection_created

    from maps.search import sql

    sql.WINDOW, sql.WINDOW_WITH_TERMS = WINDOW, WINDOW_WITH_TERMS
    counter = Counter()

    def watch(connection: Any, **_: Any) -> None:
        counter.watch(connection.connection)

    connection_created.connect(watch)
    fill(SMALL, 0)
    clients = SiteClients(counter)
    small = measure(clients)
    fill(LARGE, SMALL)
    large = measure(clients)
    for (name, user), (status, before) in small.items():
        after = large[name, user][1]
        print(f"{name:46} {user:9}{status} {before:8,}{after:8,}")
        if after > max_work(name, before):
            yield f"{name}, {user}: {before:,} grew to {after:,} with ten times as many maps"
    yield from find_unmeasured_routes(small)


def max_work(name: str, before: int) -> float:
    """Returns the tolerated work of a page or a search with LARGE maps."""
    _, is_search, q = name.partition(" ")
    if name in LINEAR_PAGES or (is_search and q in WORD_SEARCHES):
        return max(before, SEARCH_FIXED) * LARGE / SMALL
    if is_search and q in FULL_INDEX_SCANS:
        return LARGE * MAX_PER_MAP + SEARCH_FIXED
    return before * FACTOR + (SEARCH_FIXED if is_search else FIXED)


def find_unmeasured_routes(results: Results) -> Iterator[str]:
    """Yields the routes that returned a page to no user, so that nothing was measured."""
    statuses: dict[str, set[int]] = {}
    for (name, _), (status, _) in results.items():
        statuses.setdefault(name.partition("?")[0], set()).add(status)
    for route in find_routes():
        if not statuses[route.name] & {200, 405} and route.name not in WITHOUT_PAGE:
            yield f"{route.name} returns a page to no user: {sorted(statuses[route.name])}"
