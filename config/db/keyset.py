"""Keyset pagination: page 5,000 costs what page 1 costs.

A page is asked for by the sort key of the row before it, not by a number of rows to skip. Every order
ends in the primary key, so that no two rows are equal, and both run the same way, so that the database
can compare whole rows: `(play_count, id) < (12, …)` starts right in the index.
Described at https://use-the-index-luke.com/no-offset
"""

import base64
import datetime
import json
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.kernel.errors import InvalidInput

LONGEST = 500  # characters of a cursor
LARGEST_NUMBER = 2**31  # no column that we sort by reaches it


# Each check answers the value written anew: Python reads more than PostgreSQL does, as 1_0 and 1e-400.


def _number(text: str) -> str:
    value = float(text)
    if not (math.isfinite(value) and abs(value) < LARGEST_NUMBER):
        raise ValueError
    return repr(value)


def _whole(text: str) -> str:
    value = int(text)
    if not abs(value) < LARGEST_NUMBER:
        raise ValueError
    return str(value)


def _time(text: str) -> str:
    # PostgreSQL knows fewer offsets than Python, and writes its own in a way that Python reads.
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).isoformat()


# How a cursor's text is checked before the database reads it, by the type of the column.
CHECKS: dict[str, Callable[[str], str]] = {
    "float8": _number,
    "int": _whole,
    "timestamptz": _time,
    "uuid": lambda text: str(uuid.UUID(text)),
}


@dataclass(frozen=True)
class Order:
    """A descending order over a column and the `id` of a table; `kind` is a key of CHECKS.

    Its cursors hold `more` further values of the column's type.
    """

    name: str
    column: str
    kind: str
    more: int = 0

    def cursor(self, key: str, row_id: str, *more: str, backwards: bool = False) -> str:
        """An opaque word for the place right after a row (or before, backwards).

        `key` and `row_id` are the row's as the database writes them; `more` comes back from `read_body`.
        """
        text = json.dumps([self.name, int(backwards), key, row_id, *more], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def read(self, cursor: str) -> "Place | None":
        """The place that a cursor stands for, None for none.

        Raises DomainError, a 400, for one that we did not make, or made for another order.
        """
        if not cursor:
            return None
        try:
            if len(cursor) > LONGEST:
                raise ValueError
            text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"===")
            name, backwards, *values = json.loads(text)
            if name != self.name or backwards not in (0, 1) or type(backwards) is not int:
                raise ValueError
            kinds = [self.kind, "uuid", *[self.kind] * self.more]
            key, row_id, *others = (
                CHECKS[kind](_text(value)) for kind, value in zip(kinds, values, strict=True)
            )
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            words = "This cursor is not from a page in this order. Start without one."
            raise InvalidInput("invalid_cursor", words, field="cursor") from error
        return Place(bool(backwards), key, row_id, tuple(others))


@dataclass(frozen=True)
class Place:
    """Where a page begins: the key and id of the row beside it, checked, as text."""

    backwards: bool
    key: str
    row_id: str
    more: tuple[str, ...] = ()


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise TypeError
    return value
