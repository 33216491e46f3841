"""Lookups of single rows."""

from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet

from config.kernel.errors import NotFound

M = TypeVar("M", bound=Model)


def get_or_not_found(rows: QuerySet[M], **conditions: Any) -> M:
    """Returns the row that meets the conditions. Raises NotFound if there is none."""
    try:
        return rows.get(**conditions)
    except ObjectDoesNotExist as error:
        raise NotFound from error
