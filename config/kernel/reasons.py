"""The reason that each decision of a moderator needs."""

from typing import Any

from config.kernel.text import TEXT_RULES, check_text

MAX_REASON_LENGTH = TEXT_RULES["reason"].max_length


def check_reason(reason: Any) -> str:
    """Returns a checked reason. Raises InvalidInput for the field `reason`."""
    return check_text(reason, "reason", "reason")
