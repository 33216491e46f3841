"""Notifications of changes in the database, whatever makes them: a page, the admin, psql, a cascade.

Triggers send a notification on a channel when a transaction commits. Its payload has ids with commas between
them, `*` if there are too many, or nothing. Caches subscribe to a channel, and one connection of each process
listens (maps.browse.invalidation). Notifications are lost while it does not listen. So when listening begins,
all subscribers are called with EVERYTHING.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

EVERYTHING = "*"
Callback = Callable[[list[str]], None]


@dataclass(frozen=True)
class Subscriber:
    """A callback for a channel. One that `is_immediate` is called in the event loop, so it must not block."""

    callback: Callback
    is_immediate: bool


subscribers: dict[str, Subscriber] = {}


def subscribe(channel: str, callback: Callback, *, is_immediate: bool = False) -> None:
    """Registers a callback for the ids of a channel's notifications. `*` stands for all ids.

    It is called in a thread, with the ids of several notifications together. If `is_immediate`, it is called
    before the next notification is read.
    """
    subscribers[channel] = Subscriber(callback, is_immediate)


def parse_ids(payload: str) -> list[str]:
    """Returns the ids in the payload of a notification."""
    return [part for part in payload.split(",") if part]


def limit_ids(ids: Collection[str], max_ids: int = 1000) -> list[str]:
    """Returns the ids, or EVERYTHING if there are more than `max_ids`."""
    return sorted(ids) if len(ids) <= max_ids else [EVERYTHING]
