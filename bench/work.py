"""Counts the work of the database: statements, rows that the nodes of plans handled, and pages.

auto_explain sends the plan of each statement as a notice, also of those within functions and triggers. Counts
do not depend on the machine. A nested loop over a million rows appears in the rows of its inner node, but not
in the number of pages or results.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg

SETTINGS = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_triggers": "on",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
    "max_parallel_workers_per_gather": "0",
}
Plan = dict[str, Any]


@dataclass
class Work:
    """The counted work. `triggers` has the names of the triggers that fired."""

    statements: int = 0
    rows: int = 0
    pages: int = 0
    triggers: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return self.statements + self.rows + self.pages

    def add(self, plan: Plan) -> None:
        """Adds the work of a statement, from its plan."""
        self.statements += 1
        self.rows += count_rows(plan["Plan"])
        # The pages of a node include those of the nodes below it.
        self.pages += plan["Plan"].get("Shared Hit Blocks", 0)
        self.pages += plan["Plan"].get("Shared Read Blocks", 0)
        self.triggers |= {trigger["Trigger Name"] for trigger in plan.get("Triggers", [])}


def count_rows(node: Plan) -> int:
    """Returns the number of rows that a node and all nodes below it returned or removed."""
    removed: float = sum(
        value for name, value in node.items() if name.startswith("Rows Removed by")
    )
    own: float = (node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 0)
    return round(own) + sum(count_rows(part) for part in node.get("Plans", []))


class Counter:
    """Counts the work of connections that report plans. Not thread-safe."""

    def __init__(self) -> None:
        self._work: Work | None = None

    def watch(self, connection: "psycopg.Connection[Any]") -> None:
        """Starts to count the statements of a connection, which must have SETTINGS."""
        connection.add_notice_handler(self._on_notice)

    def unwatch(self, connection: "psycopg.Connection[Any]") -> None:
        """Stops counting the statements of a connection."""
        connection.remove_notice_handler(self._on_notice)

    @contextmanager
    def counting(self) -> Iterator[Work]:
        """Yields the work that is done inside the block."""
        self._work = Work()
        try:
            yield self._work
        finally:
            self._work = None

    def _on_notice(self, notice: psycopg.errors.Diagnostic) -> None:
        message = notice.message_primary or ""
        _, found, plan = message.partition("plan:\n")
        if self._work is not None and found:
            self._work.add(orjson.loads(plan))


def report_plans(connection: "psycopg.Connection[Any]") -> None:
    """Lets a connection of a superuser report its plans."""
    connection.execute("LOAD 'auto_explain'")
    for name, value in SETTINGS.items():
        connection.execute(f"SET {name} = {value}")
