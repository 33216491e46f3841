"""The reason that every decision of a moderator has."""

from typing import Any

from config.kernel.text import RULES, checked

MAX_REASON_LENGTH = RULES["reason"].longest


def check_reason(reason: Any) -> str:
    """Returns a reason that obeys its rule. Raises DomainError (400) for the field `reason`."""
    return checked(reason, "reason", "reason")
