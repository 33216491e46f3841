"""How often somebody may do something: named policies, counted in Redis.

A count begins with the first request and is forgotten when its window ends. Counting is one script
and one round trip, so that it is exact however many ask at once. Pages, the API and sockets share it.
"""

import functools
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from redis.commands.core import Script
from redis.exceptions import RedisError

from config.redis import durable, note_failure, seems_away
from config.refusals import Refused

# Count each key, and make it forget itself: both or neither, or a count might live for ever. Answers the
# count and the milliseconds left of each.
COUNT = """
local answers = {}
for n, key in ipairs(KEYS) do
    local count = redis.call('INCR', key)
    local left = redis.call('PTTL', key)
    if left < 0 then
        left = tonumber(ARGV[1]) * 1000
        redis.call('PEXPIRE', key, left)
    end
    answers[2 * n - 1], answers[2 * n] = count, left
end
return answers
"""
# A count that has ended meanwhile is not begun anew.
TAKE_BACK = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"


@dataclass(frozen=True)
class Policy:
    """At most `most` times in `seconds`. A guarded one refuses when it can't be counted."""

    name: str
    most: int
    seconds: int
    guarded: bool
    words: str


POLICIES = {
    policy.name: policy
    for policy in (
        Policy("api", 100, 60, False, "You asked too often."),
        Policy("login", 5, 60, True, "You tried to sign in too often."),
        Policy("signup", 10, 3600, True, "Too many accounts were made from here."),
        Policy("letters", 5, 3600, True, "You asked for too many letters."),
        Policy("maps", 10, 3600, True, "You made too many maps."),
        Policy("lobbies", 30, 3600, True, "You opened too many lobbies."),
        Policy("codes", 10, 60, True, "You tried too many codes."),
        Policy("password", 5, 15 * 60, True, "Too many wrong passwords."),
        Policy("second_factor", 5, 15 * 60, True, "Too many wrong codes."),
        Policy("lockout", 5, 15 * 60, True, "Too many wrong passwords for this account."),
    )
}


@dataclass(frozen=True)
class Standing:
    """Where somebody stands with a policy: how often is left, and seconds until all are again."""

    policy: Policy
    count: int
    reset: int

    @property
    def remaining(self) -> int:
        """How often is left."""
        return max(0, self.policy.most - self.count)

    @property
    def headers(self) -> dict[str, str]:
        """What a client is told."""
        told = {
            "X-RateLimit-Limit": str(self.policy.most),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }
        return told | ({"Retry-After": str(self.reset)} if self.count > self.policy.most else {})


class TooMany(Refused):
    """A limit is reached."""

    def __init__(self, standing: Standing) -> None:
        when = "a minute" if standing.reset <= 60 else f"{-(-standing.reset // 60)} minutes"
        words = f"{standing.policy.words} Try again in {when}."
        super().__init__("rate_limited", words, status=429)
        self.standing = standing


class CannotCount(Refused):
    """What must be counted can't be: Redis is away."""

    def __init__(self) -> None:
        super().__init__(
            "unavailable", "This is not possible right now. Try again soon.", status=503
        )


def hit(name: str, subject: str) -> Standing | None:
    """Count one more for a subject; raises TooMany above the limit.

    Without Redis a guarded policy raises CannotCount, any other lets everybody pass with None.
    """
    policy = POLICIES[name]
    if seems_away() and not policy.guarded:
        return None
    try:
        count, left = _script()(keys=[key(name, subject)], args=[policy.seconds])
    except RedisError as error:
        if policy.guarded:
            raise CannotCount from error
        note_failure()
        return None
    standing = Standing(policy, count, -(-left // 1000))
    if count > policy.most:
        raise TooMany(standing)
    return standing


def require(request: HttpRequest, name: str, subject: str = "") -> None:
    """Count one more for a subject, or the request's address; its answer tells the standing.

    Raises TooMany, CannotCount.
    """
    try:
        standing = hit(name, subject or client_address(request))
    except TooMany as refusal:
        request.standing = refusal.standing  # type: ignore[attr-defined]
        raise
    request.standing = standing  # type: ignore[attr-defined]


def take_back(request: HttpRequest, name: str, subject: str = "") -> None:
    """Count one less: what `require` counted was none of what the policy is about."""
    try:
        durable().eval(TAKE_BACK, 1, key(name, subject or client_address(request)))
    except RedisError:
        return  # the count ends by itself
    if standing := getattr(request, "standing", None):
        request.standing = replace(standing, count=standing.count - 1)  # type: ignore[attr-defined]


def forget(name: str, subject: str) -> None:
    """Begin a subject's count anew."""
    try:
        durable().delete(key(name, subject))
    except RedisError:
        return  # the count ends by itself


def client_address(request: HttpRequest) -> str:
    """The address that a request comes from, as the trusted proxies report it."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return address_of(forwarded, request.META.get("REMOTE_ADDR"))


def address_of(forwarded: str, peer: str | None) -> str:
    """The client's address, from `X-Forwarded-For` and the address of whoever called us.

    Each proxy appends whom it was called by, so the last TRUSTED_PROXIES entries are theirs and
    whatever stands before them is the client's own invention.
    """
    chain = [part.strip() for part in forwarded.split(",")]
    trusted = settings.TRUSTED_PROXIES
    address = chain[-trusted] if 0 < trusted <= len(chain) else ""
    return (address or peer or "unknown")[:64]


def told(request: HttpRequest) -> dict[str, str]:
    """The headers of the last policy that a request was counted under."""
    standing: Standing | None = getattr(request, "standing", None)
    return standing.headers if standing else {}


def key(name: str, subject: str) -> str:
    """The key that a policy counts a subject under."""
    return f"ratelimit:{subject}:{name}"


@functools.cache
def _script() -> "Any | Script":
    return durable().register_script(COUNT)
