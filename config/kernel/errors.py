"""Domain errors: actions raise them when a rule forbids something. Pure."""

from collections.abc import Sequence
from typing import NamedTuple, Self

RETRY_SECONDS = 2  # after which a client may try again when the site is busy or unavailable


class Reason(NamedTuple):
    """One thing that is wrong: a code for programs, a sentence for people, and the field."""

    code: str
    detail: str
    field: str | None = None


class DomainError(Exception):
    """A rule forbids the requested action. Actions raise it, and edges translate it.

    `code`, `detail` and `field` are those of the first reason; `reasons` has all of them. The HTTP status
    follows from the code (config/http/error_statuses.py).
    """

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.field = code, detail, field
        self.reasons: tuple[Reason, ...] = (Reason(code, detail, field),)

    @classmethod
    def combine(cls, reasons: Sequence[Reason]) -> Self:
        """Returns one error for one or more reasons."""
        code, detail, field = reasons[0]
        error = cls(code, detail, field=field)
        error.reasons = tuple(reasons)
        return error


class InvalidInput(DomainError):
    """A value that was sent is wrong in itself, whatever the state of the site."""


class AccessDenied(DomainError):
    """The caller may not see or change what the request names. Pages show an error page, not their form."""


class NotFound(AccessDenied):
    """Nothing has this id or name, or the caller may not know of it."""

    def __init__(self) -> None:
        super().__init__("not_found", "Not found.")
