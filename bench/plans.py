"""`python -m bench.plans`: what the database does for each search, at a million maps.

Fails where an order is sorted instead of read off its index, or where a table is read whole.
"""

import json
import os
import sys
from typing import Any

import bench.servers  # noqa: F401 - chooses the data
from config import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

FACETS = (
    "", "rating>4", "rating>4.9", "size<50", "size>90", "plays>=100", "terrain:lava", "-terrain:grass",
    "rating>3 size<50 -terrain:water", "ember ", "emb", "ember ridge", "author:amberadder",
)  # fmt: skip


def nodes(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, index or table) of each node of a plan."""
    own = plan["Node Type"], plan.get("Index Name") or plan.get("Relation Name") or ""
    return [own, *(node for part in plan.get("Plans", []) for node in nodes(part))]


def faults() -> list[str]:
    """What is not as it must be; prints a line for each statement on the way."""
    from django.db import connection

    from maps.browsing import begun, read
    from maps.statements import ORDERS, statements

    found = []
    with connection.cursor() as cursor:
        for sort in ORDERS:
            for q in FACETS:
                asked = begun(read({"sort": sort, "q": q}))
                for number, statement in enumerate(statements(asked)):
                    cursor.execute(
                        "EXPLAIN (ANALYZE, FORMAT JSON) " + statement.sql, statement.values
                    )
                    answer = cursor.fetchone()[0]
                    whole = json.loads(answer) if isinstance(answer, str) else answer
                    plan = nodes(whole[0]["Plan"])
                    indexes = sorted({name for kind, name in plan if "Index" in kind})
                    took = whole[0]["Execution Time"]
                    print(f"{sort:7}{q:34}{number}  {took:8.2f} ms  {', '.join(indexes)}")
                    if ("Seq Scan", "maps") in plan:
                        found.append(f"{sort} {q}: reads the whole table")
                    walks = number == 0 and not (q.startswith("author") or " " in q.strip(" "))
                    if walks and (
                        f"idx_maps_{sort}" not in indexes or any("Sort" in k for k, _ in plan)
                    ):
                        found.append(f"{sort} {q}: is not read off its index")
    return found


if __name__ == "__main__":
    with embedded.running():
        import django

        django.setup()
        sys.exit("\n".join(faults()) or 0)
