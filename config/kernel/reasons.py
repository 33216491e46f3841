"""The reason that each decision of a moderator needs."""

from typing import Any

from config.kernel.text import check_text


def check_reason(reason: Any) -> str:
    """Returns a checked reason. Raises InvalidInput for the field `reason`."""
    return check_text(reason, "reason", "reason")
