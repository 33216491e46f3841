"""The fast lane: reads that are asked for most, answered without Django where that is possible.

An answer that Django made for nobody in particular is kept in memory (config.server.response_cache) and
sent again until what it was made of changes; a route may also bring a way of its own to make the body, faster
than Django's. Headers always come from an answer of Django's, so that they can't differ. Where a route's
public answers are the same for whoever shows a token, a token that is known to be good gets them too.
Whatever the lane does not know to be the same goes the ordinary way. See docs/decisions/0012.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from django.conf import settings

from config.http.encodings import accepts_gzip
from config.http.errors import render_domain_error
from config.http.middleware import RATE_LIMIT_STATUS
from config.http.request_id import REQUEST_ID, choose_request_id
from config.limits.rate_limits import RateLimited, RateLimitStatus
from config.limits.request_limits import RequestCounter, find_policy
from config.server.asgi import Headers, Receive, Scope, Send, read_header
from config.server.handler import THREAD_TIMEOUT_SECONDS, encode_rate_limit_headers
from config.server.response_cache import ResponseCache

App = Callable[[Scope, Receive, Send], Awaitable[None]]
LONGEST = 2000  # bytes of a query, or of what else the key of an answer holds
MAX_HEADER_TEMPLATES = 100
OWN = (b"x-request-id", b"x-ratelimit-", b"retry-after")  # of each request, not of the answer
OF_A_BODY = (b"content-length", b"content-type", b"content-encoding")
TAKEN = {b"*/*", b"application/json"}  # one of these a client accepts
MOST_KINDS = 32  # in an `Accept`: of very many Django REST framework reads only the first
# What an answer may depend on beside its address; a request with one of PERSONAL goes the ordinary way.
VARYING = (
    b"host",
    b"x-forwarded-proto",
    b"hx-request",
    b"hx-target",
    b"hx-history-restore-request",
)
PERSONAL = tuple(
    b"range expect content-length transfer-encoding if-match if-unmodified-since".split()
)
OF_BODIES = (b"content-length", b"transfer-encoding")  # headers of requests that have a body


@dataclass(frozen=True)
class Answer:
    """A whole answer of status 200. `lasts` is false for one that is made anew each time."""

    headers: Headers
    body: bytes
    etag: bytes
    lasts: bool


@dataclass(frozen=True)
class Route:
    """An address of the lane. `tag` names the group of its regular expression that its answers bear.

    With `for_tokens`, what is public is the same for whoever shows a token, headers included.

    `make` may answer the body for a query string, or None where it can't; `shape` tells apart the query
    strings whose answers have other headers.
    """

    pattern: re.Pattern[str]
    make: Callable[[str], Awaitable[bytes | None]] | None = None
    shape: Callable[[str], str] = lambda query_string: ""
    for_tokens: bool = False

    def tag_of(self, match: re.Match[str]) -> str:
        """What a change must name to make an answer old: the part in the address, or nothing."""
        return match.groupdict().get("tag") or ""


@dataclass(frozen=True)
class CacheableRequest:
    """A request that the lane may answer: its route, the key of its answer, and who asks.

    `token` is what a good token says, None without one.
    """

    route: Route
    tag: str
    key: tuple[Any, ...]
    headers: dict[bytes, bytes]
    request_id: str
    token: Any


class TokenChecker(Protocol):
    """Who knows which tokens are good (accounts.tokens.token_cache)."""

    def find(self, authorization: bytes) -> Any | None:
        """What the token of an `Authorization` header says; None where it is not known to be good."""

    def is_in_force(self, said: Any) -> Awaitable[bool | None]:
        """Whether it was not ended since; None where that can't be asked."""

    async def close(self) -> None:
        """End what is open."""


class FastLane:
    """Goes before Django. One for each process and event loop."""

    def __init__(
        self,
        django: App,
        routes: tuple[Route, ...],
        memory: ResponseCache[Answer],
        tokens: TokenChecker,
        counter: RequestCounter,
    ) -> None:
        self.django, self.routes, self.memory, self.tokens = django, routes, memory, tokens
        self.counter = counter
        self.filling: dict[tuple[Any, ...], asyncio.Future[Answer | None]] = {}
        self.learned: dict[tuple[Any, ...], Answer] = {}
        self.cookies = (settings.SESSION_COOKIE_NAME.encode(), b"messages=")
        self.csrf = settings.CSRF_COOKIE_NAME.encode()
        self.good_csrf = re.compile(self.csrf + rb"=([A-Za-z0-9]{32}){1,2}(?=\s*(?:;|$))")

    async def close(self) -> None:
        """End what is open."""
        await self.tokens.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request, and answer it, from memory where that is possible."""
        wish = self.wish(scope)
        in_force = self.tokens.is_in_force(wish.token) if wish and wish.token else None
        policy = find_policy(scope["method"], scope["path"])
        standing = await self.counter.count(policy, scope)  # meanwhile the token is asked about
        scope = scope | {RATE_LIMIT_STATUS: standing}
        if standing and standing.is_over and not has_body(scope):
            await refuse(scope, send, standing)
            return
        if wish is None or (in_force is not None and not await in_force):
            await self.django(scope, receive, send)
            return
        answer = self.memory.get(wish.key) or await self.fill(wish, scope, receive, send)
        if answer:
            await self.send(send, wish, answer, encode_rate_limit_headers(standing))

    def wish(self, scope: Scope) -> CacheableRequest | None:
        """What a request asks the lane for; None where it is none of its business."""
        if scope["method"] != "GET" or len(scope["query_string"]) > LONGEST:
            return None
        for route in self.routes:
            if match := route.pattern.fullmatch(scope["path"]):
                break
        else:
            return None
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = headers[name] + b"," + value if name in headers else value
        token = self.token(route, headers)
        if not self.is_plain(headers) or (b"authorization" in headers and token is None):
            return None
        zipped = accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin1"))
        varying = (headers.get(name) for name in VARYING)
        key = (scope["path"], scope["query_string"], scope["scheme"], zipped, *varying)
        request_id = choose_request_id(headers.get(b"x-request-id", b"").decode("latin1"))
        return CacheableRequest(route, route.tag_of(match), key, headers, request_id, token)

    def is_plain(self, headers: dict[bytes, bytes]) -> bool:
        """Whether nothing of a request but its address and VARYING says how to answer it."""
        if any(name in headers for name in PERSONAL):
            return False
        kinds = headers.get(b"accept", b"*/*").split(b",")
        cookie = headers.get(b"cookie", b"")
        return (
            b";" not in headers.get(b"content-type", b"")  # a charset, which must be ours
            and len(kinds) <= MOST_KINDS
            and not TAKEN.isdisjoint(kind.partition(b";")[0].strip() for kind in kinds)
            and not any(name in cookie for name in self.cookies)
            # Django gives another one to whoever brings one that is none.
            and cookie.count(self.csrf) == len(self.good_csrf.findall(cookie))
            and sum(len(headers.get(name, b"")) for name in VARYING) <= LONGEST
        )

    def token(self, route: Route, headers: dict[bytes, bytes]) -> Any | None:
        """What the token of a request says, where it is known to be good and the route may be asked so.

        While nobody tells of changes of maps, nobody tells of accounts either.
        """
        authorization = headers.get(b"authorization")
        if authorization and route.for_tokens and self.memory.awake:
            return self.tokens.find(authorization)
        return None

    async def fill(
        self, wish: CacheableRequest, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """Make an answer, one request for all that wait; None where Django's went out as it was."""
        # What was begun before a change is not for whoever asks after it.
        flight = (self.memory.generation, *wish.key)
        answer = None
        if flight in self.filling:
            with contextlib.suppress(TimeoutError):  # Django says it where the database hangs
                async with asyncio.timeout(THREAD_TIMEOUT_SECONDS):
                    answer = await asyncio.shield(self.filling[flight])
            if answer is None:
                await self.django(scope, receive, send)
            return answer
        if wish.token and b"if-none-match" in wish.headers:
            # It may be private, and be had already: a 304 that others would wait for in vain.
            await self.django(scope, receive, send)
            return None
        future = self.filling[flight] = asyncio.get_running_loop().create_future()
        try:
            answer = await self.make(wish, scope, receive, send)
        finally:
            del self.filling[flight]
            future.set_result(answer)
        return answer

    async def make(
        self, wish: CacheableRequest, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """Make an answer by the route's own way, else by Django, and keep it."""
        generation = self.memory.generation
        asked = scope["query_string"].decode("latin1")
        # Answers of one shape have the same headers.
        shape = (wish.route.pattern, wish.route.shape(asked), *wish.key[2:])
        answer = await self.make_own(wish.route, asked, shape)
        if answer is None:
            answer = await self.make_ordinary(wish, scope, receive, send)
            if answer is None:
                return None
            if wish.route.make:
                plain = [h for h in answer.headers if h[0] != b"content-length"]
                self.learned[shape] = replace(answer, headers=plain, body=b"")
                if len(self.learned) > MAX_HEADER_TEMPLATES:
                    del self.learned[next(iter(self.learned))]
        if answer.lasts:
            size = len(answer.body) + 1000 + len(scope["query_string"]) + LONGEST
            self.memory.put(wish.key, answer, tag=wish.tag, size=size, generation=generation)
        return answer

    async def make_own(self, route: Route, asked: str, shape: tuple[Any, ...]) -> Answer | None:
        """Make an answer by the route's own way, where it has one and the headers were learned."""
        if route.make is None or (like := self.learned.pop(shape, None)) is None:
            return None
        self.learned[shape] = like  # the last of them: the one unused for longest goes first
        body = await route.make(asked)
        if body is None:
            return None
        length = (b"content-length", b"%d" % len(body))
        return Answer([*like.headers, length], body, b"", like.lasts)

    async def make_ordinary(
        self, wish: CacheableRequest, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        """Let Django answer. None where that is not for everybody, and went out as it was."""
        # Others wait for it too, who may not have it already.
        whole = [header for header in scope["headers"] if header[0] != b"if-none-match"]
        captured = CapturedResponse()
        await self.django(scope | {"headers": whole}, receive, captured)
        answer = captured.answer()
        if answer is None:
            await captured.replay(send)
        return answer

    async def send(self, send: Send, wish: CacheableRequest, answer: Answer, told: Headers) -> None:
        """Send an answer, or 304 to whoever has it already."""
        own = [*answer.headers, *told, (b"x-request-id", wish.request_id.encode())]
        if answer.etag and matches(wish.headers.get(b"if-none-match", b""), answer.etag):
            own = [h for h in own if h[0] not in OF_A_BODY]
            await send({"type": "http.response.start", "status": 304, "headers": own})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": answer.body})


class CapturedResponse:
    """An answer of Django's, caught on its way out."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        """Catch a message."""
        self.messages.append(message)

    def answer(self) -> Answer | None:
        """The answer, where it is the same for everybody: whole, 200, no cookie, not private."""
        if len(self.messages) != 2:  # none at all where the client has left
            return None
        start, body = self.messages
        headers = [(k, v) for k, v in start["headers"] if not k.startswith(OWN)]
        names = dict(headers)
        control = names.get(b"cache-control", b"")
        personal = b"set-cookie" in names or b"private" in control
        if start["status"] != 200 or personal or body.get("more_body"):
            return None
        lasts = b"no-store" not in control
        return Answer(headers, body["body"], names.get(b"etag", b""), lasts)

    async def replay(self, send: Send) -> None:
        """Send it as it is."""
        for message in self.messages:
            await send(message)


def has_body(scope: Scope) -> bool:
    """Whether a request says that it has a body: it is read before the answer, within its limits."""
    return any(name in OF_BODIES for name, _ in scope["headers"])


async def refuse(scope: Scope, send: Send, standing: RateLimitStatus) -> None:
    """Answer 429, as the middleware does."""
    REQUEST_ID.set(choose_request_id(read_header(scope, b"x-request-id")))
    content_type, body = render_domain_error(scope["method"], scope["path"], RateLimited(standing))
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", REQUEST_ID.get().encode()),
        *encode_rate_limit_headers(standing),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def matches(given: bytes, etag: bytes) -> bool:
    """Whether an `If-None-Match` names an entity tag (RFC 9110, 13.1.2: compared weakly)."""
    if given == b"*":
        return True
    tags = {tag.strip().removeprefix(b"W/") for tag in given.split(b",")}
    return etag.removeprefix(b"W/") in tags
