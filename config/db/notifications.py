"""Notifications of changes in the database, whatever makes them: a page, the admin, psql, a cascade.

Triggers send a notification on a channel when a transaction commits. Its payload has ids with commas between
them, `*` if there are too many, or nothing. Caches subscribe to a channel, and one connection of each process
listens. Notifications are lost while it does not listen. So when listening begins, all subscribers are called
with EVERYTHING.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import psycopg

from config.db.pools import break_connection, connection_string
from config.kernel.cancellation import cancel_and_wait

EVERYTHING = "*"
CHECK_INTERVAL_SECONDS = 2.0  # without a notification
CHECK_TIMEOUT_SECONDS = 2.0
RETRY_SECONDS = 1.0
Callback = Callable[[list[str]], None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subscriber:
    """A callback for a channel. One that `is_immediate` is called in the event loop, so it must not block."""

    channel: str
    callback: Callback
    is_immediate: bool


subscribers: list[Subscriber] = []


def subscribe(channel: str, callback: Callback, *, is_immediate: bool = False) -> None:
    """Registers a callback for the ids of a channel's notifications. `*` stands for all ids.

    It is called in a thread, with the ids of several notifications together. If `is_immediate`, it is called
    before the next notification is read.
    """
    subscribers.append(Subscriber(channel, callback, is_immediate))


def parse_ids(payload: str) -> list[str]:
    """Returns the ids in the payload of a notification; EVERYTHING for an empty one."""
    return [part for part in payload.split(",") if part] or [EVERYTHING]


def limit_ids(ids: Collection[str], max_ids: int = 1000) -> list[str]:
    """Returns the ids, or EVERYTHING if there are more than `max_ids`."""
    return sorted(ids) if len(ids) <= max_ids else [EVERYTHING]


class Listener:
    """Listens to all channels. One for each event loop.

    `on_start` is called when it listens, after all subscribers were called; `on_stop` when it has stopped.
    """

    def __init__(self, on_start: Callable[[], None], on_stop: Callable[[], None]) -> None:
        self.on_start, self.on_stop = on_start, on_stop
        self.listening: asyncio.Task[None] | None = None
        self.pending: dict[Callback, set[str]] = {}
        self.callbacks: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Starts listening. Does not wait for the database, which may start later."""
        self.listening = asyncio.create_task(self.listen(connection_string()))

    async def close(self) -> None:
        """Stops listening."""
        self.on_stop()
        await cancel_and_wait([task for task in (self.listening, self.callbacks) if task])

    async def listen(self, address: str) -> None:
        """Listens until cancelled."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    address, autocommit=True
                ) as database:
                    for channel in {subscriber.channel for subscriber in subscribers}:
                        await database.execute(f'LISTEN "{channel}"')
                    for subscriber in subscribers:
                        await asyncio.to_thread(subscriber.callback, [EVERYTHING])
                    self.on_start()
                    while True:
                        async for notify in database.notifies(timeout=CHECK_INTERVAL_SECONDS):
                            self.handle(notify.channel, notify.payload)
                        await check_connection(database)
            except (psycopg.Error, OSError):
                logger.info("Cannot listen for changes; trying again")
            except Exception:  # of a subscriber, which must not stop the listener
                logger.exception("A change could not be handled; trying again")
            finally:
                self.on_stop()
            await asyncio.sleep(RETRY_SECONDS)

    def handle(self, channel: str, payload: str) -> None:
        """Calls the subscribers of a channel. Those that may block are called in a thread.

        Otherwise a slow Redis would delay the next notification, which may be that of a ban.
        """
        ids = parse_ids(payload)
        for subscriber in subscribers:
            if subscriber.channel != channel:
                continue
            if subscriber.is_immediate:
                subscriber.callback(ids)
            else:
                self.call_later(subscriber.callback, ids)

    def call_later(self, callback: Callback, ids: list[str]) -> None:
        """Calls a callback in a thread, with the ids of all notifications that arrive before that."""
        self.pending.setdefault(callback, set()).update(ids)
        if self.callbacks is None or self.callbacks.done():
            self.callbacks = asyncio.create_task(self.run_callbacks())

    async def run_callbacks(self) -> None:
        """Runs all pending callbacks."""
        while self.pending:
            callback, ids = self.pending.popitem()
            try:
                await asyncio.to_thread(callback, limit_ids(ids))
            except Exception:  # the other callbacks must run
                logger.exception("A change could not be handled")


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
