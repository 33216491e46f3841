"""`make growth`: fails where the work of the database grows faster than what it is asked for.

Work is counted (statements, rows, pages read), not timed, so that it means the same on every machine: each
trigger for two numbers of rows, each way of browsing and each page among two numbers of maps, a factor of ten
apart. A trigger or a route that has no entry fails, too. Uses a database of its own, made anew.
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
from bench.firing import Connection
from bench.work import SETTINGS
from config import embedded

DATABASE = "growth"


def connect(database: str = DATABASE) -> Connection:
    """A session of the embedded server; autocommit."""
    host = str(embedded.socket_folder())
    return psycopg.connect(host=host, user="tribehold", dbname=database, autocommit=True)


def make_anew(*, reporting: bool = False) -> None:
    """An empty database with our tables, which Django uses from now on; its sessions may report plans."""
    from django.core.management import call_command
    from django.db import connection

    connection.close()
    with connect("postgres") as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {DATABASE}")
    call_command("migrate", verbosity=0)
    connection.close()
    if reporting:
        with connect("postgres") as server:
            # Small tables are read whole; what is measured are the plans of large ones.
            more = {"session_preload_libraries": "auto_explain", "enable_seqscan": "off"}
            for name, value in (SETTINGS | more).items():
                server.execute(f"ALTER DATABASE {DATABASE} SET {name} = {value}")


def set_up() -> None:
    """Let Django use the database, and no files that are not there."""
    os.environ["DATABASE_URL"] = f"postgres://tribehold@/{DATABASE}?host={embedded.socket_folder()}"
    import django
    from django.conf import settings

    django.setup()
    storages = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    settings.STORAGES = settings.STORAGES | storages
    logging.disable(logging.CRITICAL)  # of strangers that are refused


def faults() -> Iterator[str]:
    """What grows too fast, or is measured nowhere."""
    make_anew()
    yield from trigger_growth.faults(connect)
    make_anew(reporting=True)
    yield from page_growth.faults()


def main() -> None:
    with embedded.running():
        set_up()
        found = list(faults())
    sys.exit("\n".join(["", *found]) if found else 0)


if __name__ == "__main__":
    main()
