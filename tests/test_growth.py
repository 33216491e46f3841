"""The counting of work detects triggers whose work grows faster than the rows of a statement."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from django.db import connection

from bench.trigger_growth import is_linear
from bench.trigger_statements import find_unmeasured_triggers
from bench.work import Counter, report_plans

pytestmark = pytest.mark.django_db(transaction=True)
JOINED = (
    "SELECT before.id FROM before JOIN after USING (id) WHERE before.n IS DISTINCT FROM after.n"
)
HASHED = """SELECT id FROM (SELECT id, n FROM before UNION ALL SELECT id, n FROM after) AS sides
    GROUP BY id, n HAVING count(*) = 1"""
ROWWISE = "SELECT 1 FROM others WHERE n = NEW.n AND id = OLD.id"


@pytest.fixture
def session(transactional_db: None) -> "Iterator[psycopg.Connection[Any]]":
    """A session that may report its plans, with two temporary tables."""
    wanted = connection.get_connection_params()
    address = {name: wanted[name] for name in wanted if name not in ("cursor_factory", "context")}
    with closing(psycopg.connect(**address, autocommit=True)) as found:
        if found.execute("SHOW is_superuser").fetchone() != ("on",):
            pytest.skip("auto_explain is for superusers")
        report_plans(found)
        found.execute("CREATE TEMPORARY TABLE few (id int PRIMARY KEY, n int)")
        found.execute("CREATE TEMPORARY TABLE others (id int, n int)")
        yield found


def define(session: "psycopg.Connection[Any]", body: str) -> None:
    """A trigger of updates, for each row where it names one."""
    session.execute(
        "CREATE FUNCTION pg_temp.followed() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM x FROM ({body}) AS x LIMIT 101; RETURN NULL; END $$"
    )
    how = "FOR EACH ROW"
    if "before" in body:
        how = "REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT"
    session.execute(
        f"CREATE TRIGGER followed AFTER UPDATE ON few {how} EXECUTE FUNCTION pg_temp.followed()"
    )


def work_of_rows(session: "psycopg.Connection[Any]", rows: int) -> int:
    for table in ("few", "others"):
        session.execute(
            f"INSERT INTO {table} SELECT n, n FROM generate_series(1, %s) AS n"
            f" WHERE n NOT IN (SELECT id FROM {table})",
            [rows],
        )
    counter = Counter()
    counter.watch(session)
    with counter.counting() as work:
        session.execute("UPDATE few SET n = n WHERE id <= %s", [rows])
    counter.unwatch(session)
    assert work.triggers == {"followed"}
    return work.total


@pytest.mark.parametrize(("body", "fine"), [(JOINED, False), (HASHED, True), (ROWWISE, False)])
def test_a_quadratic_trigger_is_detected(
    session: "psycopg.Connection[Any]", body: str, fine: bool
) -> None:
    session.execute("SET enable_hashjoin = off")
    session.execute("SET enable_mergejoin = off")  # a deliberately bad plan
    session.execute("SET enable_material = off")
    define(session, body)
    work_of_rows(session, 1)
    assert is_linear(work_of_rows(session, 200), work_of_rows(session, 2_000)) is fine


def test_each_trigger_has_a_statement_that_is_measured(
    session: "psycopg.Connection[Any]",
) -> None:
    """An entry of bench/trigger_statements.py for each new trigger, so that `make growth` measures it."""
    assert find_unmeasured_triggers(session) == set()
    session.execute(
        "CREATE FUNCTION pg_temp.idle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
    )
    session.execute(
        "CREATE TRIGGER idle BEFORE INSERT ON few FOR EACH ROW EXECUTE FUNCTION pg_temp.idle()"
    )
    assert find_unmeasured_triggers(session) == {"idle"}
