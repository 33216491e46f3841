"""How often somebody may do something: named policies, counted in Redis.

A window begins with the first count. Counting is one script and one round trip, so it is exact with any
number of concurrent clients. Pages, the API and sockets share the counts.

A lockout lasts a fixed time from the failure that causes it. Later failures don't prolong it, because an
attacker could lock a player out forever.
"""

import functools
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from redis.commands.core import Script
from redis.exceptions import RedisError

from config.kernel.errors import RETRY_SECONDS, DomainError
from config.redis.clients import CircuitBreaker, durable

if TYPE_CHECKING:
    import redis.asyncio

# Counts each key and sets its expiry in one step, because a key without expiry would never be reset. There
# are two arguments for each key: its window in seconds, and the count at which the window is restarted.
# Returns for each key the count and the remaining milliseconds.
COUNT = """
local results = {}
for n, key in ipairs(KEYS) do
    local count = redis.call('INCR', key)
    local left = redis.call('PTTL', key)
    if left < 0 or count == tonumber(ARGV[2 * n]) then
        left = tonumber(ARGV[2 * n - 1]) * 1000
        redis.call('PEXPIRE', key, left)
    end
    results[2 * n - 1], results[2 * n] = count, left
end
return results
"""
# If the window has ended in the meantime, DECR would create a key without expiry.
UNDO = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"


@dataclass(frozen=True)
class Policy:
    """A rate limit: at most `limit` times in `seconds`. `message` is for people who exceed it.

    A policy that `fails_closed` rejects requests that can't be counted. A lockout counts failures, and lasts
    `seconds` from the last one that it allows.
    """

    name: str
    limit: int
    seconds: int
    fails_closed: bool
    message: str
    is_lockout: bool = False

    @property
    def arguments(self) -> tuple[int, int]:
        """The two arguments of COUNT: the seconds, and the count at which the window is restarted."""
        return self.seconds, self.limit if self.is_lockout else 0


# Limits for an address are settings, because many people may share one.
_ADDRESS = settings.ADDRESS_LIMITS
POLICIES = {
    policy.name: policy
    for policy in (
        # Each request counts under one of the next four (config/limits/request_policies.py).
        Policy("api", _ADDRESS["api_requests"], 60, False, "You sent too many requests."),
        Policy("pages", _ADDRESS["pages"], 60, False, "You opened too many pages."),
        Policy("page_writes", _ADDRESS["forms"], 60, False, "You sent too many forms."),
        Policy("player_writes", 60, 60, False, "You sent too many forms."),
        # A page of maps shows 24, so that somebody who scrolls reaches the limit of pages first.
        Policy("pictures", _ADDRESS["pictures"], 60, False, "You loaded too many pictures."),
        # The list of maps opens one socket with each page.
        Policy("sockets", _ADDRESS["new_sockets"], 60, False, "You opened too many connections."),
        # Of each player. A client that reconnects for a minute needs about thirty.
        Policy("tickets", 60, 60, False, "You requested too many tickets."),
        Policy("login", _ADDRESS["sign_ins"], 60, True, "You tried to sign in too often."),
        Policy(
            "signup", _ADDRESS["sign_ups"], 3600, True, "You tried to make an account too often."
        ),
        Policy("address", 20, 3600, True, "You tried to change your address too often."),
        Policy("email_requests", _ADDRESS["emails"], 3600, True, "You requested too many emails."),
        # For each account and each email address. Nobody sees the message, because the email is just not
        # sent. The first counts each client, so that others who request resets can't use up the second.
        Policy("emails_per_client", 5, 3600, False, "Too many emails went there."),
        Policy("emails", 20, 3600, False, "Too many emails went there."),
        Policy("maps", 10, 3600, True, "You made too many maps."),
        # Each change may draw two previews, which are stored for clients that have their URL.
        Policy("map_changes", 240, 3600, True, "You changed maps too often."),
        Policy("lobbies", 30, 3600, True, "You opened too many lobbies."),
        Policy("codes", 10, 60, True, "You tried too many codes."),
        Policy("address_codes", _ADDRESS["wrong_codes"], 60, True, "You tried too many codes."),
        # Failures of signed-in players; accounts/devices/attempts.py says what each of the three counts.
        Policy("password", 5, 15 * 60, True, "Too many wrong passwords.", is_lockout=True),
        Policy("password_sign_in", 20, 3600, True, "Too many wrong passwords.", is_lockout=True),
        Policy("password_account", 100, 3600, True, "Too many wrong passwords.", is_lockout=True),
        Policy("second_factor", 5, 15 * 60, True, "Too many wrong codes.", is_lockout=True),
        Policy("second_factor_sign_in", 20, 3600, True, "Too many wrong codes.", is_lockout=True),
        Policy("second_factor_account", 40, 3600, True, "Too many wrong codes.", is_lockout=True),
        Policy(
            "lockout",
            5,
            15 * 60,
            True,
            "Too many wrong passwords for this account.",
            is_lockout=True,
        ),
    )
}


@dataclass(frozen=True)
class RateLimitStatus:
    """A subject's count under a policy, and the seconds until the window ends."""

    policy: Policy
    count: int
    reset: int

    @property
    def remaining(self) -> int:
        """How many more are allowed."""
        return max(0, self.policy.limit - self.count)

    @property
    def is_over(self) -> bool:
        """Whether the last count was above the limit."""
        return self.count > self.policy.limit

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        headers = {
            "X-RateLimit-Limit": str(self.policy.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }
        return headers | ({"Retry-After": str(self.reset)} if self.is_over else {})


class RateLimited(DomainError):
    """A limit is exceeded."""

    def __init__(self, status: RateLimitStatus) -> None:
        when = "a minute" if status.reset <= 60 else f"{-(-status.reset // 60)} minutes"
        super().__init__("rate_limited", f"{status.policy.message} Try again in {when}.")
        self.status = status


class RateLimitUnavailable(DomainError):
    """Something that must be counted can't be, because Redis is unavailable."""

    status = None

    def __init__(self) -> None:
        super().__init__("unavailable", "This is not possible right now. Try again soon.")


def count_one(name: str, subject: str) -> RateLimitStatus | None:
    """Counts one more for a subject. Raises RateLimited above the limit.

    If Redis is unavailable, raises RateLimitUnavailable for a policy that fails closed, and returns None for
    others.
    """
    policy = POLICIES[name]
    try:
        with CircuitBreaker():
            results = _script()(keys=[key(name, subject)], args=policy.arguments)
    except RedisError as error:
        if policy.fails_closed:
            raise RateLimitUnavailable from error
        return None
    [status] = _statuses([policy], results)
    if status.is_over:
        raise RateLimited(status)
    return status


async def count_many(
    client: "redis.asyncio.Redis", counted: Sequence[tuple[str, str]]
) -> list[RateLimitStatus]:
    """Counts one more for each pair of policy name and subject.

    The caller checks `is_over`. Raises RedisError.
    """
    policies = [POLICIES[name] for name, _ in counted]
    keys = [key(name, subject) for name, subject in counted]
    arguments = [argument for policy in policies for argument in policy.arguments]
    results = await client.register_script(COUNT)(keys=keys, args=arguments)
    return _statuses(policies, results)


def require(name: str, subject: str) -> None:
    """Counts one more for a subject, and records it for the headers of the response.

    The count of a lockout is recorded only above the limit, because it would reveal which email address
    belongs to which name. Raises RateLimited, RateLimitUnavailable.
    """
    record = _record.get() or RateLimitRecord()
    try:
        status = count_one(name, subject)
    except (RateLimited, RateLimitUnavailable) as error:
        record.reject(error)
        raise
    if status and not status.policy.is_lockout:
        record.update_tightest(status)


@contextmanager
def require_if_successful(name: str, subject: str) -> Iterator[None]:
    """Counts a `with` block as `require` does, and undoes the count if the block raises.

    It counts first, because concurrent blocks could exceed the limit otherwise.
    """
    require(name, subject)
    try:
        yield
    except BaseException:
        undo_count(name, subject)
        raise


def undo_count(name: str, subject: str) -> None:
    """Undoes one `require`, for an attempt that the policy does not limit."""
    try:
        durable().eval(UNDO, 1, key(name, subject))
    except RedisError:
        return  # the count ends by itself
    if record := _record.get():
        record.undo(name)


def reset_count(name: str, subject: str) -> None:
    """Deletes a subject's count."""
    try:
        durable().delete(key(name, subject))
    except RedisError:
        return  # the count ends by itself


def hash_subject(text: str) -> str:
    """Returns the hash under which a name or an email address is counted. Keys must have neither."""
    return hashlib.sha256(text.lower().encode()).hexdigest()[:32]


class RateLimitRecord:
    """The rate limits that counted one request, for the headers of its response.

    `status` is that of the limit that rejected the request, or else of the one with the fewest remaining.
    """

    def __init__(self) -> None:
        self.status: RateLimitStatus | None = None
        self.rejection: RateLimited | RateLimitUnavailable | None = None

    def update_tightest(self, status: RateLimitStatus) -> None:
        """Records a count within its limit."""
        self.status = min(status, self.status or status, key=_sort_key)

    def reject(self, error: "RateLimited | RateLimitUnavailable") -> None:
        """Records that a limit rejected the request."""
        self.status, self.rejection = error.status, error

    def undo(self, name: str) -> None:
        """Records that one count of a policy was undone."""
        if self.status and self.status.policy.name == name:
            self.status = replace(self.status, count=self.status.count - 1)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        if isinstance(self.rejection, RateLimitUnavailable):
            return {"Retry-After": str(RETRY_SECONDS)}
        return self.status.headers if self.status else {}


# Actions have no request, but the response must have headers for what they count.
_record: ContextVar[RateLimitRecord | None] = ContextVar("rate_limits", default=None)


@contextmanager
def recorded_limits() -> Iterator[RateLimitRecord]:
    """Records the counts of `require` inside the block. There is one block for each request."""
    record = RateLimitRecord()
    token = _record.set(record)
    try:
        yield record
    finally:
        _record.reset(token)


def key(name: str, subject: str) -> str:
    """Returns the key in Redis of a policy and a subject."""
    return f"ratelimit:{subject}:{name}"


def _statuses(policies: Sequence[Policy], results: Sequence[int]) -> list[RateLimitStatus]:
    """Returns the results of COUNT for each policy."""
    counts = zip(policies, results[::2], results[1::2], strict=True)
    return [RateLimitStatus(policy, count, -(-left // 1000)) for policy, count, left in counts]


def _sort_key(status: RateLimitStatus) -> tuple[int, int]:
    """Returns a sort key: the fewest remaining first, then the longest wait."""
    return status.remaining, -status.reset


@functools.cache
def _script() -> "Any | Script":
    return durable().register_script(COUNT)
