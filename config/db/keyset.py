"""Keyset pagination: page 5,000 costs as much as page 1.

A page is found by the sort key of the row before it, and not by a number of rows to skip. Every order ends
with the primary key, so that no two rows are equal. Both columns run the same way, so that the database can
compare rows: `(play_count, id) < (12, …)` starts at the right place of the index.
See https://use-the-index-luke.com/no-offset
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

MAX_CURSOR_LENGTH = 500  # characters
TIERS = "123"  # after the first, which cursors do not name
MAX_SORT_KEY = 2**31  # greater than all values of sorted columns


# Each parser returns the canonical form of a value, because Python accepts forms that PostgreSQL does not,
# such as 1_0 and 1e-400.


def _parse_number(text: str) -> str:
    value = float(text)
    if not (math.isfinite(value) and abs(value) < MAX_SORT_KEY):
        raise ValueError
    return repr(value)


def _parse_integer(text: str) -> str:
    value = int(text)
    if not abs(value) < MAX_SORT_KEY:
        raise ValueError
    return str(value)


def _parse_time(text: str) -> str:
    # Converted to UTC, because PostgreSQL accepts fewer offsets than Python.
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).isoformat()


# They check the values of a cursor before the database reads them, by the type of their column.
PARSERS: dict[str, Callable[[str], str]] = {
    "float8": _parse_number,
    "int": _parse_integer,
    "timestamptz": _parse_time,
    "uuid": lambda text: str(uuid.UUID(text)),
}


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: the sort key and the id of the row next to it, as checked text."""

    is_backwards: bool
    key: str
    row_id: str
    extra_values: tuple[str, ...] = ()
    tier: int = 0  # the part of the list that the row is in; see maps/search/words.py


@dataclass(frozen=True)
class Order:
    """A descending order by a column and the `id` of a table. `sql_type` is a key of PARSERS.

    Its cursors hold a number of `extra_values` of the same type.
    """

    name: str
    column: str
    sql_type: str
    extra_values: int = 0

    def encode_cursor(
        self, key: str, row_id: str, *extra_values: str, backwards: bool = False, tier: int = 0
    ) -> str:
        """Returns an opaque text for the place after a row, or before it if `backwards`.

        `key` and `row_id` are values of the row as the database writes them.
        """
        name = f"{self.name}.{tier}" if tier else self.name
        values = [name, int(backwards), key, row_id, *extra_values]
        text = json.dumps(values, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def decode_cursor(self, text: str) -> Cursor | None:
        """Returns the cursor that a text encodes, or None for an empty text.

        Raises InvalidInput for a text that `encode_cursor` of this order did not return.
        """
        if not text:
            return None
        try:
            if len(text) > MAX_CURSOR_LENGTH:
                raise ValueError
            document = base64.urlsafe_b64decode(text.encode("ascii") + b"===")
            name, backwards, *values = json.loads(document)
            name, _, tier = _require_ascii(name).partition(".")
            if (
                tier not in ("", *TIERS)
                or name != self.name
                or backwards not in (0, 1)
                or type(backwards) is not int
            ):
                raise ValueError
            types = [self.sql_type, "uuid", *[self.sql_type] * self.extra_values]
            key, row_id, *extra_values = (
                PARSERS[sql_type](_require_ascii(value))
                for sql_type, value in zip(types, values, strict=True)
            )
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            detail = "This cursor is not from a page in this order. Start without one."
            raise InvalidInput("invalid_cursor", detail, field="cursor") from error
        return Cursor(bool(backwards), key, row_id, tuple(extra_values), int(tier or 0))


def _require_ascii(value: Any) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise TypeError
    return value
