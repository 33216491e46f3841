"""Word of what changes in the database, however it is changed: by a page, the admin, psql, a cascade.

Triggers send it on a channel when a transaction commits: ids with commas between them, `*` where they
are too many for a message, or nothing. Whoever keeps copies registers for a channel; one connection of
each process listens (maps.browse.invalidation). What was said while nobody listened is lost, so that each
time the listening begins, everything may have changed.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

EVERYTHING = "*"
Callback = Callable[[list[str]], None]


@dataclass(frozen=True)
class Subscriber:
    """Who registered for a channel. One that is called `at_once` must not wait for anything."""

    heard: Callback
    at_once: bool


subscribers: dict[str, Subscriber] = {}


def on_change(channel: str, heard: Callback, *, at_once: bool = False) -> None:
    """Call `heard` with the ids of what a channel tells, of several messages together; `*` is all there is.

    It may take its time, in a thread, unless it is called `at_once`: before the next message is read.
    """
    subscribers[channel] = Subscriber(heard, at_once)


def parse_ids(payload: str) -> list[str]:
    """The ids that a message names."""
    return [part for part in payload.split(",") if part]


def limit_ids(ids: Collection[str], most: int = 1000) -> list[str]:
    """These ids, or that it may be all of them where they are many."""
    return sorted(ids) if len(ids) <= most else [EVERYTHING]
