"""The reads of maps that are requested most: which they are, and a fast way to make lists.

`config.server.fast_lane` sends their responses from memory. When a map changes, `maps.browse.invalidation`
removes them from there.
"""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import psycopg
from django.conf import settings
from django.urls.converters import UUIDConverter
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from config.db.pools import create_pool, pool_connection
from config.kernel.errors import DomainError
from config.server.cacheable_requests import Route
from config.server.fast_lane import CachedResponse
from config.server.response_cache import ResponseCache
from maps.browse import invalidation, queries
from maps.search import spelling
from maps.search.sql import build_statements

UUID_PATTERN = UUIDConverter.regex
POOL_SIZE = 3
LIST_SECONDS = 3.0  # for a list, which takes milliseconds; after that Django tries
KNOWN_PARAMETERS = frozenset(queries.PARAMETERS)


class CacheableMapReads:
    """The routes whose responses are cached, and what they need. One for each event loop."""

    def __init__(self, cache: ResponseCache[CachedResponse]) -> None:
        self.cache = cache
        self.pool: AsyncConnectionPool[Any] | None = None
        map_tag = rf"(?P<tag>{UUID_PATTERN}(?:{invalidation.TERRAIN_SUFFIX})?)"
        self.routes = (
            Route(re.compile(r"/api/v1/maps"), self.make_list, list_header_variant),
            Route(re.compile(r"/maps/")),
            Route(re.compile(rf"/api/v1/maps/{map_tag}")),
        )

    async def open(self) -> None:
        """Starts. Does not wait for the database, which may be started later."""
        self.pool = create_pool(POOL_SIZE)
        await self.pool.open()
        invalidation.caches.add(self.cache)

    async def close(self) -> None:
        """Stops, and closes the connections."""
        invalidation.caches.discard(self.cache)
        if self.pool:
            await self.pool.close()

    async def make_list(self, query_string: str) -> bytes | None:
        """Returns a page of maps like the API does, without Django; None if only Django can make it."""
        assert self.pool
        try:
            parameters = read_query(query_string)
            if not parameters.keys() <= KNOWN_PARAMETERS:
                return None
            browse = queries.with_random_start(queries.read_parameters(parameters))
            resolved = spelling.resolve_from_memory(browse.query)
            if resolved is None:
                return None
            browse = replace(browse, query=resolved)
            async with pool_connection(self.pool, LIST_SECONDS) as database:
                for statement in build_statements(browse):
                    cursor = await database.execute(
                        statement.sql, statement.values, prepare=statement.is_preparable
                    )
                    rows = await cursor.fetchall()
                    if len(rows) > browse.size:
                        break
        except (DomainError, PoolTimeout, psycopg.Error, ValueError):
            return None  # Django's response says what is wrong
        page = queries.page_of_rows(browse, rows)
        needs_correction = queries.looks_mistyped(browse, page) and not spelling.are_all_remembered(
            resolved
        )
        return None if needs_correction else page.to_json()


def list_header_variant(query_string: str) -> str:
    """Returns a name for the lists with the same headers. Those in random order may not be stored."""
    try:
        return "random" if read_query(query_string).get("sort") == "random" else ""
    except ValueError:
        return ""  # Django refuses it


def read_query(query_string: str) -> dict[str, str]:
    """Reads the parameters like Django does. Raises ValueError for requests that only Django can handle."""
    max_fields = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=max_fields)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise ValueError("a parameter is repeated")
    return parameters
