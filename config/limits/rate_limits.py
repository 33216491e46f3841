"""How often somebody may do something: named policies, counted in Redis.

A count begins with the first request and is forgotten when its window ends. Counting is one script
and one round trip, so that it is exact however many ask at once. Pages, the API and sockets share it.

A lock lasts its whole time from the try that closes it. Later tries don't prolong it: a stranger who
goes on trying could keep it closed for ever.
"""

import functools
import hashlib
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from redis.commands.core import Script
from redis.exceptions import RedisError

from config.kernel.errors import RETRY_SECONDS, DomainError
from config.redis.clients import circuit_breaker, durable

if TYPE_CHECKING:
    import redis.asyncio

# Count each key, and make it forget itself: both or neither, or a count might live for ever. Two arguments
# belong to each key: its window in seconds, and the count that begins the window anew. Returns the count
# and the milliseconds left of each.
COUNT = """
local answers = {}
for n, key in ipairs(KEYS) do
    local count = redis.call('INCR', key)
    local left = redis.call('PTTL', key)
    if left < 0 or count == tonumber(ARGV[2 * n]) then
        left = tonumber(ARGV[2 * n - 1]) * 1000
        redis.call('PEXPIRE', key, left)
    end
    answers[2 * n - 1], answers[2 * n] = count, left
end
return answers
"""
# A count that has ended meanwhile is not begun anew.
TAKE_BACK = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"


WITH_PORT = re.compile(r"([\d.]+):\d+|\[([^]]+)\](?::\d+)?")  # 192.0.2.1:80, [2001:db8::1]:80


@dataclass(frozen=True)
class Policy:
    """At most `most` times in `seconds`. A guarded one refuses when it can't be counted.

    A lock counts what went wrong, and is closed for `seconds` from the last try that it allows.
    """

    name: str
    most: int
    seconds: int
    guarded: bool
    words: str
    lock: bool = False

    @property
    def arguments(self) -> tuple[int, int]:
        """The two arguments of COUNT: the seconds, and the count that begins them anew."""
        return self.seconds, self.most if self.lock else 0


POLICIES = {
    policy.name: policy
    for policy in (
        # Each request counts under one of the next four (config/limits/request_limits.py).
        Policy("api", 100, 60, False, "You asked too often."),
        Policy("pages", 300, 60, False, "You opened too many pages."),
        Policy("page_writes", 60, 60, False, "You sent too many forms."),
        # A page of maps shows 24, so that scrolling never meets this before the limit of a patient reader.
        Policy("pictures", 3000, 60, False, "You loaded too many pictures."),
        # The list of maps opens one socket with each page.
        Policy("sockets", 300, 60, False, "You opened too many connections."),
        Policy("login", 5, 60, True, "You tried to sign in too often."),
        Policy("signup", 10, 3600, True, "You tried to make an account too often."),
        Policy("address", 20, 3600, True, "You tried to change your address too often."),
        Policy("letters", 5, 3600, True, "You asked for too many emails."),
        # For each account and each mailbox, whoever asks. Nobody is told: letters are sent, or are not.
        # Five by one address, or a stranger who asks for resets would keep the owner's own from being sent.
        Policy("letters_to", 5, 3600, False, "Too many letters went there."),
        Policy("letters_to_all", 20, 3600, False, "Too many letters went there."),
        Policy("maps", 10, 3600, True, "You made too many maps."),
        # Each change may draw two pictures, which stay for those who have their address.
        Policy("map_changes", 240, 3600, True, "You changed maps too often."),
        Policy("lobbies", 30, 3600, True, "You opened too many lobbies."),
        Policy("codes", 10, 60, True, "You tried too many codes."),
        # Of whoever is signed in: what each of the three counts is said in accounts/identity/attempts.py.
        Policy("password", 5, 15 * 60, True, "Too many wrong passwords.", lock=True),
        Policy("password_sign_in", 20, 3600, True, "Too many wrong passwords.", lock=True),
        Policy("password_account", 100, 3600, True, "Too many wrong passwords.", lock=True),
        Policy("second_factor", 5, 15 * 60, True, "Too many wrong codes.", lock=True),
        Policy("second_factor_sign_in", 20, 3600, True, "Too many wrong codes.", lock=True),
        Policy("second_factor_account", 40, 3600, True, "Too many wrong codes.", lock=True),
        Policy(
            "lockout", 5, 15 * 60, True, "Too many wrong passwords for this account.", lock=True
        ),
    )
}


@dataclass(frozen=True)
class RateLimitStatus:
    """Where somebody stands with a policy: how often is left, and seconds until all are again."""

    policy: Policy
    count: int
    reset: int

    @property
    def remaining(self) -> int:
        """How often is left."""
        return max(0, self.policy.most - self.count)

    @property
    def is_over(self) -> bool:
        """Whether the last count was above the limit."""
        return self.count > self.policy.most

    @property
    def headers(self) -> dict[str, str]:
        """What a client is told."""
        told = {
            "X-RateLimit-Limit": str(self.policy.most),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }
        return told | ({"Retry-After": str(self.reset)} if self.is_over else {})


class RateLimited(DomainError):
    """A limit is reached."""

    def __init__(self, standing: RateLimitStatus) -> None:
        when = "a minute" if standing.reset <= 60 else f"{-(-standing.reset // 60)} minutes"
        words = f"{standing.policy.words} Try again in {when}."
        super().__init__("rate_limited", words)
        self.standing = standing


class RateLimitUnavailable(DomainError):
    """What must be counted can't be: Redis is away."""

    standing = None

    def __init__(self) -> None:
        super().__init__("unavailable", "This is not possible right now. Try again soon.")


def count_one(name: str, subject: str) -> RateLimitStatus | None:
    """Count one more for a subject; raises RateLimited above the limit.

    Without Redis a guarded policy raises RateLimitUnavailable, any other lets everybody pass with None.
    """
    policy = POLICIES[name]
    try:
        with circuit_breaker():
            answers = _script()(keys=[key(name, subject)], args=policy.arguments)
    except RedisError as error:
        if policy.guarded:
            raise RateLimitUnavailable from error
        return None
    [standing] = _statuses([policy], answers)
    if standing.is_over:
        raise RateLimited(standing)
    return standing


async def count_many(
    client: "redis.asyncio.Redis", counted: Sequence[tuple[str, str]]
) -> list[RateLimitStatus]:
    """Count one more for each name of a policy and its subject; the caller refuses. Raises RedisError."""
    policies = [POLICIES[name] for name, _ in counted]
    keys = [key(name, subject) for name, subject in counted]
    arguments = [argument for policy in policies for argument in policy.arguments]
    answers = await client.register_script(COUNT)(keys=keys, args=arguments)
    return _statuses(policies, answers)


def require(request: HttpRequest, name: str, subject: str = "") -> None:
    """Count one more for a subject, or the request's address; its answer tells how that stands.

    What a lock has counted is told only when it is closed: it would tell which address belongs to which
    name. Raises RateLimited, RateLimitUnavailable.
    """
    try:
        standing = count_one(name, subject or client_address(request))
    except (RateLimited, RateLimitUnavailable) as refusal:
        record_rejection(request, refusal)
        raise
    if standing and not standing.policy.lock:
        before: RateLimitStatus | None = getattr(request, "standing", None)
        request.standing = min(standing, before or standing, key=_tightness)  # type: ignore[attr-defined]


def record_rejection(request: HttpRequest, refusal: "RateLimited | RateLimitUnavailable") -> None:
    """Remember that a limit refused a request, for `response_headers` and `rejection_of`."""
    request.standing = refusal.standing  # type: ignore[attr-defined]
    request.refused = refusal  # type: ignore[attr-defined]


def undo_count(request: HttpRequest, name: str, subject: str = "") -> None:
    """Undo one `require`: what was tried turned out to be nothing that this policy limits."""
    try:
        durable().eval(TAKE_BACK, 1, key(name, subject or client_address(request)))
    except RedisError:
        return  # the count ends by itself
    standing: RateLimitStatus | None = getattr(request, "standing", None)
    if standing and standing.policy.name == name:
        request.standing = replace(standing, count=standing.count - 1)  # type: ignore[attr-defined]


def reset_count(name: str, subject: str) -> None:
    """Begin a subject's count anew."""
    try:
        durable().delete(key(name, subject))
    except RedisError:
        return  # the count ends by itself


def hash_subject(text: str) -> str:
    """What a name or an e-mail address is counted under: keys bear neither."""
    return hashlib.sha256(text.lower().encode()).hexdigest()[:32]


def client_address(request: HttpRequest) -> str:
    """The address that a request comes from, as the trusted proxies report it."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return resolve_address(forwarded, request.META.get("REMOTE_ADDR"))


def client_address_of_scope(scope: Mapping[str, Any]) -> str:
    """The same for an ASGI scope: proxies may add lines of their own to the header."""
    lines = (value for name, value in scope["headers"] if name == b"x-forwarded-for")
    client = scope.get("client")
    return resolve_address(b",".join(lines).decode("latin1"), client[0] if client else None)


def resolve_address(forwarded: str, peer: str | None) -> str:
    """The client's address, from `X-Forwarded-For` and the address of whoever called us.

    Each proxy appends whom it was called by, so the last TRUSTED_PROXIES entries are theirs and
    whatever stands before them is the client's own invention. One of IPv6 is answered as its network.
    """
    chain = [part.strip() for part in forwarded.split(",")]
    trusted = settings.TRUSTED_PROXIES
    address = ((chain[-trusted] if 0 < trusted <= len(chain) else "") or peer or "unknown")[:64]
    return _client(address) if ":" in address else address  # those of IPv4 are not even parsed


@functools.lru_cache(4096)
def _client(address: str) -> str:
    """An address without the port that some proxies add; of IPv6 the network, as a client has all of it."""
    if with_port := WITH_PORT.fullmatch(address):
        address = with_port[1] or with_port[2]
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped:  # ::ffff:192.0.2.1, as a server that listens on both calls 192.0.2.1
        return str(parsed.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(parsed) >> 64 << 64)}/64"


def rejection_of(request: HttpRequest) -> DomainError | None:
    """Why a limit refused something of a request, if one did."""
    refusal: DomainError | None = getattr(request, "refused", None)
    return refusal


def response_headers(request: HttpRequest) -> dict[str, str]:
    """The headers of the policy that refused a request, else of the one that leaves it the least."""
    if isinstance(rejection_of(request), RateLimitUnavailable):
        return {"Retry-After": str(RETRY_SECONDS)}
    standing: RateLimitStatus | None = getattr(request, "standing", None)
    return standing.headers if standing else {}


def key(name: str, subject: str) -> str:
    """The key that a policy counts a subject under."""
    return f"ratelimit:{subject}:{name}"


def _statuses(policies: Sequence[Policy], answers: Sequence[int]) -> list[RateLimitStatus]:
    """What COUNT answered of each key, which belongs to the policy at its place."""
    counts = zip(policies, answers[::2], answers[1::2], strict=True)
    return [RateLimitStatus(policy, count, -(-left // 1000)) for policy, count, left in counts]


def _tightness(standing: RateLimitStatus) -> tuple[int, int]:
    """What the tightest standing has least of: tries, then nearness of new ones."""
    return standing.remaining, -standing.reset


@functools.cache
def _script() -> "Any | Script":
    return durable().register_script(COUNT)
