"""Which requests a cached response may answer, and what such a response depends on."""

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
MAX_ACCEPTED_TYPES = 32  # in an `Accept`: of very many Django REST framework reads only the first
# Headers that a response may depend on. A request with one of UNCACHEABLE goes to Django.
VARYING = (
    b"host",
    b"x-forwarded-proto",
    b"hx-request",
    b"hx-target",
    b"hx-history-restore-request",
)
UNCACHEABLE = tuple(
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
    """A request that a cached response may answer, by its key."""

    route: Route
    tag: str
    key: Key
    headers: dict[bytes, bytes]
    request_id: str

    @property
    def header_key(self) -> Key:
        """What the headers of its response depend on."""
        query_string = self.key[1].decode("latin1")
        return (self.route.pattern, self.route.header_variant(query_string), *self.key[2:])


def read_request(scope: Scope, routes: tuple[Route, ...]) -> CacheableRequest | None:
    """Returns a request that a cached response may answer; None if only Django can."""
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
    if not _is_anonymous(headers):
        return None
    is_gzip_accepted = accepts_gzip(headers.get(b"accept-encoding", b"").decode("latin1"))
    varying = (headers.get(name) for name in VARYING)
    key = (scope["path"], scope["query_string"], scope["scheme"], is_gzip_accepted, *varying)
    request_id = choose_request_id(headers.get(b"x-request-id", b"").decode("latin1"))
    tag = match.groupdict().get("tag") or ""
    return CacheableRequest(route, tag, key, headers, request_id)


def _is_anonymous(headers: dict[bytes, bytes]) -> bool:
    """Returns whether the response depends on nothing but the URL and VARYING."""
    if any(name in headers for name in UNCACHEABLE):
        return False
    types = headers.get(b"accept", b"*/*").split(b",")
    cookie = headers.get(b"cookie", b"")
    return (
        b";" not in headers.get(b"content-type", b"")  # Django rejects some charsets
        and len(types) <= MAX_ACCEPTED_TYPES
        and not ACCEPTED_TYPES.isdisjoint(each.partition(b";")[0].strip() for each in types)
        and not any(name in cookie for name in SESSION_COOKIES)
        # Django replaces a CSRF cookie that is not valid.
        and cookie.count(CSRF_COOKIE) == len(VALID_CSRF_COOKIE.findall(cookie))
        and sum(len(headers.get(name, b"")) for name in VARYING) <= MAX_KEY_BYTES
    )
