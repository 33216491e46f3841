"""The reason that every moderator's decision demands."""

from typing import Any

from config.kernel.text import RULES, checked

REASON_LENGTH = RULES["reason"].longest


def checked_reason(reason: Any) -> str:
    """A reason by the rule of its kind. Raises Refused, a 400 for the field `reason`."""
    return checked(reason, "reason", "reason")
