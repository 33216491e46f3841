"""Counts the work of the database: statements, rows that nodes of their plans handled, and pages read.

Each connection reports the plan of all that it executes, statements within functions and triggers too
(auto_explain, as notices). Counts do not depend on the machine; a nested loop over a million rows shows
in the rows of its inner node, which no count of pages and no count of results would tell.
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
    """What was done. `triggers` are the names of those that were called."""

    statements: int = 0
    rows: int = 0
    pages: int = 0
    triggers: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """One figure of it."""
        return self.statements + self.rows + self.pages

    def add(self, plan: Plan) -> None:
        """Count one statement by its plan, as auto_explain reports it."""
        self.statements += 1
        self.rows += rows_of(plan["Plan"])
        # A node counts the pages of those below it, too.
        self.pages += plan["Plan"].get("Shared Hit Blocks", 0)
        self.pages += plan["Plan"].get("Shared Read Blocks", 0)
        self.triggers |= {trigger["Trigger Name"] for trigger in plan.get("Triggers", [])}


def rows_of(node: Plan) -> int:
    """The rows that a node of a plan and all below it returned or threw away."""
    removed: float = sum(
        value for name, value in node.items() if name.startswith("Rows Removed by")
    )
    own: float = (node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 0)
    return round(own) + sum(rows_of(part) for part in node.get("Plans", []))


class Counter:
    """Hears the plans of connections. For one thread at a time."""

    def __init__(self) -> None:
        self._counting: Work | None = None

    def watch(self, connection: "psycopg.Connection[Any]") -> None:
        """Count what this connection executes; it must have SETTINGS."""
        connection.add_notice_handler(self._hear)

    def unwatch(self, connection: "psycopg.Connection[Any]") -> None:
        """Count its work no more."""
        connection.remove_notice_handler(self._hear)

    @contextmanager
    def counting(self) -> Iterator[Work]:
        """The work that is done inside the block."""
        self._counting = Work()
        try:
            yield self._counting
        finally:
            self._counting = None

    def _hear(self, notice: psycopg.errors.Diagnostic) -> None:
        message = notice.message_primary or ""
        _, found, plan = message.partition("plan:\n")
        if self._counting is not None and found:
            self._counting.add(orjson.loads(plan))


def report_plans(connection: "psycopg.Connection[Any]") -> None:
    """Make a connection of a superuser report its plans."""
    connection.execute("LOAD 'auto_explain'")
    for name, value in SETTINGS.items():
        connection.execute(f"SET {name} = {value}")
