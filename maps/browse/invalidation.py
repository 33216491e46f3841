"""Removes cached responses when maps change, and calls the subscribers of other channels.

Triggers notify of every change, by any writer (migration 0005_notifications): on channel `maps` of all
changes, on channel `terrains` of all except ratings and plays. Changes by this process are removed from the
cache when the transaction commits, before the response is sent.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
from django.db.backends.signals import connection_created

from config.db import notifications
from config.db.notifications import EVERYTHING
from config.db.pools import break_connection, connection_string
from config.kernel.cancellation import cancel_and_wait
from config.server.fast_lane import CachedResponse
from config.server.response_cache import ResponseCache
from maps.browse import terrain_cache, top_maps

CHECK_INTERVAL_SECONDS = 2.0  # without a notification
CHECK_TIMEOUT_SECONDS = 2.0
RETRY_SECONDS = 1.0
WRITE_STATEMENTS = ("INSERT", "UPDATE", "DELETE")
MAPS_CHANNEL, TERRAINS_CHANNEL = "maps", "terrains"
LIST_TAG = ""  # of responses that a change of any map invalidates
TERRAIN_SUFFIX = "/terrain"  # the tag of a terrain is the id of its map and this
logger = logging.getLogger(__name__)


class CacheInvalidator:
    """Listens for changes of maps. One for each event loop."""

    def __init__(self, cache: ResponseCache[CachedResponse]) -> None:
        self.cache = cache
        self.listener: asyncio.Task[None] | None = None
        self.pending: dict[notifications.Callback, set[str]] = {}
        self.callbacks: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Starts listening."""
        self.listener = asyncio.create_task(self.listen(connection_string()))
        connection_created.connect(self.watch_writes)

    async def close(self) -> None:
        """Stops listening. Nothing is cached from then on."""
        connection_created.disconnect(self.watch_writes)
        self.cache.disable()
        await cancel_and_wait([task for task in (self.listener, self.callbacks) if task])

    async def listen(self, address: str) -> None:
        """Listens until cancelled. While the database can't send notifications, the cache is disabled."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    address, autocommit=True
                ) as database:
                    for channel in (MAPS_CHANNEL, TERRAINS_CHANNEL, *notifications.subscribers):
                        await database.execute(f'LISTEN "{channel}"')
                    # Notifications before the connection were lost.
                    await asyncio.to_thread(top_maps.invalidate_top_maps)
                    for subscriber in notifications.subscribers.values():
                        await asyncio.to_thread(subscriber.callback, [EVERYTHING])
                    self.cache.enable()
                    while True:
                        async for notify in database.notifies(timeout=CHECK_INTERVAL_SECONDS):
                            self.handle(notify.channel, notify.payload)
                        await check_connection(database)
            except (psycopg.Error, OSError):
                logger.info("Cannot listen for changes of maps; trying again")
            except Exception:  # of a subscriber, which must not stop the listener
                logger.exception("A change could not be handled; trying again")
            finally:
                self.cache.disable()
            await asyncio.sleep(RETRY_SECONDS)

    def handle(self, channel: str, payload: str) -> None:
        """Handles a notification. Without ids all maps may have changed, for example because an author has.

        The response cache is invalidated at once, Redis in a thread: a slow Redis must not delay the next
        notification, which may be that of a ban.
        """
        ids = notifications.parse_ids(payload)
        if channel == MAPS_CHANNEL:
            self.cache.invalidate([LIST_TAG, *ids] if ids else [EVERYTHING])
            self.call_later(invalidate_top_maps, [])
        elif channel == TERRAINS_CHANNEL:
            self.cache.invalidate([f"{map_id}{TERRAIN_SUFFIX}" for map_id in ids])
            self.call_later(terrain_cache.invalidate_terrains, ids)
        elif (subscriber := notifications.subscribers[channel]).is_immediate:
            subscriber.callback(ids)
        else:
            self.call_later(subscriber.callback, ids)

    def call_later(self, callback: notifications.Callback, ids: list[str]) -> None:
        """Calls a callback in a thread, with the ids of all notifications that arrive before that."""
        self.pending.setdefault(callback, set()).update(ids)
        if self.callbacks is None or self.callbacks.done():
            self.callbacks = asyncio.create_task(self.run_callbacks())

    async def run_callbacks(self) -> None:
        """Runs all pending callbacks."""
        while self.pending:
            callback, ids = self.pending.popitem()
            try:
                await asyncio.to_thread(callback, notifications.limit_ids(ids))
            except Exception:  # the other callbacks must run
                logger.exception("A change could not be handled")

    def watch_writes(self, connection: Any, **_: Any) -> None:
        """Adds `invalidate_after_write` to a connection of this process, unless it has it already."""
        if self.invalidate_after_write not in connection.execute_wrappers:
            connection.execute_wrappers.append(self.invalidate_after_write)

    def invalidate_after_write(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Invalidates what a statement changes, after its transaction.

        The notification of the database arrives later, and the player may load the changed page at once.
        """
        result = execute(sql, params, many, context)
        if sql.startswith(WRITE_STATEMENTS):
            if '"maps"' in sql:
                context["connection"].on_commit(lambda: self.cache.invalidate([EVERYTHING]))
            elif '"map_ratings"' in sql:
                ids = [str(value) for value in params or () if isinstance(value, uuid.UUID)]
                context["connection"].on_commit(lambda: self.cache.invalidate([LIST_TAG, *ids]))
        return result


async def check_connection(database: "psycopg.AsyncConnection[Any]") -> None:
    """Raises psycopg.Error if the connection is broken.

    Otherwise a connection that was lost without an error would not be detected for minutes, because nothing
    is sent on it.
    """
    timer = asyncio.get_running_loop().call_later(CHECK_TIMEOUT_SECONDS, break_connection, database)
    try:
        await database.execute("SELECT 1")
    finally:
        timer.cancel()


def invalidate_top_maps(_: list[str]) -> None:
    """Deletes the cached list of top maps, for any change."""
    top_maps.invalidate_top_maps()
