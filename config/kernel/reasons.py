"""The reason that every moderator's decision demands."""

from typing import Any

from config.kernel.text import RULES, checked

MAX_REASON_LENGTH = RULES["reason"].longest


def check_reason(reason: Any) -> str:
    """A reason by the rule of its kind. Raises DomainError, a 400 for the field `reason`."""
    return checked(reason, "reason", "reason")
