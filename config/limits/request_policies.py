"""Which rate limit counts a request, and counting from the event loop.

Each HTTP request counts once for its address, with any response: as a request of the API, a page, a form or a
preview. Health checks and static files do not count. A socket counts when it opens.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from config.kernel.paths import is_api
from config.kernel.validators import ID_PATTERN
from config.limits.client_addresses import client_address_of_scope
from config.limits.rate_limits import RateLimitStatus, count_many
from config.redis.batches import CommandBatcher

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
# The paths of previews in maps/urls.py. Similar paths count as pages.
PREVIEW_PATH = re.compile(
    rf"/maps/{ID_PATTERN}/(?:card|page|link)-[0-9a-z-]{{1,80}}\.(?:webp|jpeg)"
)


def find_policy(method: str, path: str) -> str:
    """Returns the name of the policy that counts a request."""
    if is_api(path):
        return "api"
    if method not in SAFE_METHODS:
        return "page_writes"
    return "pictures" if PREVIEW_PATH.fullmatch(path) else "pages"


class RequestCounter:
    """Counts requests and sockets by address, many in one round trip. Belongs to one event loop."""

    def __init__(self) -> None:
        self.batcher: CommandBatcher[tuple[str, str], RateLimitStatus] | None = None

    def count(
        self, policy: str, scope: Mapping[str, Any]
    ) -> "asyncio.Future[RateLimitStatus | None]":
        """Counts one for the address of a scope. The result is None if Redis is unavailable."""
        self.batcher = self.batcher or CommandBatcher(count_many)
        return self.batcher.put((policy, client_address_of_scope(scope)))

    async def close(self) -> None:
        """Closes the connection to Redis."""
        if self.batcher:
            await self.batcher.close()
