"""`python -m bench.plans`: what the database does for each search, at a million maps.

Fails where an order is sorted instead of read off its index, or where a table is read whole. Pages of a few
maps, and the few maps of an author, may be sorted.
"""

import json
import os
import sys
from dataclasses import replace
from typing import Any

import bench.servers  # noqa: F401 - chooses the data
from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

FACETS = (
    "", "rating>4", "rating>4.9", "size<50", "size>90", "plays>=100", "terrain:lava", "-terrain:grass",
    "rating>3 size<50 -terrain:water", "ember ", "emb", "ember ridge", "author:amberadder",
    "author:nobody", "wanderi", "for",
    # What opposes an order: none of it at its beginning.
    "rating<3", "rating<2", "-rating>=3", "-rating>0", "plays<10", "plays<1", "size>95", "rating<2 size>90",
    "terrain:lava plays<5", "author:amberadder rating<3",
    # What is excluded is in no index.
    "-ember", "-ember rating<3", "-ember -terrain:grass", "ember rating<3", "-ember plays<1",
)  # fmt: skip
# Of whoever asks: a player with many games, and hearts as a few such have.
OF_THE_VIEWER = (
    "played:yes", "played:no", "favourite:yes", "favourite:no", "played:no rating<3", "played:yes ember ",
)  # fmt: skip
HEARTS = 200
SORTED = 1_000  # maps that may be sorted


def nodes(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, index or table) of each node of a plan."""
    own = plan["Node Type"], plan.get("Index Name") or plan.get("Relation Name") or ""
    return [own, *(node for part in plan.get("Plans", []) for node in nodes(part))]


def sorts(plan: dict[str, Any]) -> list[float]:
    """How many rows each node of a plan that sorts was given."""
    parts = plan.get("Plans", [])
    own = [p["Actual Rows"] * p["Actual Loops"] for p in parts if "Sort" in plan["Node Type"]]
    return [*own, *(rows for part in parts for rows in sorts(part))]


def busiest() -> str:
    """The player with the most games, by id, who has given hearts."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id FROM session_players GROUP BY user_id ORDER BY count(*) DESC LIMIT 1"
        )
        (viewer,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO map_favourites (user_id, map_id)"
            " SELECT %s, id FROM maps WHERE is_public LIMIT %s ON CONFLICT DO NOTHING",
            [viewer, HEARTS],
        )
    return str(viewer)


def faults() -> list[str]:
    """What is not as it must be; prints a line for each statement on the way."""
    from maps.search.sql import ORDERS

    viewer = busiest()
    asked = [(q, None) for q in FACETS] + [(q, viewer) for q in OF_THE_VIEWER]
    return [
        fault
        for sort in ORDERS
        for q, whose in asked
        for fault in faults_of(sort=sort, q=q, viewer=whose)
    ]


def faults_of(*, sort: str, q: str, viewer: str | None) -> list[str]:
    """The same of one search."""
    from django.db import connection

    from maps.browse.queries import begun, read
    from maps.search.spelling import resolve_last_word
    from maps.search.sql import build_statements

    found = []
    asked = begun(read({"sort": sort, "q": q}, viewer=viewer))
    asked = replace(asked, query=resolve_last_word(asked.query))
    for number, statement in enumerate(build_statements(asked)):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.sql, statement.values)
            answer = cursor.fetchone()[0]
        whole = json.loads(answer) if isinstance(answer, str) else answer
        plan = nodes(whole[0]["Plan"])
        indexes = sorted({name for kind, name in plan if "Index" in kind})
        took = whole[0]["Execution Time"]
        print(f"{sort:7}{q:34}{number}  {took:8.2f} ms  {', '.join(indexes)}")
        if ("Seq Scan", "maps") in plan:
            found.append(f"{sort} {q}: reads the whole table")
        # Words that few maps have are found by the index of words, and sorted; so is what is a viewer's.
        few = (asked.has_word and (number or " " in q.strip(" "))) or q.endswith(":yes")
        if not few and max(sorts(whole[0]["Plan"]), default=0) > SORTED:
            found.append(f"{sort} {q}: sorts more than {SORTED} maps")
        few = few or q.startswith("author")
        if number == 0 and not few and f"idx_maps_{sort}" not in indexes:
            found.append(f"{sort} {q}: is not read off its index")
    return found


if __name__ == "__main__":
    with embedded.running():
        import django

        django.setup()
        sys.exit("\n".join(faults()) or 0)
