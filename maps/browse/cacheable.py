"""The cacheable reads of maps, and a fast way to build lists.

`config.server.fast_lane` sends their responses from the response cache. When a map changes,
`maps.browse.invalidation` removes them from it.
"""

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import psycopg
from django.conf import settings
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from config.db.pools import create_pool, pool_connection
from config.kernel.errors import DomainError
from config.kernel.validators import ID_PATTERN
from config.server.cacheable_requests import Route
from config.server.fast_lane import CachedResponse
from config.server.response_cache import ResponseCache
from maps.browse import invalidation, queries
from maps.search.paging import Steps

T = TypeVar("T")
POOL_SIZE = 3
LIST_TIMEOUT_SECONDS = 3.0  # a list takes milliseconds; after this time Django handles the request
KNOWN_PARAMETERS = frozenset(queries.PARAMETERS) - {"count"}


class CacheableMapReads:
    """The routes whose responses are cached, with their connections. One for each event loop."""

    def __init__(self, cache: ResponseCache[CachedResponse]) -> None:
        self.cache = cache
        self.pool: AsyncConnectionPool[Any] | None = None
        map_tag = rf"(?P<tag>{ID_PATTERN}(?:{invalidation.TERRAIN_SUFFIX})?)"
        self.routes = (
            Route(re.compile(r"/api/v1/maps"), self.build_list, list_header_variant),
            Route(re.compile(r"/maps/")),
            Route(re.compile(rf"/api/v1/maps/{map_tag}")),
        )

    async def open(self) -> None:
        """Opens the pool. Does not wait for the database, which may start later."""
        self.pool = create_pool(POOL_SIZE)
        await self.pool.open()
        invalidation.caches.add(self.cache)

    async def close(self) -> None:
        """Closes the pool."""
        invalidation.caches.discard(self.cache)
        if self.pool:
            await self.pool.close()

    async def build_list(self, query_string: str) -> bytes | None:
        """Returns a page of maps like the API, without Django; None if Django must handle the request."""
        assert self.pool
        try:
            parameters = read_query(query_string)
            if not parameters.keys() <= KNOWN_PARAMETERS:
                return None
            browse = queries.with_random_start(queries.read_parameters(parameters))
            async with pool_connection(self.pool, LIST_TIMEOUT_SECONDS) as database:
                page = await run_steps(database, queries.page_steps(browse))
        except (DomainError, PoolTimeout, psycopg.Error, ValueError):
            return None  # Django responds with the error
        # Django corrects the spelling.
        return None if queries.has_no_match(browse, page) else page.to_json()


async def run_steps(database: psycopg.AsyncConnection[Any], steps: Steps[T]) -> T:
    """Runs statements on a connection. Returns the result of the steps."""
    try:
        statement = next(steps)
        while True:
            cursor = await database.execute(
                statement.sql, statement.values, prepare=statement.is_preparable
            )
            statement = steps.send(await cursor.fetchall())
    except StopIteration as stop:
        result: T = stop.value
        return result


def list_header_variant(query_string: str) -> str:
    """Returns a name for the headers of a list. Clients must not cache a list in random order."""
    try:
        return "random" if read_query(query_string).get("sort") == "random" else ""
    except ValueError:
        return ""  # Django responds with an error


def read_query(query_string: str) -> dict[str, str]:
    """Parses the parameters like Django. Raises ValueError for requests that Django must handle."""
    max_fields = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=max_fields)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise ValueError("a parameter is repeated")
    return parameters
