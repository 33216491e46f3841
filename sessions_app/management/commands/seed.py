"""`manage.py seed`: fills the database with generated maps and players."""

import datetime
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.db import connection
from tqdm import tqdm

from sessions_app.demo.seeder import Plan, Seeder, analyze_tables

MAX_DISTINCT_TERRAINS = 100_000  # up to this number of maps, each has its own terrain
TERRAIN_POOL_SIZE = 1_000  # terrains that more maps share


class Command(BaseCommand):
    """Generates rows. The same options and the same number of existing rows give the same rows."""

    help = "Add generated players, maps, ratings, tribes and games."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--maps", type=int, default=300, help="how many maps (300)")
        parser.add_argument("--players", type=int, default=120, help="how many players (120)")
        parser.add_argument(
            "--terrains",
            type=int,
            help=f"how many different terrains; all up to {MAX_DISTINCT_TERRAINS:,} maps,"
            f" else {TERRAIN_POOL_SIZE:,}",
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="the seed of the random numbers (1)"
        )
        parser.add_argument(
            "--today",
            type=datetime.date.fromisoformat,
            default=datetime.datetime.now(datetime.UTC).date(),
            help="the day on which the generated history ends (today, YYYY-MM-DD)",
        )

    def handle(self, *arguments: Any, **options: Any) -> None:
        maps, players, terrains = options["maps"], options["players"], options["terrains"]
        if terrains is None:
            terrains = maps if maps <= MAX_DISTINCT_TERRAINS else TERRAIN_POOL_SIZE
        if (
            maps < 0
            or players < 0
            or options["seed"] < 0
            or (maps and not (players and terrains > 0))
        ):
            raise CommandError(
                "Maps need at least one player and one terrain; no number is below 0."
            )
        started = time.monotonic()
        plan = Plan(maps, players, min(terrains, maps), options["seed"], options["today"])
        Seeder(plan, show_progress if options["verbosity"] else show_nothing).populate()
        if not connection.in_atomic_block:
            analyze_tables()
        if options["verbosity"]:
            duration = time.monotonic() - started
            self.stdout.write(f"{maps:,} maps and {players:,} players in {duration:.1f} s.")


def show_progress(label: str, rows: Iterable[Any], total: int) -> Iterable[Any]:
    """Shows a progress bar on the terminal while rows are sent."""
    return tqdm(rows, label, total, unit=" rows", unit_scale=True, file=sys.stderr, mininterval=0.3)


def show_nothing(label: str, rows: Iterable[Any], total: int) -> Iterable[Any]:
    """Shows nothing."""
    return rows
