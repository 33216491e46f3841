"""Keyset pagination: page 5,000 costs what page 1 costs.

A page is asked for by the sort key of the row before it, not by a number of rows to skip. Every order
ends in the primary key, so that no two rows are equal, and all its columns run the same way, so that
the database can compare whole rows: `(play_count, id) < (12, …)` starts right in the index.
Described at https://use-the-index-luke.com/no-offset
"""

import base64
import datetime
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=models.Model)
LARGEST_NUMBER = 2**31  # no column that we sort by holds one, and NaN is not below it


class InvalidCursor(Exception):
    """A cursor that we did not make, or made for another order."""


@dataclass(frozen=True)
class Order:
    """A descending order over some columns of a model; the last must be unique."""

    name: str
    columns: tuple[str, ...]

    def cursor(self, row: models.Model, *, backwards: bool = False) -> str:
        """An opaque word that stands for the place right after a row (or before, backwards)."""
        values = [str(_plain(getattr(row, column))) for column in self.columns]
        text = json.dumps([self.name, int(backwards), *values], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def read(self, cursor: str, model: type[models.Model]) -> tuple[bool, list[Any]]:
        """Whether a cursor runs backwards, and the values of its row. Raises InvalidCursor."""
        try:
            text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"===")
            name, backwards, *values = json.loads(text)
            fields = [model._meta.get_field(column) for column in self.columns]
            if name != self.name or backwards not in (0, 1):
                raise InvalidCursor
            return bool(backwards), [
                _value(field, value) for field, value in zip(fields, values, strict=True)
            ]
        except (ValueError, TypeError, RecursionError, OverflowError, ValidationError) as error:
            raise InvalidCursor from error


@dataclass(frozen=True)
class Page(Generic[M]):
    """Some rows, and the cursors of the pages beside them where there are such."""

    rows: list[M]
    next: str | None
    previous: str | None


def paginate(
    queryset: models.QuerySet[M], order: Order, *, cursor: str | None, size: int
) -> Page[M]:
    """One page of a queryset in an order. Raises InvalidCursor. One query."""
    backwards, values = order.read(cursor, queryset.model) if cursor else (False, None)
    if values is not None:
        queryset = queryset.filter(_RowCompare(order.columns, values, ">" if backwards else "<"))
    direction = "" if backwards else "-"
    rows = list(queryset.order_by(*(direction + column for column in order.columns))[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    has_next = more if not backwards else bool(rows)
    has_previous = more if backwards else bool(cursor) and bool(rows)
    return Page(
        rows,
        order.cursor(rows[-1]) if rows and has_next else None,
        order.cursor(rows[0], backwards=True) if rows and has_previous else None,
    )


class _RowCompare(models.Func):
    """`(a, b) < (x, y)`: one comparison of rows, which an index over (a, b) can answer."""

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, columns: tuple[str, ...], values: list[Any], operator: str) -> None:
        super().__init__(*(models.F(column) for column in columns))
        self.values, self.operator = values, operator

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: Any, **_: Any
    ) -> tuple[str, list[Any]]:
        columns: list[str] = []
        parameters: list[Any] = []
        for expression in self.source_expressions:
            sql, more = compiler.compile(expression)
            columns.append(sql)
            parameters += more
        marks = ", ".join(["%s"] * len(self.values))
        return f"({', '.join(columns)}) {self.operator} ({marks})", [*parameters, *self.values]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _value(field: Any, text: Any) -> Any:
    """A cursor's text as a value of a field's type. Raises ValidationError, ValueError, TypeError."""
    if not isinstance(text, str) or "\0" in text:
        raise ValueError
    value = getattr(field, "output_field", field).to_python(text)
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC)  # PostgreSQL knows fewer offsets than Python
    if value is None or (isinstance(value, int | float) and not abs(value) < LARGEST_NUMBER):
        raise ValueError
    return value
