"""Invite codes are not guessed for long: wrong ones are counted, by player and by address."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from config.kernel.client import Client
from config.kernel.errors import DomainError
from config.limits import rate_limits

POLICY = "codes"


@contextmanager
def wrong_codes_count(client: Client, player_id: UUID) -> Iterator[None]:
    """Look a code up inside of this. Raises RateLimited, RateLimitUnavailable, and what is raised inside.

    Each is counted before it is looked up, or many that are sent at once would all be looked up; the
    right ones are taken back. After too many wrong ones a right one is refused too: it may be a guess.
    """
    # By player and by address: neither many accounts nor many addresses make guessing quick.
    subjects = str(player_id), client.address
    for subject in subjects:
        rate_limits.require(POLICY, subject)
    is_wrong = False
    try:
        yield
    except DomainError as refusal:
        is_wrong = refusal.code == "unknown_code"
        raise
    finally:
        if not is_wrong:
            for subject in subjects:
                rate_limits.undo_count(POLICY, subject)
