"""How the work of triggers grows with the rows of a statement, and with the plans of the session."""

from collections.abc import Callable, Iterator
from contextlib import closing

from bench.trigger_statements import (
    STATEMENTS,
    TABLES,
    Connection,
    TriggerStatement,
    fill,
    find_triggers,
    find_unmeasured_triggers,
)
from bench.work import Counter, Work, report_plans

SMALL, LARGE = 200, 2_000
FACTOR = LARGE // SMALL
# The tolerated factor, for differences between two plans. Quadratic work would exceed it.
TOLERANCE = 2
# The tolerated constant, for the work of the first rows.
FIXED = 500
# The tolerated factor for one row in a session whose plans were made for many.
ONE_ROW_TOLERANCE = 3
WARMUP_RUNS = 6  # from the sixth run on, PostgreSQL uses a generic plan
Connect = Callable[[], Connection]


def measure_work(connection: Connection, statement: TriggerStatement, rows: int) -> Work:
    """Returns the work of one statement, which is rolled back."""
    counter = Counter()
    counter.watch(connection)
    connection.execute("BEGIN")
    try:
        if statement.setup:
            connection.execute(statement.setup.format(last=rows))
        with counter.counting() as work:
            connection.execute(statement.sql.format(last=rows))
    finally:
        connection.execute("ROLLBACK")
        counter.unwatch(connection)
    return work


def open_session(connect: Connect, statement: TriggerStatement, rows: int = 1) -> Connection:
    """Returns a session that reports its plans, and that has run a statement for `rows` rows."""
    connection = connect()
    report_plans(connection)
    for _ in range(WARMUP_RUNS if rows == 1 else 1):  # row triggers of many rows run often enough
        measure_work(connection, statement, rows)
    return connection


def is_linear(small: int, large: int) -> bool:
    """Returns whether the work grows at most linearly between SMALL and LARGE rows."""
    return large <= small * FACTOR * TOLERANCE + FIXED


def find_faults(connect: Connect) -> Iterator[str]:
    """Yields the faults of all statements, in an empty database. Prints a line for each statement."""
    with closing(connect()) as database:
        # A vacuum would invalidate plans that were made while tables were empty.
        for table in TABLES:
            database.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        missing = find_unmeasured_triggers(database)
        if missing:
            yield f"bench/trigger_statements.py has no statement that fires {', '.join(sorted(missing))}"
        fill(database, 1, 1)
        sessions = {
            statement: open_session(connect, statement)
            for statement in STATEMENTS
            if not statement.sql.startswith("TRUNCATE")  # its lock would wait for all sessions
        }
        fill(database, 2, SMALL)
        small = {
            statement: measure_work(one, statement, SMALL).total
            for statement, one in sessions.items()
        }
        fill(database, SMALL + 1, LARGE)
        for statement, one in sessions.items():
            with closing(one):
                work = measure_work(one, statement, LARGE)
            print_row(statement, "planned while tables were empty", small[statement], work.total)
            if not is_linear(small[statement], work.total):
                yield f"{statement.name}: planned while tables were empty, not linear"
        database.execute("VACUUM ANALYZE")
        reported = find_triggers(database)
    for statement in STATEMENTS:
        yield from find_statement_faults(connect, statement, reported)


def find_statement_faults(
    connect: Connect, statement: TriggerStatement, reported: dict[str, bool]
) -> Iterator[str]:
    """Yields the faults of one statement, in a filled database."""
    with closing(open_session(connect, statement)) as planned_for_one:
        one = measure_work(planned_for_one, statement, 1).total
        small = measure_work(planned_for_one, statement, SMALL).total
        work = measure_work(planned_for_one, statement, LARGE)
    print_row(statement, "planned for one row", small, work.total)
    if not is_linear(small, work.total):
        yield f"{statement.name}: planned for one row, not linear"
    missing = {name for name in statement.fires.split() if reported.get(name)} - work.triggers
    if missing:
        yield f"{statement.name}: does not fire {', '.join(sorted(missing))}"
    with closing(open_session(connect, statement, LARGE)) as planned_for_many:
        again = measure_work(planned_for_many, statement, 1).total
    print_row(statement, "one row, planned for one and for many", one, again)
    if again > one * ONE_ROW_TOLERANCE + FIXED:
        yield f"{statement.name}: one row costs more in a session that changed many before"


def print_row(statement: TriggerStatement, label: str, small: int, large: int) -> None:
    print(
        f"{statement.name:46.46} {label:38} {small:10,} {large:10,}  {large / max(small, 1):6.1f}"
    )
