"""A token bucket, which limits how many events may happen in a time. Pure: the caller passes the time."""


class TokenBucket:
    """Tokens that are refilled at a steady rate, up to a burst. An event takes one token or more."""

    __slots__ = ("burst", "per_second", "refilled_at", "tokens")

    def __init__(self, *, per_second: float, burst: float, now: float) -> None:
        self.per_second, self.burst = per_second, burst
        self.tokens, self.refilled_at = burst, now

    def take(self, now: float, count: int = 1) -> bool:
        """Takes tokens. Returns False, and takes none, if there are not enough.

        `now` is in seconds of a monotonic clock.
        """
        refilled = self.tokens + (now - self.refilled_at) * self.per_second
        self.tokens, self.refilled_at = min(self.burst, refilled), now
        if self.tokens < count:
            return False
        self.tokens -= count
        return True
