"""Sends the most requested responses from memory, without Django.

A response that is the same for all visitors is cached (config.server.response_cache) until something that it
shows changes. A route may make the body by itself, faster than Django does. Headers always come from one of
Django's responses with the same key, so that they can't differ. All other requests go to Django.
See docs/decisions/0012-fast-lane.md.
"""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import Any

from config.http.errors import RELOADED_METHODS
from config.http.middleware import RATE_LIMIT_STATUS
from config.limits.rate_limits import RateLimited, RateLimitStatus
from config.limits.request_policies import RequestCounter
from config.server.asgi import (
    App,
    Headers,
    Receive,
    Scope,
    Send,
    send_bytes,
    send_error,
    set_request_id,
)
from config.server.cacheable_requests import (
    MAX_KEY_BYTES,
    CacheableRequest,
    Key,
    Route,
    read_request,
)
from config.server.handler import THREAD_TIMEOUT_SECONDS, encode_rate_limit_headers
from config.server.response_cache import ResponseCache

MAX_HEADER_TEMPLATES = 100
ENTRY_OVERHEAD_BYTES = 1000 + MAX_KEY_BYTES  # of a cached response, besides its body and query
# They depend on the request, so they are not part of a cached response.
REQUEST_HEADERS = (b"x-request-id", b"x-ratelimit-", b"retry-after")
BODY_HEADERS = (b"content-length", b"content-type", b"content-encoding")
REQUEST_BODY_HEADERS = (b"content-length", b"transfer-encoding")


@dataclass(frozen=True)
class CachedResponse:
    """A complete response with status 200. One that is not `storable` is not cached."""

    headers: Headers
    body: bytes
    etag: bytes
    storable: bool


class FastLane:
    """The application in front of Django. One for each event loop."""

    def __init__(
        self,
        django: App,
        routes: tuple[Route, ...],
        cache: ResponseCache[CachedResponse],
        counter: RequestCounter,
    ) -> None:
        self.django, self.routes, self.cache = django, routes, cache
        self.counter = counter
        self.pending: dict[Key, asyncio.Future[CachedResponse | None]] = {}
        self.header_templates: dict[Key, CachedResponse] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts a request, and responds to it, from the cache if possible."""
        request = read_request(scope, self.routes)
        status = await self.counter.count_request(scope)
        scope = scope | {RATE_LIMIT_STATUS: status}
        if status and status.is_over and not has_body(scope):
            await send_rate_limited(scope, send, status)
            return
        if request is None:
            await self.django(scope, receive, send)
            return
        response = self.cache.get(request.key) or await self._fill(request, scope, receive, send)
        if response:
            await send_cached(send, request, response, encode_rate_limit_headers(status))

    async def _fill(
        self, request: CacheableRequest, scope: Scope, receive: Receive, send: Send
    ) -> CachedResponse | None:
        """Makes a response once for all requests that wait for it.

        Returns None if Django's response was sent as it was.
        """
        # A request after a change must not share a response that was begun before it.
        key = (self.cache.generation, *request.key)
        response = None
        if key in self.pending:
            # If the database hangs, Django responds with the error.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(THREAD_TIMEOUT_SECONDS):
                    response = await asyncio.shield(self.pending[key])
            if response is None:
                await self.django(scope, receive, send)
            return response
        future = self.pending[key] = asyncio.get_running_loop().create_future()
        try:
            response = await self._make(request, scope, receive, send)
        finally:
            del self.pending[key]
            future.set_result(response)
        return response

    async def _make(
        self, request: CacheableRequest, scope: Scope, receive: Receive, send: Send
    ) -> CachedResponse | None:
        """Makes a response, by the route or by Django, and caches it."""
        generation = self.cache.generation
        response = await self._make_by_route(request)
        if response is None:
            response = await self._make_by_django(scope, receive, send)
            if response is None:
                return None
            if request.route.make:
                self._store_header_template(request.header_key, response)
        if response.storable:
            size = len(response.body) + len(scope["query_string"]) + ENTRY_OVERHEAD_BYTES
            self.cache.put(request.key, response, tag=request.tag, size=size, generation=generation)
        return response

    def _store_header_template(self, key: Key, response: CachedResponse) -> None:
        """Stores the headers of a response. Deletes the least recently used ones if there are too many."""
        headers = [header for header in response.headers if header[0] != b"content-length"]
        self.header_templates[key] = replace(response, headers=headers, body=b"")
        if len(self.header_templates) > MAX_HEADER_TEMPLATES:
            del self.header_templates[next(iter(self.header_templates))]

    async def _make_by_route(self, request: CacheableRequest) -> CachedResponse | None:
        """Makes a response by its route, if the route can and the headers are stored."""
        key = request.header_key
        if request.route.make is None or key not in self.header_templates:
            return None
        template = self.header_templates[key] = self.header_templates.pop(key)  # now the last
        body = await request.route.make(request.key[1].decode("latin1"))
        if body is None:
            return None
        length = (b"content-length", b"%d" % len(body))
        return CachedResponse([*template.headers, length], body, b"", template.storable)

    async def _make_by_django(
        self, scope: Scope, receive: Receive, send: Send
    ) -> CachedResponse | None:
        """Makes a response by Django. One that others may not have is sent at once; returns None then."""
        # Without the entity tag, because a 304 would be useless to the other requests that wait.
        headers = [header for header in scope["headers"] if header[0] != b"if-none-match"]
        captured = CapturedResponse()
        await self.django(scope | {"headers": headers}, receive, captured)
        response = captured.to_cached()
        if response is None:
            await captured.replay(send)
        return response


class CapturedResponse:
    """The ASGI messages of one of Django's responses."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        """Captures a message."""
        self.messages.append(message)

    def to_cached(self) -> CachedResponse | None:
        """Returns the response if others may have it: complete, status 200, no cookie, not private."""
        if len(self.messages) != 2:  # none if the client has left
            return None
        start, body = self.messages
        headers = [(k, v) for k, v in start["headers"] if not k.startswith(REQUEST_HEADERS)]
        names = dict(headers)
        control = names.get(b"cache-control", b"")
        is_personal = b"set-cookie" in names or b"private" in control
        if start["status"] != 200 or is_personal or body.get("more_body"):
            return None
        storable = b"no-store" not in control
        return CachedResponse(headers, body["body"], names.get(b"etag", b""), storable)

    async def replay(self, send: Send) -> None:
        """Sends the messages."""
        for message in self.messages:
            await send(message)


def has_body(scope: Scope) -> bool:
    """Returns whether a request has a body. It is read before the response, within its limits."""
    return any(name in REQUEST_BODY_HEADERS for name, _ in scope["headers"])


async def send_cached(
    send: Send, request: CacheableRequest, response: CachedResponse, limits: Headers
) -> None:
    """Sends a cached response, or a 304 to a client that has it."""
    headers = [*response.headers, *limits, (b"x-request-id", request.request_id.encode())]
    status, body = 200, response.body
    if response.etag and matches(request.headers.get(b"if-none-match", b""), response.etag):
        status, body = 304, b""
        headers = [header for header in headers if header[0] not in BODY_HEADERS]
    await send_bytes(send, status, headers, body)


async def send_rate_limited(scope: Scope, send: Send, status: RateLimitStatus) -> None:
    """Sends a 429, as the middleware does."""
    set_request_id(scope)
    error, headers = RateLimited(status), encode_rate_limit_headers(status)
    retry = scope["method"] in RELOADED_METHODS
    await send_error(scope, send, 429, error.code, *headers, detail=error.detail, retry=retry)


def matches(given: bytes, etag: bytes) -> bool:
    """Returns whether an `If-None-Match` has an entity tag (RFC 9110, 13.1.2: compared weakly)."""
    if given == b"*":
        return True
    tags = {tag.strip().removeprefix(b"W/") for tag in given.split(b",")}
    return etag.removeprefix(b"W/") in tags
