"""How activities say no. Knows no framework, so that everything may import it."""

from collections.abc import Sequence
from typing import NamedTuple

RETRY_SECONDS = 2  # after which what is busy or away may be asked again


class Reason(NamedTuple):
    """One thing that forbids something: a stable code, a sentence for people, the input at fault."""

    code: str
    detail: str
    field: str | None = None


class Refused(Exception):
    """A rule of the product forbids what was asked. Activities raise it, edges translate it.

    `code` is stable and for machines, `detail` one sentence for people, `status` the HTTP status
    and `field` the name of the input that was at fault, if one was. `reasons` has them all, where
    there are several; the first of them is the one above.
    """

    def __init__(self, code: str, detail: str, *, status: int = 409, field: str | None = None):
        super().__init__(detail)
        self.code, self.detail, self.status, self.field = code, detail, status, field
        self.reasons: tuple[Reason, ...] = (Reason(code, detail, field),)


def refused_for(reasons: Sequence[Reason], *, status: int) -> Refused:
    """A refusal for one reason or more."""
    code, detail, field = reasons[0]
    refusal = Refused(code, detail, status=status, field=field)
    refusal.reasons = tuple(reasons)
    return refusal
