"""Notifications of changes in the database, however they are made: by a page, the admin, psql, a cascade.

Triggers send them on a channel when a transaction commits: ids with commas between them, `*` where they are
too many for a notification, or nothing. Whoever keeps copies registers for a channel. One connection of each
process listens to all channels. What was sent while nobody listened is lost, so each time the listening
begins, everything may have changed.
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
QUIET_SECONDS = 2.0  # without a notification, after which the connection is checked
CHECK_SECONDS = 2.0  # for that check
RETRY_SECONDS = 1.0
Callback = Callable[[list[str]], None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subscriber:
    """What is called for a channel. One that is called `at_once` must not wait for anything."""

    channel: str
    heard: Callback
    at_once: bool


subscribers: list[Subscriber] = []


def on_change(channel: str, heard: Callback, *, at_once: bool = False) -> None:
    """Registers a callback for the ids of a channel's notifications. `*` stands for all ids.

    It is called in a thread, where it may wait, with the ids of several notifications together. One that is
    called `at_once` is called before the next notification is read.
    """
    subscribers.append(Subscriber(channel, heard, at_once))


def parse_ids(payload: str) -> list[str]:
    """Returns the ids of a notification. One without ids may be about all of them."""
    return [part for part in payload.split(",") if part] or [EVERYTHING]


def limit_ids(ids: Collection[str], most: int = 1000) -> list[str]:
    """Returns the ids, or EVERYTHING for more than `most`."""
    return sorted(ids) if len(ids) <= most else [EVERYTHING]


class Listener:
    """Listens to all channels. One for each event loop.

    `began` is called when it listens, after all subscribers were told that everything may have changed, and
    `ended` when it can't listen any more.
    """

    def __init__(self, began: Callable[[], None], ended: Callable[[], None]) -> None:
        self.began, self.ended = began, ended
        self.listening: asyncio.Task[None] | None = None
        self.pending: dict[Callback, set[str]] = {}
        self.callbacks: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Starts to listen. Does not wait for the database, which may be started later."""
        self.listening = asyncio.create_task(self.listen(connection_string()))

    async def close(self) -> None:
        """Stops listening."""
        self.ended()
        await cancel_and_wait([task for task in (self.listening, self.callbacks) if task])

    async def listen(self, address: str) -> None:
        """Listens until it is cancelled."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    address, autocommit=True
                ) as database:
                    for channel in {subscriber.channel for subscriber in subscribers}:
                        await database.execute(f'LISTEN "{channel}"')
                    for subscriber in subscribers:
                        await asyncio.to_thread(subscriber.heard, [EVERYTHING])
                    self.began()
                    while True:
                        async for notify in database.notifies(timeout=QUIET_SECONDS):
                            self.handle(notify.channel, notify.payload)
                        await check_connection(database)
            except (psycopg.Error, OSError):
                logger.info("The database can't report changes; trying again")
            except Exception:  # of a subscriber, which must not end the listening
                logger.exception("A change could not be handled; trying again")
            finally:  # whatever ended it
                self.ended()
            await asyncio.sleep(RETRY_SECONDS)

    def handle(self, channel: str, payload: str) -> None:
        """Calls the subscribers of a channel.

        Those that may wait are called a little later: a Redis that hangs must not delay the next
        notification, which may be that of a ban.
        """
        ids = parse_ids(payload)
        for subscriber in subscribers:
            if subscriber.channel != channel:
                continue
            if subscriber.at_once:
                subscriber.heard(ids)
            else:
                self.call_later(subscriber.heard, ids)

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

    A connection that was lost without an error is not noticed for minutes, because nothing is sent on it.
    """
    timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, break_connection, database)
    try:
        await database.execute("SELECT 1")
    finally:
        timer.cancel()
