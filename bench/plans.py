"""`python -m bench.plans`: the query plan of each search, among a million maps.

Fails if an order is sorted instead of read from its index, or if a whole table is read. Few maps, and the
maps of one author, may be sorted.
"""

import json
import os
import sys
from typing import Any

import bench.servers  # noqa: F401 - sets TRIBEHOLD_DATA
from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

SEARCHES = (
    "", "rating>4", "rating>4.9", "size<50", "size>90", "plays>=100", "terrain:lava", "-terrain:grass",
    "rating>3 size<50 -terrain:water", "ember ", "emb", "ember ridge", "author:amberadder",
    "author:nobody", "wanderi", "for", "amberadder", "of the", "30x22", "30x22 ridge", "epicridge",
    # These maps are at the end of an order.
    "rating<3", "rating<2", "-rating>=3", "-rating>0", "plays<10", "plays<1", "size>95", "rating<2 size>90",
    "terrain:lava plays<5", "author:amberadder rating<3",
    # Excluded words are in no index.
    "-ember", "-ember rating<3", "-ember -terrain:grass", "ember rating<3", "-ember plays<1",
)  # fmt: skip
# Of the viewer: a player with many games and FAVOURITES favourites.
VIEWER_SEARCHES = (
    "played:yes", "played:no", "favourite:yes", "favourite:no", "played:no rating<3", "played:yes ember ",
)  # fmt: skip
FAVOURITES = 200
MAX_SORTED = 1_000  # maps


def find_nodes(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns (kind, index or table) of each node of a plan."""
    own = plan["Node Type"], plan.get("Index Name") or plan.get("Relation Name") or ""
    return [own, *(node for part in plan.get("Plans", []) for node in find_nodes(part))]


def count_sorted_rows(plan: dict[str, Any]) -> list[float]:
    """Returns the number of rows that each sorting node of a plan receives."""
    parts = plan.get("Plans", [])
    own = [p["Actual Rows"] * p["Actual Loops"] for p in parts if "Sort" in plan["Node Type"]]
    return [*own, *(rows for part in parts for rows in count_sorted_rows(part))]


def find_busiest_player() -> str:
    """Returns the id of the player with the most games, and gives them favourites."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id FROM session_players GROUP BY user_id ORDER BY count(*) DESC LIMIT 1"
        )
        (viewer,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO map_favourites (user_id, map_id)"
            " SELECT %s, id FROM maps WHERE is_public LIMIT %s ON CONFLICT DO NOTHING",
            [viewer, FAVOURITES],
        )
    return str(viewer)


def find_faults() -> list[str]:
    """Returns the faults of all searches, and prints a line for each statement."""
    from maps.search.sql import ORDERS

    viewer = find_busiest_player()
    searches = [(q, None) for q in SEARCHES] + [(q, viewer) for q in VIEWER_SEARCHES]
    return [
        fault
        for sort in ORDERS
        for q, viewer_id in searches
        for fault in find_search_faults(sort=sort, q=q, viewer=viewer_id)
    ]


def find_search_faults(*, sort: str, q: str, viewer: str | None) -> list[str]:
    """Returns the faults of one search."""
    from django.db import connection

    from maps.browse.queries import read_parameters, run_steps, with_random_start
    from maps.search.paging import prepare_search
    from maps.search.sql import build_statements

    found = []
    request = with_random_start(read_parameters({"sort": sort, "q": q}, viewer=viewer))
    search = run_steps(prepare_search(request))
    statements = [
        (tier, number, statement)
        for n in range(search.count)
        if (tier := run_steps(search.tier(n)))
        for number, statement in enumerate(build_statements(request, tier))
    ]
    for tier, number, statement in statements:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.sql, statement.values)
            explained = cursor.fetchone()[0]
        explained_plan = json.loads(explained) if isinstance(explained, str) else explained
        plan = find_nodes(explained_plan[0]["Plan"])
        indexes = sorted({name for kind, name in plan if "Index" in kind})
        duration = explained_plan[0]["Execution Time"]
        print(f"{sort:7}{q:34}{number}  {duration:8.2f} ms  {', '.join(indexes)}")
        if ("Seq Scan", "maps") in plan:
            found.append(f"{sort} {q}: reads the whole table")
        # Maps with rare words are found by the index of words and sorted, and so are those of the viewer.
        is_few = tier.is_rest or (tier.words and (number or tier.words > 1)) or q.endswith(":yes")
        if not is_few and max(count_sorted_rows(explained_plan[0]["Plan"]), default=0) > MAX_SORTED:
            found.append(f"{sort} {q}: sorts more than {MAX_SORTED} maps")
        is_few = is_few or q.startswith("author")
        if number == 0 and not is_few and f"idx_maps_{sort}" not in indexes:
            found.append(f"{sort} {q}: is not read from its index")
    return found


if __name__ == "__main__":
    with embedded.running():
        import django

        django.setup()
        sys.exit("\n".join(find_faults()) or 0)
