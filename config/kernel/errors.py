"""Domain errors: how actions say that a rule forbids something. Pure."""

from collections.abc import Sequence
from typing import NamedTuple, Self

RETRY_SECONDS = 2  # after which a client may ask again for what is busy or unavailable


class Reason(NamedTuple):
    """One thing that is wrong: a stable code for machines, a sentence for people, the input at fault."""

    code: str
    detail: str
    field: str | None = None


class DomainError(Exception):
    """A rule of the product forbids what was asked. Actions raise it; edges translate it.

    `code`, `detail` and `field` are those of the first reason; `reasons` has all of them. The HTTP status
    follows from the code (config/http/error_statuses.py).
    """

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.field = code, detail, field
        self.reasons: tuple[Reason, ...] = (Reason(code, detail, field),)

    @classmethod
    def combine(cls, reasons: Sequence[Reason]) -> Self:
        """Returns one error for one reason or more."""
        code, detail, field = reasons[0]
        error = cls(code, detail, field=field)
        error.reasons = tuple(reasons)
        return error


class InvalidInput(DomainError):
    """A value that was sent is wrong in itself, whatever the state of the site."""


class AccessDenied(DomainError):
    """The caller may not have or change what the request names: pages show an error page, not their form."""


class NotFound(AccessDenied):
    """Nothing has this id or name, or the caller may not know of it."""

    def __init__(self) -> None:
        super().__init__("not_found", "Not found.")
