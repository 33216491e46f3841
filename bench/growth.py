"""`make growth`: fails if the work of the database grows faster than the data.

Work is counted (statements, rows, pages), not timed, so it is the same on every machine. Each trigger is
measured for two numbers of rows, each page and each search for two numbers of maps, both with a factor of
ten. A trigger or a route without an entry fails, too. It runs in a new database of its own.
"""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg

os.environ.setdefault("TRIBEHOLD_DATA", str(Path(__file__).parent.parent / ".data-bench"))
os.environ["TRIBEHOLD_DATA"] += "/growth"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from bench import page_growth, trigger_growth
from bench.trigger_statements import Connection
from bench.work import SETTINGS
from config import embedded

DATABASE = "growth"


def connect(database: str = DATABASE) -> Connection:
    """Returns a connection to the embedded server, with autocommit."""
    host = str(embedded.socket_folder())
    return psycopg.connect(host=host, user="tribehold", dbname=database, autocommit=True)


def recreate_database(*, report_plans: bool = False) -> None:
    """Creates an empty database with our tables, which Django uses. With `report_plans` it reports plans."""
    from django.core.management import call_command
    from django.db import connection

    connection.close()
    with connect("postgres") as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {DATABASE}")
    call_command("migrate", verbosity=0)
    connection.close()
    if report_plans:
        with connect("postgres") as server:
            # Small tables would be scanned sequentially, but the plans of large ones are measured.
            options = {"session_preload_libraries": "auto_explain", "enable_seqscan": "off"}
            for name, value in (SETTINGS | options).items():
                server.execute(f"ALTER DATABASE {DATABASE} SET {name} = {value}")


def set_up() -> None:
    """Sets Django up with the database, and without hashed static files, which are not built."""
    os.environ["DATABASE_URL"] = f"postgres://tribehold@/{DATABASE}?host={embedded.socket_folder()}"
    import django
    from django.conf import settings

    django.setup()
    storages = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    settings.STORAGES = settings.STORAGES | storages
    logging.disable(logging.CRITICAL)  # rejected requests of visitors are logged


def find_faults() -> Iterator[str]:
    """Yields what grows too fast or is not measured."""
    recreate_database()
    yield from trigger_growth.find_faults(connect)
    recreate_database(report_plans=True)
    yield from page_growth.find_faults()


def main() -> None:
    with embedded.running():
        set_up()
        found = list(find_faults())
    sys.exit("\n".join(["", *found]) if found else 0)


if __name__ == "__main__":
    main()
