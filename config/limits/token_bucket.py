"""A token bucket: how fast one client may send. Pure: the caller has the clock."""

from typing import ClassVar


class TokenBucket:
    """The tokens of one client, by a monotonic clock. A subclass has other limits."""

    __slots__ = ("refilled_at", "tokens")

    capacity: ClassVar[float] = 20.0  # the largest burst
    tokens_per_second: ClassVar[float] = 10.0

    def __init__(self, now: float) -> None:
        self.tokens, self.refilled_at = self.capacity, now

    def allows(self, now: float, cost: float = 1) -> bool:
        """Takes the cost in tokens. Returns False, and takes nothing, where there are too few."""
        refilled = self.tokens + (now - self.refilled_at) * self.tokens_per_second
        self.tokens, self.refilled_at = min(self.capacity, refilled), now
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True
