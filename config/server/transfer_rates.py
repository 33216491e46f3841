"""How slow a client may be: a minimum rate and a deadline. Pure: the caller passes the time."""

from dataclasses import dataclass

# The period over which the rate is measured. Bad links often have shorter pauses.
WINDOW_SECONDS = 10.0
# GPRS, the slowest network still in use, is several times as fast.
MIN_BYTES_PER_SECOND = 1024


@dataclass
class TransferRate:
    """One transfer in progress. All times are seconds of a monotonic clock.

    It is too slow when a window had less than the minimum rate, or when the deadline has passed.
    """

    began: float
    deadline: float | None = None
    moved: int = 0  # bytes in this window

    def __post_init__(self) -> None:
        self.window_began = self.began

    def move(self, count: int) -> None:
        """Counts bytes that were transferred."""
        self.moved += count

    def pause(self, seconds: float) -> None:
        """Excludes a time in which the server itself delayed the transfer."""
        self.began += seconds
        self.window_began += seconds

    def is_too_slow(self, now: float) -> bool:
        """Returns whether the transfer should end. Begins the next window when one is over."""
        if self.deadline is not None and now - self.began > self.deadline:
            return True
        elapsed = now - self.window_began
        if elapsed < WINDOW_SECONDS:
            return False
        is_slow = self.moved < elapsed * MIN_BYTES_PER_SECOND
        self.window_began, self.moved = now, 0
        return is_slow
