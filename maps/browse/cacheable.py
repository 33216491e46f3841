"""The reads of maps that are asked for most, for the fast lane: what they are, and what makes them old.

The database tells of every change, however it was made (migration 0004): channel `maps` of each, channel
`terrains` of all but stars and plays. What this process itself writes is dropped when its transaction
commits, before the answer goes out.
"""

import asyncio
import contextlib
import logging
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import psycopg
from django.conf import settings
from django.db.backends.signals import connection_created
from django.urls.converters import UUIDConverter
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from config.db import notifications
from config.db.pools import connected, cut, database_address, make_pool
from config.kernel.errors import DomainError
from config.server.fast_lane import Answer, Route
from config.server.response_cache import EVERYTHING, ResponseCache
from maps.browse import queries, terrain_cache
from maps.search import spelling
from maps.search.sql import statements

UUID = UUIDConverter.regex
CONNECTIONS = 3
QUIET, ANSWER = 2.0, 2.0  # seconds of listening before the database is asked, and for its answer
SLOW = 3.0  # seconds for a list, which takes milliseconds; then the ordinary way tries
WRITES = ("INSERT", "UPDATE", "DELETE")
MAPS, TERRAINS = "maps", "terrains"  # the channels that the triggers of maps speak on
KNOWN = frozenset(queries.PARAMETERS)
LISTS = ""  # the tag of answers that any change of any map makes old
TERRAIN = "/terrain"  # what the tag of a terrain ends with, after the id of its map
logger = logging.getLogger(__name__)


class HotReads:
    """Asks the database past Django's ORM, and hears what changes in it. For one event loop."""

    def __init__(self, memory: ResponseCache[Answer]) -> None:
        self.memory = memory
        self.pool: AsyncConnectionPool[Any] | None = None
        self.listener: asyncio.Task[None] | None = None
        self.waiting: dict[notifications.Callback, set[str]] = {}
        self.telling: asyncio.Task[None] | None = None
        self.routes = (
            Route(re.compile(r"/api/v1/maps"), self.make_list, shape_of_list),
            Route(re.compile(r"/maps/")),
            Route(re.compile(rf"/api/v1/maps/(?P<tag>{UUID}(?:{TERRAIN})?)"), for_tokens=True),
        )

    async def open(self) -> None:
        """Begin. Waits for nothing: a database that is away may come."""
        self.pool = make_pool(CONNECTIONS)
        await self.pool.open()
        self.listener = asyncio.create_task(self.listen(database_address()))
        connection_created.connect(self.watch)

    async def close(self) -> None:
        """End what is open."""
        connection_created.disconnect(self.watch)
        self.memory.sleep()
        for task in (self.listener, self.telling):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self.pool:
            await self.pool.close()

    async def make_list(self, query_string: str) -> bytes | None:
        """A page of maps as the API answers it; None where that is not plain."""
        assert self.pool
        try:
            parameters = read_query(query_string)
            if not parameters.keys() <= KNOWN:
                return None
            browse = queries.begun(queries.read(parameters))
            settled = spelling.settled_by_memory(browse.query)
            if settled is None:
                return None
            browse = replace(browse, query=settled)
            async with connected(self.pool, SLOW) as database:
                for statement in statements(browse):
                    cursor = await database.execute(
                        statement.sql, statement.values, prepare=statement.steady
                    )
                    rows = await cursor.fetchall()
                    if len(rows) > browse.size:
                        break
        except (DomainError, PoolTimeout, psycopg.Error, ValueError):
            return None  # the ordinary way says what is wrong
        found = queries.page(browse, rows)
        mistyped = queries.looks_mistyped(browse, found) and not spelling.are_met(settled)
        return None if mistyped else found.body()

    async def listen(self, address: str) -> None:
        """Hear of changes, for ever; whenever nobody tells of them, nothing is kept."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(address, autocommit=True) as heard:
                    for channel in (MAPS, TERRAINS, *notifications.subscribers):
                        await heard.execute(f'LISTEN "{channel}"')
                    await asyncio.to_thread(terrain_cache.forget_top)  # it may have changed unheard
                    for follower in notifications.subscribers.values():
                        await asyncio.to_thread(follower.heard, [notifications.EVERYTHING])
                    self.memory.wake()
                    while True:
                        async for notify in heard.notifies(timeout=QUIET):
                            self.changed(notify.channel, notify.payload)
                        await is_there(heard)
            except (psycopg.Error, OSError):
                logger.info("Nobody tells of changes of maps; trying again")
            except (
                Exception
            ):  # whoever registered for a channel may stumble, and must go on hearing
                logger.exception("A change could not be followed; trying again")
            finally:  # whatever ended it
                self.memory.sleep()
            await asyncio.sleep(1)

    def changed(self, channel: str, payload: str) -> None:
        """Forget what the maps named in a message were part of; no names may mean an author's.

        What is in memory is forgotten at once, what is in Redis a little later: a Redis that hangs must
        not keep the next message waiting, which may be of a ban.
        """
        ids = notifications.parse_ids(payload)
        if channel == MAPS:
            self.memory.forget([LISTS, *ids] if ids else [EVERYTHING])
            self.later(drop_top, [])
        elif channel == TERRAINS:
            self.memory.forget([f"{map_id}{TERRAIN}" for map_id in ids])
            self.later(terrain_cache.forget, ids)
        elif (follower := notifications.subscribers[channel]).at_once:
            follower.heard(ids)
        else:
            self.later(follower.heard, ids)

    def later(self, heard: notifications.Callback, ids: list[str]) -> None:
        """Call somebody in a thread; what waits for one goes together."""
        self.waiting.setdefault(heard, set()).update(ids)
        if self.telling is None or self.telling.done():
            self.telling = asyncio.create_task(self.tell())

    async def tell(self) -> None:
        """Call all for whom something waits."""
        while self.waiting:
            heard, ids = self.waiting.popitem()
            try:
                await asyncio.to_thread(heard, notifications.limit_ids(ids))
            except Exception:  # the others must go on hearing
                logger.exception("A change could not be followed")

    def watch(self, connection: Any, **_: Any) -> None:
        """Look at what a connection of this process writes; it may have been opened before."""
        if self.note_write not in connection.execute_wrappers:
            connection.execute_wrappers.append(self.note_write)

    def note_write(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """After a statement that changes maps or stars: forget them when its transaction is over.

        The database tells it too, but a moment later, and whoever changed a map may look at once.
        """
        result = execute(sql, params, many, context)
        if sql.startswith(WRITES):
            if '"maps"' in sql:
                context["connection"].on_commit(lambda: self.memory.forget([EVERYTHING]))
            elif '"map_ratings"' in sql:
                tags = [
                    LISTS,
                    *(str(value) for value in params or () if isinstance(value, uuid.UUID)),
                ]
                context["connection"].on_commit(lambda: self.memory.forget(tags))
        return result


async def is_there(database: "psycopg.AsyncConnection[Any]") -> None:
    """Ask a database that was quiet whether it is there. Raises psycopg.Error where it is not.

    A link that was cut without a word tells nothing for minutes: nobody writes on it.
    """
    timer = asyncio.get_running_loop().call_later(ANSWER, cut, database)
    try:
        await database.execute("SELECT 1")
    finally:
        timer.cancel()


def drop_top(_: list[str]) -> None:
    """Drop the list of the most played, whichever maps changed."""
    terrain_cache.forget_top()


def shape_of_list(query_string: str) -> str:
    """Which lists have headers of their own: those by chance are not kept."""
    try:
        return "random" if read_query(query_string).get("sort") == "random" else ""
    except ValueError:
        return ""  # refused


def read_query(query_string: str) -> dict[str, str]:
    """The parameters as Django reads them. Raises ValueError for more than it takes."""
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    return dict(parse_qsl(query_string, keep_blank_values=True, max_num_fields=most))
