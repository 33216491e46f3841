"""What pages of other sites may use: the API, the pictures of maps and the two client modules.

They may use it with a token, never with a cookie: browsers send no cookie where any origin is allowed, and
the API ignores cookies anyway. See docs/decisions/0025-cross-origin.md.
"""

import re

from config.kernel.paths import is_api
from config.limits.request_policies import PREVIEW_PATH

CLIENT_MODULES = ("js/lobby/client.js", "js/lobby/connection.js")  # static files
MODULE_PATH = re.compile(r"/static/js/lobby/(?:client|connection)(?:\.[0-9a-f]{12})?\.js")
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
# `*` is for headers that libraries add, such as `traceparent`. It does not include `Authorization`.
REQUEST_HEADERS = "Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id, *"
RESPONSE_HEADERS = (
    "Allow, ETag, Location, Retry-After, WWW-Authenticate, X-Quota, X-RateLimit-Limit,"
    " X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
)
PREFLIGHT_SECONDS = 7200  # for which a browser remembers a preflight; Chrome allows no more
# The same for each origin, so caches need no `Vary: Origin`.
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": RESPONSE_HEADERS,
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PREFLIGHT_HEADERS = HEADERS | {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": REQUEST_HEADERS,
    "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
}


def is_shared(path: str) -> bool:
    """Returns whether pages of other sites may use the responses of a path."""
    return is_api(path) or bool(MODULE_PATH.fullmatch(path) or PREVIEW_PATH.fullmatch(path))
