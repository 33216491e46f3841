"""`python -m bench.triggers [ROWS...]`: times of the statements of bench/trigger_statements.py.

Each statement runs in a session that ran it for one row before, then in a new one, and there once more for
one row. The default is up to 100,000 rows. A million take half an hour.
"""

import sys
import time
from contextlib import closing

from bench import growth  # sets TRIBEHOLD_DATA
from bench.figures import print_table
from bench.trigger_statements import STATEMENTS, Connection, TriggerStatement, fill
from config import embedded

ROWS = (1_000, 10_000, 100_000)
WARMUP_RUNS = 6
MAX_ROWS_OF_NEW_SESSIONS = 100_000


def time_statement(connection: Connection, statement: TriggerStatement, rows: int) -> float:
    """Returns the time of one statement, which is rolled back."""
    connection.execute("BEGIN")
    if statement.setup:
        connection.execute(statement.setup.format(last=rows))
    started = time.perf_counter()
    connection.execute(statement.sql.format(last=rows))
    duration = time.perf_counter() - started
    connection.execute("ROLLBACK")
    return duration


def measure(statement: TriggerStatement, rows: int) -> tuple[str, str, str]:
    """Returns three times as text.

    They are seconds in a session with plans for one row, seconds in a new session, and milliseconds of one
    row after that. For more than MAX_ROWS_OF_NEW_SESSIONS rows, only the first is measured.
    """
    with closing(growth.connect()) as database:
        for _ in range(WARMUP_RUNS):
            time_statement(database, statement, 1)
        warm = time_statement(database, statement, rows)
    fresh = one = 0.0
    if rows <= MAX_ROWS_OF_NEW_SESSIONS:
        with closing(growth.connect()) as database:
            fresh = time_statement(database, statement, rows)
            one = min(time_statement(database, statement, 1) for _ in range(WARMUP_RUNS))
    with closing(growth.connect()) as database:
        database.execute("VACUUM")  # removes the rows that were rolled back
    return f"{warm:.2f}", f"{fresh:.2f}" if fresh else "", f"{one * 1000:.2f}" if one else ""


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or list(ROWS)
    existing = 0
    rows: dict[str, list[str]] = {statement.name: [statement.name] for statement in STATEMENTS}
    with embedded.running():
        growth.set_up()
        growth.recreate_database()
        for size in sorted(sizes):
            with closing(growth.connect()) as database:
                fill(database, existing + 1, size)
                database.execute("VACUUM ANALYZE")
            existing = size
            for statement in STATEMENTS:
                figures = measure(statement, size)
                columns = " ".join(f"{figure:>8}" for figure in figures)
                print(f"{statement.name:46} {size:9,} {columns}")
                sys.stdout.flush()
                rows[statement.name] += figures
    head = "statement" + "".join(
        f" | {size:,} rows, planned for one: s | planned for all: s | then one row: ms"
        for size in sorted(sizes)
    )
    print_table("Statements and their triggers", head, [tuple(row) for row in rows.values()])


if __name__ == "__main__":
    main()
