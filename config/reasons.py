"""The reason that every moderator's decision demands."""

from config.refusals import Refused

REASON_LENGTH = 500


def checked_reason(reason: str) -> str:
    """A reason without the space around it. Raises Refused for none, or one that is too long."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        words = f"Give a reason of up to {REASON_LENGTH} characters."
        raise Refused("invalid_reason", words, status=400, field="reason")
    return reason
