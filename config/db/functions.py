"""Database functions of several applications.

Those on text are made by the migration `accounts.0005_text_functions`. Nothing in Python folds text, so that
Python and the database can't disagree.
"""

from typing import Any

from django.db import models
from django.db.models.functions import Collate


class StoredSize(models.Transform):
    """The size of a stored value in bytes, as in `jsonb__stored_size`. It may be compressed.

    For a value that is being written, it is the size as jsonb. It is fast, because the value is not converted
    to text. Constraints check it at each change. Models register it, and migrations use it by its name.
    """

    lookup_name = "stored_size"
    function = "pg_column_size"
    output_field = models.IntegerField()


class IsNormalFormC(models.Transform):
    """Whether a text is in Unicode's normal form C, as in `name__is_nfc`.

    Models register it, and migrations use it by its name.
    """

    lookup_name = "is_nfc"
    template = "(%(expressions)s IS NFC NORMALIZED)"
    output_field = models.BooleanField()


class SameName(models.Lookup[str]):
    """Finds a name regardless of case and Unicode form, as in `username__same_name`."""

    lookup_name = "same_name"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Returns the SQL, which the index of a unique constraint on `casefolded` serves."""
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        values = (*left_values, *right_values)
        return f"text_casefold({left}) = text_casefold({right})", values


def casefolded(column: str) -> models.Func:
    """Returns the expression of a text for unique constraints: equal if two texts look the same."""
    return models.Func(models.F(column), function="text_casefold", output_field=models.TextField())


def sort_key(column: str) -> Collate:
    """Returns the expression by which people sort a name: 9 before 10, ä beside a."""
    key = models.Func(models.F(column), function="text_sort_key", output_field=models.TextField())
    return Collate(key, "C")


def normal_form_check(name: str, *columns: str) -> models.CheckConstraint:
    """Returns the constraint that columns are in normal form C, as the edges store all text."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{column}__is_nfc": True for column in columns}), name=name
    )


models.Field.register_lookup(IsNormalFormC)
models.CharField.register_lookup(SameName)
