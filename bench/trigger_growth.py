"""How the work of triggers grows with the rows of a statement, whatever a session planned before."""

from collections.abc import Callable, Iterator
from contextlib import closing

from bench.firing import FIRINGS, WORLD, Connection, Firing, fill, triggers, without_entry
from bench.work import Counter, Work, report_plans

SMALL, LARGE = 200, 2_000
FACTOR = LARGE // SMALL
# Linear, with room for what differs between two plans. Twice too many rows for each would be one power more.
SLACK = 2
# What the first rows may cost more than the next ones.
FIXED = 500
# How much one row may cost more in a session that planned for many.
ONE_SLACK = 3
TRAINING = 6  # from the sixth time on, PostgreSQL keeps a plan that is made for any values
Connect = Callable[[], Connection]


def work_of(connection: Connection, firing: Firing, rows: int) -> Work:
    """The work of one statement, which is rolled back."""
    counter = Counter()
    counter.watch(connection)
    connection.execute("BEGIN")
    try:
        if firing.before:
            connection.execute(firing.before.format(last=rows))
        with counter.counting() as work:
            connection.execute(firing.statement.format(last=rows))
    finally:
        connection.execute("ROLLBACK")
        counter.unwatch(connection)
    return work


def session(connect: Connect, firing: Firing, rows: int = 1) -> Connection:
    """A session that reports its plans, and has run a statement for so many rows before."""
    connection = connect()
    report_plans(connection)
    for _ in range(TRAINING if rows == 1 else 1):  # a trigger for each row runs often enough
        work_of(connection, firing, rows)
    return connection


def linear(small: int, large: int) -> bool:
    """Whether the work of ten times as many rows is ten times as much, or less."""
    return large <= small * FACTOR * SLACK + FIXED


def faults(connect: Connect) -> Iterator[str]:
    """What is not as it must be, in an empty database; a line for each statement is printed on the way."""
    with closing(connect()) as database:
        for table in WORLD:  # whatever invalidates plans would hide those that were made too early
            database.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        missing = without_entry(database)
        if missing:
            yield f"bench/firing.py has no statement that fires {', '.join(sorted(missing))}"
        fill(database, 1, 1)
        early = {
            firing: session(connect, firing)
            for firing in FIRINGS
            if not firing.statement.startswith("TRUNCATE")  # its lock waits for all sessions
        }
        fill(database, 2, SMALL)
        small = {firing: work_of(one, firing, SMALL).total for firing, one in early.items()}
        fill(database, SMALL + 1, LARGE)
        for firing, one in early.items():
            with closing(one):
                work = work_of(one, firing, LARGE)
            say(firing, "planned while tables were empty", small[firing], work.total)
            if not linear(small[firing], work.total):
                yield f"{firing.name}: planned while tables were empty, not linear"
        database.execute("VACUUM ANALYZE")
        named = triggers(database)
    for firing in FIRINGS:
        yield from faults_of(connect, firing, named)


def faults_of(connect: Connect, firing: Firing, named: dict[str, bool]) -> Iterator[str]:
    """The same of one statement, in a database that is full."""
    with closing(session(connect, firing)) as planned_for_one:
        one = work_of(planned_for_one, firing, 1).total
        small = work_of(planned_for_one, firing, SMALL).total
        work = work_of(planned_for_one, firing, LARGE)
    say(firing, "planned for one row", small, work.total)
    if not linear(small, work.total):
        yield f"{firing.name}: planned for one row, not linear"
    silent = {name for name in firing.fires.split() if named.get(name)} - work.triggers
    if silent:
        yield f"{firing.name}: does not fire {', '.join(sorted(silent))}"
    with closing(session(connect, firing, LARGE)) as planned_for_many:
        again = work_of(planned_for_many, firing, 1).total
    say(firing, "one row, planned for one and for many", one, again)
    if again > one * ONE_SLACK + FIXED:
        yield f"{firing.name}: one row costs more in a session that changed many before"


def say(firing: Firing, how: str, small: int, large: int) -> None:
    print(f"{firing.name:46.46} {how:38} {small:10,} {large:10,}  {large / max(small, 1):6.1f}")
