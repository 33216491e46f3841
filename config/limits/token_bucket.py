"""How fast one player may talk: a token bucket. Pure; the caller has the clock."""

TOKENS_PER_SECOND = 10.0
MAX_TOKENS = 20.0


class TokenBucket:
    """Tokens of one player, in seconds of a clock that never goes back. One event takes one token."""

    __slots__ = ("refilled_at", "tokens")

    def __init__(self, now: float) -> None:
        self.tokens, self.refilled_at = MAX_TOKENS, now

    def allows(self, now: float) -> bool:
        """Take a token; False where there is none."""
        grown = self.tokens + (now - self.refilled_at) * TOKENS_PER_SECOND
        self.tokens, self.refilled_at = min(MAX_TOKENS, grown), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
