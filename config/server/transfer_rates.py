"""How slowly a client may send or read: a minimum rate and a deadline. Pure; the caller has the clock."""

from dataclasses import dataclass

WINDOW_SECONDS = (
    10.0  # in which the minimum rate must be met; shorter pauses are ordinary on bad links
)
MIN_BYTES_PER_SECOND = (
    1024  # bytes a second; GPRS, the slowest link that is still in use, has several times that
)


@dataclass
class TransferRate:
    """One transfer in progress. All times are seconds of a monotonic clock.

    It is too slow as soon as one window has brought less than `MIN_BYTES_PER_SECOND` asks for, or when it has
    lasted longer than `deadline`.
    """

    began: float
    deadline: float | None = None
    moved: int = 0  # bytes in this window

    def __post_init__(self) -> None:
        self.window_began = self.began

    def move(self, count: int) -> None:
        """Counts bytes that went through."""
        self.moved += count

    def pause(self, seconds: float) -> None:
        """Leaves out a time in which the client could not go on because of us."""
        self.began += seconds
        self.window_began += seconds

    def is_too_slow(self, now: float) -> bool:
        """Whether the transfer should be ended. Begins the next window where one is over."""
        if self.deadline is not None and now - self.began > self.deadline:
            return True
        elapsed = now - self.window_began
        if elapsed < WINDOW_SECONDS:
            return False
        is_slow = self.moved < elapsed * MIN_BYTES_PER_SECOND
        self.window_began, self.moved = now, 0
        return is_slow
