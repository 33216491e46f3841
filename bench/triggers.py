"""`python -m bench.triggers [ROWS...]`: seconds of the statements of bench/firing.py, at 1,000 rows and more.

Each runs in a session that ran it for one row before, and in a new one; then for one row, where it ran for
all. Without numbers of rows up to 100,000; a million take half an hour.
"""

import sys
import time
from contextlib import closing

from bench import growth  # chooses the data
from bench.figures import table
from bench.firing import FIRINGS, Connection, Firing, fill
from config import embedded

ROWS = (1_000, 10_000, 100_000)
TRAINING = 6
BOTH = 100_000


def seconds(connection: Connection, firing: Firing, rows: int) -> float:
    """The time of one statement, which is rolled back."""
    connection.execute("BEGIN")
    if firing.before:
        connection.execute(firing.before.format(last=rows))
    begun = time.perf_counter()
    connection.execute(firing.statement.format(last=rows))
    took = time.perf_counter() - begun
    connection.execute("ROLLBACK")
    return took


def measure(firing: Firing, rows: int) -> tuple[str, str, str]:
    """Seconds in a session that planned for a row, and in a new one; there, milliseconds of one row after it.

    Beyond BOTH rows only the first.
    """
    with closing(growth.connect()) as database:
        for _ in range(TRAINING):
            seconds(database, firing, 1)
        trained = seconds(database, firing, rows)
    fresh = one = 0.0
    if rows <= BOTH:
        with closing(growth.connect()) as database:
            fresh = seconds(database, firing, rows)
            one = min(seconds(database, firing, 1) for _ in range(TRAINING))
    with closing(growth.connect()) as database:
        database.execute("VACUUM")  # what was rolled back lies about until then
    return f"{trained:.2f}", f"{fresh:.2f}" if fresh else "", f"{one * 1000:.2f}" if one else ""


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or list(ROWS)
    there = 0
    rows: dict[str, list[str]] = {firing.name: [firing.name] for firing in FIRINGS}
    with embedded.running():
        growth.set_up()
        growth.make_anew()
        for size in sorted(sizes):
            with closing(growth.connect()) as database:
                fill(database, there + 1, size)
                database.execute("VACUUM ANALYZE")
            there = size
            for firing in FIRINGS:
                found = measure(firing, size)
                print(f"{firing.name:46} {size:9,} {' '.join(f'{figure:>8}' for figure in found)}")
                sys.stdout.flush()
                rows[firing.name] += found
    head = "statement" + "".join(
        f" | {size:,} rows, planned for one: s | planned for all: s | then one row: ms"
        for size in sorted(sizes)
    )
    table("Statements and their triggers", head, [tuple(row) for row in rows.values()])


if __name__ == "__main__":
    main()
