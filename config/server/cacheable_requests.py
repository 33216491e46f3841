"""Which requests may get a cached response, and what such a response depends on."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from config.http.encodings import accepts_gzip
from config.http.request_id import choose_request_id
from config.server.asgi import Scope

MAX_KEY_BYTES = 2000  # of a query string, and of the headers in the key of a response
ACCEPTED_TYPES = {b"*/*", b"application/json"}  # a client accepts one of these
MAX_ACCEPTED_TYPES = 32  # in an `Accept`; Django REST framework ignores further ones
# Headers that a response may depend on. A request with one of UNCACHEABLE goes to Django.
VARYING = (
    b"host",
    b"x-forwarded-proto",
    b"hx-request",
    b"hx-target",
    b"hx-history-restore-request",
)
UNCACHEABLE = frozenset(
    b"authorization range expect content-length transfer-encoding if-match if-unmodified-since".split()
)
SESSION_COOKIES = (settings.SESSION_COOKIE_NAME.encode(), b"messages=")
CSRF_COOKIE = settings.CSRF_COOKIE_NAME.encode()
VALID_CSRF_COOKIE = re.compile(CSRF_COOKIE + rb"=([A-Za-z0-9]{32}){1,2}(?=\s*(?:;|$))")
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Route:
    """A path whose responses are cached. The group `tag` of its pattern is the tag of its responses.

    `make` may return the body for a query string faster than Django does, or None. Query strings with the
    same `header_variant` have responses with the same headers.
    """

    pattern: re.Pattern[str]
    make: Callable[[str], Awaitable[bytes | None]] | None = None
    header_variant: Callable[[str], str] = lambda query_string: ""


@dataclass(frozen=True)
class CacheableRequest:
    """A request that may get a cached response, with the key of that response."""

    route: Route
    tag: str
    key: Key
    headers: dict[bytes, bytes]
    request_id: str

    @property
    def header_key(self) -> Key:
        """The key of the headers of its response."""
        query_string = self.key[1].decode("latin1")
        return (self.route.pattern, self.route.header_variant(query_string), *self.key[2:])


def read_request(scope: Scope, routes: tuple[Route, ...]) -> CacheableRequest | None:
    """Returns a request that may get a cached response. None for one that Django must handle."""
    if scope["method"] != "GET" or len(scope["query_string"]) > MAX_KEY_BYTES:
        return None
    for route in routes:
        if match := route.pattern.fullmatch(scope["path"]):
            break
    else:
        return None
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b"," + value if name in headers else value
    varying = [headers.get(name) for name in VARYING]
    if not _is_anonymous(headers) or sum(map(len, filter(None, varying))) > MAX_KEY_BYTES:
        return None
    is_gzip_accepted = accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin1"))
    # An id may have upper-case letters in the path. Its response is the same, and so is its tag.
    tag = (match.groupdict().get("tag") or "").lower()
    path = scope["path"].lower() if tag else scope["path"]
    key = (path, scope["query_string"], scope["scheme"], is_gzip_accepted, *varying)
    request_id = choose_request_id(headers.get(b"x-request-id", b"").decode("latin1"))
    return CacheableRequest(route, tag, key, headers, request_id)


def _is_anonymous(headers: dict[bytes, bytes]) -> bool:
    """Returns whether the response depends on nothing but the URL and VARYING."""
    return (
        UNCACHEABLE.isdisjoint(headers)
        and b";" not in headers.get(b"content-type", b"")  # Django rejects some charsets
        and (b"accept" not in headers or _accepts_json(headers[b"accept"]))
        and (b"cookie" not in headers or _has_no_session(headers[b"cookie"]))
    )


def _accepts_json(accept: bytes) -> bool:
    """Returns whether a client accepts JSON, or anything."""
    types = accept.split(b",")
    return len(types) <= MAX_ACCEPTED_TYPES and not ACCEPTED_TYPES.isdisjoint(
        each.partition(b";")[0].strip() for each in types
    )


def _has_no_session(cookie: bytes) -> bool:
    """Returns whether cookies have no session. Django replaces a CSRF cookie that is not valid."""
    valid_csrf_cookies = VALID_CSRF_COOKIE.findall(cookie)
    has_session = any(name in cookie for name in SESSION_COOKIES)
    return not has_session and cookie.count(CSRF_COOKIE) == len(valid_csrf_cookies)
