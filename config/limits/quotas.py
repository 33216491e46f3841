"""How much one player may store: named quotas, counted in PostgreSQL.

Rate limits (config.limits.rate_limits) limit how fast a player adds something, and quotas how much there is.
Each application registers quotas of its own. An action locks the counted rows before it adds something, so a
quota is exact also with concurrent requests. A player who is above a quota loses nothing, but can't add more.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.template.defaultfilters import filesizeformat

from config.kernel.errors import DomainError

WARNING_SHARE = 0.8  # of a quota; from there the player gets a warning


@dataclass(frozen=True)
class Quota:
    """At most `limit` of something for each subject: a player, or another row if `of_player` is false.

    `count` is an SQL expression for the usage of `%(subject)s`, in bytes if `in_bytes`. `advice` is a
    sentence that says how to make room.
    """

    name: str
    limit: int
    label: str
    count: str
    advice: str
    in_bytes: bool = False
    of_player: bool = True


QUOTAS: dict[str, Quota] = {}


@dataclass(frozen=True)
class Usage:
    """How much of a quota is used."""

    quota: Quota
    used: int

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be added."""
        return self.used >= self.quota.limit

    @property
    def is_near(self) -> bool:
        """Whether the player gets a warning."""
        return self.used >= self.warning_from

    @property
    def warning_from(self) -> int:
        """The lowest usage at which the player gets a warning."""
        return math.ceil(self.quota.limit * WARNING_SHARE)

    @property
    def meter_high(self) -> int:
        """The attribute `high` of a `<meter>`, which has another colour above it."""
        return max(0, self.warning_from - 1)

    @property
    def label(self) -> str:
        """What is counted, as the beginning of a line: "Private maps"."""
        return self.quota.label[:1].upper() + self.quota.label[1:]

    @property
    def amount(self) -> str:
        """The usage in words: "412 of 500"."""
        numbers = self.used, self.quota.limit
        used, limit = (filesizeformat(n) if self.quota.in_bytes else f"{n:,}" for n in numbers)
        return f"{used} of {limit}"

    @property
    def state(self) -> str:
        """A sentence that says how near the limit is."""
        return "This is the maximum." if self.is_full else "You are close to the maximum."

    @property
    def warning(self) -> str:
        """Sentences that warn the player."""
        return f"You have used {self.amount} {self.quota.label}. {self.state} {self.quota.advice}"


class QuotaReached(DomainError):
    """There is no room for more."""

    def __init__(self, usage: Usage) -> None:
        detail = (
            f"You have used {usage.amount} {usage.quota.label}, so there is no room for this."
            f" {usage.quota.advice}"
        )
        super().__init__("quota_reached", detail)
        self.usage = usage


def count_rows(table: str, owner: str = "user_id") -> str:
    """Returns the SQL that counts the rows of a table that belong to the subject."""
    return f"SELECT count(*) FROM {table} WHERE {owner} = %(subject)s"  # noqa: S608 - constants


def register_quotas(*quotas: Quota) -> None:
    """Adds the quotas of an application. Called once, when the application is loaded."""
    QUOTAS.update((quota.name, quota) for quota in quotas)


def player_quotas() -> list[Quota]:
    """Returns the quotas that each player has."""
    return [quota for quota in QUOTAS.values() if quota.of_player]


def read_usage(subject: Any, names: Sequence[str] = ()) -> list[Usage]:
    """Returns how much a subject uses of these quotas, or of all quotas of a player. Runs one query."""
    quotas = [QUOTAS[name] for name in names] or player_quotas()
    counts = ", ".join(f"({quota.count})" for quota in quotas)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}", {"subject": subject})
        row = cursor.fetchone()
    return [Usage(quota, int(used)) for quota, used in zip(quotas, row, strict=True)]


def read_warnings(subject: Any, *names: str) -> list[Usage]:
    """Returns the usage of those of these quotas that are nearly full or full. Runs one query."""
    return [usage for usage in read_usage(subject, names) if usage.is_near]


def require_room(subject: Any, *names: str) -> None:
    """Raises QuotaReached if one of these quotas has no room for one more. The caller holds the lock."""
    for usage in read_usage(subject, names):
        if usage.is_full:
            raise QuotaReached(usage)


@contextmanager
def limit_growth(subject: Any, *names: str) -> Iterator[None]:
    """Runs a change that may use more of these quotas. The caller holds the lock, in a transaction.

    A change that does not increase the usage is always allowed. Raises QuotaReached, with the usage before
    the change, if the usage grew beyond a limit.
    """
    before = read_usage(subject, names)
    yield
    for old, new in zip(before, read_usage(subject, names), strict=True):
        if new.used > max(old.used, new.quota.limit):
            raise QuotaReached(old)
