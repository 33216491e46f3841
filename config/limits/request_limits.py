"""Which rate limit a request counts under, and counting it from the event loop.

Every HTTP request counts once for its address, whatever comes of it: as one of the API, as a page read, as
a form sent, or as a picture. Health checks and static files never come here. Sockets count when they open.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from config.kernel.paths import is_api
from config.limits.client_addresses import client_address_of_scope
from config.limits.rate_limits import RateLimitStatus, count_many
from config.redis.batches import CommandBatcher

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
# The addresses that maps/urls.py has for pictures. Whatever else ends like one counts as a page.
PREVIEW_PATH = re.compile(r"/maps/[0-9a-f-]{36}/(?:card|page|link)-[0-9a-z-]{1,80}\.(?:webp|jpeg)")


def find_policy(method: str, path: str) -> str:
    """The name of the policy that a request counts under."""
    if is_api(path):
        return "api"
    if method not in SAFE_METHODS:
        return "page_writes"
    return "pictures" if PREVIEW_PATH.fullmatch(path) else "pages"


class RequestCounter:
    """Counts requests and sockets by their address, many in one round trip. Belongs to one event loop."""

    def __init__(self) -> None:
        self.batches: CommandBatcher[tuple[str, str], RateLimitStatus] | None = None

    def count(
        self, policy: str, scope: Mapping[str, Any]
    ) -> "asyncio.Future[RateLimitStatus | None]":
        """Count one more for the address of a scope. Returns None, in time, where Redis is away."""
        self.batches = self.batches or CommandBatcher(count_many)
        return self.batches.put((policy, client_address_of_scope(scope)))

    async def close(self) -> None:
        """End the connection to Redis."""
        if self.batches:
            await self.batches.close()
