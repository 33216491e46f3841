"""Which rate limit counts a request, and counting from the event loop.

Each HTTP request counts once for its address, with any response: as a request of the API, a page, a form or a
preview. Some routes count for the player instead (`count_by_player`). Health checks and static files do not
count. A socket counts when it opens.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class PlayerRoute:
    """A route whose requests count for their player, under a policy of their own.

    `read_player` gets the header `Authorization`. If it returns None, the request counts for its address.
    """

    method: str
    path: re.Pattern[str]
    policy: str
    read_player: Callable[[str], str | None]


_player_routes: list[PlayerRoute] = []


def count_by_player(route: PlayerRoute) -> None:
    """Registers a route whose requests count for their player. Called once, at the start."""
    _player_routes.append(route)


def find_count(
    method: str, path: str, authorization: Callable[[], str], address: Callable[[], str]
) -> tuple[str, str]:
    """Returns the name of the policy that counts a request, and for whom it counts."""
    for route in _player_routes:
        if method == route.method and route.path.fullmatch(path):
            player = route.read_player(authorization())
            if player is not None:
                return route.policy, player
    return find_policy(method, path), address()


def _read_authorization(scope: Mapping[str, Any]) -> str:
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    return values[-1].decode("latin1") if values else ""


class RequestCounter:
    """Counts requests and sockets, many in one round trip. Belongs to one event loop."""

    def __init__(self) -> None:
        self.batcher: CommandBatcher[tuple[str, str], RateLimitStatus] | None = None

    def count_request(self, scope: Mapping[str, Any]) -> "asyncio.Future[RateLimitStatus | None]":
        """Counts a request. The result is None if Redis is unavailable."""
        return self._count(
            *find_count(
                scope["method"],
                scope["path"],
                lambda: _read_authorization(scope),
                lambda: client_address_of_scope(scope),
            )
        )

    def count_socket(self, scope: Mapping[str, Any]) -> "asyncio.Future[RateLimitStatus | None]":
        """Counts a new socket for its address. The result is None if Redis is unavailable."""
        return self._count("sockets", client_address_of_scope(scope))

    def _count(self, policy: str, subject: str) -> "asyncio.Future[RateLimitStatus | None]":
        self.batcher = self.batcher or CommandBatcher(count_many)
        return self.batcher.put((policy, subject))

    async def close(self) -> None:
        """Closes the connection to Redis."""
        if self.batcher:
            await self.batcher.close()
