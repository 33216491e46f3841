"""How much one player may store: named quotas, counted in PostgreSQL.

Rate limits (config.limits.rate_limits) bound how fast something is made, quotas how much of it stays. Each
application registers a table of its own. Whoever adds something locks what is counted first, so that a
quota is exact however many requests arrive at once. What is already stored above a quota stays: only
growth is refused.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from drf_spectacular.utils import OpenApiParameter

from config.kernel.errors import DomainError

WARNING_SHARE = 0.8  # of a quota, from which on the player is warned
HEADER = "X-Quota"
HEADER_PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    response=[200, 201, 409],
    description=(
        "Quotas of what was added that are used to 80 % or more, or the one that refused it:"
        " `maps;used=412;limit=500`, with commas between them."
    ),
)


@dataclass(frozen=True)
class Quota:
    """At most `limit` of something for each subject: a player, or where `player_quotas` is false another row.

    `count` is an SQL expression that gives the use of the subject `%(subject)s`, in bytes where `in_bytes`.
    `advice` is a sentence that says how to make room.
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
        """Whether the player should be warned."""
        return self.used >= self.warning_from

    @property
    def warning_from(self) -> int:
        """The use from which on the player is warned."""
        return math.ceil(self.quota.limit * WARNING_SHARE)

    @property
    def meter_high(self) -> int:
        """The `high` of a `<meter>`, which looks different above it."""
        return max(0, self.warning_from - 1)

    @property
    def label(self) -> str:
        """What is counted, as the beginning of a line: "Private maps"."""
        return self.quota.label[:1].upper() + self.quota.label[1:]

    @property
    def amount(self) -> str:
        """The use in words: "412 of 500"."""
        numbers = self.used, self.quota.limit
        used, limit = (filesizeformat(n) if self.quota.in_bytes else f"{n:,}" for n in numbers)
        return f"{used} of {limit}"

    @property
    def state(self) -> str:
        """A sentence that says how near the limit is, for a use that is near it."""
        return "This is the maximum." if self.is_full else "You are close to the maximum."

    @property
    def warning(self) -> str:
        """Sentences that warn the player."""
        return f"You have used {self.amount} {self.quota.label}. {self.state} {self.quota.advice}"

    @property
    def header(self) -> str:
        """The use as an item of HEADER."""
        return f"{self.quota.name};used={self.used};limit={self.quota.limit}"


class QuotaReached(DomainError):
    """There is no room for more."""

    def __init__(self, usage: Usage) -> None:
        words = (
            f"You have used {usage.amount} {usage.quota.label}, so there is no room for this."
            f" {usage.quota.advice}"
        )
        super().__init__("quota_reached", words)
        self.usage = usage


def register_quotas(*table: Quota) -> None:
    """Add an application's table. Called once, when the application is loaded."""
    QUOTAS.update((quota.name, quota) for quota in table)


def player_quotas() -> list[Quota]:
    """The quotas that each player has."""
    return [quota for quota in QUOTAS.values() if quota.of_player]


def usage(subject: Any, names: Sequence[str] = ()) -> list[Usage]:
    """How much a subject uses of these quotas, or of all that a player has. One query."""
    chosen = [QUOTAS[name] for name in names] or player_quotas()
    counts = ", ".join(f"({quota.count})" for quota in chosen)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counts}", {"subject": subject})
        row = cursor.fetchone()
    return [Usage(quota, int(used)) for quota, used in zip(chosen, row, strict=True)]


def require_room(subject: Any, *names: str) -> None:
    """Check that one more of each may be added. The caller holds the lock. Raises QuotaReached."""
    for found in usage(subject, names):
        if found.is_full:
            raise QuotaReached(found)


@contextmanager
def limited_growth(subject: Any, *names: str) -> Iterator[None]:
    """Run a change that may use more of these quotas; the caller holds the lock, and a transaction.

    A change after which the use is no larger than before is always allowed. Raises QuotaReached, with the
    use before the change, where it grew beyond a limit.
    """
    before = usage(subject, names)
    yield
    for old, new in zip(before, usage(subject, names), strict=True):
        if new.used > max(old.used, new.quota.limit):
            raise QuotaReached(old)


def warnings(subject: Any, *names: str) -> list[Usage]:
    """Those of these quotas that are nearly used, or entirely. One query."""
    return [found for found in usage(subject, names) if found.is_near]


def show_warnings(request: HttpRequest, subject: Any, *names: str) -> None:
    """Show warnings on the next page."""
    for found in warnings(subject, *names):
        messages.warning(request, found.warning)


def quota_headers(subject: Any, *names: str) -> dict[str, str]:
    """The same as a response header; empty where there is nothing to warn of."""
    return usage_headers(warnings(subject, *names))


def usage_headers(found: Sequence[Usage]) -> dict[str, str]:
    """These uses as a response header."""
    return {HEADER: ", ".join(usage.header for usage in found)} if found else {}
