"""The statuses of a game: the one list that models, rules, SQL and documents read. Pure."""

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """The status of a game, from the lobby to the end."""

    LOBBY = "Lobby"
    IN_PROGRESS = "InProgress"
    PAUSED = "Paused"
    COMPLETED = "Completed"
    ABANDONED = "Abandoned"

    @property
    def label(self) -> str:
        """The status in words, for the admin."""
        return self.name.replace("_", " ").title()


RUNNING_STATUSES = (Status.IN_PROGRESS, Status.PAUSED)
OPEN_STATUSES = (Status.LOBBY, *RUNNING_STATUSES)  # a player has a seat in at most one such game
OVER_STATUSES = (Status.COMPLETED, Status.ABANDONED)


def to_values(statuses: Iterable[Status]) -> list[str]:
    """Returns statuses as plain text, for Django's constraints and indexes."""
    return [status.value for status in statuses]


def to_sql(statuses: Iterable[Status]) -> str:
    """Returns statuses as an SQL list: `('Lobby', 'Paused')`.

    They are literals, not parameters: PostgreSQL uses a partial index only if the query has the constants of
    the index's condition.
    """
    values = ", ".join(f"'{status.value}'" for status in statuses)
    return f"({values})"
